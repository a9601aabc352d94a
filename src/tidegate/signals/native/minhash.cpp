// 1-bit MinHash codes of texts, to the bit those that fingerprints/text_minhash.py makes in numpy.
//
// A text's shingles, all runs of 5 characters, are hashed to 32 bits. Each of 256 odd multipliers
// puts all hashes into an order of its own, and one bit of the least product in each order makes
// the code. That is 256 products and minima a character, nearly all of the time: a path keeps the
// minima of many orders in registers while it goes through a block of shingles. Blocks also mean
// that nothing is allocated, however long a text is.
//
// To change the code: the constants stand here and in text_minhash.py, the multipliers only there;
// tests/signals/test_native_minhash.py compares the two.
#include "kernels.h"
#if TIDEGATE_X86
#include <immintrin.h>
#endif

constexpr i64 SHINGLE = 5;
constexpr u32 MIN_SHINGLES = 32;  // different ones; a text with fewer has no code
constexpr int ORDERS = 256;
constexpr i64 BLOCK = 1024;  // shingles
constexpr u64 MIX = 0x9E3779B97F4A7C15;
constexpr u32 PICK = 0x9E3779B1;  // a least rank's bit is the highest of this multiple

struct Multipliers {
  u64 character[SHINGLE];  // of each place in a shingle
  u32 order[ORDERS];
};

// Lowers `least` to the ranks of `count` shingles from `text` on; leaves their hashes in `hashes`.
using Take = void(const u32* text, i64 count, const Multipliers& by, u32* hashes, u32* least);

INLINE u32 hash(const u32* text, const Multipliers& by) {
  u64 mixed = 0;
  for (i64 place = 0; place < SHINGLE; place++) mixed += text[place] * by.character[place];
  mixed ^= mixed >> 32;
  return static_cast<u32>((mixed * MIX) >> 32);
}

static void take_portable(const u32* text, i64 count, const Multipliers& by, u32* hashes,
                          u32* least) {
  for (i64 at = 0; at < count; at++) hashes[at] = hash(text + at, by);
  constexpr int ABREAST = 16;
  for (int first = 0; first < ORDERS; first += ABREAST) {
    u32 low[ABREAST];
    for (int z = 0; z < ABREAST; z++) low[z] = least[first + z];
    for (i64 at = 0; at < count; at++)
      for (int z = 0; z < ABREAST; z++) {
        const u32 rank = hashes[at] * by.order[first + z];
        low[z] = rank < low[z] ? rank : low[z];
      }
    for (int z = 0; z < ABREAST; z++) least[first + z] = low[z];
  }
}

#if TIDEGATE_X86
TARGET_AVX2 INLINE __m256i all(u64 word) { return _mm256_set1_epi64x(static_cast<i64>(word)); }
TARGET_AVX2 INLINE __m256i high(__m256i words) { return _mm256_srli_epi64(words, 32); }

// Four shingles at a time. Products of 64 bits are put together from those of their halves.
TARGET_AVX2 INLINE void hash_avx2(const u32* text, i64 count, const Multipliers& by, u32* hashes) {
  __m256i low_by[SHINGLE], high_by[SHINGLE];
  for (i64 place = 0; place < SHINGLE; place++) {
    low_by[place] = all(by.character[place]);
    high_by[place] = high(low_by[place]);
  }
  const __m256i lower_halves = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
  i64 at = 0;
  for (; at + 4 <= count; at += 4) {
    __m256i low = all(0), above = all(0);
    for (i64 place = 0; place < SHINGLE; place++) {
      const __m256i letters = _mm256_cvtepu32_epi64(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at + place)));
      low = _mm256_add_epi64(low, _mm256_mul_epu32(letters, low_by[place]));
      above = _mm256_add_epi64(above, _mm256_mul_epu32(letters, high_by[place]));
    }
    __m256i mixed = _mm256_add_epi64(low, _mm256_slli_epi64(above, 32));
    const __m256i top = high(mixed);
    mixed = _mm256_xor_si256(mixed, top);
    const __m256i crossed = _mm256_add_epi64(_mm256_mul_epu32(top, all(MIX)),
                                             _mm256_mul_epu32(mixed, all(MIX >> 32)));
    mixed = _mm256_add_epi64(high(_mm256_mul_epu32(mixed, all(MIX))), crossed);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(hashes + at),
                     _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(mixed, lower_halves)));
  }
  for (; at < count; at++) hashes[at] = hash(text + at, by);
}

