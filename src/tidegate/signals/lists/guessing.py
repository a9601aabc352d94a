"""What the columns of a table hold whose header does not say it: for the header line that a refusal
proposes, and for a column that is called `hash` and holds nothing but one kind."""

import re
from collections.abc import Sequence

from tidegate.signals.fingerprints.address import own
from tidegate.signals.lists import evidence
from tidegate.signals.lists.addresses import sort_of
from tidegate.signals.lists.format import first_lines, top
from tidegate.signals.lists.spelling import placed, unquoted
from tidegate.signals.lists.table import Heading, cells

_LOOKED_AT = 1000  # rows
_WIDEST = 12  # columns of a proposed header
SCATTERED, TOO_FEW = "64", "few of 64"
"""Digits of 256 bits that are no PDQ codes, and such as are too few to tell."""
_UNTOLD = (SCATTERED, TOO_FEW)
_NAMED = ("pdq", "sha256", "md5", "url", "domain", "address", *_UNTOLD)

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+\Z")
_FILE = re.compile(r"[^/\\]{1,200}\.[A-Za-z0-9]{2,4}\Z")


def kind_of_values(head: bytes, heading: Heading, name: str, quality: str | None) -> str | None:
    """The kind that all values of a column are of, in a file that begins so; None: several, or
    nobody can tell. Codes whose `quality` is so low that they are noise say nothing."""
    place = heading.names.index(name)
    rows = [_cells(line, heading.mark) for line in first_lines(head, _LOOKED_AT)][1:]
    if quality is not None:
        at = heading.names.index(quality)
        sound = [row for row in rows if not _is_noise(row[at : at + 1])]
        rows = sound or rows
    return _kind_of([row[place] for row in rows if len(row) > place and row[place]])


def _is_noise(quality: Sequence[str]) -> bool:
    return any(cell.isdecimal() and int(cell) < evidence.WORST for cell in quality)


def _kind_of(values: Sequence[str]) -> str | None:
    found = {_sort(value) for value in values}
    if len(found) != 1:
        return None
    [sort] = found
    if sort != SCATTERED:
        return sort
    ones = [int(unquoted(value), 16).bit_count() for value in values]
    weight = evidence.weight(ones)
    if abs(weight) < evidence.ODDS:
        return TOO_FEW
    return "pdq" if weight > 0 else SCATTERED


def _sort(value: str) -> str | None:
    value = unquoted(value)
    if _HEX.match(value):
        return {32: "md5", 64: SCATTERED}.get(len(value))
    sort = sort_of(value)
    if sort is None and own(placed(value)):
        return "address"
    return "url" if sort == "page" else sort


def proposed(head: bytes) -> str:
    """What to put on top of a file that begins so and has no header, to say in a refusal."""
    line, _, _, told = top(head)
    if not line or "\ufffd" in line or not line.replace("\t", " ").isprintable():
        return ", such as `url`"
    mark = told or max(",;\t|", key=line.count)
    rows = [_cells(one, mark) for one in first_lines(head, _LOOKED_AT)]
    width = len(rows[0]) if rows else 0
    if width > 1 and (several := _several(rows)) is not None:
        return several
    if not 0 < width <= _WIDEST:
        return ", such as `url`"
    columns = [[row[at] for row in rows if len(row) > at and row[at]] for at in range(width)]
    names: list[str] = []
    for values in columns:
        name = _kind_of(values) or _other(values, names)
        again = "other" if name in _NAMED else name
        names.append(f"{again}{len(names) + 1}" if name in names else name)
    if not any(name in _NAMED for name in names):
        return ", such as `url` or `phrase`, by what its lines are"
    if any(name in _UNTOLD for name in names):
        codes = [mark.join(k if n in _UNTOLD else n for n in names) for k in ("sha256", "pdq")]
        return f": `{codes[0]}`, or `{codes[1]}` if these are PDQ codes"
    return f", such as `{mark.join(names)}`"


def _several(rows: Sequence[Sequence[str]]) -> str | None:
    """What to say where each line is several values of one kind: a header would name but the first."""
    kind = _kind_of([cell for row in rows for cell in row if cell])
    if kind is None:
        return None
    name = "`sha256` (`pdq` if these are PDQ codes)" if kind in _UNTOLD else f"`{kind}`"
    return f", {name}, and one value a line below it: its lines have several"


def _other(values: Sequence[str], before: Sequence[str]) -> str:
    if values and all(value.isdecimal() and int(value) <= 100 for value in values):
        return "quality" if before and before[-1] in ("pdq", *_UNTOLD) else "number"
    return "filename" if values and all(map(_FILE.match, values)) else "note"


def _cells(line: str, mark: str) -> list[str]:
    try:
        return [cell.strip() for cell in cells(line, mark)]
    except ValueError:
        return []
