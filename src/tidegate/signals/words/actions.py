"""Keeping and forgetting terms, and how far the walks that make them have come."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from tidegate.content.tables import items, revisions
from tidegate.infra.db import Tx
from tidegate.infra.identity import database_identity
from tidegate.infra.progress import horizon
from tidegate.signals.words.model import MADE_BY
from tidegate.signals.words.tables import entry_terms, item_terms, term_walks

ITEMS, ENTRIES = "items", "entries"
_TABLES = {ITEMS: item_terms, ENTRIES: entry_terms}


class Termed(msgspec.Struct, frozen=True):
    """An item or an entry with its terms. `number` is that of the item's latest revision."""

    owner: UUID
    number: int
    at: datetime
    terms: list[int]


class Walk(msgspec.Struct, frozen=True):
    """How far a walk has come: all up to `position` is done, all up to `settled` is there to be read."""

    position: int
    settled: int


def claim_walk(tx: Tx, name: str, newest: int) -> Walk | None:
    """The walk, which is this transaction's until its end; None while another process has it. `newest`:
    the last number that can be seen now."""
    version = f"{MADE_BY} {database_identity(tx)}"
    row = _claimed(tx, name)
    if row is None:
        fresh = {"name": name, "version": version, "position": 0}
        fresh |= {"settled": 0, "newest": 0, "horizon": 0}
        tx.execute(insert(term_walks).values(fresh).on_conflict_do_nothing())
        row = _claimed(tx, name)
        if row is None:
            return None
    if row.version != version:
        begin_again(tx, name)
        return claim_walk(tx, name, newest)
    settled = row.settled
    if row.newest > settled and horizon(tx) >= row.horizon:
        settled = row.newest
        _note(tx, name, settled=settled)
    if newest > row.newest == settled:
        _note(tx, name, newest=newest, horizon=_next_transaction(tx))
    return Walk(row.position, settled)


def advance_walk(tx: Tx, name: str, position: int) -> None:
    """All up to this number is done. The caller has claimed the walk."""
    _note(tx, name, position=position)


def begin_again(tx: Tx, name: str) -> None:
    """Forget all terms of items, or of entries, and have them made anew."""
    tx.execute(sa.delete(_TABLES[name]))
    tx.execute(sa.delete(term_walks).where(term_walks.c.name == name))


def lock_latest(tx: Tx, numbers: Collection[int]) -> set[int]:
    """Those of the revisions that are still their items' latest and whose content is kept, their items
    held as they are until the end; without those that another transaction holds."""
    found = tx.execute(_LOCK, {"numbers": list(numbers)})
    return set(found.scalars())


def keep_terms(tx: Tx, name: str, kept: Sequence[Termed]) -> None:
    """Have items, or entries, be found by these terms and no others."""
    if not kept:
        return
    given = {
        "owners": [one.owner for one in kept],
        "numbers": [one.number for one in kept],
        "times": [one.at for one in kept],
        # An array of arrays of unlike lengths there is not.
        "terms": ["{" + ",".join(map(str, one.terms)) + "}" for one in kept],
    }
    tx.execute(_KEEP[name], given)


def forget_terms(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """What was erased, or expired, is found no more."""
    tx.execute(sa.delete(item_terms).where(item_terms.c.item_id.in_(item_ids)))


def forget_entry_terms(tx: Tx, entry_id: UUID) -> None:
    """An entry that was deleted is found no more."""
    tx.execute(sa.delete(entry_terms).where(entry_terms.c.entry_id == entry_id))


def _claimed(tx: Tx, name: str) -> sa.Row[tuple[object, ...]] | None:
    query = sa.select(term_walks).where(term_walks.c.name == name)
    return tx.execute(query.with_for_update(skip_locked=True)).one_or_none()


def _note(tx: Tx, name: str, **values: object) -> None:
    tx.execute(sa.update(term_walks).where(term_walks.c.name == name).values(**values))


def _next_transaction(tx: Tx) -> int:
    return int(tx.execute(_NEXT).scalar_one())


def _keep(name: str) -> sa.TextClause:
    table = _TABLES[name]
    owner = table.primary_key.columns[0].name
    return sa.text(
        f"INSERT INTO {table.name} ({owner}, number, at, terms) SELECT u.owner, u.number, u.at,"  # noqa: S608
        " CAST(u.terms AS bigint[]) FROM unnest(CAST(:owners AS uuid[]), CAST(:numbers AS bigint[]),"
        " CAST(:times AS timestamptz[]), CAST(:terms AS text[])) AS u (owner, number, at, terms)"
        f" ON CONFLICT ({owner}) DO UPDATE SET number = excluded.number, at = excluded.at,"
        " terms = excluded.terms"
    )


_KEEP = {name: _keep(name) for name in _TABLES}
_NEXT = sa.text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
# Whoever erases one waits until what was read of it is kept, or is seen to have erased it.
_LOCK = (
    sa.select(revisions.c.number)
    .join(
        items,
        sa.and_(items.c.id == revisions.c.item_id, items.c.revision == revisions.c.revision),
    )
    .where(
        revisions.c.number == sa.any_(sa.cast(sa.bindparam("numbers"), ARRAY(sa.BigInteger))),
        revisions.c.content.isnot(None),
        items.c.erased_at.is_(None),
    )
    .order_by(items.c.platform, items.c.external_id)
    .with_for_update(read=True, of=items, skip_locked=True)
)
