"""The verbs of quarantine: count what entries match, put one that matches too much into quarantine,
lift it again. The rules are in `quarantine.py`.

On the hot path: one statement a group of posts, which writes nothing for copies of what an entry
has matched in these ten minutes, so processes do not wait for each other while something spreads.
A quarantine is a row of its own, since others that are judging hold the entry's row; `match` reads
it in every transaction, so it counts in all processes once it is committed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.ledger.actions import append
from tidegate.signals.banks.quarantine import (
    COPY_BITS,
    MOST_BY_AUTHOR,
    MOST_KEPT,
    SAME_BITS,
    Sighting,
    counting,
    things_of,
    trips,
    without_repeats,
)
from tidegate.signals.banks.tables import banks, entries, quarantines, sighting_days, sightings

SLOT_SECONDS = 600
HOUR = 6  # slots: the running one and five before, so the hour slides along and is never longer
HISTORY = timedelta(days=30)
EVIDENCE = 10
MOST_CAUSES = 50
UNKNOWN = ""
"""The author of what has none any more: they count as one."""


class Cause(msgspec.Struct, frozen=True):
    """One of those who posted what an entry matched in the last hour: how many different things, and
    one of the items, by which the author is known for as long as that is there."""

    item: UUID
    contents: int


class Overreach(msgspec.Struct, frozen=True):
    """An entry that matches too much: how many different contents of different authors in the last
    hour, and how many an hour it matched before (0 for one that is new). `platform`: its bank's, once
    it is looked up."""

    entry: UUID
    contents: int
    per_hour: float
    platform: str | None = None


def record_sightings(tx: Tx, seen: Sequence[Sighting], most: int, factor: float) -> list[Overreach]:
    """Count sightings; the entries that match more than `most` different contents of different authors
    an hour, and more than `factor` times their history, by id. A copy of what was seen in this hour adds
    nothing, nor does more of an author whose contents are enough.
    """
    fresh = sorted(without_repeats(seen), key=lambda one: (one.entry, one.code))
    slot = _slot(tx.now)
    window = {"since": slot - HOUR + 1, "slot": slot, "same": SAME_BITS, "copy": COPY_BITS}
    rows = {
        "entries": [one.entry for one in fresh],
        "codes": [f"{one.code:0256b}" for one in fresh],
        "items": [one.item for one in fresh],
        "authors": [one.author for one in fresh],
    }
    most_of = {"kept": MOST_KEPT, "by_author": MOST_BY_AUTHOR}
    written = {row.entry_id for row in tx.execute(_RECORD, window | rows | most_of)}
    if not written:
        return []
    found: list[Overreach] = []
    for row in tx.execute(_MANY, {"entries": list(written), "most": most} | window).all():
        things = len(_differing(tx, row.entry_id))
        if things > most:
            found.append(Overreach(row.entry_id, things, _per_hour(tx, row.entry_id)))
    return [one for one in found if trips(one.contents, one.per_hour, most, factor)]


def _differing(tx: Tx, entry_id: UUID) -> list[UUID]:
    """The items whose contents count of what an entry matched in the last hour."""
    rows = _of_this_hour(tx, entry_id)
    contents = [(int(row.code, 2), row.author or UNKNOWN) for row in rows]
    return [rows[place].item_id for place in counting(contents)]


def _of_this_hour(tx: Tx, entry_id: UUID) -> Sequence[sa.Row[Any]]:
    return tx.execute(
        sa.select(sightings.c.code, sightings.c.item_id, sightings.c.author)
        .where(sightings.c.entry_id == entry_id, sightings.c.slot > _slot(tx.now) - HOUR)
        .order_by(sightings.c.slot, sightings.c.code)
    ).all()


def _count_by_hour(rows: Iterable[sa.Row[Any]]) -> dict[int, int]:
    """Of rows with `slot`, `code` and `author`: how many contents counted, by hour of the clock,
    counted from 1970."""
    hours: dict[int, list[tuple[int, str]]] = {}
    for row in rows:
        content = int(row.code, 2), row.author or UNKNOWN
        hours.setdefault(row.slot // HOUR, []).append(content)
    return {hour: len(counting(contents)) for hour, contents in hours.items()}


def _slot(moment: datetime) -> int:
    return int(moment.timestamp()) // SLOT_SECONDS


def _first_day(now: datetime) -> date:
    return (now - HISTORY).astimezone(UTC).date()


def _per_hour(tx: Tx, entry_id: UUID) -> float:
    """How many such contents an hour an entry matched, on average, before the running hour:
    since it was made or last let out of quarantine, at most for 30 days; 0 within its first hour.
    """
    start = _slot(tx.now) - HOUR + 1
    earliest = tx.now - HISTORY
    row = tx.execute(_HISTORY, {"entry": entry_id, "day": _first_day(tx.now)}).one()
    hours = start * SLOT_SECONDS / 3600 - max(row.since, earliest).timestamp() / 3600
    if hours < 1:
        return 0.0
    recent = tx.execute(
        sa.select(sightings.c.slot, sightings.c.code, sightings.c.author).where(
            sightings.c.entry_id == entry_id, sightings.c.slot < start
        )
    )
    return (float(row.contents) + sum(_count_by_hour(recent).values())) / hours


def start_quarantine(tx: Tx, over: Overreach) -> Overreach | None:
    """Put an entry into quarantine; None when it is there already. Whoever judges the entry goes
    first or waits: the entry is held before its quarantine and before a case about it."""
    named = sa.select(banks.c.name, banks.c.platform).join(entries)
    held = named.where(entries.c.id == over.entry)
    bank = tx.execute(
        held.with_for_update(read=True, key_share=True, of=entries)  # others judge by it, too
    ).one()
    put = insert(quarantines).values(entry_id=over.entry, started_at=tx.now)
    started = tx.execute(
        put.on_conflict_do_update(
            index_elements=[quarantines.c.entry_id],
            set_={"started_at": tx.now, "lifted_at": None},
            where=quarantines.c.lifted_at.isnot(None),
        ).returning(quarantines.c.entry_id)
    ).one_or_none()
    if started is None:
        return None
    record = {
        "bank": bank.name,
        "entry": str(over.entry),
        "contents": over.contents,
        "per_hour": round(over.per_hour, 2),
    }
    append(tx, "entry.quarantined", record, platform=bank.platform)
    return msgspec.structs.replace(over, platform=bank.platform)


def lift_quarantine(tx: Tx, entry_id: UUID) -> bool:
    """Let an entry act again and begin its history anew; False when it is not in quarantine. The
    caller holds the entry."""
    lifted = tx.execute(
        sa.update(quarantines)
        .where(quarantines.c.entry_id == entry_id, quarantines.c.lifted_at.is_(None))
        .values(lifted_at=tx.now)
    )
    if lifted.rowcount == 0:
        return False
    for table in (sightings, sighting_days):
        tx.execute(sa.delete(table).where(table.c.entry_id == entry_id))
    return True


def sighted_items(tx: Tx, entry_id: UUID) -> list[UUID]:
    """Items that an entry matched in the last hour, no two of them copies or by one author; at most
    ten."""
    return sorted(_differing(tx, entry_id)[:EVIDENCE])


def causes(tx: Tx, entry_id: UUID) -> list[Cause]:
    """Who posted what an entry matched in the last hour, most different things first (more than eight
    of one author are not kept); at most fifty."""
    rows = _of_this_hour(tx, entry_id)
    things = things_of([int(row.code, 2) for row in rows])
    posted: dict[str, dict[int, UUID]] = {}
    for thing, row in zip(things, rows, strict=True):
        posted.setdefault(row.author or UNKNOWN, {}).setdefault(thing, row.item_id)
    found = [Cause(min(one.values()), len(one)) for one in posted.values()]
    return sorted(found, key=lambda one: (-one.contents, one.item))[:MOST_CAUSES]


def fold_sightings(tx: Tx) -> int:
    """Add up what is older than the running hour and the one before it, and drop what is older than
    30 days; returns for how many entries and days there was anything. For the worker."""
    # Whole hours of the clock: their contents are counted once, in one go.
    running = _slot(tx.now) // HOUR * HOUR
    gone = tx.execute(
        sa.delete(sightings)
        .where(sightings.c.slot < running - HOUR)
        .returning(sightings.c.entry_id, sightings.c.slot, sightings.c.code, sightings.c.author)
    ).all()
    by_entry: dict[UUID, list[sa.Row[Any]]] = {}
    for row in gone:
        by_entry.setdefault(row.entry_id, []).append(row)
    days: Counter[tuple[UUID, date]] = Counter()
    for entry_id, rows in by_entry.items():
        for hour, contents in _count_by_hour(rows).items():
            start = datetime.fromtimestamp(hour * HOUR * SLOT_SECONDS, UTC)
            days[entry_id, start.date()] += contents
    if days:
        tx.execute(
            _ADD, [{"entry": e, "day": day, "contents": days[e, day]} for e, day in sorted(days)]
        )
    tx.execute(sa.delete(sighting_days).where(sighting_days.c.day < _first_day(tx.now)))
    return len(days)


def forget_sightings(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """Erasure and the end of retention: an item's codes go with its content."""
    tx.execute(sa.delete(sightings).where(sightings.c.item_id.in_(item_ids)))


