// Asks the processor what it can do. By hand, with cpuid and xgetbv: __builtin_cpu_supports needs
// start-up code of the compiler's own library, and where that is missing it answers no.
#include "kernels.h"
#if TIDEGATE_X86
#include <cpuid.h>
#include <immintrin.h>

__attribute__((target("xsave"))) static u64 saved_by_the_system() { return _xgetbv(0); }

static i32 look() {
  u32 a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return PORTABLE;
  const bool pclmul = c >> 1 & 1, fma = c >> 12 & 1, popcnt = c >> 23 & 1;
  const bool xsave = c >> 27 & 1, avx = c >> 28 & 1;
  if (!pclmul || !fma || !popcnt || !xsave || !avx) return PORTABLE;
  const u64 saved = saved_by_the_system();
  if ((saved & 0x6) != 0x6) return PORTABLE;  // the system does not keep the wide registers
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return PORTABLE;
  const bool bmi = b >> 3 & 1, avx2 = b >> 5 & 1, avx512f = b >> 16 & 1, counts = c >> 14 & 1;
  if (!bmi || !avx2) return PORTABLE;
  if ((saved & 0xe6) != 0xe6 || !avx512f || !counts) return PORTABLE | AVX2;
  return PORTABLE | AVX2 | AVX512;
}
#else
static i32 look() { return PORTABLE; }
#endif

// The version of this interface; the Python side refuses any other.
EXPORT i32 tidegate_abi() { return TIDEGATE_ABI; }

// The paths that may be taken here, as a set of bits.
EXPORT i32 tidegate_paths() { return look(); }
