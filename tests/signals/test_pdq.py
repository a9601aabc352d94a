"""PDQ against what the reference made of the same pixels: the golden table, to the last bit."""

import hashlib
import json

import numpy as np
import pytest
from pdq_pictures import DIHEDRAL, GOLDEN, IMAGES, SYNTHETIC, decoded, synthetic

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.pdq import MIN_QUALITY, ORIENTATIONS, dihedral, pdq
from tidegate.signals.fingerprints.pixels import of_pixels

TABLE = json.loads(GOLDEN.read_text("utf-8"))
LAID = json.loads(DIHEDRAL.read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(TABLE["pictures"]))
def test_real_pictures(name: str) -> None:
    expected = TABLE["pictures"][name]
    pixels = decoded(IMAGES / name)
    digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
    assert digest == expected["pixels"], "the decoder gave other pixels; this says nothing of PDQ"
    value, quality = pdq(pixels)
    assert (value.hex(), quality) == (expected["hash"], expected["quality"])


@pytest.mark.parametrize("start", range(0, SYNTHETIC, 60))
def test_synthetic_pictures(start: int) -> None:
    for seed in range(start, start + 60):
        value, quality = pdq(synthetic(seed))
        expected, expected_quality = TABLE["synthetic"][seed]
        assert quality == expected_quality, seed
        if quality >= MIN_QUALITY:  # below, the reference's bits are noise
            assert value.hex() == expected, seed


def test_the_table_is_worth_it() -> None:
    judged = [quality for _, quality in TABLE["synthetic"] if quality >= MIN_QUALITY]
    assert len(judged) >= 200
    assert len(TABLE["pictures"]) == 16 + 20


def test_all_luma_is_that_of_the_reference() -> None:
    """An integer sum divided once in single precision, and a double sum cast to it, are one."""
    red, green = np.arange(256)[:, None], np.arange(256)
    for blue in range(0, 256, 5):
        ours = (299 * red + 587 * green + 114 * blue).astype(np.float32) / np.float32(1000)
        theirs = (red * 0.299 + green * 0.587 + blue * 0.114).astype(np.float32)
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("shape", [(4, 4), (4, 500), (500, 1)])
def test_a_picture_too_small_has_no_code(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    assert pdq(pixels) == (bytes(32), 0)
    assert of_pixels(pixels) == []


def test_a_flat_picture_has_quality_0_and_no_code() -> None:
    pixels = np.full((300, 400, 3), 77, np.uint8)
    assert pdq(pixels)[1] == 0
    assert of_pixels(pixels) == []


def test_a_picture_worth_hashing_has_one_code_with_its_quality() -> None:
    (fingerprint,) = of_pixels(decoded(IMAGES / "astronaut.png"))
    assert (fingerprint.kind, len(fingerprint.value), fingerprint.quality) == ("pdq", 32, 100)
    text = KINDS["pdq"].format(fingerprint.value)
    assert text == TABLE["pictures"]["astronaut.png"]["hash"]
    assert KINDS["pdq"].parse(text.upper()) == fingerprint.value


def test_pixels_need_not_be_contiguous() -> None:
    pixels = decoded(IMAGES / "coffee.png")
    turned = pixels[::-1, ::2]
    assert pdq(turned) == pdq(np.ascontiguousarray(turned))


@pytest.mark.parametrize("pixels", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8)])
def test_other_arrays_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="height, width, 3"):
        pdq(pixels)


@pytest.mark.parametrize("name", sorted(LAID["pictures"]))
def test_real_pictures_in_all_orientations(name: str) -> None:
    codes, quality = dihedral(decoded(IMAGES / name))
    assert [code.hex() for code in codes] == LAID["pictures"][name]
    assert quality == TABLE["pictures"][name]["quality"]


def test_synthetic_pictures_in_all_orientations() -> None:
    for seed, expected in LAID["synthetic"].items():
        assert [code.hex() for code in dihedral(synthetic(int(seed)))[0]] == expected, seed


def test_a_copy_is_nearest_to_the_orientation_that_it_has() -> None:
    pixels = decoded(IMAGES / "chelsea.png")
    copies = {
        "": pixels,
        "turned 90": np.rot90(pixels),
        "turned 180": np.rot90(pixels, 2),
        "turned 270": np.rot90(pixels, 3),
        "upside down": pixels[::-1],
        "mirrored": pixels[:, ::-1],
        "transposed": pixels.transpose(1, 0, 2),
        "transversed": np.rot90(pixels, 2).transpose(1, 0, 2),
    }
    codes = dict(zip(ORIENTATIONS, dihedral(pixels)[0], strict=True))
    for name, copy in copies.items():
        value = int.from_bytes(pdq(copy)[0])
        far = {other: (value ^ int.from_bytes(code)).bit_count() for other, code in codes.items()}
        assert far[name] <= 31, name
        assert all(bits > 60 for other, bits in far.items() if other != name), name


@pytest.mark.parametrize("shape", [(4, 4), (4, 500)])
def test_a_picture_too_small_has_no_code_in_any_orientation(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    assert dihedral(pixels) == ([bytes(32)] * 8, 0)
