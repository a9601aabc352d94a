"""Tables as text, for the formats that are one: records that quotes carry over lines (RFC 4180).

A quote that is never closed would swallow what follows: then its line alone is the record, and the
lines after it are read for themselves.
"""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from tidegate.infra.lines import Line
from tidegate.signals.lists.format import RECORD_LIMIT, Comment, Frames, top

_SPAN = 1 << 20
"""Bytes over which a quoted field may go on."""

csv.field_size_limit(RECORD_LIMIT)  # as shipped, a text of 128 KiB is refused


def cells(record: str, mark: str) -> list[str]:
    """The cells of one record. Raises ValueError."""
    try:
        rows = list(csv.reader([record], delimiter=mark, strict=True))
    except csv.Error as error:
        raise ValueError(f"is no row of a table: {error}") from error
    return rows[0] if rows else []


class Heading(NamedTuple):
    """The names of a table's columns, in lower case; what separates them; how many records stand
    above the first row, the names among them."""

    names: Sequence[str]
    mark: str
    above: int


def headings(head: bytes) -> Iterator[Heading]:
    """What may be the names of the columns of a file that begins so, the likeliest first: its first
    line, by each mark that may separate them; else a comment with as many cells as the first row."""
    line, above, comments, told = top(head)
    for mark in _marks(line, told):
        yield Heading(_names(line, mark), mark, above + 1)
    for comment in reversed(comments):
        names = comment.lstrip("#%;!/ ")
        for mark in _marks(names, told):
            found = _names(names, mark)
            if len(found) < 2 and comment[1:2].isspace():
                continue  # `# hosts` is a word about the list, `#domain` a column of it
            if not line or len(found) == len(_names(line, mark)):
                yield Heading(found, mark, above)


def heading(head: bytes, wanted: Collection[str]) -> Heading | None:
    """The names of the columns, if all of those `wanted` are among them."""
    return next((one for one in headings(head) if set(wanted) <= set(one.names)), None)


def _marks(line: str, told: str | None) -> Sequence[str]:
    """What may separate the cells of a line: a comma, or what spreadsheets of some languages and
    other programs write for it."""
    return [told] if told else [mark for mark in ",;\t|" if mark in line] or [","]


def _names(line: str, mark: str) -> Sequence[str]:
    """The names in a line; none when it is no row. Empty ones at its end are left out."""
    try:
        names = [name.strip(" \t#'\"").lower() for name in cells(line, mark)]
    except ValueError:
        return []
    while names and not names[-1]:
        names.pop()
    return names


def row_of(data: bytes, heading: Heading) -> dict[str, str]:
    """The cells of one record by the names of their columns; those that have none by their number.

    A row may be shorter than the names, and longer by empty cells: spreadsheets write both. Raises
    ValueError, and Comment for a row that says nothing.
    """
    row = cells(data.decode(), heading.mark)
    if not any(cell.strip() for cell in row):
        raise Comment
    width = len(heading.names)
    if any(cell.strip() for cell in row[width:]):
        raise ValueError(
            f"has {len(row)} cells under {width} names; quote what has a {heading.mark!r} in it, or name"
            " every column in the header line"
        )
    named = zip(heading.names, row, strict=False)
    return {name or f"column {place}": cell for place, (name, cell) in enumerate(named, 1)}


def records(mark: str) -> Frames:
    """The frames of a table whose columns are separated by `mark`."""
    between = re.escape(mark).encode()
    field = rb'(?:"(?:[^"]++|"")*+"|[^"%b\r\n][^%b\r\n]*+|)' % (between, between)
    # Possessive throughout: no input makes these slow.
    whole = re.compile(rb"%b(?:%b%b)*+\r?\n?\Z" % (field, between, field))
    opened = re.compile(rb'(?:%b%b)*+"(?:[^"]++|"")*+\Z' % (field, between))

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
            elif b'"' in line and not line.startswith(b"#") and opened.match(line):
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
