"""What the worker does with one file: every view decoded and fingerprinted, or drawn for people.

Runs inside the sandbox; both functions return an answer whatever the bytes are.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import Protocol

from PIL import Image, ImageFilter

from tidegate.content.media.claims import contradicts
from tidegate.content.media.decoding import Media, Picture, Undecodable
from tidegate.content.media.formats import FORMATS
from tidegate.content.media.model import (
    Examined,
    MediaLimits,
    Problem,
    Sight,
    ViewCode,
    code_of,
    failed,
)
from tidegate.content.media.pixels import Pixels
from tidegate.content.media.sniffing import sniff
from tidegate.content.parts import View


class Code(Protocol):
    """What a hasher returns for each fingerprint (`signals.model.Fingerprint` fits)."""

    @property
    def kind(self) -> str: ...
    @property
    def value(self) -> bytes: ...
    @property
    def quality(self) -> int | None: ...


Hasher = Callable[[Pixels], Sequence[Code]]
"""From RGB pixels, uint8 (height, width, 3) and contiguous, to fingerprints."""


def examine(data: bytes, declared: str | None, limits: MediaLimits, hasher: Hasher) -> Examined:
    """Everything that is looked up about the picture `data`; `declared` is a normalised claim."""
    content_type = sniff(data)
    if content_type is None:
        claim = f"declared as {declared}" if declared else ""
        return failed(Problem.UNKNOWN_TYPE, claim)
    notes: list[str] = []
    if declared and contradicts(declared, content_type):
        notes.append(Problem.FALSE_TYPE.text(f"{declared}, but it is {content_type}"))
    if content_type not in FORMATS:
        notes.append(Problem.UNSUPPORTED_TYPE.text(content_type))
        return Examined(content_type=content_type, problems=notes, judged=False)
    found = _Codes(hasher)
    media: Media | None = None
    width = height = None
    try:
        media = Media(data, content_type, limits)
        pictures = media.main()
        width, height = media.size
        found.take(pictures)
        found.take(media.further())
    except Undecodable as problem:
        notes.append(str(problem))
    except MemoryError:
        notes.append(Problem.MEMORY.text())
    notes += [*(media.notes if media else ()), *found.problems]
    return Examined(
        content_type=content_type,
        width=width,
        height=height,
        frames=media.frames if media else 0,
        codes=found.codes,
        problems=list(dict.fromkeys(notes)),
        judged=all(Problem(code_of(note)).harmless for note in notes),
    )


_NEAR_BITS = 4
"""Frames whose codes of 256 bits are no further apart are one: what is near to one of them within a
radius of 31 is found by the other within 27."""


class _Codes:
    """Fingerprints of the pictures so far; what a later one repeats, or nearly, is kept once."""

    def __init__(self, hasher: Hasher) -> None:
        self.codes: list[ViewCode] = []
        self.problems: list[str] = []
        self._hasher = hasher
        self._known: set[tuple[str, bytes]] = set()
        self._kept: dict[tuple[str, str], list[int]] = {}  # of a kind and a view

    def take(self, pictures: Iterable[Picture]) -> None:
        for picture in pictures:
            try:
                codes = self._hasher(picture.rgb)
            except MemoryError:
                raise
            except Exception as error:  # a fault of the hasher is no fault of the file, but noted
                self.problems.append(Problem.UNFINGERPRINTED.text(type(error).__name__))
                continue
            for code in codes:
                if self._is_new(code, picture):
                    self.codes.append(
                        ViewCode(code.kind, code.value, code.quality, picture.view, picture.frame)
                    )

    def _is_new(self, code: Code, picture: Picture) -> bool:
        if (code.kind, code.value) in self._known:
            return False
        if len(code.value) == 32:
            value = int.from_bytes(code.value)
            kept = self._kept.setdefault((code.kind, picture.view), [])
            if picture.frame and any((value ^ one).bit_count() <= _NEAR_BITS for one in kept):
                return False
            kept.append(value)
        self._known.add((code.kind, code.value))
        return True


def draw(
    data: bytes, max_side: int, blur: bool, limits: MediaLimits, sight: Sight = Sight()
) -> bytes | None:
    """A JPEG of what a reviewer's page is to show, no side longer than `max_side`; as much as there is
    of a truncated file; None where there is nothing to show.

    `blur` leaves colours and coarse shapes, for a page that must not show what it lists.
    """
    content_type = sniff(data)
    if content_type not in FORMATS:
        return None
    try:
        image = Image.fromarray(_sighted(Media(data, content_type, limits, lenient=True), sight))
        image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        if blur:
            image = image.filter(ImageFilter.GaussianBlur(max(image.size) / 24))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=82)
    except (Undecodable, MemoryError, OSError, ValueError):
        return None
    return out.getvalue()


def _sighted(media: Media, sight: Sight) -> Pixels:
    """The frame that is asked for; on a black page what differs there, else as on a white one."""
    pictures = media.main()
    if sight.frame:
        so_far = takewhile(lambda one: one.frame <= sight.frame, media.further())
        pictures = [one for one in so_far if one.frame == sight.frame] or pictures
    page: View = "dark" if sight.dark else ""
    return next((one for one in pictures if one.view == page), pictures[0]).rgb
