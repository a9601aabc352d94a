"""Entries whose codes are made of an address or a text are made anew, when these come to be read otherwise.

What an entry says of its state, labels and words stays. To the index and to the look back it has changed.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.ledger.actions import append
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import CHANNEL
from tidegate.signals.banks.tables import entries
from tidegate.signals.fingerprints import KINDS, text_sha256, url
from tidegate.signals.fingerprints.weburl import read
from tidegate.signals.model import Fingerprint, digest, encode_fingerprints
from tidegate.signals.stored import codes_of_entry


class Renewed(NamedTuple):
    """How far a page of entries went, and how many of them have other codes now."""

    last: int
    changed: int


def made_by() -> str:
    """What the codes of addresses and texts that entries have depend on."""
    made = [kind for kind in KINDS.values() if kind.source in _SOURCES and not kind.contained]
    versions = [f"{kind.name}:{kind.version}" for kind in made]
    return " ".join([*versions, url.known_by()])


def made_anew(codes: Sequence[Fingerprint], text: str | None) -> list[Fingerprint]:
    """An entry's codes as they are made now. `text`: what it was made from, where that is known."""
    if text and any(one.kind == text_sha256.KIND.name for one in codes):
        return _of_text(codes, text)
    return [_code(one, text if len(codes) == 1 else None) for one in codes]


def _of_text(codes: Sequence[Fingerprint], text: str) -> list[Fingerprint]:
    """With what is made of a text now, if its digest says that it is the one that the entry knows."""
    made = fingerprints.of_text(text)
    is_of_it = any(one.kind == text_sha256.KIND.name and one in codes for one in made)
    if not is_of_it or set(made) <= set(codes):
        return [*codes]
    kinds = {one.kind for one in made}
    return [*(one for one in codes if one.kind not in kinds), *made]


def _code(code: Fingerprint, text: str | None) -> Fingerprint:
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


def renew_page(tx: Tx, after: int, limit: int) -> Renewed | None:
    """Make the next entries in use anew, by number; None where there is none left."""
    rows = tx.execute(_NEXT, {"after": after, "limit": limit}).all()
    if not rows:
        return None
    other: dict[int, list[Fingerprint]] = {}
    for row in rows:
        codes = codes_of_entry(tx, row.number, row.fingerprints)
        if any(KINDS[one.kind].source in _SOURCES for one in codes):
            now = made_anew(codes, row.text)
            if now != codes:
                other[row.number] = now
    return Renewed(rows[-1].number, _write(tx, other))


def _write(tx: Tx, other: dict[int, list[Fingerprint]]) -> int:
    held = [*tx.execute(_HOLD, {"numbers": list(other)}).scalars()] if other else []
    if not held:
        return 0
    stored = [encode_fingerprints(other[number]) for number in held]
    version = tx.next_number("banks", len(held))
    tx.execute(
        _RENEW,
        [
            {
                "of_number": number,
                "codes": codes,
                "hashed": digest(other[number]),
                "to_version": version + place,
            }
            for place, (number, codes) in enumerate(zip(held, stored, strict=True))
        ],
    )
    record = {"count": len(held), "first_version": version}
    record |= {"last_version": version + len(held) - 1}
    contents = hashlib.sha256(b"".join(stored)).hexdigest()
    append(tx, "entries.renewed", {**record, "sha256": contents})
    tx.notify(CHANNEL, str(version + len(held) - 1))
    return len(held)


_SOURCES = ("url", "text")
_NEXT = (
    sa.select(entries.c.number, entries.c.fingerprints, entries.c.text)
    .where(entries.c.number > sa.bindparam("after"), entries.c.deleted_at.is_(None))
    .order_by(entries.c.number)
    .limit(sa.bindparam("limit"))
)
_HOLD = (
    sa.select(entries.c.number)
    .where(entries.c.number == sa.any_(sa.bindparam("numbers", type_=sa.ARRAY(sa.BigInteger))))
    .where(entries.c.deleted_at.is_(None))
    .order_by(entries.c.id)
    .with_for_update()
)
_RENEW = (
    sa.update(entries)
    .where(entries.c.number == sa.bindparam("of_number"))
    .values(
        fingerprints=sa.bindparam("codes"),
        digest=sa.bindparam("hashed"),
        version=sa.bindparam("to_version"),
    )
)
