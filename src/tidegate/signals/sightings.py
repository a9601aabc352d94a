"""The verbs of quarantine: count what entries match, put one that matches too much into quarantine,
lift it again. The rules are in `quarantine.py`.

On the hot path: one statement a group of posts, which writes nothing for copies of what an entry
has matched in these ten minutes, so processes do not wait for each other while something spreads.
A quarantine is a row of its own, since others that are judging hold the entry's row; `match` reads
it in every transaction, so it counts in all processes once it is committed.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.ledger.actions import append
from tidegate.signals.quarantine import COPY_BITS, Sighting, trips, without_copies
from tidegate.signals.tables import banks, entries, quarantines, sighting_days, sightings

SLOT_SECONDS = 600
HOUR = 6  # slots: the running one and five before, so the hour slides along and is never longer
HISTORY = timedelta(days=30)
EVIDENCE = 10


class Overreach(msgspec.Struct, frozen=True):
    """An entry that matches too much: how many different contents in the last hour, and how many
    an hour it matched before (0 for one that is new)."""

    entry: UUID
    contents: int
    per_hour: float


def record_sightings(tx: Tx, seen: Sequence[Sighting], most: int, factor: float) -> list[Overreach]:
    """Count sightings; the entries that match more than `most` different contents an hour, and more
    than `factor` times their history, by id. A copy of what was seen in this hour adds nothing.
    """
    fresh = sorted(without_copies(seen), key=lambda one: (one.entry, one.code))
    slot = _slot(tx.now)
    window = {"since": slot - HOUR + 1, "slot": slot, "bits": COPY_BITS}
    rows = {
        "entries": [one.entry for one in fresh],
        "codes": [f"{one.code:0256b}" for one in fresh],
        "items": [one.item for one in fresh],
    }
    written = {row.entry_id for row in tx.execute(_RECORD, window | rows)}
    if not written:
        return []
    many = tx.execute(_MANY, {"entries": list(written), "most": most} | window).all()
    found = [Overreach(row.entry_id, row.contents, _per_hour(tx, row.entry_id)) for row in many]
    return [one for one in found if trips(one.contents, one.per_hour, most, factor)]


def _slot(moment: datetime) -> int:
    return int(moment.timestamp()) // SLOT_SECONDS


def _first_day(now: datetime) -> date:
    return (now - HISTORY).astimezone(UTC).date()


def _per_hour(tx: Tx, entry_id: UUID) -> float:
    """How many different contents an hour an entry matched, on average, before the running hour:
    since it was made or last let out of quarantine, at most for 30 days; 0 within its first hour.
    """
    start = _slot(tx.now) - HOUR + 1
    earliest = tx.now - HISTORY
    row = tx.execute(_HISTORY, {"entry": entry_id, "day": _first_day(tx.now), "start": start}).one()
    hours = start * SLOT_SECONDS / 3600 - max(row.since, earliest).timestamp() / 3600
    return float(row.contents) / hours if hours >= 1 else 0.0


def start_quarantine(tx: Tx, over: Overreach) -> bool:
    """Put an entry into quarantine; False when it is there already."""
    put = insert(quarantines).values(entry_id=over.entry, started_at=tx.now)
    started = tx.execute(
        put.on_conflict_do_update(
            index_elements=[quarantines.c.entry_id],
            set_={"started_at": tx.now, "lifted_at": None},
            where=quarantines.c.lifted_at.isnot(None),
        ).returning(quarantines.c.entry_id)
    ).one_or_none()
    if started is None:
        return False
    bank = sa.select(banks.c.name).join(entries).where(entries.c.id == over.entry)
    record = {
        "bank": tx.execute(bank).scalar_one(),
        "entry": str(over.entry),
        "contents": over.contents,
        "per_hour": round(over.per_hour, 2),
    }
    append(tx, "entry.quarantined", record)
    return True


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


def sighted_items(tx: Tx, entry_id: UUID) -> list[tuple[str, str]]:
    """The (platform, id) of items that an entry matched in the last hour, no two of them copies; at
    most ten."""
    given = {"entry": entry_id, "since": _slot(tx.now) - HOUR + 1, "most": EVIDENCE}
    return [tuple(row) for row in tx.execute(_DIFFERING, given)]


def fold_sightings(tx: Tx) -> int:
    """Add up what is older than the running hour and the one before it, and drop what is older than
    30 days; returns for how many entries and days there was anything. For the worker."""
    # Whole hours of the clock: their contents are counted once, in one go.
    running = _slot(tx.now) // HOUR * HOUR
    folded = tx.execute(_FOLD, {"before": running - HOUR}).rowcount
    tx.execute(sa.delete(sighting_days).where(sighting_days.c.day < _first_day(tx.now)))
    return folded


def forget_sightings(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """Erasure and the end of retention: an item's codes go with its content."""
    tx.execute(sa.delete(sightings).where(sightings.c.item_id.in_(item_ids)))


