// PDQ's downscaling, transform and bits, to the last bit of the reference's floats.
//
// The picture is blurred by two box filters along each axis (across, down, across, down) and sampled
// at 64 x 64 places; the low frequencies of that give the hash. The reference keeps a running sum per
// line: its rounding depends on all pixels before, so every sum here takes the same steps in the same
// order, one addition of the pixel that enters and one subtraction of the one that leaves. What is
// free is how many lines go side by side, and that all passes go over the picture together.
//
// A band of LINES rows goes through the first three passes, CHUNK columns at a time, so that what one
// hands to the next is still in the nearest cache. Sums across need vectors of pixels above each
// other, sums down vectors of pixels side by side; `turn` makes one of the other:
//
//   lighten     luma, upright: [column][LINES]
//   sum_across  running sums; means turned, into the ring: tiles [slot][LANES], LANES columns each
//   sum_down    running sums; means turned, upright again
//   keep_across running sums, of which the means at 64 places are kept
//
// The ring holds just the rows that the sums down reach back to; the 64 places of each row wait in a
// ring of their own for the last sums down. Nothing else of the picture's size is kept.
//
// Pixels are numbered by when they enter: sum e covers the pixels e - width + 1 to e, and is the mean
// around pixel e - lead. So nothing is moved between passes: along an axis, what the first makes
// stands `lead` further on, what the second makes `2 lead`. What is beyond the picture counts as 0,
// which changes no sum; places before `lead` hold unfinished sums and are cleared, or never read.
//
// No contraction into fused operations (the build says so) but those that are written, in `divide`;
// no reassociation. The caller brings all memory and the table of cosines, so that no mathematical
// library is needed.
#include "kernels.h"
#if TIDEGATE_X86
#include <immintrin.h>
#endif

constexpr i64 SIDE = 64;
constexpr i64 LINES = 32;
constexpr i64 CHUNK = 64;
constexpr i64 ABREAST = 4;     // tiles whose sums down go together
constexpr i64 KEPT_ROWS = 16;  // of the frequencies, and columns

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (Places){__VA_ARGS__})
#endif
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif
// Passes with registers of their own: all in one function, compilers run out of them.
#define PASS __attribute__((noinline)) static void

INLINE i64 round_up(i64 size, i64 to) { return (size + to - 1) / to * to; }

// The box filter along an axis: ⌈length/128⌉ pixels wide, cut at the edges, its mean taken over what
// is left. Where the width is a power of two the first two passes leave their sums undivided, `scale`
// times the mean, which only changes exponents; the last pass makes up for it.
struct Window {
  i64 length, width, lead;
  float scale;
  explicit Window(i64 of)
      : length(of),
        width((of + 2 * SIDE - 1) / (2 * SIDE)),
        lead((width + 2) / 2 - 1),
        scale(width & (width - 1) ? 1.0f : static_cast<float>(width)) {}
  // How many pixels sum e covers; 1 where there are none.
  float count(i64 e) const {
    const i64 last = e < length - 1 ? e : length - 1;
    const i64 first = e - width + 1 > 0 ? e - width + 1 : 0;
    return last < first ? 1.0f : static_cast<float>(last - first + 1);
  }
  // Whether the sums from e on, so many, cover `width` pixels each.
  bool is_inner(i64 e, i64 many) const { return e >= width - 1 && e + many <= length; }
  // Which sum of the second pass along the axis sample number `place` is.
  i64 pick(i64 place) const { return (2 * place + 1) * length / (2 * SIDE) + 2 * lead; }
};

// Division by a whole number below 2^20, rounded as a division is, in two fused steps: `high + low` is
// 1/count to 2^-48, and the quotient of a float by such a number is never in the middle of two
// floats, nor nearer to it than 2^-45 of itself. (Brisebarre, Muller and Raina, "Accelerating
// correctly rounded floating-point division when the divisor is known in advance", IEEE Transactions
// on Computers 53(8), 2004.) Sums of pixels are 0 or far from where floats lose precision.
struct Divisor {
  float count, high, low;
  explicit Divisor(i64 of)
      : count(static_cast<float>(of)),
        high(1.0f / count),
        low(static_cast<float>(1.0 / static_cast<double>(of) - static_cast<double>(high))) {}
};

