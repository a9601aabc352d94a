"""PDQ, the field's perceptual hash of pictures: tent-filtered 64x64 luma, its low DCT, sign bits.

Pixels come from the decoding worker; the code goes to the index. The answer is the reference's to
the last bit (`pdqhash` 0.2.8, which is facebook/ThreatExchange `pdq/cpp`), and this is why:

* The reference blurs with float32 running sums, so its rounding depends on every pixel before. The
  textbook form, two banded matrices around the luma, is exact up to that noise, but no useful bound
  on the noise exists. A running sum of n steps over a window of w pixels may drift by n ulp(255w),
  in each of two passes along both axes; divided by w, and times the 52 that a basis function of the
  DCT sums to, a coefficient may move by 0.4 (sides up to 128) to 6 (1400). The gap between the two
  coefficients at the median, which decides, is 0.002 to 6 in the demo's pictures: on that bound all
  36 would have to be recomputed. The error seen is at most 0.001; a gate on that would hold nearly
  always, which is not what is promised: pictures with a period need not average it out.
* So the operator is kept separable (one axis at a time, only the 64 decimated lines of the last
  pass), but every sum is carried in the reference's own order, a whole line of lanes at a time.
  `native/pdq.cpp` takes the same steps many times as fast (docs/decoding.md has the figures, and
  what limits them); where it could not be compiled, numpy takes them here.
* Luma is (299R + 587G + 114B) / 1000 in float32: the numerator is an integer below 2^24, hence
  exact in any order, and one division rounds correctly. The reference rounds the double 0.299R +
  0.587G + 0.114B. Both round the same rational, whose denominator divides 1000: it is a float32
  itself or at least 1/125 of half an ulp away from a tie, and the double errs by far less.
"""

import threading
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints.kind import Kind, hex_parser, one_by_one
from tidegate.signals.model import Fingerprint
from tidegate.signals.native import library
from tidegate.signals.native import pdq as native

Floats = NDArray[np.float32]

# Loaded with this module: a media worker has shut itself in before it sees its first picture.
_native = library.load()

MIN_SIDE = 5
MIN_QUALITY = 50
"""Below this the reference's bits are rounding noise of nearly flat pictures."""

_SIDE = 64
_LUMA = np.array([299, 587, 114], np.float32)
_BAND = 64
_KEPT = 4 << 20  # floats a buffer: pictures up to about 4 megapixels
_NARROW = 128


def pdq(rgb: NDArray[np.uint8]) -> tuple[bytes, int]:
    """The 32 bytes of the PDQ hash of `rgb` (height, width, 3) and its quality, 0 to 100.

    The bytes are those of the usual 64 hex digits: bit 255 (the highest frequencies) first.
    A side below 5 pixels gives 32 zero bytes and quality 0, as in the reference.
    """
    _check(rgb)
    if min(rgb.shape[:2]) < MIN_SIDE:
        return bytes(32), 0
    if _native is not None:
        return native.code(_native, rgb, _COSINES)
    small = _downscale(rgb)
    return _bits(_low_frequencies(small)), _quality(small)


ORIENTATIONS = (
    "",
    "turned 90",
    "turned 180",
    "turned 270",
    "upside down",
    "mirrored",
    "transposed",
    "transversed",
)
"""The eight ways to lay a picture down, in the reference's order; turns are counter-clockwise."""


def dihedral(rgb: NDArray[np.uint8]) -> tuple[list[bytes], int]:
    """The codes of `rgb` (height, width, 3) in each of the `ORIENTATIONS`, and its quality.

    All eight come of one transform, whose frequencies change signs and places: a mirrored cosine of
    odd frequency is its own negative. They are the reference's (`compute_dihedral`) to the last bit.
    Two things differ from turning the pixels and calling `pdq`: the places that are sampled do not
    lie symmetrically, which changes a few bits, and pixels of 64x64 are blurred here.

    To look for turned and mirrored copies; nothing in the main path calls it yet. A match by another
    orientation is no exact route and may only ask for review, and matches do not carry that
    distinction: within a kind all may restrict or none.
    """
    _check(rgb)
    if min(rgb.shape[:2]) < MIN_SIDE:
        return [bytes(32)] * len(ORIENTATIONS), 0
    if _native is not None:
        _, frequencies, quality = native.transform(_native, rgb, _COSINES, as_is=False)
    else:
        small = _downscale(rgb, as_is=False)
        frequencies, quality = _low_frequencies(small), _quality(small)
    odd = np.where(np.arange(16) % 2, np.float32(1), np.float32(-1))  # row 0 is frequency 1
    upright, sideways = frequencies * odd[:, None], frequencies * odd
    both = upright * odd
    turned = [sideways.T, both, upright.T, upright, sideways, frequencies.T, both.T]
    return [_bits(one) for one in (frequencies, *turned)], quality


