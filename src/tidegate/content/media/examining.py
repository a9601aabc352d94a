"""What the worker does with one file: every view decoded and fingerprinted, or drawn for people.

Runs inside the sandbox; both functions return an answer whatever the bytes are.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from PIL import Image, ImageFilter

from tidegate.content.media.decoding import FORMATS, Media, Undecodable, View
from tidegate.content.media.model import (
    Examined,
    MediaLimits,
    Problem,
    ViewCode,
    code_of,
    failed,
)
from tidegate.content.media.pixels import Pixels
from tidegate.content.media.sniffing import sniff


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
    if declared not in (None, content_type):
        notes.append(Problem.FALSE_TYPE.text(f"{declared}, but it is {content_type}"))
    if content_type not in FORMATS:
        notes.append(Problem.UNSUPPORTED_TYPE.text(content_type))
        return Examined(content_type=content_type, problems=notes, judged=False)
    found = _Codes(hasher)
    media: Media | None = None
    width = height = None
    try:
        media = Media(data, content_type, limits)
        first, *others = media.main()
        height, width = first.rgb.shape[:2]
        found.take([first, *others])
        found.take(media.sampled())
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


class _Codes:
    """Fingerprints of the views so far; what a later view repeats is kept once."""

    def __init__(self, hasher: Hasher) -> None:
        self.codes: list[ViewCode] = []
        self.problems: list[str] = []
        self._hasher = hasher
        self._known: set[tuple[str, bytes]] = set()

    def take(self, views: Iterable[View]) -> None:
        for view in views:
            try:
                codes = self._hasher(view.rgb)
            except MemoryError:
                raise
            except Exception as error:  # a fault of the hasher is no fault of the file, but noted
                self.problems.append(Problem.UNFINGERPRINTED.text(type(error).__name__))
                continue
            for code in codes:
                if (code.kind, code.value) not in self._known:
                    self._known.add((code.kind, code.value))
                    self.codes.append(
                        ViewCode(code.kind, code.value, code.quality, view.view, view.frame)
                    )


def draw(data: bytes, max_side: int, blur: bool, limits: MediaLimits) -> bytes | None:
    """A JPEG of the first frame for a reviewer's page, no side longer than `max_side`; as much as
    there is of a truncated file; None where there is nothing to show.

    `blur` leaves colours and coarse shapes, for a page that must not show what it lists.
    """
    content_type = sniff(data)
    if content_type not in FORMATS:
        return None
    try:
        image = Image.fromarray(Media(data, content_type, limits, lenient=True).main()[0].rgb)
        image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        if blur:
            image = image.filter(ImageFilter.GaussianBlur(max(image.size) / 24))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=82)
    except (Undecodable, MemoryError, OSError, ValueError):
        return None
    return out.getvalue()
