"""Entries that are found by what was noted of them and by the text that they were made from."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.openings import is_entry_open
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.signals.banks.queries import is_shown
from tidegate.signals.banks.tables import banks, entries
from tidegate.signals.words.tables import entry_terms

LOOKED_AT = 20_000
"""Entries that one page of a search looks at, at most."""


class UnmadeEntry(NamedTuple):
    """An entry whose terms are still to be made."""

    id: UUID
    number: int
    at: datetime
    words: list[str]


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What entries are narrowed to; empty is not at all. `numbers` are those that say or are what is asked
    for: one that is closed to the reader is found by none of that. `by` are actors who made or judged it."""

    numbers: Collection[int] | None = None
    ids: Collection[UUID] | None = None
    platform: str | None = None
    label: str | None = None
    by: Collection[str] = ()
    since: datetime | None = None
    before: datetime | None = None


class FoundEntries(NamedTuple):
    """The numbers and ids of entries, the newest first, and the number to go on below; None: there are no
    more."""

    found: list[tuple[int, UUID]]
    below: int | None


def found_entries(tx: Tx, filter: EntryFilter, below: int | None, limit: int) -> FoundEntries:
    """Of the next entries those that pass: at most `limit`, and of so many looked at."""
    looked = (
        sa.select(entries.c.id, entries.c.number)
        .join(banks, banks.c.id == entries.c.bank_id)
        .where(entries.c.deleted_at.is_(None), banks.c.deleted_at.is_(None), is_shown(tx))
    )
    if below is not None:
        looked = looked.where(entries.c.number < below)
    if filter.numbers is not None:
        looked = looked.where(
            one_of(entries.c.number, filter.numbers), is_entry_open(tx, entries.c.id)
        )
    if filter.ids is not None:
        looked = looked.where(entries.c.id.in_(filter.ids))
    narrow = filter.numbers is not None or filter.ids is not None
    if filter.since is not None:
        looked = looked.where(entries.c.created_at >= filter.since)
    if filter.before is not None:
        looked = looked.where(entries.c.created_at < filter.before)
    passes = _passes(filter)
    looked = looked.add_columns(passes.label("passes")).order_by(entries.c.number.desc())
    page = looked.limit(None if narrow else LOOKED_AT).subquery()
    rows = tx.execute(
        sa.select(page.c.id, page.c.number)
        .where(page.c.passes)
        .order_by(page.c.number.desc())
        .limit(limit)
    ).all()
    found = [(row.number, row.id) for row in rows]
    if len(found) == limit:
        return FoundEntries(found, found[-1][0])
    return FoundEntries(found, None if narrow else _nth(tx, looked))


def _nth(tx: Tx, looked: sa.Select[tuple[UUID, int]]) -> int | None:
    """The number of the last entry that was looked at, where there may be more after it."""
    query = looked.offset(LOOKED_AT - 1).limit(1)
    row = tx.execute(query).one_or_none()
    return None if row is None else row.number


def _passes(filter: EntryFilter) -> sa.ColumnElement[bool]:
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if filter.platform is not None:
        conditions.append(banks.c.platform == filter.platform)
    if filter.label is not None:
        labels = sa.func.coalesce(entries.c.labels, banks.c.labels)
        conditions.append(sa.literal(filter.label) == sa.any_(labels))
    if filter.by:
        who = list(filter.by)
        conditions.append(sa.or_(entries.c.created_by.in_(who), entries.c.judged_by.in_(who)))
    return sa.and_(*conditions)


def newest_entry(tx: Tx) -> int:
    """The number of the newest entry, 0 where there is none."""
    query = sa.select(sa.func.coalesce(sa.func.max(entries.c.number), 0))
    return int(tx.execute(query).scalar_one())


def unmade_entries(tx: Tx, after: int, limit: int) -> list[UnmadeEntry]:
    """The next entries by number that have no terms (yet); most have no words, and never will."""
    query = (
        sa.select(
            entries.c.id, entries.c.number, entries.c.created_at, entries.c.text, entries.c.note
        )
        .outerjoin(entry_terms, entry_terms.c.entry_id == entries.c.id)
        .where(entries.c.number > after, entries.c.deleted_at.is_(None))
        .where(entry_terms.c.entry_id.is_(None))
        .order_by(entries.c.number)
        .limit(limit)
        .with_for_update(read=True, of=entries)
    )
    return [
        UnmadeEntry(
            row.id, row.number, row.created_at, [one for one in (row.text, row.note) if one]
        )
        for row in tx.execute(query)
    ]


def texts_of_entries(tx: Tx, numbers: Sequence[int]) -> dict[int, list[str]]:
    """The text and the note of entries, by their numbers."""
    query = sa.select(entries.c.number, entries.c.text, entries.c.note)
    rows = tx.execute(query.where(one_of(entries.c.number, numbers)))
    return {row.number: [one for one in (row.text, row.note) if one] for row in rows}