def _check(rgb: NDArray[np.uint8]) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ValueError("pixels must be uint8 of shape (height, width, 3)")


def _downscale(rgb: NDArray[np.uint8], as_is: bool = True) -> Floats:
    """The (64, 64) tent-filtered luma: two box filters along each axis, then decimation."""
    height, width = rgb.shape[:2]
    # Two buffers serve all passes, read now by columns (lanes are the picture's rows), now by rows.
    one, two = _scratch.pair(max(width * _stride(height), height * _stride(width)))
    columns = _luma(rgb, out=_lines(one, width, height))
    if as_is and height == width == _SIDE:
        return np.ascontiguousarray(columns.T)  # taken as already scaled
    along, down = _Window.of(width), _Window.of(height)
    sums = along.sums(columns, out=_lines(two, width, height))
    rows = _divide_transposed(sums, along.counts, out=_lines(one, height, width))
    sums = down.sums(rows, out=_lines(two, height, width))
    columns = _divide_transposed(sums, down.counts, out=_lines(one, width, height))
    sums = along.sums(columns, out=_lines(two, width, height))
    kept = sums[along.kept] / along.counts[along.kept, None]
    totals = down.sums(kept.T, out=np.empty((height, len(kept)), np.float32))
    return (totals[down.picks] / down.counts[down.picks, None])[:, along.places]


class _Scratch(threading.local):
    """Two buffers a thread keeps: the kernel takes longer to clear fresh pages than we to sum."""

    def __init__(self) -> None:
        self.buffers = np.empty((2, 0), np.float32)

    def pair(self, size: int) -> tuple[Floats, Floats]:
        if size > _KEPT:
            return np.empty(size, np.float32), np.empty(size, np.float32)
        if size > self.buffers.shape[1]:
            self.buffers = np.empty((2, size), np.float32)
        return self.buffers[0], self.buffers[1]


_scratch = _Scratch()


def _stride(lanes: int) -> int:
    """Floats from line to line: no high power of two, or transposing would thrash the cache."""
    return lanes + 16 if lanes >= 256 else lanes


def _lines(buffer: Floats, length: int, lanes: int) -> Floats:
    stride = _stride(lanes)
    return buffer[: length * stride].reshape(length, stride)[:, :lanes]


def _luma(rgb: NDArray[np.uint8], out: Floats) -> Floats:
    """Luma, transposed to (width, height), by bands of rows that fit the cache."""
    height, width = rgb.shape[:2]
    pixels = np.empty((_BAND, width, 3), np.float32)
    thousandfold = _lines(np.empty(_BAND * _stride(width), np.float32), _BAND, width)
    for top in range(0, height, _BAND):
        rows = rgb[top : top + _BAND]
        count = len(rows)
        pixels[:count] = rows
        np.matmul(pixels[:count], _LUMA, out=thousandfold[:count])
        np.divide(thousandfold[:count].T, np.float32(1000), out=out[:, top : top + count])
    return out


def _divide_transposed(sums: Floats, counts: Floats, out: Floats) -> Floats:
    """out = (sums / counts[:, None]).T, by bands of lines that fit the cache."""
    for top in range(0, len(sums), _BAND):
        band = slice(top, top + _BAND)
        np.divide(sums[band].T, counts[band], out=out[:, band])
    return out


