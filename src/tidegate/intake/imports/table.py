"""Reports as a spreadsheet holds them: a first row that names the columns, one report a row.

Columns are a report's fields, with those of its source as `source_name`, `source_contact` and
`source_relation`; an empty cell is what the report does not have. Rows, quotes, what separates cells and
how letters are written are read as those of lists (`signals/lists`).
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from tidegate.infra.lines import Line
from tidegate.intake.imports.model import Bad, Given, Made, Opened, Piece, unreadable, with_notes
from tidegate.signals.lists.encoding import GUESS
from tidegate.signals.lists.format import Comment
from tidegate.signals.lists.table import Heading, headings, records, row_of

COLUMNS = (
    "id",
    "channel",
    "reason",
    "text",
    "comment",
    "url",
    "item_id",
    "language",
    "location",
    "created_at",
    "reporter",
    "source_name",
    "source_contact",
    "source_relation",
)
_TELLING = ("text", "url", "item_id")  # one of these says what a report is about
_MARK = b"\xef\xbb\xbf"
_GUESSED = (
    "This row is not UTF-8 and was read as Windows-1252; letters beyond a to z may be others."
)


def recognise(head: bytes) -> bool:
    """Whether the first line of a file that begins so names columns of reports."""
    return _heading(head) is not None


def _heading(head: bytes) -> Heading | None:
    sound = [one for one in headings(head) if set(_TELLING) & set(one.names)]
    return max(sound, key=lambda one: len(set(one.names) & set(COLUMNS)), default=None)


def opened(file: BinaryIO, head: bytes, given: Given) -> Opened:
    """The rows of `file`, which is seekable and begins with `head`. Raises ValueError where its first line
    does not name the columns, names one twice, or one that no report has."""
    heading = _heading(head)
    if heading is None:
        raise ValueError(f"has none of the columns {', '.join(_TELLING)} in its first line")
    names = [name for name in heading.names if name]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"names the column {twice[0]} twice")
    if unknown := [name for name in names if name not in COLUMNS]:
        raise ValueError(
            f"has a column {unknown[0][:60]} that no report has. Rename or remove it; known are"
            f" {', '.join(COLUMNS)}"
        )
    rows = records(heading.mark)

    def frames(offset: int, number: int) -> Iterator[Piece]:
        above = heading.above if offset == 0 else 0
        for line in rows(file, offset, number):
            if above:
                above -= 1
            elif not _is_blank(line, heading):
                yield _piece(line, given)

    return Opened(
        format="csv", frames=frames, parse=lambda piece: _parse(piece, heading), unit="lines"
    )


def _is_blank(line: Line, heading: Heading) -> bool:
    """Whether a row has nothing but empty cells, as those at the end of a sheet."""
    return line.data is not None and not line.data.strip(b' "\t\r\n' + heading.mark.encode())


def _piece(line: Line, given: Given) -> Piece:
    data = line.data
    if data is not None and len(data) > given.line_limit:
        data = None
    return Piece(number=line.last, place=line.place, end=line.end, data=data)


def _parse(piece: Piece, heading: Heading) -> Made:
    data, notes = piece.data or b"", list[str]()
    if b"\0" in data:
        raise unreadable("It has a NUL character.")
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode(GUESS, "replace").encode()
        notes.append(_GUESSED)
    try:
        cells = row_of(data.removeprefix(_MARK), heading)
    except Comment:
        raise unreadable("It has no cells.") from None
    except ValueError as error:
        raise unreadable(f"It {error}.") from None
    document: dict[str, Any] = {}
    source: dict[str, str] = {}
    for name, cell in cells.items():
        if cell.strip() == "" or name not in COLUMNS:
            continue
        if name.startswith("source_"):
            source[name.removeprefix("source_")] = cell
        else:
            document[name] = cell if name in ("text", "comment") else cell.strip()
    if source:
        document["source"] = source
    if not any(name in document for name in _TELLING):
        raise Bad(unreadable(f"Its cells in {', '.join(_TELLING)} are empty."))
    if (comment := with_notes(document.get("comment"), notes)) is not None:
        document["comment"] = comment
    return Made(document, pointers=_column)


def _column(pointer: str) -> str:
    """What a table calls the field of a JSON pointer."""
    name = pointer.strip("/").replace("/", "_")
    return f"column {name}" if name in COLUMNS else ""
