"""Lists as spreadsheets hold them: a first row that names the columns, one entry a row.

A column is a fingerprint's kind (`pdq`, `sha256`, …; several codes of one kind are lines of one
cell), or `kind` and `value`, or one of the entry's own (below). What has no meaning here is kept
as provenance. Written are all columns; an empty cell is what the entry does not have.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

import msgspec

from tidegate.infra.parsing import convert
from tidegate.signals.entry import ListEntry
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.lists.format import Format, Reading
from tidegate.signals.lists.ndjson import EntryLine, code, of_content
from tidegate.signals.lists.table import cells, columns, records, separator
from tidegate.signals.model import Fingerprint

OWN = (
    "quality",
    "labels",
    "provenance",
    "note",
    "confidence",
    "state",
    "enabled",
    "disabled_until",
    "text",
)
NAMES = (*KINDS, *OWN)
_NAMING = ("kind", "value", "text", *KINDS)  # one of these says what an entry is

_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

# Spreadsheets run a cell that begins so; an apostrophe before it keeps it text.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def _recognise(head: bytes) -> bool:
    return bool(set(_NAMING) & set(columns(head)))


def _open(head: bytes) -> Reading:
    names, mark = columns(head), separator(head)
    if not set(_NAMING) & set(names):
        raise ValueError(f"has none of the columns {', '.join(_NAMING)} in its first line")
    if len(set(names)) < len(names):
        raise ValueError("names a column twice in its first line")
    return Reading(records(mark), lambda data: _parse(data, names, mark), header=True)


def _parse(data: bytes, names: Sequence[str], mark: str) -> ListEntry:
    row = [_plain(cell) for cell in cells(data.decode(), mark)]
    if len(row) != len(names):
        raise ValueError(f"expected {len(names)} cells, got {len(row)}")
    given = {name: cell for name, cell in zip(names, row, strict=True) if cell != ""}
    quality = _number(given.pop("quality", None), "quality")
    codes = _codes(given, quality)
    other = {name: given.pop(name) for name in list(given) if name not in OWN}
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
    ]
    if "kind" in given or "value" in given:
        found.append(code(given.pop("kind", ""), given.pop("value", ""), quality))
    if not found and "text" not in given:
        raise ValueError(f"has no fingerprint: expected a cell in {', '.join(_NAMING)}")
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


FORMAT = Format("csv", _recognise, _open, write, ",".join(NAMES) + "\r\n")
