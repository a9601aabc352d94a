"""Tidegate's own lists: one entry a line, as JSON, with everything that a bank keeps of it.

What is written here and read again makes an equal entry. For people who write lists by hand, a line
may name its content as `POST /v1/banks/NAME/entries` does: `{"text": …}`, `{"url": …}`, or
`{"kind": …, "value": …}`.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.infra.parsing import decode
from tidegate.signals import fingerprints
from tidegate.signals.entry import (
    FingerprintView,
    Labels,
    ListEntry,
    Moment,
    Note,
    Provenance,
    State,
)
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.door import ACCEPTS_WIDER, refuse_wider
from tidegate.signals.fingerprints.normalise import too_long
from tidegate.signals.lists.format import Format, Reading, first_line, lines
from tidegate.signals.model import Fingerprint

MAX_FINGERPRINTS = 10_000
MAX_TEXT = 200_000
MAX_VALUE = 4096

_NAMING = ("fingerprints", "kind", "url", "text")

Codes = Annotated[list[FingerprintView], Meta(min_length=1, max_length=MAX_FINGERPRINTS)]
Percent = Annotated[int, Meta(ge=0, le=100)]


class EntryLine(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A line. Absent labels, provenance and note are the bank's."""

    fingerprints: Codes | None = None
    kind: str | None = None
    value: Annotated[str, Meta(min_length=1, max_length=MAX_VALUE)] | None = None
    quality: Percent | None = None
    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)] | None = None
    url: Annotated[str, Meta(min_length=1, max_length=MAX_VALUE)] | None = None
    labels: Labels | None = None
    provenance: Provenance | None = None
    note: Note | None = None
    confidence: Percent | None = None
    state: State | None = None
    enabled: bool = True
    disabled_until: Moment | None = None
    accept_wider: bool = False


def code(
    kind: str, value: str, quality: int | None = None, *, accept_wider: bool = False
) -> Fingerprint:
    """A fingerprint from what people write. Raises ValueError, also for what would match more than that
    unless it is accepted, here or for the whole list."""
    if kind not in KINDS:
        raise ValueError(f"expected a kind of {', '.join(KINDS)}, got {kind[:40]!r}")
    if quality is not None and not 0 <= quality <= 100:
        raise ValueError(f"{kind}: expected a quality of 0 to 100")
    if len(value) > MAX_VALUE:
        raise ValueError(f"{kind}: expected at most {MAX_VALUE:,} characters")
    try:
        found = Fingerprint(kind, KINDS[kind].parse(value), quality)
    except ValueError as error:
        raise ValueError(f"{kind}: expected {error}") from error
    _check_wider(kind, value, accept_wider)
    return found


def _check_wider(kind: str, written: str, accepted: bool) -> None:
    if not (accepted or ACCEPTS_WIDER.get()) and (told := refuse_wider(kind, written)) is not None:
        raise ValueError(f"{told}; accept_wider takes it")


def of_content(
    text: str | None, url: str | None, *, accept_wider: bool = False
) -> Sequence[Fingerprint]:
    """The fingerprints of an entry for a text or for one web address. Raises ValueError."""
    if len(text or "") > MAX_TEXT or len(url or "") > MAX_VALUE:
        raise ValueError(
            f"expected a text of at most {MAX_TEXT:,} characters, a URL of {MAX_VALUE:,}"
        )
    if text is not None:
        if problem := too_long(text):
            raise ValueError(f"expected a text that is read to its end; it is {problem}")
        codes = fingerprints.of_text(text)
    else:
        codes = fingerprints.of_page(url or "")
    if not codes:
        expected = (
            "an http(s) URL, or a place such as tg://… or mailto:…"
            if text is None
            else "text with letters or digits"
        )
        raise ValueError(f"expected {expected}")
    if text is None:
        _check_wider("url", url or "", accept_wider)
    return codes


def _parse(data: bytes) -> ListEntry:
    line = decode(data, EntryLine)
    named = [name for name in _NAMING if getattr(line, name) is not None]
    # The text that fingerprints were made from may stand beside them.
    if (len(named) != 1 and named != ["fingerprints", "text"]) or (
        (line.value is not None) != (named == ["kind"])
    ):
        raise ValueError("expected one of fingerprints, text, url, or kind with value")
    if line.fingerprints is not None:
        codes = [code(one.kind, one.value, one.quality) for one in line.fingerprints]
    elif line.kind is not None:
        codes = [code(line.kind, line.value or "", line.quality, accept_wider=line.accept_wider)]
    else:
        codes = of_content(line.text, line.url, accept_wider=line.accept_wider)
    return ListEntry(
        fingerprints=codes,
        labels=line.labels,
        provenance=line.provenance,
        note=line.note,
        confidence=line.confidence,
        state=line.state,
        enabled=line.enabled,
        disabled_until=line.disabled_until,
        text=line.text or line.url,
    )


def write(entry: ListEntry) -> Iterator[str]:
    """The line of an entry."""
    codes = [
        FingerprintView(one.kind, KINDS[one.kind].format(one.value), one.quality)
        for one in entry.fingerprints
    ]
    line = EntryLine(
        fingerprints=codes,
        text=entry.text,
        labels=entry.labels,
        provenance=entry.provenance,
        note=entry.note,
        confidence=entry.confidence,
        state=entry.state,
        enabled=entry.enabled,
        disabled_until=entry.disabled_until,
    )
    yield msgspec.json.encode(line).decode() + "\n"


def _recognise(head: bytes) -> bool:
    return first_line(head).startswith("{")


FORMAT = Format("ndjson", _recognise, lambda _: Reading(lines, _parse), write)
