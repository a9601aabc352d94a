"""Tidegate's own lists: one entry a line, as JSON, with everything that a bank keeps of it; or the
same entries as a JSON array.

What is written here and read again makes an equal entry. For people who write lists by hand, a line
may name its content as `POST /v1/banks/NAME/entries` does: `{"text": …}`, `{"url": …}`, or
`{"kind": …, "value": …}`.
"""

import json
from collections.abc import Iterator, Sequence, Set
from typing import Annotated, cast

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
from tidegate.signals.lists.array import elements, first_of, start
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
from tidegate.signals.lists.spelling import placed, refanged, site_of, unquoted, unwrapped
from tidegate.signals.lists.words import is_foreign, kind_of
from tidegate.signals.model import Fingerprint

MAX_FINGERPRINTS = 10_000
MAX_TEXT = 200_000
MAX_VALUE = 4096

_NAMING = ("fingerprints", "kind", "url", "text")
_DIGITS = frozenset({"pdq", "sha256", "md5", "text_sha256", "text_minhash"})

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
    unless it is accepted, here or for the whole list; and Skip for what is known and nothing that a
    bank holds."""
    named = kind if kind in KINDS else kind_of(kind)
    if named is None:
        if is_foreign(kind):
            raise Skip(f"{kind.strip()[:20]}: nothing here is compared by it")
        raise ValueError(f"expected a kind of {', '.join(KINDS)}, got {kind[:40]!r}")
    if quality is not None and not 0 <= quality <= 100:
        raise ValueError(f"{named}: expected a quality of 0 to 100")
    if len(value) > MAX_VALUE:
        raise ValueError(f"{named}: expected at most {MAX_VALUE:,} characters")
    if named == "domain":
        named, value = site_of(unwrapped(value))
    elif KINDS[named].source == "url":
        value = refanged(unwrapped(value))
    elif KINDS[named].source == "address":
        value = placed(unwrapped(value))
    elif named in _DIGITS:
        value = unquoted(value)
    try:
        found = Fingerprint(named, KINDS[named].parse(value), quality)
    except ValueError as error:
        raise ValueError(f"{named}: expected {error}") from error
    _check_wider(named, value, accept_wider)
    return found


def _check_wider(kind: str, written: str, accepted: bool) -> None:
    if not (accepted or ACCEPTS_WIDER.get()) and (told := refuse_wider(kind, written)) is not None:
        raise ValueError(f"{told}; --accept-wider takes it")


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
        codes = fingerprints.of_known_text(text)
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


def _parse_line(data: bytes) -> ListEntry:
    if is_comment(data.decode()):
        raise Comment
    return _parse(data)


def _recognise(head: bytes) -> bool:
    return start(head) is not None or first_line(head).startswith("{")


def _open(head: bytes) -> Reading:
    if start(head) is None:
        return Reading(lines, _parse_line, above=top(head).above)
    if first_of(head)[:1] not in ("{", "]", ""):
        raise ValueError(
            "is a JSON array of values that do not say what they are. Put them one a line under a header"
            " line that does, such as `url` or `sha256`"
        )
    return Reading(elements, _parse)


def _guess(head: bytes) -> Reading:
    """Refuses objects that are others' entries: none of their fields says what an entry is."""
    found = _first_object(head)
    if found and not found & {*_NAMING, "value"}:
        names = ", ".join(field for field in EntryLine.__struct_fields__ if field not in _NAMING)
        raise ValueError(
            f"has objects with {', '.join(sorted(found))[:200]}, which are no entries of ours. An entry has"
            " kind and value (or url, text or fingerprints), and may have"
            f" {names.removeprefix('value, ')}. Name the fields so; or make a table of it, whose header"
            " line names the columns, such as `pdq,note`"
        )
    return _open(head)


def _first_object(head: bytes) -> Set[str]:
    """The fields of the first entry, as far as the beginning of a file shows it."""
    text = first_line(head) if start(head) is None else first_of(head)
    try:
        found = json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return frozenset()
    return set(cast("dict[str, object]", found)) if isinstance(found, dict) else frozenset()


FORMAT = Format(
    name="ndjson",
    recognise=_recognise,
    open=_open,
    write=write,
    guess=_guess,
    holds=(
        'An entry is an object such as {"kind": "pdq", "value": "…"}, {"url": "…"} or {"text": "…"}; or'
        " make a table of it, with a header line that names its columns."
    ),
)
