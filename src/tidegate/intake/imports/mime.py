"""The parser of e-mail: Python's own, in the mode that never raises, with bounds around it.

A header is cut, parts are counted as they come, and what would take minutes or gigabytes is refused before it
begins. So a bomb of any kind costs its own message and some seconds.
"""

import re
from collections.abc import Sequence
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Compat32

from tidegate.intake.imports.model import Bad, unreadable

MOST_PARTS = 1000
"""Parts of a message, those of messages within it counted. People send a few dozen."""
MOST_WORK = 12_000_000
"""Lines, times the levels that what they stand in may be nested: what parsing costs."""
_LINES, _LINE_BYTES = (
    100_000,
    24,
)  # so many lines, and one more for so many bytes: each takes sixty in memory
MOST_HEADERS = 10_000
_HEADER_BYTES = 16_384
_CHUNK = 1 << 20
_DEEPER = re.compile(rb"boundary|message/", re.I)


class _Cut(Compat32):
    """A policy under which a header is cut: what reads them takes the square of their length."""

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        kept: list[str] = []
        size = 0
        for line in sourcelines:
            room = _HEADER_BYTES - size
            if room <= 0:
                break
            kept.append(line[:room])
            size += len(kept[-1])
        return super().header_source_parse(kept)


_POLICY = _Cut()


class _Part(Message):
    """A message or a part of one, which counts what it has."""

    def __init__(self, policy: Compat32, bounds: "Parser") -> None:
        super().__init__(policy)
        self._bounds = bounds

    def set_raw(self, name: str, value: str) -> None:
        self._bounds.count_header()
        super().set_raw(name, value)


class Parser:
    """Parses a message and those within it, under bounds that all of them share."""

    def __init__(self) -> None:
        self._parts = self._headers = 0
        self._work = 0

    def parse(self, data: bytes) -> Message:
        """The message. Raises Bad for a bomb."""
        lines = data.count(b"\n") + data.count(b"\r")
        if lines > _LINES + len(data) // _LINE_BYTES:
            raise bomb("It has too many lines for its size")
        self._work += lines * (1 + sum(1 for _ in _DEEPER.finditer(data)))
        if self._work > MOST_WORK:
            raise bomb("It is nested too often for its size")
        parser = BytesFeedParser(self._part, policy=_POLICY)
        try:
            for start in range(0, len(data), _CHUNK):
                parser.feed(data[start : start + _CHUNK])
            return parser.close()
        except RecursionError:
            raise bomb("It is nested too deep") from None

    def _part(self, policy: Compat32 | None = None) -> Message:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise bomb(f"It has over {MOST_PARTS:,} parts")
        return _Part(policy or _POLICY, self)

    def count_header(self) -> None:
        """One more header. Raises Bad beyond the bound."""
        self._headers += 1
        if self._headers > MOST_HEADERS:
            raise bomb(f"It has over {MOST_HEADERS:,} headers")


def bomb(why: str) -> Bad:
    """The refusal of a message that is beyond what people write."""
    return Bad(unreadable(f"{why}; nothing of it was taken. Look at it in a mail program."))
