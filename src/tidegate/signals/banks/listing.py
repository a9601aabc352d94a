"""The entries of a bank as a list: narrowed, the newest first, a page at a time in both directions.

A page is found by the ids, which sort by time, and so costs the same wherever it is. How many there are is
counted up to a bound.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.signals.banks.model import EntryView
from tidegate.signals.banks.queries import entries_of, is_shown
from tidegate.signals.banks.tables import banks, entries, quarantines
from tidegate.signals.stored import codes_of_entry

PAGE = 48
MOST_COUNTED = 10_000
STATES = ("unconfirmed", "confirmed", "refuted", "quarantined", "disabled")
_KINDS_PAGE = 2000


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of entries is narrowed to. `by`: any of these made it; `label`: it is the entry's own or,
    where `bank_has_label`, its bank's; `ids`: from one to another; `among`: of these alone."""

    state: str = ""
    kind: str = ""
    label: str = ""
    bank_has_label: bool = False
    by: Collection[str] | None = None
    since: datetime | None = None
    ids: tuple[UUID, UUID] | None = None
    among: Collection[UUID] | None = None


class Place(NamedTuple):
    """Where a page begins: behind an entry, or before it."""

    way: Literal["after", "before"]
    entry: UUID


class EntriesFound(NamedTuple):
    """A page of entries, whether there are newer and older ones, and how many there are in all: one more than
    `MOST_COUNTED` where there are more."""

    entries: list[EntryView]
    newer: bool
    older: bool
    total: int


def page_of_entries(
    tx: Tx, bank: str, filter: EntryFilter, place: Place | None, limit: int = PAGE
) -> EntriesFound:
    """A page of the entries that pass."""
    passing = _passing(_bank_id(tx, bank), filter)
    if (few := _few(tx, passing, filter)) is None:
        walked = _walk(tx, passing, place, limit)
        return EntriesFound(
            entries_of(tx, walked.ids), walked.newer, walked.older, _count(tx, passing)
        )
    picked = _pick(few, place, limit)
    return EntriesFound(entries_of(tx, picked.ids), picked.newer, picked.older, len(few))


class _Ids(NamedTuple):
    ids: list[UUID]
    newer: bool
    older: bool


def _walk(tx: Tx, passing: sa.ColumnElement[bool], place: Place | None, limit: int) -> _Ids:
    """Along the ids, which an index has in order."""
    before = place is not None and place.way == "before"
    query = sa.select(entries.c.id).where(passing).limit(limit + 1)
    if place is not None:
        query = query.where(entries.c.id > place.entry if before else entries.c.id < place.entry)
    query = query.order_by(entries.c.id.asc() if before else entries.c.id.desc())
    found = list(tx.execute(query).scalars())
    more, ids = len(found) > limit, found[:limit]
    if not ids:
        return _Ids([], newer=False, older=False)
    if before:
        ids = ids[::-1]
        return _Ids(ids, newer=more, older=_any(tx, passing, entries.c.id < ids[-1]))
    newer = place is not None and _any(tx, passing, entries.c.id > ids[0])
    return _Ids(ids, newer=newer, older=more)


def _few(tx: Tx, passing: sa.ColumnElement[bool], filter: EntryFilter) -> list[UUID] | None:
    """All ids, the newest first, where a kind or a label leaves few: a walk would pass by millions of others
    to find them. None where it leaves many, which a walk meets soon."""
    if not filter.kind and (not filter.label or filter.bank_has_label):
        return None
    narrow: list[sa.ColumnElement[bool]] = [entries.c.deleted_at.is_(None)]
    if filter.kind:
        narrow.append(entries.c.kinds.contains([filter.kind]))
    if filter.label and not filter.bank_has_label:
        narrow.append(entries.c.labels.contains([filter.label]))
    # The planner takes what is rare for likelier than it is, and reads all there is.
    tx.execute(sa.text("SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = off"))
    some = sa.select(entries.c.id).where(*narrow).limit(MOST_COUNTED + 1)
    ids = list(tx.execute(some).scalars())
    tx.execute(sa.text("SET LOCAL enable_indexscan = on; SET LOCAL enable_seqscan = on"))
    if len(ids) > MOST_COUNTED:
        return None
    these = entries.c.id == sa.any_(sa.literal(ids, sa.ARRAY(sa.Uuid)))
    return sorted(tx.execute(sa.select(entries.c.id).where(these, passing)).scalars(), reverse=True)


