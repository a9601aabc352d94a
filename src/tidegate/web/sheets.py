"""Lists as CSV, as people open them in a table."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Response:
    """These columns of the rows, under their names; lists and objects as JSON. What a table would take for a
    formula stands behind an apostrophe."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(columns)
    lines.writerows([_cell(row[name]) for name in columns] for row in rows)
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8")


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(_FORMULA) else text
