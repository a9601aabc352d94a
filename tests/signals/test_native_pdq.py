"""The native floats of PDQ against numpy's, bit for bit, on each path; numpy's are golden's."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from kernels import paths, taking
from pdq_pictures import GOLDEN, IMAGES, decoded, synthetic

from tidegate.signals.fingerprints import pdq
from tidegate.signals.native.pdq import bits, code, transform

pytestmark = pytest.mark.parametrize("path", paths())


def check(path: str, rgb: np.ndarray) -> None:
    library = taking(path)
    small, frequencies, quality = transform(library, rgb, pdq._COSINES)
    expected = pdq._downscale(rgb)
    assert np.array_equal(small, expected), rgb.shape
    assert np.array_equal(frequencies, pdq._low_frequencies(expected)), rgb.shape
    assert quality == pdq._quality(expected), rgb.shape
    value = pdq._bits(frequencies)
    assert code(library, rgb, pdq._COSINES) == (value, quality), rgb.shape
    assert bits(library, frequencies) == value, rgb.shape


@pytest.mark.parametrize("name", sorted(json.loads(GOLDEN.read_text("utf-8"))["pictures"]))
def test_the_golden_pictures(path: str, name: str) -> None:
    check(path, decoded(IMAGES / name))


def test_synthetic_pictures(path: str) -> None:
    for seed in range(0, 420, 3):
        check(path, synthetic(seed))


@given(st.integers(5, 400), st.integers(5, 400), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_random_sizes(path: str, height: int, width: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    check(path, draw.integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize(
    "shape",
    [(5, 5), (5, 9000), (9000, 5), (64, 64), (64, 65), (63, 64), (16, 16), (17, 15), (1100, 1300)],
)
def test_edges_of_size(path: str, shape: tuple[int, int]) -> None:
    draw = np.random.default_rng(1)
    check(path, draw.integers(0, 256, (*shape, 3), np.uint8))
    check(path, np.full((*shape, 3), 255, np.uint8))
    check(path, np.zeros((*shape, 3), np.uint8))


def test_pixels_may_lie_anyhow(path: str) -> None:
    pixels = decoded(IMAGES / "coffee.png")
    for view in (
        pixels[::-1],
        pixels[:, ::-1],
        pixels[3:, 5:],
        pixels[::2, ::3],
        pixels[..., ::-1],
    ):
        check(path, view)


def test_every_width_of_the_filter(path: str) -> None:
    """Powers of two, which are never divided by, and others, by steps of two operations."""
    draw = np.random.default_rng(2)
    for width in range(1, 40):
        long = 128 * width - draw.integers(0, 128)
        check(path, draw.integers(0, 256, (6, long, 3), np.uint8))
        check(path, draw.integers(0, 256, (long, 6, 3), np.uint8))


def test_64_by_64_pixels_blurred_on_demand(path: str) -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)
    small, frequencies, _ = transform(taking(path), rgb, pdq._COSINES, as_is=False)
    expected = pdq._downscale(rgb, as_is=False)
    assert np.array_equal(small, expected)
    assert np.array_equal(frequencies, pdq._low_frequencies(expected))
    assert not np.array_equal(small, pdq._downscale(rgb))


@given(
    arrays(
        np.float32,
        (16, 16),
        elements=st.sampled_from([-0.0, 0.0, 1.0, -1.0]) | st.floats(-9e5, 9e5, width=32),
    )
)
@settings(deadline=None, max_examples=60)
def test_bits_where_frequencies_are_alike(path: str, frequencies: np.ndarray) -> None:
    assert bits(taking(path), frequencies) == pdq._bits(frequencies)
    assert bits(taking(path), frequencies.T) == pdq._bits(frequencies.T)
