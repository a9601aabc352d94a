"""Every frame of a file is looked at, and what was not is said."""

import io
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tidegate.content.media import jxl
from tidegate.content.media.boxes import boxes
from tidegate.content.media.examining import draw, examine
from tidegate.content.media.formats import FORMATS, samples
from tidegate.content.media.model import Examined, MediaLimits, Sight, ViewCode

needs_heic = pytest.mark.skipif("image/heic" not in FORMATS, reason="pillow-heif is not here")
HEIC, JXL = (next((s for s in samples() if mark in s[:24]), b"") for mark in (b"heic", b"\xff\x0a"))


def mean(rgb: np.ndarray[Any, Any]) -> Sequence[ViewCode]:
    return [ViewCode("mean", bytes(rgb.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)))]


def bits(rgb: np.ndarray[Any, Any]) -> Sequence[ViewCode]:
    """A code of 256 bits, the lowest of which are set: as many as the picture's red says."""
    return [ViewCode("bits", ((1 << int(rgb[0, 0, 0])) - 1).to_bytes(32))]


def looked(data: bytes, hasher: Any = mean, **limits: Any) -> Examined:
    return examine(data, None, MediaLimits(**limits), hasher)


def reds(*values: int, size: tuple[int, int] = (32, 24)) -> list[Image.Image]:
    return [Image.new("RGB", size, (value, 0, 0)) for value in values]


def saved(frames: Sequence[Image.Image], format: str, **more: Any) -> bytes:
    out = io.BytesIO()
    every = {} if format == "ICO" else {"save_all": True}
    frames[0].save(out, format, append_images=frames[1:], **every, **more)
    return out.getvalue()


def frames_of(seen: Examined, view: str = "") -> list[int]:
    return [code.frame for code in seen.codes if code.view == view]


def test_frames_that_are_nearly_equal_are_kept_once() -> None:
    data = saved(reds(100, 104, 105, 109, 110, 100, 210), "WEBP", lossless=True)
    assert frames_of(looked(data, bits)) == [0, 2, 4, 6]
    # Each that was left out is within 4 bits of one that was kept, whatever the order.
    data = saved(reds(*range(60, 90)), "WEBP", lossless=True)
    kept = [60 + frame for frame in frames_of(looked(data, bits))]
    assert all(min(abs(n - one) for one in kept) <= 4 for n in range(60, 90))
    assert len(kept) <= 8


def test_what_time_does_not_allow_is_said_and_left_to_a_person() -> None:
    seen = looked(saved(reds(*range(0, 200, 10)), "WEBP", lossless=True), frames_seconds=-1.0)
    assert frames_of(seen) == [0]
    assert seen.problems == ["took too long (frames 1 to 19 were not looked at)"]
    assert not seen.judged


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_what_lies_beyond_the_most_frames_is_said(format: str) -> None:
    seen = looked(saved(reds(*range(0, 200, 10)), format), max_frames=7)
    assert frames_of(seen)[-1] == 6
    assert seen.problems == ["too many frames (the first 7 are looked at, there are more)"]
    assert not seen.judged


def test_frames_are_looked_at_on_a_black_page_too() -> None:
    clear = [Image.new("RGBA", (32, 24), (255, 255, 255, alpha)) for alpha in (255, 0, 100)]
    seen = looked(saved(clear, "WEBP", lossless=True, exact=True))
    codes = [(code.view, code.frame, code.value[0]) for code in seen.codes]
    assert codes == [("", 0, 255), ("dark", 1, 0), ("dark", 2, 100)]


def test_every_picture_of_an_icon_is_looked_at() -> None:
    sizes = [(64, 64), (48, 48), (16, 16)]
    large, *others = [Image.new("RGB", size, (n * 50, 9, 9)) for n, size in enumerate(sizes)]
    seen = looked(saved([large, *others], "ICO", sizes=sizes))
    assert (seen.frames, seen.width, seen.problems) == (3, 64, [])
    assert [(code.frame, code.value[0]) for code in seen.codes] == [(0, 0), (1, 50), (2, 100)]


def test_a_picture_in_an_icon_is_no_larger_than_others_may_be() -> None:
    data = bytearray(saved(reds(9, size=(48, 48)), "ICO", sizes=[(48, 48)]))
    at = data.index(b"IHDR")
    data[at + 4 : at + 12] = (9000).to_bytes(4) * 2
    data[at + 17 : at + 21] = zlib.crc32(data[at : at + 17]).to_bytes(4)
    seen = looked(bytes(data))
    assert [one.partition(" (")[0] for one in seen.problems] == ["too many pixels"]


