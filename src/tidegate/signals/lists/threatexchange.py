"""Lists of python-threatexchange: `pdq f8f8…` a line, as its file exchange reads and `threatexchange
hash` and `dataset --print-signals` print them, and the table of `dataset --print-signals --csv`.

Its words are not ours: a tag or the name of a collaboration is kept as provenance, never as a
label, and only what it calls POSITIVE_CLASS is vouched for with the rest of the list.
"""

import re
from collections.abc import Sequence

from tidegate.signals.entry import ListEntry, State
from tidegate.signals.lists.format import Format, Reading, Skip, first_line, lines
from tidegate.signals.lists.ndjson import code, of_content
from tidegate.signals.lists.table import cells, columns, records, separator

HASHES = {
    "pdq": "pdq",
    "md5": "md5",
    "sha256": "sha256",
    "video_md5": "md5",
    "video_sha256": "sha256",
}
"""Its signal types that are digests or codes, with our kinds."""

UNKNOWN = ("text_tlsh", "tlsh_text", "trend_query", "url_md5", "vpdq", "pdq_ocr")
"""Its signal types that nothing here computes."""

TYPES = (*HASHES, "raw_text", "url", *UNKNOWN)
_CATEGORIES = ("NEGATIVE_CLASS", "INVESTIGATION_SEED", "POSITIVE_CLASS", "DISPUTED")

# What `dataset --print-signals` says after a signal: the collaboration, the category, the tags.
_COLLAB = r"(?: (?P<collab>'[^']*'|\"[^\"]*\"))"
_CATEGORY = rf"(?: (?P<category>{'|'.join(_CATEGORIES)})(?: (?P<tags>\S.*))?)"
_SAID = re.compile(rf"(?P<signal>\S*){_COLLAB}?{_CATEGORY}?\Z")
_SAID_OF_TEXT = re.compile(rf"(?P<signal>.*?)(?:{_COLLAB}{_CATEGORY})?\Z", re.S)


def _entry(signal_type: str, signal: str, collab: str, category: str, tags: str) -> ListEntry:
    if signal_type in UNKNOWN:
        raise Skip(f"signal type {signal_type}")
    if category == "NEGATIVE_CLASS":
        raise Skip("category NEGATIVE_CLASS: it says what is no such content")
    if category not in ("", *_CATEGORIES):
        raise ValueError(f"expected a category of {', '.join(_CATEGORIES)}")
    given = {"collab": collab, "category": category, "tags": tags}
    provenance = {name: value for name, value in given.items() if value} or None
    state: State | None = None if category in ("", "POSITIVE_CLASS") else "unconfirmed"
    if signal_type in HASHES:
        codes = [code(HASHES[signal_type], signal)]
        return ListEntry(fingerprints=codes, provenance=provenance, state=state)
    if signal_type not in TYPES:
        raise ValueError(f"expected a signal type of {', '.join(TYPES)}")
    codes = of_content(*((signal, None) if signal_type == "raw_text" else (None, signal)))
    return ListEntry(fingerprints=codes, provenance=provenance, state=state, text=signal)


def _parse_line(data: bytes) -> ListEntry:
    signal_type, _, rest = data.decode().partition(" ")
    said = (_SAID if signal_type in HASHES else _SAID_OF_TEXT).match(rest.strip())
    if said is None:
        raise ValueError("expected after the signal a collaboration in quotes and a category")
    signal, collab, category, tags = said.group("signal", "collab", "category", "tags")
    return _entry(signal_type, signal, (collab or "").strip("'\""), category or "", tags or "")


def _parse_row(data: bytes, names: Sequence[str], mark: str) -> ListEntry:
    row = cells(data.decode(), mark)
    if len(row) != len(names):
        raise ValueError(f"expected {len(names)} cells, got {len(row)}")
    given = dict(zip(names, row, strict=True))
    return _entry(
        given["signal_type"],
        given["signal_str"],
        given.get("collab", ""),
        given.get("category", ""),
        given.get("tags", ""),
    )


def _recognise(head: bytes) -> bool:
    signal_type, space, _ = first_line(head).partition(" ")
    return (bool(space) and signal_type in TYPES) or _is_table(columns(head))


def _is_table(names: Sequence[str]) -> bool:
    return {"signal_type", "signal_str"} <= set(names)


def _open(head: bytes) -> Reading:
    names, mark = columns(head), separator(head)
    if _is_table(names):
        return Reading(records(mark), lambda data: _parse_row(data, names, mark), header=True)
    return Reading(lines, _parse_line)


FORMAT = Format("threatexchange", _recognise, _open)
