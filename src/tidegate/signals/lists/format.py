"""What a format of lists is: how a file falls into records, and what one record says.

A format is one file of this package that fills in `Format`. `read` joins both with the door of the
banks into the stream that an import takes: entries, and what cannot become one, by number.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, NamedTuple

import msgspec

from tidegate.infra.errors import Refusal
from tidegate.infra.lines import Line, read_lines
from tidegate.signals.entry import ListEntry
from tidegate.signals.fingerprints.door import refuse_poor
from tidegate.signals.lists.encoding import GUESS, NOT_UTF8, in_doubt, shown
from tidegate.signals.model import Fingerprint

RECORD_LIMIT = 4 << 20
"""Bytes of one record; the longest text of an entry fits, escaped."""

_MARK = b"\xef\xbb\xbf"  # how some editors say that a file is UTF-8

HEAD_BYTES = 64 << 10
"""What is looked at to know a format: the first bytes of a file."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One record that was read: an entry, or why it is none.

    `number` is that of its (first) line, or its place in a JSON array; `last` that of its last
    line, and `end` the offset after it, where reading goes on. `problem`: the record is bad.
    `skipped`: it is sound, but nothing that a bank can use. `guessed`: it is no UTF-8, and was read as
    Windows-1252.
    """

    number: int
    last: int
    end: int
    entry: ListEntry | None = None
    problem: str | None = None
    skipped: str | None = None
    guessed: bool = False


class Skip(Exception):
    """Raised by `parse` for a sound record that no bank can use: of an algorithm that is not
    computed here, or taken back by its source."""


class Comment(Exception):
    """Raised by `parse` for a record that says nothing: a comment, a row of empty cells."""


Frames = Callable[[BinaryIO, int, int], Iterator[Line]]
Parse = Callable[[bytes], ListEntry]


@dataclass(frozen=True)
class Reading:
    """How one file is read. `frames` yields its records from an offset on, after a number;
    `parse` takes one and raises ValueError, Refusal, Skip or Comment; the first `above` records are
    no entries: comments, and the names of the columns."""

    frames: Frames
    parse: Parse
    above: int = 0


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format of lists.

    `recognise` says of a file's first bytes whether they look like it. `open` makes the reading
    of a file that begins with these bytes; it raises ValueError when the file cannot be of it, or
    does not say enough. `write`, where a bank can be exported so, makes the lines of an entry, and
    `heading` the first. `guess` is `open` for a file that nobody said to be of this format. `holds`
    is said of a list with no entry.
    """

    name: str
    recognise: Callable[[bytes], bool]
    open: Callable[[bytes], Reading]
    write: Callable[[ListEntry], Iterator[str]] | None = None
    heading: str = ""
    guess: Callable[[bytes], Reading] | None = None
    holds: str = (
        "A list has a header line that names its columns, such as `url` or `pdq,note`, and the entries"
        " below it."
    )