class _Window:
    """The box filter along an axis of `length` pixels: which are summed, counted and kept.

    Its width is ⌈length/128⌉, half a block of the 64; at the edges it is cut, and the mean taken
    over what is left.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.width = (length + 2 * _SIDE - 1) // (2 * _SIDE)
        self.lead = (self.width + 2) // 2 - 1  # pixels ahead of the first centre
        centres = np.arange(length)
        last = np.minimum(centres + self.lead, length - 1)
        first = np.maximum(centres + self.lead - self.width + 1, 0)
        self.counts = (last - first + 1).astype(np.float32)
        self.picks = ((np.arange(_SIDE) + 0.5) * length / _SIDE).astype(np.intp)
        self.kept, self.places = np.unique(self.picks, return_inverse=True)

    @staticmethod
    @lru_cache(maxsize=256)
    def of(length: int) -> "_Window":
        return _Window(length)

    def sums(self, lines: Floats, out: Floats) -> Floats:
        """Running sums along axis 0 of `lines` (length, lanes) into `out`, one add and one
        subtraction a step, as the reference does them."""
        if lines.shape[1] <= _NARROW:
            out[...] = self._lane_by_lane(lines.T).T
        else:
            self._line_by_line(lines, out)
        return out

    def _line_by_line(self, lines: Floats, out: Floats) -> None:
        width, lead, length = self.width, self.lead, self.length
        add, subtract = np.add, np.subtract
        entered = np.zeros(lines.shape[1], np.float32)
        for line in lines[:lead]:
            add(entered, line, entered)
        total = entered
        for line, target in zip(lines[lead:width], out, strict=False):
            add(total, line, target)
            total = target
        for line, leaving, target in zip(lines[width:], lines, out[width - lead :], strict=False):
            add(total, line, entered)
            subtract(entered, leaving, target)
            total = target
        for leaving, target in zip(lines[length - width :], out[length - lead :], strict=False):
            subtract(total, leaving, target)
            total = target

    def _lane_by_lane(self, lanes: Floats) -> Floats:
        """The same for few lanes, (lanes, length): `accumulate` adds strictly one after another."""
        width, lead, length = self.width, self.lead, self.length
        steps = np.empty((len(lanes), 2 * length - width + lead), np.float32)
        sliding = steps[:, width : 2 * length - width]
        steps[:, :width] = lanes[:, :width]
        sliding[:, 0::2] = lanes[:, width:]
        np.negative(lanes[:, : length - width], out=sliding[:, 1::2])
        leaving = lanes[:, length - width : length - width + lead]
        np.negative(leaving, out=steps[:, 2 * length - width :])
        np.add.accumulate(steps, axis=1, out=steps)
        return np.concatenate(
            (steps[:, lead:width], sliding[:, 1::2], steps[:, 2 * length - width :]), axis=1
        )


def _quality(small: Floats) -> int:
    """Sum of the significant steps between neighbours, 0 to 100."""
    hundred, full = np.float32(100), np.float32(255)
    steps = 0
    for axis in (0, 1):
        difference = -np.diff(small, axis=axis) * hundred / full
        steps += int(np.abs(difference.astype(np.int32)).sum())
    return min(steps // 90, 100)


def _cosines() -> Floats:
    """Rows 1 to 16 of the orthonormal DCT-II of 64 points, rounded as in the reference."""
    scale = float(np.float32(np.sqrt(2.0 / _SIDE)))
    frequency = np.arange(1, 17)[:, None]
    place = 2 * np.arange(_SIDE) + 1
    return (scale * np.cos(np.pi / 2.0 / _SIDE * frequency * place)).astype(np.float32, order="C")


_COSINES = _cosines()


def _low_frequencies(small: Floats) -> Floats:
    """The (16, 16) lowest frequencies but the constant ones."""
    half = _dot_in_order(_COSINES.T, small)
    return _dot_in_order(half.T, _COSINES.T)


def _dot_in_order(a: Floats, b: Floats) -> Floats:
    """a.T @ b with each sum taken from first to last: numpy adds plane by plane, not pairwise, as
    long as the summed axis is not the fastest in memory; hence the order."""
    return np.add.reduce(np.multiply(a[:, :, None], b[:, None, :], order="C"), axis=0)


def _bits(frequencies: Floats) -> bytes:
    flat = frequencies.ravel()
    median = np.partition(flat, 127)[127]  # the lower one
    return np.packbits((flat > median)[::-1]).tobytes()


def _make(rgb: NDArray[np.uint8]) -> Fingerprint | None:
    value, quality = pdq(rgb)
    return Fingerprint("pdq", value, quality) if quality >= MIN_QUALITY else None


KIND = Kind(
    name="pdq",
    route="pdq",
    source="pixels",
    make=one_by_one(_make),
    parse=hex_parser(32),
    format=bytes.hex,
    exact=True,
    bits=256,
    default_radius=31,
    max_radius=31,
    min_quality=MIN_QUALITY,
    # Codes are cut at the median and have 128 bits set; those of half-and-half pictures, squares and
    # stripes, where many coefficients are equal, still have 70 or more. Below the widest radius that
    # a kind may have an entry matches the constant codes that flat or broken content ends in.
    fewest=64,
    version=2,  # of pictures on black pages, as peers hash them, and of all frames
)
