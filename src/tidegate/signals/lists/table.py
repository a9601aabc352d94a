"""Tables as text, for the formats that are one: records that quotes carry over lines (RFC 4180).

A quote that is never closed would swallow what follows: then its line alone is the record, and the
lines after it are read for themselves.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from tidegate.infra.lines import Line
from tidegate.signals.lists.format import RECORD_LIMIT, Frames, first_line

_SPAN = 1 << 20
"""Bytes over which a quoted field may go on."""

csv.field_size_limit(RECORD_LIMIT)  # as shipped, a text of 128 KiB is refused


def separator(head: bytes) -> str:
    """What separates the columns of a file that begins so: a comma, or what spreadsheets of some
    languages write for it."""
    first = first_line(head)
    return next((mark for mark in ",;\t" if mark in first), ",")


def cells(record: str, mark: str) -> list[str]:
    """The cells of one record. Raises ValueError."""
    try:
        rows = list(csv.reader([record], delimiter=mark, strict=True))
    except csv.Error as error:
        raise ValueError(f"is no row of a table: {error}") from error
    return rows[0] if rows else []


def columns(head: bytes) -> Sequence[str]:
    """The names in the first line, in lower case; none when it is no row."""
    try:
        return [name.strip().lower() for name in cells(first_line(head), separator(head))]
    except ValueError:
        return []


def records(mark: str) -> Frames:
    """The frames of a table whose columns are separated by `mark`."""
    field = rb'(?:"(?:[^"]++|"")*+"|[^"%b\r\n][^%b\r\n]*+|)' % (mark.encode(), mark.encode())
    # Possessive throughout: no input makes these slow.
    whole = re.compile(rb"%b(?:%b%b)*+\r?\n?\Z" % (field, mark.encode(), field))
    opened = re.compile(rb'(?:%b%b)*+"(?:[^"]++|"")*+\Z' % (field, mark.encode()))

    def frames(file: BinaryIO, offset: int, number: int) -> Iterator[Line]:
        while line := file.readline(RECORD_LIMIT + 1):
            number += 1
            more = 0
            record: bytes | None = line
            if len(line) > RECORD_LIMIT:
                record = None
                while line and not line.endswith(b"\n"):
                    offset += len(line)
                    line = file.readline(RECORD_LIMIT)
            elif b'"' in line and opened.match(line):
                longer, added = _continued(file, line)
                if whole.match(longer):
                    record, more = longer, added
                else:
                    file.seek(offset + len(line))
            offset += len(line if record is None else record)
            if record is None or not record.isspace():
                yield Line(number, offset, record, more)
            number += more

    return frames


def _continued(file: BinaryIO, line: bytes) -> tuple[bytes, int]:
    """A line with an open quote and those after it up to the one that closes it; how many those are."""
    parts = [line]
    size = len(line)
    while size <= _SPAN and (more := file.readline(RECORD_LIMIT)):
        parts.append(more)
        size += len(more)
        if more.count(b'"') % 2:
            break
    return b"".join(parts), len(parts) - 1
