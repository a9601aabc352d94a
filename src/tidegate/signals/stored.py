"""Codes as they are kept, read where one bad row must not stop the work on all that come after it."""

from collections.abc import Sequence

import msgspec

from tidegate.infra.aside import set_aside
from tidegate.infra.db import Tx
from tidegate.signals import fingerprints
from tidegate.signals.fingerprints import KINDS, text_sha256, url
from tidegate.signals.fingerprints.weburl import read
from tidegate.signals.model import Fingerprint, decode_codes, decode_fingerprints


def codes_of_revision(tx: Tx, number: int, stored: bytes | None) -> list[Fingerprint]:
    """A revision's codes, each once (frames of a picture are often alike), less those that can be none,
    which are set aside."""
    try:
        found = [code for _, code in decode_codes(stored)]
    except msgspec.DecodeError as error:
        set_aside(tx, "codes of revisions", number, error)
        return []
    return _possible(tx, "codes of revisions", number, list(dict.fromkeys(found)))


def codes_of_entry(tx: Tx, number: int, stored: bytes) -> list[Fingerprint]:
    """An entry's codes, less those that can be none, which are set aside."""
    try:
        found = decode_fingerprints(stored)
    except msgspec.DecodeError as error:
        set_aside(tx, "codes of entries", number, error)
        return []
    return _possible(tx, "codes of entries", number, found)


def _possible(tx: Tx, what: str, number: int, found: Sequence[Fingerprint]) -> list[Fingerprint]:
    good: list[Fingerprint] = []
    for one in found:
        kind = KINDS.get(one.kind)
        if kind is not None and kind.can_be(one.value):
            good.append(one)
    if len(good) < len(found):
        set_aside(tx, what, number, "a code that none of its kind can be")
    return good


_OF_TEXTS = frozenset(
    kind.name for kind in KINDS.values() if kind.source == "text" and not kind.contained
)


def is_read_anew(codes: Sequence[Fingerprint]) -> bool:
    """Whether an entry may be compared by other codes than it came with: those of web addresses, and of a
    text of which it has not all that texts have."""
    return any(KINDS[one.kind].source == "url" for one in codes) or wants_text(codes)


def wants_text(codes: Sequence[Fingerprint]) -> bool:
    """Whether what an entry was made from says more of its codes than they do."""
    kinds = {one.kind for one in codes}
    if text_sha256.KIND.name in kinds:
        return not kinds >= _OF_TEXTS
    return len(codes) == 1 and url.KIND.name in kinds


def as_compared(codes: Sequence[Fingerprint], text: str | None) -> list[Fingerprint]:
    """The codes by which an entry is compared, given those that it came with: those of web addresses are
    made anew, and those of kinds that texts had not when it came are added. `text`: what it was made from,
    where that is known."""
    if text and text_sha256.KIND.name in {one.kind for one in codes}:
        return _with_new_kinds(codes, text)
    return [_made_anew(one, text if len(codes) == 1 else None) for one in codes]


def _with_new_kinds(codes: Sequence[Fingerprint], text: str) -> list[Fingerprint]:
    """Where the digest says that it is the text which the entry knows."""
    made = fingerprints.of_known_text(text)
    if not any(one.kind == text_sha256.KIND.name and one in codes for one in made):
        return [*codes]
    kinds = {one.kind for one in codes}
    return [*codes, *(one for one in made if one.kind not in kinds)]


def _made_anew(code: Fingerprint, text: str | None) -> Fingerprint:
    kind = KINDS[code.kind]
    if kind.source != "url":
        return code
    value = kind.format(code.value)
    if kind.lost(value):
        return code  # one copy of a page, say: nobody has said that the page itself is meant
    if kind is url.KIND and text and _host(text) == _host(value):
        value = text
    try:
        return Fingerprint(code.kind, kind.parse(value), code.quality)
    except ValueError:
        return code


def _host(address: str) -> str | None:
    found = read(address)
    return None if found is None else found.place.host