# A content takes the code of its first copy of the hour, so that they stay one for as long as there
# is one an hour. Sorted, so that two processes take the same rows in the same order.
_RECORD = sa.text(
    """
    INSERT INTO sightings (entry_id, slot, code, item_id)
    SELECT seen.entry, :slot, coalesce(copy.code, seen.code), seen.item
    FROM unnest(CAST(:entries AS uuid[]), CAST(CAST(:codes AS text[]) AS bit(256)[]),
        CAST(:items AS uuid[])) AS seen (entry, code, item)
    LEFT JOIN LATERAL (
        SELECT s.code, s.slot FROM sightings s
        WHERE s.entry_id = seen.entry AND s.slot >= :since
            AND bit_count(s.code # seen.code) <= :bits
        ORDER BY s.slot DESC LIMIT 1
    ) AS copy ON true
    WHERE copy.slot IS DISTINCT FROM :slot
    ORDER BY 1, 3
    ON CONFLICT DO NOTHING
    RETURNING entry_id
    """
)
_MANY = sa.text(
    """
    SELECT entry_id, count(DISTINCT code) AS contents FROM sightings
    WHERE entry_id = ANY(CAST(:entries AS uuid[])) AND slot >= :since
    GROUP BY entry_id HAVING count(DISTINCT code) > :most ORDER BY entry_id
    """
)
_HISTORY = sa.text(
    f"""
    SELECT coalesce(q.lifted_at, e.created_at) AS since,
        (SELECT coalesce(sum(d.contents), 0) FROM sighting_days d
            WHERE d.entry_id = e.id AND d.day >= :day)
        + (SELECT count(DISTINCT (s.slot / {HOUR}, s.code)) FROM sightings s
            WHERE s.entry_id = e.id AND s.slot < :start) AS contents
    FROM entries e LEFT JOIN quarantines q ON q.entry_id = e.id WHERE e.id = :entry
    """  # noqa: S608
)
_DIFFERING = sa.text(
    """
    SELECT i.platform, i.external_id FROM items i WHERE i.id IN (
        SELECT DISTINCT ON (s.code) s.item_id FROM sightings s
        WHERE s.entry_id = :entry AND s.slot >= :since ORDER BY s.code, s.slot LIMIT :most
    ) ORDER BY i.id
    """
)
_FOLD = sa.text(
    f"""
    WITH gone AS (DELETE FROM sightings WHERE slot < :before RETURNING entry_id, slot, code),
    hours AS (
        SELECT entry_id, CAST(to_timestamp(slot * {SLOT_SECONDS}) AT TIME ZONE 'UTC' AS date) AS day,
            count(DISTINCT (slot / {HOUR}, code)) AS contents
        FROM gone GROUP BY 1, 2
    )
    INSERT INTO sighting_days (entry_id, day, contents) SELECT * FROM hours ORDER BY 1, 2
    ON CONFLICT (entry_id, day)
    DO UPDATE SET contents = sighting_days.contents + excluded.contents
    """  # noqa: S608
)
