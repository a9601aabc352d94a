// What all kernels share: names of the integers, and which instructions this processor has.
// The library is compiled for the oldest processor of its family; functions marked with a target
// are compiled for newer ones and entered only after `paths()` has said that they may be.
#pragma once
#include <stddef.h>
#include <stdint.h>

using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using i16 = int16_t;
using i32 = int32_t;
using i64 = int64_t;

#define TIDEGATE_ABI 7
#define EXPORT extern "C" __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))

// One bit each, better ones higher; the Python side names them in the same order.
enum Path : i32 { PORTABLE = 1, AVX2 = 2, AVX512 = 4 };

#if defined(__x86_64__)
#define TIDEGATE_X86 1
#define TARGET_AVX2 __attribute__((target("avx2,popcnt,bmi,pclmul")))
#ifndef TARGET_AVX512  // else it is emulated: tests/native
#define TARGET_AVX512 \
  __attribute__((target("avx512f,avx512vpopcntdq,avx2,popcnt,bmi,pclmul")))
#endif
#else
#define TIDEGATE_X86 0
#endif
