"""From a decoded picture to the RGB pixels that fingerprints are computed of.

Called inside the worker. `docs/decoding.md` says what is decided here and why.
"""

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Pixels = NDArray[np.uint8]

_ORIENTATION = 0x0112
# Pillow types this function by halves.
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")
_PLAIN = ("RGB", "L", "1", "P", "YCbCr")
_THREE_AND_MORE = ("CMYK", "YCbCr", "LAB")


class UnusableProfile(Exception):
    """An embedded colour profile cannot be applied; the plain conversion stands in."""


class Shown(NamedTuple):
    """A picture as people see it, not yet turned: on a white page, and on a black one where that
    differs."""

    light: Pixels
    dark: Pixels | None = None


def stored(image: Image.Image) -> Pixels:
    """The pixels as stored, alpha dropped: what `convert("RGB")` gives, as many of the field's tools
    do. Raises ValueError where Pillow has no such conversion."""
    return _array(image.convert("RGB"))


def peer(image: Image.Image) -> Pixels | None:
    """The pixels as python-threatexchange has them hashed, where that is another thing than `stored`:
    it takes the numbers of a palette as grey, and the first three channels, whatever they are, as
    red, green and blue."""
    if image.mode == "P":
        return np.repeat(np.asarray(image)[:, :, None], 3, axis=2)
    if image.mode in _THREE_AND_MORE:
        return np.ascontiguousarray(np.asarray(image)[:, :, :3])
    return None


def needs_composing(image: Image.Image) -> bool:
    """Whether people see something else than `stored` gives, orientation apart."""
    return image.mode not in _PLAIN or image.has_transparency_data


def shown(image: Image.Image) -> Shown:
    """The picture as people see it: alpha over white and over black, CMYK by its profile, 16 bit by
    the high byte. Raises UnusableProfile where the profile is broken."""
    if image.mode == "CMYK" and (profile := image.info.get("icc_profile")):
        return Shown(_array(_by_profile(image, profile)))
    if image.mode == "LAB":
        return Shown(_array(_to_srgb(image, _LAB)))
    if image.mode in ("I", "F") or image.mode in _SIXTEEN_BIT:
        return _scaled(image)
    if image.has_transparency_data:
        return _composed(image.convert("RGBA"))
    return Shown(stored(image))


def _array(image: Image.Image) -> Pixels:
    return np.asarray(image)


def _composed(over: Image.Image) -> Shown:
    least, _ = over.getchannel("A").getextrema()
    if least == 255:
        return Shown(_array(over.convert("RGB")))
    light, dark = (
        _array(Image.alpha_composite(Image.new("RGBA", over.size, page), over).convert("RGB"))
        for page in ("white", "black")
    )
    return Shown(light, dark)


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, TypeError) as error:
        raise UnusableProfile from error
    return _to_srgb(image, source)


def _to_srgb(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        raise UnusableProfile from error
    if converted is None:
        raise UnusableProfile
    return converted


def _scaled(image: Image.Image) -> Shown:
    """Grey of more than 8 bits: the high byte of 16; wider ranges from their least to greatest."""
    values = np.asarray(image)
    if image.mode in _SIXTEEN_BIT:
        grey = (values >> 8).astype(np.uint8)
    else:
        finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        low, high = float(finite.min()), float(finite.max())
        grey = ((finite - low) * (255.0 / ((high - low) or 1.0))).astype(np.uint8)
    nothing = image.info.get("transparency")  # a grey that stands for it
    if not isinstance(nothing, int) or not (holes := values == nothing).any():
        return Shown(_grey(grey))
    return Shown(
        _grey(np.where(holes, np.uint8(255), grey)), _grey(np.where(holes, np.uint8(0), grey))
    )


def _grey(grey: NDArray[np.uint8]) -> Pixels:
    return np.repeat(grey[:, :, None], 3, axis=2)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it makes no sense."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is a format of its own, with every way to be broken
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """`pixels` the right way up (EXIF 2.3, 4.6.4 A, tag 274), contiguous."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