class Broken(Exception):
    """The rest of a file cannot be read, as when a download was cut short."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number


def lines(file: BinaryIO, offset: int, number: int) -> Iterator[Line]:
    """The frames of formats that have one record a line."""
    return read_lines(file, offset, number, RECORD_LIMIT)


# `#`, and what lists of hosts, zone files and filters of advertisements have in its place.
_COMMENT = re.compile(r"#|!|;\s|//\s|%%%%|\[Adblock")
_BEHIND = re.compile(r"\s+#.*\Z", re.S)
_SEPARATOR = re.compile(r"\"?sep=([,;|^~:\t])\"?\s*\Z", re.I)


class Top(NamedTuple):
    """What stands at the top of a list: the first line that says something, and what is above it."""

    line: str
    above: int  # records: comments, and how the columns are separated
    comments: list[str]
    separator: str | None  # as `sep=;` says it


def top(head: bytes) -> Top:
    """The top of a file that begins with `head`, for the look at a format."""
    comments: list[str] = []
    above, separator = 0, None
    for raw in head.removeprefix(_MARK).split(b"\n"):
        line = shown(raw).strip(" \r\f\v")
        if not line.strip():
            continue
        if found := _SEPARATOR.match(line):
            separator = found[1]
        elif is_comment(line):
            comments.append(line)
        else:
            return Top(line, above, comments, separator)
        above += 1
    return Top("", above, comments, separator)


def first_line(head: bytes) -> str:
    """The first line that says something; a byte order mark is no part of it."""
    return top(head).line.lstrip()


def first_lines(head: bytes, most: int) -> list[str]:
    """The first lines that say something, without comments; the last of `head` only if it is whole."""
    lines = head.removeprefix(_MARK).split(b"\n")
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        lines.pop()
    said = (without_comment(shown(line)) for line in lines)
    return [line for line in said if line and not _SEPARATOR.match(line)][:most]


def is_comment(line: str) -> bool:
    """Whether a line is a comment."""
    return _COMMENT.match(line.lstrip()) is not None


def without_comment(line: str) -> str:
    """What a line says, for formats with one value a line: nothing where all of it is a comment."""
    return "" if is_comment(line) else _BEHIND.sub("", line.strip())


def said(data: bytes) -> str:
    """The same of a record. Raises Comment where it says nothing."""
    line = without_comment(data.decode())
    if not line or _SEPARATOR.match(line):
        raise Comment
    return line


Refuse = Callable[[Fingerprint], str | None]


def read(
    reading: Reading,
    file: BinaryIO,
    offset: int = 0,
    number: int = 0,
    refuse: Refuse = refuse_poor,
) -> Iterator[Read]:
    """The records of `file`, which stands at `offset`, after record `number`. A code for which
    `refuse` has a reason makes its record a bad one.

    Raises Broken where the file cannot be read on; what came before stands.
    """
    above = reading.above if offset == 0 else 0
    for record in reading.frames(file, offset, number):
        data = record.data
        if offset == 0 and record.number == 1 and data is not None and data.startswith(_MARK):
            data = data.removeprefix(_MARK)
            if not data.strip():
                continue
            record = msgspec.structs.replace(record, data=data)
        if above:
            above -= 1
        elif (found := _read(reading.parse, record, refuse)) is not None:
            yield found


def _read_as_guessed(parse: Parse, line: Line, text: str, refuse: Refuse) -> Read | None:
    """A record that is no UTF-8, as the `text` that it would be in Windows-1252. It is a bad one where
    its value hangs on that: where it is another with other letters."""
    found, other = (
        _read(parse, msgspec.structs.replace(line, data=one.encode()), refuse)
        for one in (text, in_doubt(text))
    )
    if found is None or found.entry is None:
        return found
    if other is None or other.entry is None or _value(other.entry) != _value(found.entry):
        return msgspec.structs.replace(found, entry=None, problem=NOT_UTF8)
    return msgspec.structs.replace(found, guessed=True)


def _value(entry: ListEntry) -> tuple[object, ...]:
    return list(entry.fingerprints), entry.text, entry.labels


def _read(parse: Parse, line: Line, refuse: Refuse) -> Read | None:
    data = line.data
    record = partial(Read, number=line.number, last=line.last, end=line.end)
    if data is None:
        return record(problem=f"is longer than {RECORD_LIMIT:,} bytes")
    if b"\0" in data:
        return record(problem="has a NUL character")
    try:
        entry = parse(data)
    except Comment:
        return None
    except Skip as skip:
        return record(skipped=str(skip))
    except UnicodeDecodeError:
        try:
            text = data.decode(GUESS)
        except UnicodeDecodeError:
            return record(problem=NOT_UTF8)
        return _read_as_guessed(parse, line, text, refuse)
    except Refusal as refusal:
        return record(problem=refusal.detail.rstrip("."))
    except ValueError as error:
        return record(problem=str(error))
    # Beyond these a time zone may lead to a year that cannot be read back.
    if entry.disabled_until is not None and not 1970 <= entry.disabled_until.year <= 9998:
        return record(problem="disabled_until: expected a year from 1970 to 9998")
    for fingerprint in entry.fingerprints:
        if poor := refuse(fingerprint):
            return record(problem=f"{fingerprint.kind}: {poor}")
    return record(entry=entry)
