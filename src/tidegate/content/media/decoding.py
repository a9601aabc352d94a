"""From untrusted bytes to the views of a picture, one at a time. Runs inside the sandbox only.

JPEG is decoded by simplejpeg at full size, everything else by Pillow; `docs/decoding.md` defines
the result. Whatever a decoder raises becomes a `Problem`.
"""

import contextlib
import io
import time
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import simplejpeg  # pyright: ignore[reportMissingTypeStubs]
from PIL import Image, ImageFile

from tidegate.content.media import jxl, pixels
from tidegate.content.media.formats import FORMATS
from tidegate.content.media.frames import Frames
from tidegate.content.media.model import MediaLimits, Problem
from tidegate.content.media.pixels import Pixels, Shown
from tidegate.content.parts import View

_LEAST_SIDE = (
    512  # of a reduced picture, where it can be helped: the code needs some pixels to average
)
_FACTORS = (8, 4, 2)


class Undecodable(Exception):
    """The file, or the rest of it, cannot be decoded; carries the problem to report."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(problem.text(detail))


class Picture(NamedTuple):
    """One picture to take fingerprints of: uint8 (height, width, 3), contiguous; `view` and `frame`
    as in `ViewCode`."""

    rgb: Pixels
    view: View = ""
    frame: int = 0


class Media:
    """A file whose header has been read and whose frames are counted; nothing is decoded yet.

    `lenient` shows what there is of a truncated file. `notes` collects problems on the way. Every
    method raises Undecodable and nothing else.
    """

    def __init__(
        self, data: bytes, content_type: str, limits: MediaLimits, lenient: bool = False
    ) -> None:
        self.notes: list[str] = []
        self._data = data
        self._type = content_type
        self._limits = limits
        self._deadline = time.monotonic() + min(limits.frames_seconds, limits.wall_seconds * 0.6)
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient
        with _refusals():
            self._image = self._opened()
            self.size = self._image.size
            """Width and height, after `main` as people see them."""
            self._factor = self._reduction()
            if self._factor == 1:
                self._check_size(self._image)
            Image.MAX_IMAGE_PIXELS = limits.max_pixels  # for frames that outgrow their canvas
            self._frames = Frames(self._image, data, content_type, limits.max_frames + 1)
            self.frames = self._frames.count(self._deadline)
            self._turn = 1

    def main(self) -> list[Picture]:
        """The first frame: as people see it, then as others hash it where that differs."""
        with _refusals():
            if self._factor > 1:
                return [self._reduced()]
            image, flat = self._frames.at(0), self._jpeg()
            if flat is None:
                image.load()
            self._turn = self._frames.orientation()
            if flat is None and pixels.needs_composing(image):
                seen, flat = self._shown(image), _stored(image)
            else:
                flat = pixels.stored(image) if flat is None else flat
                seen = Shown(flat)
            views = self._seen(seen, 0)
            light = views[0].rgb
            self.size = (light.shape[1], light.shape[0])
            if flat is not None and flat is not light and not np.array_equal(flat, light):
                views.append(Picture(flat, "stored"))
            if (peer := pixels.peer(image)) is not None:
                views.append(Picture(peer, "peer"))
            return views

    def further(self) -> Iterator[Picture]:
        """The other frames of an animation, as people see them, as far as time allows."""
        frames = min(self.frames, self._limits.max_frames)
        if self.frames > frames:
            self.notes.append(
                Problem.TOO_MANY_FRAMES.text(f"the first {frames} are looked at, there are more")
            )
        if self._frames.hidden:
            self.notes.append(Problem.TOO_MANY_FRAMES.text(self._frames.hidden))
        for frame in range(1, frames):
            if time.monotonic() > self._deadline:
                detail = f"frames {frame} to {frames - 1} were not looked at"
                raise Undecodable(Problem.TIME, detail)
            with _refusals():
                image = self._frames.at(frame)
                self._check_size(image)
                image.load()
                views = self._seen(self._shown(image), frame)
            yield from views

    def _opened(self) -> Image.Image:
        if self._type == "image/jxl":  # is decoded in being opened
            header = jxl.header_of(self._data)
            if header is None:
                raise Undecodable(Problem.DAMAGED)
            self._check(header.width, header.height)
        # Too large a picture is ours to refuse, with its size. Icons are decoded in being opened, and
        # Pillow lets twice its limit pass.
        limit = self._limits.max_pixels // 2 if self._type == "image/x-icon" else None
        Image.MAX_IMAGE_PIXELS = limit
        return Image.open(io.BytesIO(self._data), formats=[FORMATS[self._type]])

    def _jpeg(self) -> Pixels | None:
        """The fast way, the same pixels; None where Pillow has to do it (CMYK, damage)."""
        if self._type != "image/jpeg" or self._image.mode not in ("RGB", "L"):
            return None
        # Strict: a warning is an error, or what is missing would be made up in grey. The second try
        # is for the file that lacks its end marker and nothing else.
        for ending in (b"", b"\xff\xd9"):
            with contextlib.suppress(ValueError):
                return simplejpeg.decode_jpeg(self._data + ending, "RGB", strict=True)
        return None

    def _reduction(self) -> int:
        """By how much a JPEG's sides are divided in decoding; 1 where it is decoded whole."""
        width, height = self._image.size
        if self._type != "image/jpeg" or width * height <= self._limits.max_pixels:
            return 1
        fitting = [
            factor
            for factor in _FACTORS
            if (width // factor + 1) * (height // factor + 1) <= self._limits.max_pixels
        ]
        large = [factor for factor in fitting if min(width, height) // factor >= _LEAST_SIDE]
        return next(iter([*large, *reversed(fitting)]), 1)

    def _reduced(self) -> Picture:
        width, height = self.size
        self._image.draft(None, (width // self._factor, height // self._factor))
        self._check_size(self._image)
        self._image.load()
        turn = self._frames.orientation()
        if turn >= 5:
            self.size = (height, width)
        self.notes.append(Problem.REDUCED.text(f"{width} x {height}, at 1/{self._factor}"))
        return Picture(pixels.turned(self._shown(self._image).light, turn), "reduced")

    def _seen(self, seen: Shown, frame: int) -> list[Picture]:
        found = [Picture(pixels.turned(seen.light, self._turn), "", frame)]
        if seen.dark is not None:
            found.append(Picture(pixels.turned(seen.dark, self._turn), "dark", frame))
        return found

    def _shown(self, image: Image.Image) -> Shown:
        try:
            return pixels.shown(image)
        except pixels.UnusableProfile:
            self.notes.append(Problem.PROFILE.text("converted without it"))
            return Shown(pixels.stored(image))

    def _check_size(self, image: Image.Image) -> None:
        self._check(*image.size)

    def _check(self, width: int, height: int) -> None:
        if width * height > self._limits.max_pixels:
            detail = f"{width} x {height}, limit {self._limits.max_pixels}"
            raise Undecodable(Problem.TOO_MANY_PIXELS, detail)


def _stored(image: Image.Image) -> Pixels | None:
    """None where the field's tools couldn't convert these pixels either."""
    with contextlib.suppress(ValueError):
        return pixels.stored(image)
    return None


_SAID: Sequence[tuple[str, Problem]] = (
    ("truncated", Problem.TRUNCATED),
    ("max_text", Problem.METADATA),
    ("decompressed data too large", Problem.METADATA),
)


@contextlib.contextmanager
def _refusals() -> Generator[None]:
    """Decoders raise nearly everything: each becomes Undecodable, with a text of our own (theirs
    may hold bytes of the file)."""
    try:
        yield
    except Undecodable:
        raise
    except MemoryError as error:
        raise Undecodable(Problem.MEMORY) from error
    except Image.DecompressionBombError as error:
        raise Undecodable(Problem.TOO_MANY_PIXELS, "in a frame") from error
    except EOFError as error:
        raise Undecodable(Problem.TRUNCATED) from error
    except Exception as error:
        text = str(error).lower()
        found = next((problem for said, problem in _SAID if said in text), Problem.DAMAGED)
        raise Undecodable(found) from error
