"""Hash lists of Tech Against Terrorism: the JSON files and pages of its API (an array of entries,
bare or under `results`), the same entries one a line, or as a table.

    {"hash_digest": "…", "algorithm": "PDQ", "ideology": "…", "file_type": "jpg", "deleted": false, …}

Source: its documentation of the Content Hash List, versions 1 and 2. An array may be one line of
hundreds of megabytes, so it is read element by element, and a problem names the element.
"""

import re
from functools import partial

import msgspec

from tidegate.infra.parsing import decode
from tidegate.signals.entry import ListEntry
from tidegate.signals.lists.array import elements, first_of, start
from tidegate.signals.lists.format import Format, Reading, Skip, first_line, lines
from tidegate.signals.lists.ndjson import code
from tidegate.signals.lists.table import Heading, heading, records, row_of

ALGORITHMS = {"PDQ": "pdq", "MD5": "md5", "SHA256": "sha256"}
"""Its algorithms that are kinds of ours."""

_ENTRY = re.compile(r'\{[^{}]*"hash_digest"\s*:')  # the first of an array, or one a line
_COLUMNS = ("hash_digest", "algorithm")


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


def _parse_row(data: bytes, heading: Heading) -> ListEntry:
    given = row_of(data, heading)
    return _entry(
        TatEntry(
            hash_digest=given.get("hash_digest", ""),
            algorithm=given.get("algorithm", ""),
            ideology=given.get("ideology"),
            file_type=given.get("file_type"),
            id=given.get("id"),
            deleted=given.get("deleted", "").lower() in ("true", "1", "t", "yes"),
        )
    )


def _recognise(head: bytes) -> bool:
    found = start(head)
    if found is None:
        return _ENTRY.match(first_line(head)) is not None or heading(head, _COLUMNS) is not None
    first = first_of(head)
    return _ENTRY.match(first) is not None or (not first and found["name"] == "results")


def _open(head: bytes) -> Reading:
    if found := heading(head, _COLUMNS):
        return Reading(records(found.mark), partial(_parse_row, heading=found), above=found.above)
    if start(head) is None and first_line(head).startswith("{"):
        return Reading(lines, _parse)
    return Reading(elements, _parse)


FORMAT = Format(name="tat", recognise=_recognise, open=_open)
