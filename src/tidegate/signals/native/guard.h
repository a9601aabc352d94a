// Checks a mapped file before it is believed: the CRC-32 of each block of 64 KiB, which its writer
// left beside it, is compared before the first use of the block. What came of it stays in one byte a
// block, so that every later use costs the load of that byte. Any number of threads may find the
// same block unread: they come to the same result.
#pragma once
#include "kernels.h"
#if TIDEGATE_X86
#include <immintrin.h>
#endif

struct Guard {
  const u8* base;   // of the file, or of the part of it that has checksums
  const u32* sums;  // of each block; the last one may be shorter
  u8* state;        // of each block
  i64 size;         // bytes from `base` on that are guarded; all elsewhere passes as sound
};
enum State : u8 { UNREAD = 0, SOUND = 1, BAD = 2 };
constexpr int BLOCK_BITS = 16;

// CRC-32 as in zlib, its bits reflected: the polynomial is 0x04c11db7.
constexpr u32 POLYNOMIAL = 0xedb88320;

constexpr u32 times_x(u32 value) { return value >> 1 ^ (value & 1 ? POLYNOMIAL : 0); }

// slice[z][b]: what byte b does to the state when z more bytes follow it.
struct Slices {
  u32 slice[8][256];
  constexpr Slices() : slice() {
    for (u32 byte = 0; byte < 256; byte++) {
      u32 value = byte;
      for (int bit = 0; bit < 8; bit++) value = times_x(value);
      slice[0][byte] = value;
    }
    for (int z = 1; z < 8; z++)
      for (u32 byte = 0; byte < 256; byte++)
        slice[z][byte] = slice[z - 1][byte] >> 8 ^ slice[0][slice[z - 1][byte] & 255];
  }
};
constexpr Slices SLICES;

// The state after these bytes, eight at a time.
static u32 advance(u32 state, const u8* at, size_t bytes) {
  for (; bytes >= 8; bytes -= 8, at += 8) {
    u64 next;
    __builtin_memcpy(&next, at, 8);
    next ^= state;
    state = 0;
    for (int z = 0; z < 8; z++) state ^= SLICES.slice[7 - z][next >> (8 * z) & 255];
  }
  for (; bytes; bytes--, at++) state = state >> 8 ^ SLICES.slice[0][(state ^ *at) & 255];
  return state;
}

#if TIDEGATE_X86
// x to such a power, as a factor of carry-less products of reflected numbers.
constexpr i64 power_of_x(int exponent) {
  u32 value = 0x80000000;
  while (exponent--) value = times_x(value);
  return static_cast<i64>(value) << 1;
}

TARGET_AVX2 INLINE __m128i load(const u8* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

// The same sixteen bytes at a time, four streams: a block is *folded* onto the one that comes
// `distance` bits later by multiplying it with x to that power. (V. Gopal et al., "Fast CRC
// Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009.)
TARGET_AVX2 INLINE __m128i folded(__m128i block, __m128i factors) {
  return _mm_xor_si128(_mm_clmulepi64_si128(block, factors, 0x00),
                       _mm_clmulepi64_si128(block, factors, 0x11));
}

TARGET_AVX2 static u32 advance_by_products(u32 state, const u8* at, size_t bytes) {
  if (bytes < 64) return advance(state, at, bytes);
  const __m128i by_four = _mm_set_epi64x(power_of_x(4 * 128 - 32), power_of_x(4 * 128 + 32));
  const __m128i by_one = _mm_set_epi64x(power_of_x(128 - 32), power_of_x(128 + 32));
  __m128i stream[4];
  for (int z = 0; z < 4; z++) stream[z] = load(at + 16 * z);
  stream[0] = _mm_xor_si128(stream[0], _mm_cvtsi32_si128(static_cast<i32>(state)));
  for (at += 64, bytes -= 64; bytes >= 64; at += 64, bytes -= 64)
    for (int z = 0; z < 4; z++)
      stream[z] = _mm_xor_si128(folded(stream[z], by_four), load(at + 16 * z));
  for (int z = 0; z < 3; z++)
    stream[z + 1] = _mm_xor_si128(folded(stream[z], by_one), stream[z + 1]);
  u8 rest[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), stream[3]);
  return advance(advance(0, rest, 16), at, bytes);
}
#endif
