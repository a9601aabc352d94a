"""E-mail in files: an mbox with any number of messages, one `.eml`, or a folder of them.

An mbox is read as a stream, one message at a time, whatever program wrote it: `mboxrd` and `mboxo` (`>From `
at the beginning of a line was `From `), LF or CRLF. Where a message begins is a guess in every mbox: here a
line `From `, with a time in it if the first line of the file has one, and a header below it. So a sentence
"From what I know …" in a message that was not escaped does not cut it in two.
"""

import os
import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from tidegate.intake.imports.model import Frames, Piece

_LONGEST = 1 << 20  # bytes of a line that are held at a time
_BLANK = (b"\n", b"\r\n")
_TIME = re.compile(rb"\b[0-9]{1,2}:[0-9]{2}\b")
_YEAR = re.compile(rb"\b(?:19|20)[0-9]{2}\b")
_HEADER = re.compile(rb"[!-9;-~]{1,200}[ \t]*:|>+From ")
_NAMED = re.compile(
    rb"[A-Za-z][A-Za-z0-9-]{0,75}[ \t]*:"
)  # as programs name headers, and no JSON begins
_ESCAPED = re.compile(rb"^>(>*From )", re.M)
_LOOKED_AT = 1000


def is_mbox(head: bytes) -> bool:
    """Whether a file that begins so is an mbox."""
    return head.lstrip(b"\r\n").startswith(b"From ")


def is_message(head: bytes) -> bool:
    """Whether a file that begins so is an e-mail: its first line is a header, and so is its second or a
    continuation, or the message is over."""
    lines = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").splitlines()[:2]
    if not lines or not _NAMED.match(lines[0]):
        return False
    return len(lines) == 1 or not lines[1] or bool(_NAMED.match(lines[1]) or lines[1][:1] in b" \t")


class _Lines:
    """The lines of a file, of which those to come can be looked at. A line over `limit` comes in pieces."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._read = lambda: file.readline(limit)
        self._ahead: deque[bytes] = deque()

    def look(self, place: int = 0) -> bytes:
        """The line so many places ahead; empty, there is none."""
        while len(self._ahead) <= place:
            self._ahead.append(self._read())
        return self._ahead[place]

    def take(self) -> bytes:
        line = self.look()
        self._ahead.popleft()
        return line


def messages(file: BinaryIO, limit: int, *, dated: bool) -> Frames:
    """How the messages of an mbox are read; `file` stands where reading is to begin. Of those over `limit`
    bytes only the place is told. `dated`: the lines that part them have times in them."""

    def frames(offset: int, number: int) -> Iterator[Piece]:
        lines = _Lines(file, min(limit, _LONGEST))
        while lines.look() in _BLANK:
            offset += len(lines.take())
        while lines.look():
            number += 1
            place = f"message {number:,} at byte {offset:,}"
            data, size = _message(lines, limit, dated=dated)
            offset += size
            yield Piece(number=number, place=place, end=offset, data=data)

    return frames


def is_dated(head: bytes) -> bool:
    """Whether the first message of an mbox that begins so has a time in the line above it."""
    line = head.lstrip(b"\r\n").partition(b"\n")[0][:_LOOKED_AT]
    return bool(_TIME.search(line) and _YEAR.search(line))


def _message(lines: _Lines, limit: int, *, dated: bool) -> tuple[bytes | None, int]:
    """The message that begins with the next line, None if it is over the limit, and how many bytes it has."""
    first = line = lines.take()
    kept = (
        bytearray()
    )  # a list would hold forty bytes for each line, of which a message may be made
    size = len(first)
    blank = False
    while lines.look():
        whole = line.endswith(b"\n")
        if whole and _begins(lines, blank=blank, dated=dated):
            break
        line = lines.take()
        size += len(line)
        if size <= limit:
            kept += line
        blank = whole and line in _BLANK
    if size > limit:
        return None, size
    return first + (_ESCAPED.sub(rb"\1", kept) if b">From " in kept else kept), size


def _begins(lines: _Lines, *, blank: bool, dated: bool) -> bool:
    """Whether the next line is the one above a message."""
    line = lines.look()
    if not line.startswith(b"From ") or not _HEADER.match(lines.look(1)):
        return False
    return is_dated(line) if dated else blank


def names(folder: Path) -> list[str]:
    """The files of a folder and of those in it, in the order in which they are read. Left out are links,
    what is hidden, and what is no file but a pipe, say."""
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        inside = Path(place)
        found += [
            (inside / one).relative_to(folder).as_posix()
            for one in files
            if not one.startswith(".")
            and not (inside / one).is_symlink()
            and (inside / one).is_file()
        ]
    return sorted(found)


def folder(place: Path, limit: int) -> Frames:
    """How the files of a folder are read, each a message; an offset counts files."""

    def frames(offset: int, number: int) -> Iterator[Piece]:
        for index, name in enumerate(names(place)[offset:], offset + 1):
            told = f"file {name}"
            try:
                with (place / name).open("rb") as file:
                    data = file.read(limit + 1)
                    at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            except OSError as error:
                why = f"It cannot be read ({error.strerror})."
                yield Piece(number=index, place=told, end=index, data=None, fault=why)
                continue
            kept = data if len(data) <= limit else None
            yield Piece(number=index, place=told, end=index, data=kept, at=at)

    return frames


def single(file: BinaryIO, limit: int) -> Frames:
    """How a file is read that is one message."""

    def frames(offset: int, number: int) -> Iterator[Piece]:
        if number == 0:
            data = file.read(limit + 1)
            kept = data if len(data) <= limit else None
            yield Piece(number=1, place="message 1", end=len(data), data=kept)

    return frames
