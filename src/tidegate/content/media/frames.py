"""The frames of a file: how many there are, each one by its number, and what is there besides.

Frame 0 is what is shown first. Pages of a TIFF, pictures of an icon and of a HEIC count as frames.
"""

import contextlib
import time
from typing import cast

from PIL import IcoImagePlugin, Image

from tidegate.content.media import jxl, pixels
from tidegate.content.media.boxes import boxes
from tidegate.content.media.gif import count_frames

_ALONE = ("image/jpeg", "image/bmp", "image/jp2")
_HEIF = ("image/heic", "image/heif")


class Frames:
    """The frames of an opened image, counted up to a limit. The methods raise what decoders raise."""

    def __init__(self, image: Image.Image, data: bytes, content_type: str, limit: int) -> None:
        self._image = image
        self._data = data
        self._type = content_type
        self._limit = limit
        self._first = image.tell()  # of a HEIC whichever it says
        self.hidden = self._unseen()
        """What is there and cannot be looked at, for people; empty if nothing."""

    def count(self, deadline: float) -> int:
        """How many there are."""
        if self._type in _ALONE:
            return 1
        if self._type == "image/gif":
            return max(1, count_frames(self._data, self._limit))
        if self._type == "image/tiff":
            return self._count_pages(deadline)
        if self._type == "image/x-icon":
            return max(1, min(self._limit, self._icon().nb_items))
        return max(1, min(self._limit, getattr(self._image, "n_frames", 1)))

    def at(self, number: int) -> Image.Image:
        """The first frame, then the later ones in order."""
        if self._type == "image/x-icon":
            return self._icon().frame(number)
        if number == 0:
            return self._image
        self._image.seek(number - 1 if number <= self._first else number)
        return self._image

    def orientation(self) -> int:
        """How the picture has to be turned, by what EXIF says, where that counts: a JPEG XL is turned
        already, unless it is a JPEG inside."""
        if self._type == "image/jxl" and not getattr(self._image, "jpeg", False):
            return 1
        return pixels.orientation(self._image)

    def _icon(self) -> IcoImagePlugin.IcoFile:
        return cast(IcoImagePlugin.IcoImageFile, self._image).ico

    def _count_pages(self, deadline: float) -> int:
        """The pages of a TIFF: a chain of directories, each of which has to be read."""
        pages = 1
        with contextlib.suppress(EOFError):
            while pages < self._limit and time.monotonic() < deadline:
                self._image.seek(pages)
                pages += 1
        self._image.seek(0)
        return pages

    def _unseen(self) -> str:
        if self._type in _HEIF and any(box.name == b"moov" for box in boxes(self._data)):
            return "the sequence beside the picture was not looked at"
        if self._type == "image/jxl" and (header := jxl.header_of(self._data)) and header.animated:
            return "of an animated JPEG XL only the first is looked at"
        return ""
