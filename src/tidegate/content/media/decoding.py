"""From untrusted bytes to the views of a picture, one at a time. Runs inside the sandbox only.

JPEG is decoded by simplejpeg at full size, everything else by Pillow; `docs/decoding.md` defines
the result. Whatever a decoder raises becomes a `Problem`.
"""

import contextlib
import io
import time
from collections.abc import Generator, Iterator
from typing import Literal, NamedTuple

import numpy as np
import simplejpeg  # pyright: ignore[reportMissingTypeStubs]
from PIL import (
    AvifImagePlugin,
    Image,
    ImageFile,
    MpoImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from tidegate.content.media import pixels
from tidegate.content.media.gif import count_frames
from tidegate.content.media.model import MediaLimits, Problem
from tidegate.content.media.pixels import Pixels

# Loaded here because no file opens in the sandbox; Pillow brings the common ones, and no others.
_PLUGINS = (AvifImagePlugin, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin)
Image.preinit()
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the sandbox allows no second thread

FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
"""The types that are decoded, and Pillow's names for them: no other parser sees the bytes."""


class Undecodable(Exception):
    """The file, or the rest of it, cannot be decoded; carries the problem to report."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(problem.text(detail))


class View(NamedTuple):
    """One picture to take fingerprints of: uint8 (height, width, 3), contiguous; `view` and `frame`
    as in `ViewCode`."""

    rgb: Pixels
    view: Literal["", "stored"] = ""
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
        self._deadline = time.monotonic() + limits.wall_seconds * 0.6
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient
        Image.MAX_IMAGE_PIXELS = None  # too large a picture is ours to refuse, with its size
        with _refusals():
            self._image = Image.open(io.BytesIO(data), formats=[FORMATS[content_type]])
            self._check_size()
            Image.MAX_IMAGE_PIXELS = limits.max_pixels  # for frames that outgrow their canvas
            self.frames = self._count()

    def main(self) -> list[View]:
        """The first frame: as people see it, then as stored where that differs."""
        with _refusals():
            flat = self._jpeg()
            if flat is None:
                self._image.load()
            turn = pixels.orientation(self._image)
            if flat is None and pixels.needs_composing(self._image):
                seen = pixels.turned(self._shown(), turn)
                flat = self._stored()
            else:
                flat = pixels.stored(self._image) if flat is None else flat
                seen = pixels.turned(flat, turn)
        if flat is None or seen is flat or np.array_equal(seen, flat):
            return [View(seen)]
        return [View(seen), View(flat, "stored")]

    def sampled(self) -> Iterator[View]:
        """Further frames of an animation, evenly spaced, as people see them."""
        frames = min(self.frames, self._limits.frame_horizon)
        if self.frames > frames:
            self.notes.append(
                Problem.TOO_MANY_FRAMES.text(f"the first {frames} were sampled, there are more")
            )
        looks = min(self._limits.max_frames, frames)
        at = 0
        for look in range(1, looks):
            frame = round(look * (frames - 1) / (looks - 1))
            # Deltas build on each other: step by step, so that the clock can be asked in between.
            steps = [frame] if self._type == "image/tiff" else range(at + 1, frame + 1)
            for step in steps:
                if time.monotonic() > self._deadline:
                    raise Undecodable(Problem.TIME, f"at frame {step} of {frames}")
                with _refusals():
                    self._image.seek(step)
                    self._check_size()
            at = frame
            with _refusals():
                self._image.load()
                seen = self._shown()
            yield View(seen, frame=frame)

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

    def _shown(self) -> Pixels:
        try:
            return pixels.shown(self._image)
        except pixels.UnusableProfile:
            self.notes.append(Problem.PROFILE.text("converted without it"))
            return pixels.stored(self._image)

    def _stored(self) -> Pixels | None:
        """None where the field's tools couldn't convert these pixels either."""
        with contextlib.suppress(ValueError):
            return pixels.stored(self._image)
        return None

    def _check_size(self) -> None:
        width, height = self._image.size
        if width * height > self._limits.max_pixels:
            detail = f"{width} x {height}, limit {self._limits.max_pixels}"
            raise Undecodable(Problem.TOO_MANY_PIXELS, detail)

    def _count(self) -> int:
        """How many frames there are, counted up to one beyond the horizon."""
        limit = self._limits.frame_horizon + 1
        if self._type in ("image/jpeg", "image/bmp"):
            return 1
        if self._type == "image/gif":
            return max(1, count_frames(self._data, limit))
        if self._type == "image/tiff":
            return self._count_pages(limit)
        return max(1, min(limit, getattr(self._image, "n_frames", 1)))

    def _count_pages(self, limit: int) -> int:
        """The pages of a TIFF: a chain of directories, each of which has to be read."""
        pages = 1
        with contextlib.suppress(EOFError):
            while pages < limit and time.monotonic() < self._deadline:
                self._image.seek(pages)
                pages += 1
        self._image.seek(0)
        return pages


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
        if "truncated" in text:
            raise Undecodable(Problem.TRUNCATED) from error
        if "max_text" in text or "decompressed data too large" in text:
            raise Undecodable(Problem.METADATA) from error
        raise Undecodable(Problem.DAMAGED) from error
