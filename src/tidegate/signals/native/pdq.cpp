// PDQ's downscaling and transform, to the last bit of the reference's floats.
//
// The picture is blurred by two box filters along each axis (across, down, across, down) and sampled
// at 64 x 64 places; the low frequencies of that give the hash. The reference keeps a running sum per
// line: its rounding depends on all pixels before, so every sum here takes the same steps in the same
// order, one addition of the pixel that enters and one subtraction of the one that leaves. What is
// free is how many lines go side by side: sums down take whole rows at once, sums across take LINES
// rows at once, transposed.
//
// The picture is read once, from top to bottom, and nothing of its size is kept: `fill` makes LINES
// rows of luma, summed across, into a ring just deep enough for the sums down; `filter` takes rows
// from there, and `flush` sums LINES of the results across again and keeps 64 places of each. Only
// these, [height][64], wait for the last sums down.
//
// No contraction into fused operations (the build says so), no reassociation. The caller brings all
// memory and the table of cosines, so that no mathematical library is needed.
#include "kernels.h"

constexpr i64 SIDE = 64;
constexpr i64 LINES = 16;
constexpr i64 KEPT_ROWS = 16;  // of the frequencies, and columns

typedef float Lanes __attribute__((vector_size(32), aligned(4), may_alias));

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef i32 Places __attribute__((vector_size(32)));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (Places){__VA_ARGS__})
#endif

// The box filter along an axis: ⌈length/128⌉ pixels wide, cut at the edges, its mean taken over what
// is left. Sum i covers the pixels i + lead - width + 1 to i + lead.
struct Window {
  i64 length, width, lead;
  explicit Window(i64 of)
      : length(of), width((of + 2 * SIDE - 1) / (2 * SIDE)), lead((width + 2) / 2 - 1) {}
  float pixels(i64 at) const {
    const i64 last = at + lead < length - 1 ? at + lead : length - 1;
    const i64 first = at + lead - width + 1 > 0 ? at + lead - width + 1 : 0;
    return static_cast<float>(last - first + 1);
  }
  i64 pick(i64 place) const { return (2 * place + 1) * length / (2 * SIDE); }
};

INLINE i64 round_up(i64 size, i64 to) { return (size + to - 1) / to * to; }

// Where in the caller's scratch memory what lies; floats.
struct Layout {
  i64 stride;  // of a row
  i64 depth;   // rows in the ring
  i64 ring, lines, results, upright, sums, nothing, kept, counts, size;
  Layout(const Window& across, const Window& down) {
    // No high power of two, or writing columns would use few lines of the cache.
    stride = round_up(across.length, 16) + 16;
    if (stride < SIDE) stride = SIDE;
    depth = round_up(down.width + LINES, LINES);
    i64 end = 0;
    const auto take = [&end](i64 floats) {
      const i64 start = end;
      end += round_up(floats, 16);
      return start;
    };
    ring = take(depth * stride);
    lines = take(LINES * stride);
    results = take(LINES * stride);
    upright = take((across.width + stride + across.lead) * LINES);
    sums = take(stride);
    nothing = take(stride);
    kept = take(round_up(down.length, LINES) * SIDE);
    counts = take(stride);
    size = end;
  }
};

struct Picture {
  const u8* rgb;
  i64 height, width, row_bytes;
};

#define TARGET
namespace portable {
#include "pdq_filter.inc"
}
#undef TARGET

#if TIDEGATE_X86
#define TARGET TARGET_AVX2
namespace avx2 {
#include "pdq_filter.inc"
}
#undef TARGET
#endif

// Floats of scratch memory that `tidegate_pdq` needs for such a picture.
EXPORT i64 tidegate_pdq_scratch(i64 height, i64 width) {
  return Layout(Window(width), Window(height)).size;
}

// From RGB bytes (sides of at least 5; `row_bytes` from row to row) to `small`, the luma [64][64], and
// `frequencies` [16][16], rows and columns 1 to 16 of its transform by `cosines` [16][64].
// Returns the quality, 0 to 100.
EXPORT i32 tidegate_pdq(i32 path, const u8* rgb, i64 height, i64 width, i64 row_bytes,
                        const float* cosines, float* scratch, float* small, float* frequencies) {
  const Picture picture = {rgb, height, width, row_bytes};
#if TIDEGATE_X86
  if (path & ~PORTABLE) return avx2::pdq(picture, cosines, scratch, small, frequencies);
#endif
  (void)path;
  return portable::pdq(picture, cosines, scratch, small, frequencies);
}
