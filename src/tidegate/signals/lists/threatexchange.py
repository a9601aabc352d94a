"""Lists of python-threatexchange: `pdq f8f8…` a line, as its file exchange reads and `threatexchange
hash` and `dataset --print-signals` print them, and the table of `dataset --print-signals --csv`.

Its words are not ours: a tag or the name of a collaboration is kept as provenance, never as a
label, and only what it calls POSITIVE_CLASS is vouched for with the rest of the list.
"""

import re
from collections.abc import Iterator
from functools import partial

from tidegate.signals.entry import ListEntry, State
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.lists.format import (
    Comment,
    Format,
    Reading,
    Skip,
    first_line,
    is_comment,
    lines,
    top,
)
from tidegate.signals.lists.ndjson import code, of_content
from tidegate.signals.lists.table import Heading, heading, records, row_of

HASHES = {
    "pdq": "pdq",
    "md5": "md5",
    "sha256": "sha256",
    "video_md5": "md5",
    "video_sha256": "sha256",
}
"""Its signal types that are digests or codes, with our kinds."""

_WRITTEN = {"pdq": "pdq", "md5": "video_md5", "sha256": "video_sha256", "url": "url"}

UNKNOWN = ("text_tlsh", "tlsh_text", "trend_query", "url_md5", "vpdq", "pdq_ocr")
"""Its signal types that nothing here computes."""

TYPES = (*HASHES, "raw_text", "url", *UNKNOWN)
_COLUMNS = ("signal_type", "signal_str")
_CATEGORIES = ("NEGATIVE_CLASS", "INVESTIGATION_SEED", "POSITIVE_CLASS", "DISPUTED")

# What `dataset --print-signals` says after a signal: the collaboration, the category, the tags.
_COLLAB = r"(?: (?P<collab>'[^']*'|\"[^\"]*\"))"
_CATEGORY = rf"(?: (?P<category>{'|'.join(_CATEGORIES)})(?: (?P<tags>\S.*))?)"
_DIGITS = re.compile(r"\s*[0-9A-Fa-f]{16,}(?:\s|\Z)")
_ADDRESS = re.compile(r"\s*[^\s,;]+[.:]")
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
    line = data.decode()
    if is_comment(line):
        raise Comment
    signal_type, _, rest = line.partition(" ")
    signal_type = signal_type.lower()
    said = (_SAID if signal_type in HASHES else _SAID_OF_TEXT).match(rest.strip())
    if said is None:
        raise ValueError("expected after the signal a collaboration in quotes and a category")
    signal, collab, category, tags = said.group("signal", "collab", "category", "tags")
    return _entry(signal_type, signal, (collab or "").strip("'\""), category or "", tags or "")


def _parse_row(data: bytes, heading: Heading) -> ListEntry:
    given = row_of(data, heading)
    return _entry(
        given.get("signal_type", ""),
        given.get("signal_str", ""),
        given.get("collab", ""),
        given.get("category", ""),
        given.get("tags", ""),
    )


def _recognise(head: bytes) -> bool:
    signal_type, _, signal = first_line(head).partition(" ")
    if signal_type.lower() in HASHES:
        return _DIGITS.match(signal) is not None  # else it is a header such as `PDQ hash,note`
    if signal_type == "url":
        return _ADDRESS.match(signal) is not None
    return (signal_type in TYPES and bool(signal)) or heading(head, _COLUMNS) is not None


def _open(head: bytes) -> Reading:
    if found := heading(head, _COLUMNS):
        return Reading(records(found.mark), partial(_parse_row, heading=found), above=found.above)
    return Reading(lines, _parse_line, above=top(head).above)


def write(entry: ListEntry) -> Iterator[str]:
    """The lines of an entry, as its file exchange reads them. It compares digests with those of videos
    alone; what it has no signal type for is left out."""
    for fingerprint in entry.fingerprints:
        if (signal_type := _WRITTEN.get(fingerprint.kind)) is not None:
            value = KINDS[fingerprint.kind].format(fingerprint.value)
            yield f"{signal_type} {value}\n"
    is_text = any(one.kind == "text_sha256" for one in entry.fingerprints)
    if entry.text is not None and is_text and len(entry.text.splitlines()) == 1:
        yield f"raw_text {entry.text}\n"


FORMAT = Format(name="threatexchange", recognise=_recognise, open=_open, write=write)
