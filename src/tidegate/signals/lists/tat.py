"""Hash lists of Tech Against Terrorism: the JSON files and pages of its API (an array of entries,
bare or under `results`), the same entries one a line, or as a table.

    {"hash_digest": "…", "algorithm": "PDQ", "ideology": "…", "file_type": "jpg", "deleted": false, …}

Source: its documentation of the Content Hash List, versions 1 and 2. An array may be one line of
hundreds of megabytes, so it is read element by element, and a problem names the element.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec

from tidegate.infra.lines import Line
from tidegate.infra.parsing import decode
from tidegate.signals.entry import ListEntry
from tidegate.signals.lists.format import (
    RECORD_LIMIT,
    Broken,
    Format,
    Reading,
    Skip,
    first_line,
    lines,
)
from tidegate.signals.lists.ndjson import code
from tidegate.signals.lists.table import cells, columns, records, separator

ALGORITHMS = {"PDQ": "pdq", "MD5": "md5", "SHA256": "sha256"}
"""Its algorithms that are kinds of ours."""

_CHUNK = 1 << 20
_START = re.compile(r'\s*(?:\{[^{}]*?"results"\s*:\s*)?\[')
_ENTRY = re.compile(r'\{[^{}]*"hash_digest"\s*:')  # one a line
_MARK = "\xef\xbb\xbf"  # UTF-8's byte order mark, read as Latin-1
_BETWEEN = re.compile(r"[\s,]*")
_decoder = json.JSONDecoder(strict=False)


class TatEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, in either version of the list. Fields that say nothing here are left out."""

    hash_digest: str
    algorithm: str
    ideology: str | None = None
    file_type: str | None = None
    id: int | str | None = None
    deleted: bool = False


def _entry(entry: TatEntry) -> ListEntry:
    if entry.deleted:
        raise Skip("taken back by its source")
    algorithm = entry.algorithm.upper().replace("-", "")
    if algorithm not in ALGORITHMS:
        raise Skip(f"algorithm {entry.algorithm[:20]}")
    given = {"id": entry.id, "ideology": entry.ideology, "file_type": entry.file_type}
    provenance = {name: value for name, value in given.items() if value}
    codes = [code(ALGORITHMS[algorithm], entry.hash_digest)]
    return ListEntry(
        fingerprints=codes, provenance={"source": "Tech Against Terrorism"} | provenance
    )


def _parse(data: bytes) -> ListEntry:
    return _entry(decode(data, TatEntry))


def _parse_row(data: bytes, names: Sequence[str], mark: str) -> ListEntry:
    row = cells(data.decode(), mark)
    if len(row) != len(names):
        raise ValueError(f"expected {len(names)} cells, got {len(row)}")
    given = dict(zip(names, row, strict=True))
    return _entry(
        TatEntry(
            hash_digest=given["hash_digest"],
            algorithm=given["algorithm"],
            ideology=given.get("ideology"),
            file_type=given.get("file_type"),
            id=given.get("id"),
            deleted=given.get("deleted", "").lower() in ("true", "1", "t", "yes"),
        )
    )


def elements(file: BinaryIO, offset: int, number: int) -> Iterator[Line]:
    """The elements of the array that `file` is or holds under `results`; `number` counts them.

    An `offset` other than 0 is the end of an element. Raises Broken where the array is no array.
    """
    # Latin-1 has one character a byte, so that places in the text are places in the file; the
    # scanner needs to see no more than quotes, escapes and brackets.
    text = file.read(_CHUNK).decode("latin-1").removeprefix(_MARK) if offset == 0 else ""
    at = 0
    if offset == 0:
        start = _START.match(text)
        if start is None:
            raise Broken(number, "is no JSON array, and no object with an array `results`")
        at = start.end()
        offset = file.tell() - len(text)
    while True:
        at = _BETWEEN.match(text, at).end()  # pyright: ignore[reportOptionalMemberAccess]
        if text.startswith("]", at):
            return
        end = _end_of_value(text, at)
        if end is not None:
            number += 1
            yield Line(number, offset + end, text[at:end].encode("latin-1"))
            at = end
            continue
        more = file.read(_CHUNK).decode("latin-1")
        if not more:
            raise Broken(number + 1, "the file ends within its array; was it cut short?")
        if len(text) - at > RECORD_LIMIT:
            raise Broken(number + 1, f"no JSON, or longer than {RECORD_LIMIT:,} bytes")
        offset += at
        text, at = text[at:] + more, 0


def _end_of_value(text: str, at: int) -> int | None:
    """Where the JSON object at `at` ends; None when it does not end in `text`."""
    if not text.startswith("{", at):
        return None
    try:
        return _decoder.raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return None


def _is_table(names: Sequence[str]) -> bool:
    return {"hash_digest", "algorithm"} <= set(names)


def _recognise(head: bytes) -> bool:
    first = first_line(head)
    return (
        first.startswith("[")
        or _ENTRY.match(first) is not None
        or (first.startswith("{") and _start(head) is not None)
        or _is_table(columns(head))
    )


def _start(head: bytes) -> re.Match[str] | None:
    return _START.match(head.decode("latin-1").removeprefix(_MARK))


def _open(head: bytes) -> Reading:
    names, mark = columns(head), separator(head)
    if _is_table(names):
        return Reading(records(mark), lambda data: _parse_row(data, names, mark), header=True)
    if _start(head) is None and first_line(head).startswith("{"):
        return Reading(lines, _parse)
    return Reading(elements, _parse)


FORMAT = Format("tat", _recognise, _open)