# A content takes the code of its first copy of the hour, so that they stay one for as long as there
# is one an hour. Sorted, so that two processes take the same rows in the same order.
_RECORD = sa.text(
    """
    INSERT INTO sightings (entry_id, slot, code, item_id, author)
    SELECT seen.entry, :slot, coalesce(copy.code, seen.code), seen.item, seen.author
    FROM unnest(CAST(:entries AS uuid[]), CAST(CAST(:codes AS text[]) AS bit(256)[]),
        CAST(:items AS uuid[]), CAST(:authors AS text[])) AS seen (entry, code, item, author)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN count(*) < :kept THEN :same ELSE :copy END AS bits,
            count(DISTINCT s.code) FILTER (WHERE s.author = seen.author) AS posted
        FROM sightings s WHERE s.entry_id = seen.entry AND s.slot >= :since
    ) AS within
    LEFT JOIN LATERAL (
        SELECT s.code, s.slot FROM sightings s
        WHERE s.entry_id = seen.entry AND s.slot >= :since
            AND bit_count(s.code # seen.code) <= within.bits
        ORDER BY s.slot DESC LIMIT 1
    ) AS copy ON true
    WHERE copy.slot IS DISTINCT FROM :slot
        AND (copy.slot IS NOT NULL OR within.posted < :by_author)
    ORDER BY 1, 3
    ON CONFLICT DO NOTHING
    RETURNING entry_id
    """
)
_MANY = sa.text(
    """
    SELECT entry_id FROM sightings
    WHERE entry_id = ANY(CAST(:entries AS uuid[])) AND slot >= :since
    GROUP BY entry_id
    HAVING count(DISTINCT code) > :most AND count(DISTINCT coalesce(author, '')) > :most
    ORDER BY entry_id
    """
)
_HISTORY = sa.text(
    """
    SELECT coalesce(q.lifted_at, e.created_at) AS since,
        (SELECT coalesce(sum(d.contents), 0) FROM sighting_days d
            WHERE d.entry_id = e.id AND d.day >= :day) AS contents
    FROM entries e LEFT JOIN quarantines q ON q.entry_id = e.id WHERE e.id = :entry
    """
)
_ADD = sa.text(
    """
    INSERT INTO sighting_days (entry_id, day, contents) VALUES (:entry, :day, :contents)
    ON CONFLICT (entry_id, day)
    DO UPDATE SET contents = sighting_days.contents + excluded.contents
    """
)