TARGET_AVX2 static void take_avx2(const u32* text, i64 count, const Multipliers& by, u32* hashes,
                                  u32* least) {
  hash_avx2(text, count, by, hashes);
  constexpr int ABREAST = 8;  // vectors, of 8 orders each
  for (int first = 0; first < ORDERS; first += 8 * ABREAST) {
    const __m256i* order = reinterpret_cast<const __m256i*>(by.order + first);
    __m256i* out = reinterpret_cast<__m256i*>(least + first);
    __m256i low[ABREAST];
    for (int z = 0; z < ABREAST; z++) low[z] = _mm256_loadu_si256(out + z);
    for (i64 at = 0; at < count; at++) {
      const __m256i one = _mm256_set1_epi32(static_cast<i32>(hashes[at]));
      for (int z = 0; z < ABREAST; z++)
        low[z] = _mm256_min_epu32(low[z], _mm256_mullo_epi32(one, _mm256_loadu_si256(order + z)));
    }
    for (int z = 0; z < ABREAST; z++) _mm256_storeu_si256(out + z, low[z]);
  }
}
#endif

// A text's different hashes, until there are enough: they are put where their last bits say, or into
// the next free place.
struct Different {
  static constexpr u32 PLACES = 64;
  static_assert(PLACES > MIN_SHINGLES, "or the search for a free place would not end");
  u64 taken = 0;
  u32 seen[PLACES];
  u32 count = 0;
  void see(const u32* hashes, i64 many) {
    for (i64 at = 0; at < many && count < MIN_SHINGLES; at++) {
      u32 place = hashes[at] % PLACES;
      while (taken >> place & 1 && seen[place] != hashes[at]) place = (place + 1) % PLACES;
      if (taken >> place & 1) continue;
      taken |= 1ull << place;
      seen[place] = hashes[at];
      count++;
    }
  }
};

// Whether the text has a code, which is in `code` then.
static bool make(const u32* text, i64 length, const Multipliers& by, Take* take, u8* code) {
  Different different;
  u32 hashes[BLOCK], least[ORDERS];
  for (u32& rank : least) rank = ~0u;
  const i64 shingles = length - SHINGLE + 1;
  for (i64 start = 0; start < shingles; start += BLOCK) {
    const i64 count = shingles - start < BLOCK ? shingles - start : BLOCK;
    take(text + start, count, by, hashes, least);
    different.see(hashes, count);
  }
  if (different.count < MIN_SHINGLES) return false;
  for (int byte = 0; byte < ORDERS / 8; byte++) {
    u32 bits = 0;
    for (int z = 0; z < 8; z++) bits = bits << 1 | (least[8 * byte + z] * PICK) >> 31;
    code[byte] = static_cast<u8>(bits);
  }
  return true;
}

// The codes of `count` texts, which follow one another in `texts` as code points, each up to its
// place in `ends`. Each has 32 bytes of `codes`, and a byte of `made`: 1, or 0 if it has no code.
EXPORT void tidegate_minhash(i32 path, const Multipliers* by, const u32* texts, const i64* ends,
                             i64 count, u8* codes, u8* made) {
  Take* take = take_portable;
#if TIDEGATE_X86
  if (path & ~PORTABLE) take = take_avx2;
#endif
  (void)path;
  i64 start = 0;
  for (i64 text = 0; text < count; text++) {
    made[text] = make(texts + start, ends[text] - start, *by, take, codes + ORDERS / 8 * text);
    start = ends[text];
  }
}
