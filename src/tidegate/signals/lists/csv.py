"""Lists as spreadsheets hold them: a first row that names the columns, one entry a row.

A column is a fingerprint's kind (`pdq`, `sha256`, …; several codes of one kind are lines of one
cell), or `kind` and `value`, or one of the entry's own (below), in our words or those of others
(`words`). What has no meaning here is kept as provenance. Written are all columns; an empty cell is
what the entry does not have.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from tidegate.infra.parsing import convert
from tidegate.signals.entry import ListEntry
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.lists.columns import NAMES, NAMING, Columns, columns_of, of_one_kind
from tidegate.signals.lists.format import Comment, Format, Reading
from tidegate.signals.lists.guessing import proposed
from tidegate.signals.lists.ndjson import EntryLine, code, of_content
from tidegate.signals.lists.table import records, row_of
from tidegate.signals.model import Fingerprint

_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

# Spreadsheets run a cell that begins so; an apostrophe before it keeps it text.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def _recognise(head: bytes) -> bool:
    return columns_of(head) is not None


def _open(head: bytes) -> Reading:
    columns = columns_of(head)
    if columns is None:
        raise ValueError(
            f"has none of the columns {', '.join(NAMING)} in its first line. Put a header line on"
            f" top{proposed(head)}"
        )
    names = [name for name in columns.heading.names if name]
    ours = [name for name in columns.ours.values() if name is not None]
    if len(set(names)) < len(names) or len(set(ours)) < len(ours):
        raise ValueError(
            "names a column twice in its header line; rename there what is no code of the entry"
        )
    if "value" in ours and "kind" not in ours:
        columns = of_one_kind(head, columns)
    heading = columns.heading
    return Reading(records(heading.mark), lambda data: _parse(data, columns), above=heading.above)


def _parse(data: bytes, columns: Columns) -> ListEntry:
    if data.lstrip().startswith(b"#"):
        _check_comment(data, columns)
    given: dict[str, str] = {}
    other: dict[str, str] = {}
    for name, cell in row_of(data, columns.heading).items():
        if cell != "":
            ours = columns.ours.get(name)
            (other if ours is None else given)[ours or name] = _plain(cell)
    return _entry(given, other)


def _check_comment(data: bytes, columns: Columns) -> None:
    """Of a row that begins with `#`: a hashtag is a value where the first column holds words, no code
    begins so, and of a name nobody knows. Raises Comment, and ValueError for the last."""
    first = columns.ours.get(columns.heading.names[0]) if columns.heading.names else None
    if first in ("text", "phrase"):
        if re.match(rb"\s*#[#\s]", data):
            raise Comment
    elif first in KINDS or first in ("kind", "value") or columns.heading.mark.encode() not in data:
        raise Comment
    else:
        raise ValueError("begins with #: if that is a value and no comment, put it in quotes")


def _entry(given: dict[str, str], other: dict[str, str]) -> ListEntry:
    quality = _number(given.pop("quality", None), "quality")
    codes = _codes(given, quality)
    own = convert(
        {
            "labels": _labels(given.get("labels")),
            "provenance": _provenance(given.get("provenance"), other),
            "note": given.get("note"),
            "confidence": _number(given.get("confidence"), "confidence"),
            "state": given.get("state"),
            "enabled": _truth(given.get("enabled", "true")),
            "disabled_until": given.get("disabled_until"),
            "text": given.get("text"),
        },
        EntryLine,
    )
    return ListEntry(
        fingerprints=codes or of_content(own.text, None),
        labels=own.labels,
        provenance=own.provenance,
        note=own.note,
        confidence=own.confidence,
        state=own.state,
        enabled=own.enabled,
        disabled_until=own.disabled_until,
        text=own.text,
    )


def _codes(given: dict[str, str], quality: int | None) -> list[Fingerprint]:
    """The fingerprints that a row names; takes their cells out of it."""
    found = [
        code(kind, value, quality if kind == "pdq" else None)
        for kind in KINDS
        if kind in given
        for value in given.pop(kind).splitlines()
        if value.strip()
    ]
    if "kind" in given or "value" in given:
        found.append(code(given.pop("kind", ""), given.pop("value", ""), quality))
    if not found and "text" not in given:
        raise ValueError(f"has no fingerprint: expected a cell in {', '.join(NAMING)}")
    return found


def _provenance(cell: str | None, other: dict[str, str]) -> Any:
    """A cell's JSON object or text, with the columns of no meaning here."""
    value: Any = cell
    if cell and cell[0] in '{"':
        value = _json(cell, dict[str, Any] | str, "provenance: expected text or a JSON object")
    if not other:
        return value
    if isinstance(value, dict):
        return cast("dict[str, Any]", value) | other
    return ({"source": value} if value else {}) | other


def _labels(cell: str | None) -> list[str] | None:
    """A cell's labels, separated by semicolons, or a JSON array."""
    if cell is None:
        return None
    if cell.startswith("["):
        return _json(cell, list[str], "labels: expected them separated by semicolons")
    return [label.strip() for label in cell.split(";")]


def _json(cell: str, kind: Any, expected: str) -> Any:
    try:
        return msgspec.json.decode(cell, type=kind)
    except msgspec.MsgspecError as error:
        raise ValueError(expected) from error


def _truth(cell: str) -> bool:
    if (said := cell.strip().lower()) not in _TRUTHS:
        raise ValueError("enabled: expected true or false")
    return _TRUTHS[said]


def _number(cell: str | None, name: str) -> int | None:
    if cell is None:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", cell) or int(cell) > 100:
        raise ValueError(f"{name}: expected 0 to 100")
    return int(cell)


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def write(entry: ListEntry) -> Iterator[str]:
    """The row of an entry."""
    row = {kind: "\n".join(_values(entry, kind)) for kind in KINDS}
    qualities = [one.quality for one in entry.fingerprints if one.quality is not None]
    provenance = entry.provenance
    if not isinstance(provenance, str) or provenance[:1] in ("{", '"'):
        provenance = provenance and msgspec.json.encode(provenance).decode()
    row |= {
        "quality": min(qualities) if qualities else None,
        "labels": None if entry.labels is None else _joined(entry.labels),
        "provenance": provenance,
        "note": entry.note,
        "confidence": entry.confidence,
        "state": entry.state,
        "enabled": "" if entry.enabled else "false",
        "disabled_until": entry.disabled_until and entry.disabled_until.isoformat(),
        "text": entry.text,
    }
    line = io.StringIO()
    csv.writer(line).writerow([_safe(row[name]) for name in NAMES])
    yield line.getvalue()


def _values(entry: ListEntry, kind: str) -> Iterator[str]:
    return (KINDS[kind].format(one.value) for one in entry.fingerprints if one.kind == kind)


def _joined(labels: list[str]) -> str:
    plain = ";".join(labels)
    sound = plain and not plain.startswith("[") and _labels(plain) == labels
    return plain if sound else msgspec.json.encode(labels).decode()


def _safe(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if _FORMULA.match(text) else text


FORMAT = Format(
    name="csv",
    recognise=_recognise,
    open=_open,
    write=write,
    heading=",".join(NAMES) + "\r\n",
)
