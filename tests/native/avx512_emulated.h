// The few AVX-512 instructions of the kernels in plain C++, each as the processor's manual says it, so
// that the AVX-512 path is tried on machines that have none: compiled with `-include` of this file,
// the very same source takes these in their place.
#pragma once
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

namespace emulated {
struct Register {
  uint64_t word[8];
};

inline Register set(long long h, long long g, long long f, long long e, long long d, long long c,
                    long long b, long long a) {
  const long long words[8] = {a, b, c, d, e, f, g, h};
  Register made;
  memcpy(&made, words, sizeof made);
  return made;
}
inline Register set1(long long word) {
  return set(word, word, word, word, word, word, word, word);
}
inline Register load(uint8_t mask, const void* from) {
  Register made = {};
  for (int z = 0; z < 8; z++)  // what is masked out must not be touched
    if (mask >> z & 1) memcpy(&made.word[z], static_cast<const char*>(from) + 8 * z, 8);
  return made;
}
inline Register set1_of_32(int word) {
  const uint64_t both = static_cast<uint32_t>(word) * 0x100000001u;
  return set1(static_cast<long long>(both));
}
inline Register load_of_32(uint16_t mask, const void* from) {
  uint32_t words[16] = {};
  for (int z = 0; z < 16; z++)
    if (mask >> z & 1) memcpy(words + z, static_cast<const char*>(from) + 4 * z, 4);
  Register made;
  memcpy(&made, words, sizeof made);
  return made;
}
inline Register exclusive_or(Register one, const Register& other) {
  for (int z = 0; z < 8; z++) one.word[z] ^= other.word[z];
  return one;
}
inline Register add(Register one, const Register& other) {
  for (int z = 0; z < 8; z++) one.word[z] += other.word[z];
  return one;
}
inline Register ones(Register one) {
  for (uint64_t& word : one.word) word = static_cast<uint64_t>(__builtin_popcountll(word));
  return one;
}
inline Register ones_of_32(Register one) {
  for (uint64_t& word : one.word)
    word = static_cast<uint64_t>(__builtin_popcountll(word >> 32)) << 32 |
           static_cast<uint64_t>(__builtin_popcountll(word & 0xffffffff));
  return one;
}
// Of each 128-bit lane, the lower (or higher) words of both, the first operand's below.
inline Register unpack(const Register& one, const Register& other, int which) {
  Register made;
  for (int lane = 0; lane < 8; lane += 2) {
    made.word[lane] = one.word[lane + which];
    made.word[lane + 1] = other.word[lane + which];
  }
  return made;
}
inline Register permute(const Register& index, const Register& from) {
  Register made;
  for (int z = 0; z < 8; z++) made.word[z] = from.word[index.word[z] & 7];
  return made;
}
// Bit 3 of an index says which of the two registers it points into.
inline Register permute(const Register& low, const Register& index, const Register& high) {
  Register made;
  for (int z = 0; z < 8; z++)
    made.word[z] = (index.word[z] & 8 ? high : low).word[index.word[z] & 7];
  return made;
}
inline uint8_t at_most(const Register& one, const Register& other) {
  unsigned mask = 0;
  for (int z = 0; z < 8; z++)
    mask |= unsigned{static_cast<int64_t>(one.word[z]) <= static_cast<int64_t>(other.word[z])}
            << z;
  return static_cast<uint8_t>(mask);
}
inline uint16_t at_most_of_32(uint16_t mask, const Register& one, const Register& other) {
  int32_t words[2][16];
  memcpy(words[0], &one, sizeof one);
  memcpy(words[1], &other, sizeof other);
  unsigned most = 0;
  for (int z = 0; z < 16; z++) most |= unsigned{words[0][z] <= words[1][z]} << z;
  return static_cast<uint16_t>(most & mask);
}
}  // namespace emulated

#undef _mm512_cmple_epi64_mask  // macros with some compilers
#undef _mm512_mask_cmple_epi32_mask
#define TARGET_AVX512 TARGET_AVX2
#define __m512i emulated::Register
#define _mm512_set_epi64 emulated::set
#define _mm512_set1_epi64 emulated::set1
#define _mm512_maskz_loadu_epi64 emulated::load
#define _mm512_xor_si512 emulated::exclusive_or
#define _mm512_add_epi64 emulated::add
#define _mm512_popcnt_epi64 emulated::ones
#define _mm512_unpacklo_epi64(one, other) emulated::unpack(one, other, 0)
#define _mm512_unpackhi_epi64(one, other) emulated::unpack(one, other, 1)
#define _mm512_permutexvar_epi64 emulated::permute
#define _mm512_permutex2var_epi64 emulated::permute
#define _mm512_cmple_epi64_mask emulated::at_most
#define _mm512_set1_epi32 emulated::set1_of_32
#define _mm512_maskz_loadu_epi32 emulated::load_of_32
#define _mm512_popcnt_epi32 emulated::ones_of_32
#define _mm512_mask_cmple_epi32_mask emulated::at_most_of_32