// Where in the caller's scratch memory what lies; floats.
struct Layout {
  i64 columns, slots;  // of the ring
  i64 ring, sums, kept, totals, luma, means, places, size;
  Layout(const Window& across, const Window& down) {
    columns = round_up(across.length + 2 * across.lead, CHUNK);
    slots = round_up(down.width, 8) + LINES;
    i64 end = 0;
    const auto take = [&end](i64 floats) {
      const i64 start = end;
      end += round_up(floats, 16);
      return start;
    };
    ring = take(columns * slots);
    sums = take(columns);
    kept = take(slots * SIDE);
    totals = take(SIDE);
    luma = take((across.width + CHUNK) * LINES);  // behind the columns that will yet leave
    means = take((across.width + CHUNK) * LINES);
    places = take(SIDE * LINES);
    size = end;
  }
};

// The slots of the ring that a band's rows enter and leave, and how these are averaged.
struct Rows {
  i64 lines;  // of LINES, the rows that anything depends on
  i64 enter[LINES], leave[LINES];
  float counts[LINES];
  bool inner;
  Rows(const Window& down, const Layout& at, i64 top) {
    const i64 left = round_up(down.pick(SIDE - 1) + 1 - top, 8);
    lines = left < LINES ? left : LINES;
    i64 in = top % at.slots, out = (top + at.slots - down.width) % at.slots;
    for (i64 line = 0; line < LINES; line++) {
      enter[line] = in;
      leave[line] = out;
      counts[line] = down.count(top + line);
      in = in + 1 < at.slots ? in + 1 : 0;
      out = out + 1 < at.slots ? out + 1 : 0;
    }
    inner = down.is_inner(top, LINES);
  }
};

struct Picture {
  const u8* rgb;
  i64 height, width, row_bytes;
};

#define TARGET
#define WIDE 16
namespace portable {
#include "pdq_filter.inc"
}
#undef TARGET
#undef WIDE

#if TIDEGATE_X86
#define TARGET __attribute__((target("avx2,fma")))
#define WIDE 32
namespace avx2 {
#include "pdq_filter.inc"
}
#undef TARGET
#undef WIDE
#endif

// The bits: which of the frequencies are greater than the median, the lower one of 256; the last
// frequency is the first bit of the first byte. The median is found bit by bit, of integers in the
// order of the floats.
EXPORT void tidegate_pdq_bits(const float* frequencies, u8* code) {
  constexpr int COUNT = KEPT_ROWS * KEPT_ROWS;
  i32 keys[COUNT];
  __builtin_memcpy(keys, frequencies, sizeof(keys));
  for (int z = 0; z < COUNT; z++) keys[z] ^= keys[z] >> 31 & 0x7fffffff;
  u32 median = 0;  // above the least of all integers
  for (int bit = 31; bit >= 0; bit--) {
    const i32 least = static_cast<i32>((median | 1u << bit) ^ 1u << 31);
    i32 below = 0;
    for (int z = 0; z < COUNT; z++) below += keys[z] < least;
    if (below < COUNT / 2) median |= 1u << bit;
  }
  const i32 key = static_cast<i32>(median ^ 1u << 31), bits = key ^ (key >> 31 & 0x7fffffff);
  float middle;
  __builtin_memcpy(&middle, &bits, sizeof(middle));
  for (int byte = 0; byte < COUNT / 8; byte++) {
    const float* from = frequencies + COUNT - 8 * (byte + 1);
    u32 set = 0;
    for (int z = 7; z >= 0; z--) set = set << 1 | (from[z] > middle);
    code[byte] = static_cast<u8>(set);
  }
}

// Floats of scratch memory that `tidegate_pdq` needs for such a picture.
EXPORT i64 tidegate_pdq_scratch(i64 height, i64 width) {
  return Layout(Window(width), Window(height)).size;
}

// From RGB bytes (sides of at least 5; `row_bytes` from row to row) to `small`, the luma [64][64];
// `frequencies` [16][16], rows and columns 1 to 16 of its transform by `cosines` [16][64]; and the
// `code` [32]. A picture of 64 x 64 is taken `as_is`, not blurred, if so wished. The scratch memory
// is best aligned to 64 bytes. Returns the quality, 0 to 100.
EXPORT i32 tidegate_pdq(i32 path, const u8* rgb, i64 height, i64 width, i64 row_bytes, i32 as_is,
                        const float* cosines, float* scratch, float* small, float* frequencies,
                        u8* code) {
  const Picture picture = {rgb, height, width, row_bytes};
  const bool blur = !as_is || height != SIDE || width != SIDE;
  i32 quality;
#if TIDEGATE_X86
  if (path & ~PORTABLE)
    quality = avx2::pdq(picture, blur, cosines, scratch, small, frequencies);
  else
#endif
    quality = portable::pdq(picture, blur, cosines, scratch, small, frequencies);
  (void)path;
  tidegate_pdq_bits(frequencies, code);
  return quality;
}
