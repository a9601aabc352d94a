"""Which pixels a picture has is ours to say: `docs/decoding.md`, case by case."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from tidegate.content.media.decoding import Media
from tidegate.content.media.examining import draw, examine
from tidegate.content.media.formats import FORMATS, samples
from tidegate.content.media.gif import count_frames
from tidegate.content.media.model import Examined, MediaLimits, ViewCode
from tidegate.content.media.sniffing import sniff

LIMITS = MediaLimits()


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def photo(width: int = 64, height: int = 48, seed: int = 1) -> Image.Image:
    """Smooth colours with an edge: something that every step shows on."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def main_views(data: bytes) -> dict[str, np.ndarray[Any, Any]]:
    content_type = sniff(data)
    assert content_type is not None
    return {view.view: view.rgb for view in Media(data, content_type, LIMITS).main()}


def means(rgb: np.ndarray[Any, Any]) -> Sequence[ViewCode]:
    """A hasher whose code shows which pixels it saw."""
    assert rgb.flags.c_contiguous
    assert rgb.dtype == np.uint8
    return [ViewCode("mean", bytes(rgb.reshape(-1, 3).mean(axis=0).astype(np.uint8)), 100)]


def looked(data: bytes, limits: MediaLimits = LIMITS, declared: str | None = None) -> Examined:
    return examine(data, declared, limits, means)


def same(left: np.ndarray[Any, Any], right: Image.Image | np.ndarray[Any, Any]) -> bool:
    return bool(np.array_equal(left, np.asarray(right)))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    "options", [{}, {"subsampling": 0}, {"progressive": True}, {"quality": 20}]
)
@pytest.mark.parametrize("size", [(64, 48), (61, 47), (513, 300)])
def test_the_fast_jpeg_decoder_gives_the_pixels_of_pillow(
    mode: str, options: dict[str, Any], size: tuple[int, int]
) -> None:
    data = saved(photo(*size).convert(mode), "JPEG", **options)
    views = main_views(data)
    assert list(views) == [""]
    assert same(views[""], Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_the_stored_one_kept(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(photo(), format, exif=exif)
    plain = Image.open(io.BytesIO(data))
    views = main_views(data)
    assert same(views[""], ImageOps.exif_transpose(plain).convert("RGB"))
    assert list(views) == ([""] if orientation == 1 else ["", "stored"])
    assert same(views.get("stored", views[""]), plain.convert("RGB"))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_broken_orientation_is_none() -> None:
    data = saved(photo(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert list(main_views(data)) == [""]


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "ICO", "JPEG2000"])
def test_alpha_is_composed_over_white_and_over_black_and_dropped_in_the_stored_view(
    format: str,
) -> None:
    image = photo().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    options = {"WEBP": {"lossless": True, "exact": True}, "ICO": {"sizes": [image.size]}}
    views = main_views(saved(image, format, **options.get(format, {})))
    for view, page in (("", "white"), ("dark", "black")):
        paper = Image.new("RGBA", image.size, page)
        assert same(views[view], Image.alpha_composite(paper, image).convert("RGB"))
    assert same(views["stored"], image.convert("RGB"))


def test_an_opaque_alpha_changes_nothing() -> None:
    assert list(main_views(saved(photo().convert("RGBA"), "PNG"))) == [""]


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_a_transparent_palette_colour_is_the_page(format: str) -> None:
    image = Image.new("P", (10, 10), 0)
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.paste(1, (0, 0, 5, 10))
    views = main_views(saved(image, format, transparency=0))
    assert views[""][0, 9].tolist() == [255, 255, 255]
    assert views["dark"][0, 9].tolist() == [0, 0, 0]
    assert views[""][0, 0].tolist() == views["dark"][0, 0].tolist() == [0, 0, 200]


def test_grey_with_alpha() -> None:
    views = main_views(saved(Image.new("LA", (4, 4), (100, 0)), "PNG"))
    assert views[""][0, 0].tolist() == [255] * 3
    assert views["dark"][0, 0].tolist() == [0] * 3
    assert views["stored"][0, 0].tolist() == [100] * 3


def test_a_grey_of_16_bits_that_stands_for_nothing_is_the_page() -> None:
    values = np.array([[0, 1000, 40000, 65535]], np.uint16).repeat(2, axis=0)
    views = main_views(saved(Image.fromarray(values), "PNG", transparency=1000))
    assert views[""][0, :, 0].tolist() == [0, 255, 156, 255]
    assert views["dark"][0, :, 0].tolist() == [0, 0, 156, 255]


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_plain_modes_have_one_view(mode: str) -> None:
    data = saved(photo().convert(mode), "PNG")
    views = main_views(data)
    assert list(views) == [""]
    assert same(views[""], Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_by_the_high_byte(format: str) -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16)[None, :].repeat(4, axis=0)
    views = main_views(saved(Image.fromarray(ramp), format))
    assert views[""][0, :, 0].tolist() == [int(value) >> 8 for value in ramp[0]]


def test_floats_are_scaled_to_their_range() -> None:
    ramp = np.array([[-1.0, np.nan, 0.0, 3.0]], dtype=np.float32)
    assert main_views(saved(Image.fromarray(ramp), "TIFF"))[""][0, :, 1].tolist() == [
        0,
        63,
        63,
        255,
    ]


def test_cmyk_without_a_profile_is_converted_plainly() -> None:
    data = saved(photo().convert("CMYK"), "JPEG", quality=95)
    views = main_views(data)
    assert list(views) == ["", "peer"]
    assert same(views[""], Image.open(io.BytesIO(data)).convert("RGB"))


def test_cmyk_with_a_broken_profile_says_so_and_is_judged() -> None:
    data = saved(photo().convert("CMYK"), "JPEG", icc_profile=b"no profile")
    seen = looked(data)
    assert seen.problems == ["colour profile not usable (converted without it)"]
    assert seen.judged
    assert [code.view for code in seen.codes] == ["", "peer"]


def test_lab_is_converted() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(photo(), srgb, lab, outputMode="LAB")
    assert image is not None
    views = main_views(saved(image, "TIFF"))
    assert list(views) == ["", "peer"]
    apart = views[""].astype(int) - np.asarray(photo()).astype(int)
    assert np.abs(apart).mean() < 2
    assert same(views["peer"], np.asarray(image))


def test_cmyk_is_converted_by_its_profile() -> None:
    profile = saved_profile()
    image = photo().convert("CMYK")
    called = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
    )
    assert called is not None
    data = saved(image, "TIFF", icc_profile=profile)
    views = main_views(data)
    assert same(views[""], called)
    assert same(views["stored"], image.convert("RGB"))


def animation(format: str, count: int = 20) -> bytes:
    frames = [Image.new("RGB", (32, 24), (n * 10, 255 - n * 10, 7)) for n in range(count)]
    return saved(
        frames[0], format, save_all=True, append_images=frames[1:], duration=50, lossless=True
    )


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_every_frame_of_an_animation_is_looked_at(format: str) -> None:
    seen = looked(animation(format))
    assert seen.problems == []
    assert seen.frames == 20
    codes = [code for code in seen.codes if code.view == ""]
    assert [code.frame for code in codes] == list(range(20))
    for code in codes:
        n = code.frame
        assert code.value == bytes([n * 10, 255 - n * 10, 7])


def test_frames_that_repeat_are_told_once() -> None:
    frames = [Image.new("RGB", (9, 9), (n % 2 * 90, 0, 0)) for n in range(8)]
    seen = looked(saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    assert [code.frame for code in seen.codes] == [0, 1]


def endless_gif(frames: int) -> bytes:
    one = saved(Image.new("P", (1, 1)), "GIF")
    start = one.index(b"\x2c", 13)
    return one[:start] + one[start:-1] * frames + b";"


def test_a_gif_of_a_million_frames_is_looked_at_at_its_start() -> None:
    seen = looked(endless_gif(1_000_000))
    assert seen.frames == 1001
    assert seen.problems == ["too many frames (the first 1000 are looked at, there are more)"]
    assert not seen.judged
    assert seen.codes


@given(st.integers(1, 12), st.booleans(), st.integers(1, 40))
@settings(max_examples=30)
def test_gif_frames_are_counted_as_pillow_does(count: int, comment: bool, limit: int) -> None:
    frames = [Image.new("P", (9, 9), n) for n in range(count)]
    options = {"comment": b"x" * 600} if comment else {}
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], **options)
    counted: int = getattr(Image.open(io.BytesIO(data)), "n_frames")  # noqa: B009
    assert count_frames(data, limit) == min(limit, counted)


