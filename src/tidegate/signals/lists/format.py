"""What a format of lists is: how a file falls into records, and what one record says.

A format is one file of this package that fills in `Format`. `read` joins both with the door of the
banks into the stream that an import takes: entries, and what cannot become one, by number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import msgspec

from tidegate.infra.errors import Refusal
from tidegate.infra.lines import Line, read_lines
from tidegate.signals.entry import ListEntry
from tidegate.signals.fingerprints.door import refuse_poor

RECORD_LIMIT = 4 << 20
"""Bytes of one record; the longest text of an entry fits, escaped."""

_MARK = b"\xef\xbb\xbf"  # how some editors say that a file is UTF-8

HEAD_BYTES = 64 << 10
"""What is looked at to know a format: the first bytes of a file."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One record that was read: an entry, or why it is none.

    `number` is that of its (first) line, or its place in a JSON array; `last` that of its last
    line, and `end` the offset after it, where reading goes on. `problem`: the record is bad.
    `skipped`: it is sound, but nothing that a bank can use.
    """

    number: int
    last: int
    end: int
    entry: ListEntry | None = None
    problem: str | None = None
    skipped: str | None = None


class Skip(Exception):
    """Raised by `parse` for a sound record that no bank can use: of an algorithm that is not
    computed here, or taken back by its source."""


Frames = Callable[[BinaryIO, int, int], Iterator[Line]]
Parse = Callable[[bytes], ListEntry]


@dataclass(frozen=True)
class Reading:
    """How one file is read. `frames` yields its records from an offset on, after a number;
    `parse` takes one and raises ValueError, Refusal or Skip; `header`: the first record names the
    columns."""

    frames: Frames
    parse: Parse
    header: bool = False


@dataclass(frozen=True)
class Format:
    """One format of lists.

    `recognise` says of a file's first bytes whether they look like it. `open` makes the reading
    of a file that begins with these bytes; it raises ValueError when the file cannot be of it.
    `write`, where a bank can be exported so, makes the lines of an entry, and `heading` the first.
    """

    name: str
    recognise: Callable[[bytes], bool]
    open: Callable[[bytes], Reading]
    write: Callable[[ListEntry], Iterator[str]] | None = None
    heading: str = ""


class Broken(Exception):
    """The rest of a file cannot be read, as when a download was cut short."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number


def lines(file: BinaryIO, offset: int, number: int) -> Iterator[Line]:
    """The frames of formats that have one record a line."""
    return read_lines(file, offset, number, RECORD_LIMIT)


def first_line(head: bytes) -> str:
    """The first line that is not blank, for the look at a format; a byte order mark is no part."""
    first = head.removeprefix(_MARK).lstrip().partition(b"\n")[0]
    return first.decode(errors="replace").rstrip("\r")


def read(reading: Reading, file: BinaryIO, offset: int = 0, number: int = 0) -> Iterator[Read]:
    """The records of `file`, which stands at `offset`, after record `number`.

    Raises Broken where the file cannot be read on; what came before stands.
    """
    records = reading.frames(file, offset, number)
    if offset == 0 and (first := next(records, None)) is not None and not reading.header:
        data = first.data and first.data.removeprefix(_MARK)
        yield _read(reading.parse, msgspec.structs.replace(first, data=data))
    for record in records:
        yield _read(reading.parse, record)


def _read(parse: Parse, line: Line) -> Read:
    data = line.data
    record = partial(Read, number=line.number, last=line.last, end=line.end)
    if data is None:
        return record(problem=f"is longer than {RECORD_LIMIT:,} bytes")
    if b"\0" in data:
        return record(problem="has a NUL character")
    try:
        entry = parse(data)
    except Skip as skip:
        return record(skipped=str(skip))
    except UnicodeDecodeError:
        return record(problem="is not UTF-8")
    except Refusal as refusal:
        return record(problem=refusal.detail.rstrip("."))
    except ValueError as error:
        return record(problem=str(error))
    # Beyond these a time zone may lead to a year that cannot be read back.
    if entry.disabled_until is not None and not 1970 <= entry.disabled_until.year <= 9998:
        return record(problem="disabled_until: expected a year from 1970 to 9998")
    for fingerprint in entry.fingerprints:
        if poor := refuse_poor(fingerprint):
            return record(problem=f"{fingerprint.kind}: {poor}")
    return record(entry=entry)
