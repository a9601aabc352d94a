"""What entries for addresses and texts are compared by: what these are read as now.

An entry keeps the codes that it came with, which the ledger vouches for. Whatever compares entries reads
them here, where those of addresses are made anew by the program and the list of aliases that are in use,
and where a text whose words are kept gets those of kinds that are new. Where that has changed, such entries
get a new bank version: to the index and the look back they have changed.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.signals.banks.actions import CHANNEL
from tidegate.signals.banks.tables import entries
from tidegate.signals.fingerprints import KINDS, url
from tidegate.signals.model import Fingerprint
from tidegate.signals.stored import as_compared, codes_of_entry, is_read_anew, wants_text

_BATCH = 500  # entries whose texts are asked for at once


class Renewed(NamedTuple):
    """How far a page of entries went, and how many of them are read anew."""

    last: int
    changed: int


def made_by() -> str:
    """What the codes of addresses and texts depend on."""
    made = [
        kind for kind in KINDS.values() if kind.source in ("url", "text") and not kind.contained
    ]
    versions = [f"{kind.name}:{kind.version}" for kind in made]
    return " ".join([*versions, url.known_by()])


def compared(
    tx: Tx, rows: Iterable[sa.Row[Any]]
) -> Iterator[tuple[sa.Row[Any], list[Fingerprint]]]:
    """Entries (`number`, `fingerprints`) with the codes by which they are compared, in their order."""
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        kept = [codes_of_entry(tx, row.number, row.fingerprints) for row in batch]
        asked = [row.number for row, codes in zip(batch, kept, strict=True) if wants_text(codes)]
        found = tx.execute(_TEXTS, {"numbers": asked}).all() if asked else ()
        texts = {row.number: row.text for row in found}
        for row, codes in zip(batch, kept, strict=True):
            yield row, as_compared(codes, texts.get(row.number))


def renew_page(tx: Tx, after: int, limit: int) -> Renewed | None:
    """Have the next entries in use, by number, be compared as they are read now; None where there is none
    left."""
    rows = tx.execute(_NEXT, {"after": after, "limit": limit}).all()
    if not rows:
        return None
    numbers = [
        row.number for row in rows if is_read_anew(codes_of_entry(tx, row.number, row.fingerprints))
    ]
    held = [*tx.execute(_HOLD, {"numbers": numbers}).scalars()] if numbers else []
    if held:
        version = tx.next_number("banks", len(held))
        stamps = [
            {"of_number": one, "to_version": version + place} for place, one in enumerate(held)
        ]
        tx.execute(_STAMP, stamps)
        tx.notify(CHANNEL, str(version + len(held) - 1))
    return Renewed(rows[-1].number, len(held))


_NUMBERS = sa.ARRAY(sa.BigInteger)
_THESE = entries.c.number == sa.any_(sa.bindparam("numbers", type_=_NUMBERS))
_TEXTS = sa.select(entries.c.number, entries.c.text).where(_THESE, entries.c.text.isnot(None))
_NEXT = (
    sa.select(entries.c.number, entries.c.fingerprints)
    .where(entries.c.number > sa.bindparam("after"), entries.c.deleted_at.is_(None))
    .order_by(entries.c.number)
    .limit(sa.bindparam("limit"))
)
_HOLD = (
    sa.select(entries.c.number)
    .where(_THESE, entries.c.deleted_at.is_(None))
    .order_by(entries.c.id)
    .with_for_update()
)
_STAMP = (
    sa.update(entries)
    .where(entries.c.number == sa.bindparam("of_number"))
    .values(version=sa.bindparam("to_version"))
)
