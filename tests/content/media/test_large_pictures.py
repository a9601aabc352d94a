"""A photo beyond the limit is decoded at a fraction of its size, as far as its format can."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tidegate.content.media.examining import draw, examine
from tidegate.content.media.extent import pixels_of
from tidegate.content.media.formats import samples
from tidegate.content.media.model import MediaLimits
from tidegate.signals.fingerprints.pixels import of_pixels


def photo(width: int, height: int, seed: int = 4) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def saved(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


LARGE = photo(5600, 4200)


@pytest.mark.parametrize(
    ("most", "factor"), [(23_000_000, 8), (6_000_000, 8), (400_000, 8), (300_000, 0)]
)
def test_a_jpeg_beyond_the_limit_is_decoded_at_a_fraction(most: int, factor: int) -> None:
    limits = MediaLimits(max_pixels=most)
    data = saved(LARGE, quality=90)
    seen = examine(data, None, limits, of_pixels)
    if not factor:
        assert seen.problems == [f"too many pixels (5600 x 4200, limit {most})"]
        assert (seen.codes, seen.judged) == ([], False)
        return
    assert seen.problems == [f"decoded at a reduced size (5600 x 4200, at 1/{factor})"]
    assert seen.judged
    assert (seen.width, seen.height) == (5600, 4200)
    (code,) = seen.codes
    assert (code.view, code.frame) == ("reduced", 0)
    whole = examine(data, None, MediaLimits(), of_pixels).codes[0]
    apart = int.from_bytes(code.value) ^ int.from_bytes(whole.value)
    assert apart.bit_count() <= 10


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_large_photo_is_turned_and_composed_as_others_are(mode: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(LARGE.convert(mode), exif=exif)
    seen = examine(data, None, MediaLimits(max_pixels=20_000_000), of_pixels)
    assert (seen.width, seen.height) == (4200, 5600)
    upright = saved(LARGE.convert(mode).convert("RGB").transpose(Image.Transpose.ROTATE_270))
    whole = examine(upright, None, MediaLimits(), of_pixels).codes[0]
    apart = int.from_bytes(seen.codes[0].value) ^ int.from_bytes(whole.value)
    assert apart.bit_count() <= 16


def test_a_narrow_picture_is_reduced_no_more_than_it_must() -> None:
    data = saved(photo(3000, 600))
    seen = examine(data, None, MediaLimits(max_pixels=1_000_000), of_pixels)
    assert seen.problems == ["decoded at a reduced size (3000 x 600, at 1/2)"]


def test_a_large_photo_that_is_cut_short_is_not_judged() -> None:
    data = saved(LARGE)
    seen = examine(data[: len(data) // 2], None, MediaLimits(max_pixels=20_000_000), of_pixels)
    assert (seen.codes, seen.judged) == ([], False)
    assert "file is cut short" in seen.problems


def test_a_large_photo_has_a_preview() -> None:
    assert draw(saved(LARGE), 100, False, MediaLimits(max_pixels=20_000_000))


@pytest.mark.parametrize("format", ["PNG", "WEBP", "JPEG2000"])
def test_what_cannot_be_decoded_at_a_fraction_goes_to_a_person(format: str) -> None:
    data = saved(photo(300, 200), format)
    seen = examine(data, None, MediaLimits(max_pixels=50_000), of_pixels)
    assert seen.problems == ["too many pixels (300 x 200, limit 50000)"]
    assert not seen.judged


@pytest.mark.parametrize("data", samples(), ids=lambda data: data[:12].hex())
def test_a_header_says_how_large_a_picture_is_and_the_decoder_asks_before_it_decodes(
    data: bytes,
) -> None:
    assert (pixels_of(data) or 0) >= 800
    if data[:2] == b"\xff\xd8":
        return
    seen = examine(data, None, MediaLimits(max_pixels=100), of_pixels)
    assert [one.partition(" (")[0] for one in seen.problems] == ["too many pixels"]