@needs_heic
def test_all_pictures_of_a_heic_are_looked_at_the_chosen_one_first() -> None:
    data = saved(reds(0, 80, 160, size=(64, 64)), "HEIF", quality=-1, primary_index=1)
    seen = looked(data)
    assert (seen.content_type, seen.frames, seen.problems) == ("image/heic", 3, [])
    assert [(code.frame, code.value[0] // 40) for code in seen.codes] == [(0, 2), (1, 0), (2, 4)]


@needs_heic
def test_a_sequence_beside_a_heic_is_said() -> None:
    data = HEIC + (8).to_bytes(4) + b"moov"
    seen = looked(data)
    assert seen.problems == ["too many frames (the sequence beside the picture was not looked at)"]
    assert seen.codes
    assert not seen.judged


class Bits:
    """Writes what `jxl` reads."""

    def __init__(self) -> None:
        self.value = self.length = 0

    def put(self, value: int, count: int) -> "Bits":
        self.value |= value << self.length
        self.length += count
        return self

    def bytes(self) -> bytes:
        return b"\xff\x0a" + self.value.to_bytes(self.length // 8 + 1, "little")


def size(bits: Bits, width: int, height: int) -> Bits:
    bits.put(0, 1).put(3, 2).put(height - 1, 30)
    return bits.put(0, 3).put(3, 2).put(width - 1, 30)


@given(
    st.integers(1, 1 << 30), st.integers(1, 1 << 30), st.booleans(), st.booleans(), st.booleans()
)
def test_the_header_of_a_jpeg_xl_is_read(
    width: int, height: int, intrinsic: bool, preview: bool, animated: bool
) -> None:
    bits = size(Bits(), width, height).put(0, 1).put(1, 1).put(5, 3).put(intrinsic, 1)
    if intrinsic:
        size(bits, 7, 9)
    bits.put(preview, 1)
    if preview:  # eighths: by a ratio, then both sides
        bits.put(1, 1).put(2, 2).put(30, 5).put(0, 3).put(0, 2)
    data = bits.put(animated, 1).bytes()
    assert jxl.header_of(data) == (width, height, animated)
    box = (8 + len(data)).to_bytes(4) + b"jxlc" + data
    contained = b"\0\0\0\x0cJXL \r\n\x87\n" + box
    assert jxl.header_of(contained) == (width, height, animated)


@pytest.mark.parametrize(
    ("ratio", "width"), [(1, 240), (2, 288), (3, 320), (4, 360), (5, 426), (6, 300), (7, 480)]
)
def test_a_jpeg_xl_may_give_its_width_by_a_ratio(ratio: int, width: int) -> None:
    data = Bits().put(1, 1).put(29, 5).put(ratio, 3).put(1, 1).bytes()
    assert jxl.header_of(data) == (width, 240, False)


@pytest.mark.skipif(not JXL, reason="pillow-jxl-plugin is not here")
def test_of_an_animated_jpeg_xl_a_person_sees_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    header = jxl.header_of(JXL)
    assert header is not None
    assert header == (48, 40, False)
    monkeypatch.setattr(jxl, "header_of", lambda _: header._replace(animated=True))
    seen = looked(JXL)
    assert seen.problems == ["too many frames (of an animated JPEG XL only the first is looked at)"]
    assert seen.codes
    assert not seen.judged


@given(st.binary(max_size=100))
def test_any_header_has_an_answer(data: bytes) -> None:
    jxl.header_of(b"\xff\x0a" + data)
    for box in boxes(data):
        assert 8 <= box.start <= box.end <= len(data)


@pytest.mark.parametrize(
    ("sight", "light"),
    [
        (Sight(), 255),
        (Sight(0, True), 255),
        (Sight(2), 255),
        (Sight(2, True), 100),
        (Sight(9), 255),
    ],
)
def test_a_person_is_shown_the_frame_and_the_page_that_were_looked_at(
    sight: Sight, light: int
) -> None:
    white = [Image.new("RGBA", (32, 24), (255, 255, 255, alpha)) for alpha in (255, 0, 100)]
    drawn = draw(saved(white, "WEBP", lossless=True, exact=True), 32, False, MediaLimits(), sight)
    assert drawn is not None
    assert abs(int(np.asarray(Image.open(io.BytesIO(drawn)))[0, 0, 0]) - light) <= 2
