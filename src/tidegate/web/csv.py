"""Tables as CSV, for spreadsheets: no cell is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from tidegate.infra.times import in_full

Cell = str | int | float | bool | datetime | None
_OTHER = re.compile(r"[^A-Za-z0-9._-]+")


def table(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """A file of this name, without its ending. A time is written in UTC, and nothing where there is none."""
    out = io.StringIO()
    written = csv.writer(out)
    written.writerow(header)
    written.writerows([_cell(one) for one in row] for row in rows)
    shown = f'attachment; filename="{_OTHER.sub("-", name)}.csv"'
    headers = {"Content-Disposition": shown}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def listed(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Response:
    """The same of JSON objects: these members of each, lists and objects as JSON."""
    return table(name, columns, ([_flat(row[one]) for one in columns] for row in rows))


def _flat(value: Any) -> Cell:
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value


def _cell(value: Cell) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return in_full(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _safe(value) if isinstance(value, str) else value


def _safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