@given(st.binary(max_size=300))
def test_counting_frames_ends_on_any_bytes(data: bytes) -> None:
    assert 0 <= count_frames(b"GIF89a" + data, 50) <= 50


def png_of_size(width: int, height: int) -> bytes:
    """A valid header and hardly any data."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def with_text_bomb(name: bytes, body: Callable[[bytes], bytes]) -> bytes:
    data = saved(photo(), "PNG")
    bomb = zlib.compress(bytes(100 << 20))
    return data[:33] + chunk(name, body(bomb)) + data[33:]


JPEG = saved(photo(400, 300), "JPEG", quality=95)
BAD = {
    "a huge PNG": (
        png_of_size(50_000, 50_000),
        "too many pixels (50000 x 50000, limit 64000000)",
    ),
    "a JPEG cut short": (JPEG[: len(JPEG) // 2], "file is cut short"),
    "a PNG cut short": (saved(photo(), "PNG")[:-500], "file is cut short"),
    "a GIF cut short": (saved(photo(), "GIF")[:-900], "file is cut short"),
    "a JPEG of noise": (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40, "file is damaged"),
    "a PNG of noise": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "file is damaged"),
    "a zTXt bomb": (with_text_bomb(b"zTXt", lambda z: b"Comment\0\0" + z), "metadata too large"),
    "an iTXt bomb": (
        with_text_bomb(b"iTXt", lambda z: b"Comment\0\1\0\0\0" + z),
        "metadata too large",
    ),
    "noise": (np.random.default_rng(5).bytes(5000), "unknown media type (declared as image/png)"),
    "a HEIC of nothing": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "file is damaged"),
    "a JPEG XL of nothing": (b"\xff\x0a", "file is damaged"),
    "a drawing": (b"<svg xmlns=", "media type not supported (image/svg+xml)"),
}


@pytest.mark.parametrize(("data", "problem"), BAD.values(), ids=BAD)
def test_bad_files_are_answered_with_a_problem(data: bytes, problem: str) -> None:
    seen = looked(data, declared=sniff(data) or "image/png")
    assert seen.problems == [problem]
    assert not seen.judged
    assert seen.codes == []


@pytest.mark.parametrize(
    "data",
    [JPEG[:-2], JPEG + b"trailing bytes", JPEG[:20] + b"\0\0" + JPEG[20:]],
    ids=["no end marker", "trailing bytes", "stray bytes"],
)
def test_faults_that_leave_all_pixels_are_no_damage(data: bytes) -> None:
    seen = looked(data)
    assert seen.problems == []
    assert seen.codes == looked(JPEG).codes


def test_a_false_declared_type_is_noted_and_no_more() -> None:
    seen = looked(saved(photo(), "PNG"), declared="image/jpeg")
    assert seen.problems == ["false declared type (image/jpeg, but it is image/png)"]
    assert seen.judged
    assert (seen.content_type, seen.width, seen.height) == ("image/png", 64, 48)


def test_a_damaged_later_frame_leaves_what_was_seen() -> None:
    data = animation("GIF")
    seen = looked(data[: len(data) // 2] + b"\x2c")
    assert (seen.codes[0].view, seen.codes[0].frame) == ("", 0)
    assert not seen.judged


@given(
    st.sampled_from(["GIF", *sorted(set(FORMATS) - {"image/gif"})]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0.05, 1),
)
@settings(max_examples=150, deadline=None)
def test_any_damage_has_an_answer(format: str, flips: list[tuple[float, int]], kept: float) -> None:
    data = bytearray(_SAMPLES[format])
    for place, value in flips:
        data[int(place * len(data))] = value
    cut = bytes(data[: max(1, int(kept * len(data)))])
    seen = looked(cut, MediaLimits(max_pixels=1_000_000))
    assert seen.judged or seen.problems
    draw(cut, 32, False, MediaLimits(max_pixels=1_000_000))


_SAMPLES = {sniff(one) or "": one for one in samples()} | {"GIF": animation("GIF", 4)}
_SAMPLES["image/heif"] = _SAMPLES["image/heic"].replace(b"ftypheic", b"ftypmif1")


@pytest.mark.parametrize("blur", [False, True])
def test_previews_are_small_jpegs(blur: bool) -> None:
    drawn = draw(saved(photo(300, 200), "PNG"), 100, blur, LIMITS)
    assert drawn is not None
    image = Image.open(io.BytesIO(drawn))
    assert (image.format, image.size) == ("JPEG", (100, 67))


def test_a_blurred_preview_hides_details() -> None:
    board = Image.fromarray(np.indices((200, 200)).sum(axis=0).astype(np.uint8) // 8 % 2 * 255)
    sharp, blurred = (draw(saved(board, "PNG"), 200, blur, LIMITS) for blur in (False, True))
    assert sharp is not None
    assert blurred is not None
    spread = [float(np.asarray(Image.open(io.BytesIO(one))).std()) for one in (sharp, blurred)]
    assert spread[0] > 100
    assert spread[1] < 10


def test_a_preview_shows_what_there_is_of_a_truncated_file() -> None:
    drawn = draw(JPEG[: len(JPEG) // 2], 100, False, LIMITS)
    assert drawn is not None
    assert draw(b"Plain words", 100, False, LIMITS) is None
    assert draw(png_of_size(50_000, 50_000), 100, False, LIMITS) is None


def saved_profile() -> bytes:
    """A CMYK profile as small as one can be: an A2B0 table of 2 points an axis."""
    corners = [
        (255 - c, 255 - m, 255 - y) if not k else (0, 0, 0)
        for c in (0, 255)
        for m in (0, 255)
        for y in (0, 255)
        for k in (0, 255)
    ]
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    table += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table += bytes(range(256)) * 4
    table += b"".join(bytes([(r + g + b) // 3, 128, 128]) for r, g, b in corners)
    table += bytes(range(256)) * 3
    header = struct.pack(
        ">I4sI4s4s4s12x4s4s4s",
        0,
        b"none",
        0x02400000,
        b"prtr",
        b"CMYK",
        b"Lab ",
        b"acsp",
        b"none",
        b"none",
    )
    header = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    header = header.ljust(128, b"\0")
    body = header + struct.pack(">I4sII", 1, b"A2B0", 144, len(table)) + table
    return struct.pack(">I", len(body)) + body[4:]