def _pick(few: list[UUID], place: Place | None, limit: int) -> _Ids:
    """A page of what is all there."""
    start, end = 0, limit
    if place is not None:
        newer = sum(one > place.entry for one in few)
        if place.way == "before":
            start, end = max(0, newer - limit), newer
        else:
            start = newer + (place.entry in few[newer : newer + 1])
            end = start + limit
    return _Ids(few[start:end], newer=start > 0 and bool(few[start:end]), older=end < len(few))


def _count(tx: Tx, passing: sa.ColumnElement[bool]) -> int:
    some = sa.select(sa.literal(1)).select_from(entries).where(passing).limit(MOST_COUNTED + 1)
    return int(tx.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one())


def quarantined_by_bank(tx: Tx) -> dict[str, int]:
    """How many entries of each bank that may be read are in quarantine."""
    query = (
        sa.select(banks.c.name, sa.func.count().label("total"))
        .select_from(quarantines)
        .join(entries, entries.c.id == quarantines.c.entry_id)
        .join(banks, banks.c.id == entries.c.bank_id)
        .where(quarantines.c.lifted_at.is_(None), entries.c.deleted_at.is_(None))
        .where(banks.c.deleted_at.is_(None), is_shown(tx))
        .group_by(banks.c.name)
    )
    return {row.name: row.total for row in tx.execute(query)}


def fill_kinds(tx: Tx, limit: int = _KINDS_PAGE) -> int:
    """Read the kinds of entries of before; returns how many. For the worker."""
    query = (
        sa.select(entries.c.number, entries.c.fingerprints)
        .where(entries.c.kinds.is_(None))
        .order_by(entries.c.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = [
        {
            "of_number": row.number,
            "read": sorted({one.kind for one in codes_of_entry(tx, row.number, row.fingerprints)}),
        }
        for row in tx.execute(query).all()
    ]
    if rows:
        tx.execute(_FILL, rows)
    return len(rows)


_FILL = (
    sa.update(entries)
    .where(entries.c.number == sa.bindparam("of_number"))
    .values(kinds=sa.bindparam("read"))
)


def _bank_id(tx: Tx, bank: str) -> sa.ScalarSelect[Any]:
    found = sa.select(banks.c.id).where(banks.c.name == bank, banks.c.deleted_at.is_(None))
    return found.where(is_shown(tx)).scalar_subquery()


def _any(tx: Tx, *conditions: sa.ColumnElement[bool]) -> bool:
    found = sa.select(sa.literal(1)).select_from(entries).where(*conditions).limit(1)
    return tx.execute(found).first() is not None


def _passing(bank_id: sa.ScalarSelect[Any], filter: EntryFilter) -> sa.ColumnElement[bool]:
    conditions: list[sa.ColumnElement[bool]] = [
        entries.c.bank_id == bank_id,
        entries.c.deleted_at.is_(None),
    ]
    if filter.state == "quarantined":
        standing = sa.select(quarantines.c.entry_id).where(quarantines.c.lifted_at.is_(None))
        conditions.append(entries.c.id.in_(standing))
    elif filter.state == "disabled":
        conditions.append(entries.c.enabled.is_(False))
    elif filter.state:
        conditions.append(entries.c.state == filter.state)
    if filter.kind:
        conditions.append(entries.c.kinds.contains([filter.kind]))
    if filter.label:
        own = entries.c.labels.contains([filter.label])
        conditions.append(sa.or_(own, entries.c.labels.is_(None)) if filter.bank_has_label else own)
    if filter.by is not None:
        conditions.append(entries.c.created_by.in_(sorted(filter.by)))
    if filter.since is not None:
        # Ids begin with the time: so the list stays one walk along them.
        conditions.append(entries.c.id >= _first_id(filter.since))
        conditions.append(entries.c.created_at >= filter.since)
    if filter.ids is not None:
        conditions.append(entries.c.id.between(*filter.ids))
    if filter.among is not None:
        conditions.append(entries.c.id.in_(sorted(filter.among)))
    return sa.and_(*conditions)


def _first_id(moment: datetime) -> UUID:
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def ids_beginning(text: str) -> tuple[UUID, UUID] | None:
    """The ids that begin so, the first and the last; None where none can."""
    digits = text.replace("-", "").lower()
    if not 4 <= len(digits) <= 32 or not set(digits) <= set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
