"""What goes by a name that somebody typed or pasted: an id of ours or of a platform, an address, a digest."""

import re
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from tidegate.content.model import url_digest
from tidegate.content.queries import (
    item_by_id,
    items_by_url,
    items_named,
    items_with_file,
    platforms_posting,
)
from tidegate.decisions.queries import find_decision
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.review.queries import subject_of_case
from tidegate.signals.banks.queries import entries_by_id
from tidegate.signals.model import Fingerprint
from tidegate.signals.parts import canonical_url, codes_of
from tidegate.web.pages.visit import Visit

_MOST = 10
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_ID = re.compile(r"[\d:/_#-]")  # a plain word is looked for, also where something is called so


class Named(msgspec.Struct, frozen=True):
    """One thing that goes by a name: what it is called, `case`, `item`, `entry` or `decision`, and where it
    is."""

    name: str
    kind: str
    to: str


def straight(visit: Visit, tx: Tx, typed: str) -> str | None:
    """Where to go at once, for one thing that was meant for sure; None: look for it."""
    if len(typed.split()) != 1 or not (_ID.search(typed) or _HEX.fullmatch(typed)):
        return None
    found = {one.to for one in named(visit, tx, typed)}
    return found.pop() if len(found) == 1 else None


def is_digest(typed: str) -> bool:
    """Whether it may be a digest, or a code of a picture."""
    return _HEX.fullmatch(typed) is not None


def is_url(typed: str) -> bool:
    """Whether it is an address."""
    return _URL.fullmatch(typed) is not None


def named(visit: Visit, tx: Tx, typed: str) -> list[Named]:
    """All that goes by this name and that the person may open, the surest first."""
    if is_digest(typed):
        return _with_digest(visit, tx, bytes.fromhex(typed))
    if is_url(typed):
        return _at_address(visit, tx, typed)
    id = _uuid(typed)
    found = [] if id is None else _of_ours(visit, tx, id)
    return found + (_items_called(visit, tx, typed) if visit.may("items:read") else [])


def _of_ours(visit: Visit, tx: Tx, id: UUID) -> list[Named]:
    name = str(id)
    if visit.may("cases:read") and _is_case(tx, id):
        return [Named(name, "case", f"/cases/{id}")]
    if visit.may("items:read") and (item := item_by_id(tx, id)) is not None:
        return [Named(item.external_id, "item", f"/items/{id}")]
    if visit.may("banks:read") and name in entries_by_id(tx, [id]):
        return [Named(name, "entry", _found("entries", f"entry:{id}"))]
    if visit.may("items:read") and (decision := find_decision(tx, id)) is not None:
        if decision.case_id is not None and visit.may("cases:read"):
            return [Named(name, "decision", f"/cases/{decision.case_id}")]
        if decision.item_id is not None:
            return [Named(name, "decision", f"/items/{decision.item_id}")]
    return []


def _items_called(visit: Visit, tx: Tx, typed: str) -> list[Named]:
    found = items_named(tx, platforms_posting(tx), [typed])[typed]
    platform, slash, rest = typed.partition("/")
    if slash and rest:
        found += items_named(tx, [platform], [rest])[rest]
    return [Named(one.external_id, "item", f"/items/{one.id}") for one in found[:_MOST]]


def _at_address(visit: Visit, tx: Tx, address: str) -> list[Named]:
    canonical = canonical_url(codes_of(url=address))
    if canonical is None or not visit.may("items:read"):
        return []
    key = url_digest(visit.instance.secrets.terms_key, canonical)
    found = [one for name in platforms_posting(tx) for one in items_by_url(tx, name, key)]
    return [Named(one.external_id, "item", f"/items/{one.id}") for one in found[:_MOST]]


def _with_digest(visit: Visit, tx: Tx, digest: bytes) -> list[Named]:
    """The one item with this file, or all that is found by it."""
    name = digest.hex()
    items = items_with_file(tx, [digest], 2)[digest] if visit.may("items:read") else []
    banks = visit.instance.banks
    known = False
    if visit.may("banks:read"):
        banks.refresh(tx)
        (hits,) = banks.index.search([Fingerprint("sha256", digest)])
        known = bool(hits)
    if len(items) == 1 and not known:
        return [Named(name, "item", f"/items/{items[0]}")]
    if items:
        return [Named(name, "item", _found("items", f"sha256:{name}"))]
    return [Named(name, "entry", _found("entries", f"sha256:{name}"))] if known else []


def _found(tab: str, q: str) -> str:
    return f"/find?{urlencode({'q': q, 'tab': tab})}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_case(tx: Tx, id: UUID) -> bool:
    try:
        _ = subject_of_case(tx, id)
    except Refusal:
        return False
    return True
