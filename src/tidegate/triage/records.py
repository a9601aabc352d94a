"""Reading and keeping how reporters have fared: by what their reports came to, each counted once, by the first
decision after it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from tidegate.decisions.outcomes import Outcome
from tidegate.infra.db import Tx
from tidegate.intake.channels import BOUND
from tidegate.intake.tables import reports
from tidegate.triage.tables import outcomes_read, reporter_records
from tidegate.triage.voices import Heard, Record, Voice, heard, words_of

MOST_JUDGED = 50  # of an item's reporters with a record, the best
MOST_NEW = 200  # of those without one, the first
KEPT = timedelta(days=365)


def heard_voices(tx: Tx, item_ids: Sequence[UUID]) -> dict[UUID, Heard]:
    """What the reports on each of these items are worth as voices. Of a crowd the weightiest are read, and of
    newcomers the first: beyond these nothing would change."""
    found: dict[UUID, list[Voice]] = {}
    records: dict[str, Record] = {}
    if not item_ids:
        return {}
    wanted = sa.cast(sorted(set(item_ids)), ARRAY(sa.Uuid))
    asked = sa.select(sa.func.unnest(wanted).label("item_id")).subquery("asked")
    for row in tx.execute(_judged(asked)).all():
        records[row.reporter] = Record(row.upheld, row.rejected)
        found.setdefault(row.item_id, []).append(_voice(row))
    for row in tx.execute(_new(asked)).all():
        found.setdefault(row.item_id, []).append(_voice(row))
    return {item_id: heard(voices, records) for item_id, voices in found.items()}


def record_of(tx: Tx, reporter: str) -> Record:
    """How a reporter, by their pseudonym, has fared."""
    query = sa.select(reporter_records.c.upheld, reporter_records.c.rejected)
    row = tx.execute(query.where(reporter_records.c.reporter == reporter)).one_or_none()
    return Record() if row is None else Record(row.upheld, row.rejected)


def count_outcomes(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    """Count for each reporter what their reports came to. The caller goes through the outcomes in their order,
    each once."""
    for one in outcomes:
        told = (
            sa.select(
                reports.c.reporter,
                sa.literal(int(one.urgent)).label("upheld"),
                sa.literal(int(not one.urgent)).label("rejected"),
                sa.literal(one.at, sa.TIMESTAMP(timezone=True)).label("last_at"),
            )
            .where(reports.c.item_id == one.item, reports.c.reporter.isnot(None))
            .where(reports.c.counts, reports.c.received_at <= one.at)
            .distinct()
        )
        if one.before is not None:
            told = told.where(reports.c.received_at > one.before)
        mine = reporter_records.c
        row = insert(reporter_records).from_select([c.name for c in reporter_records.c], told)
        counted = {
            "upheld": mine.upheld + row.excluded.upheld,
            "rejected": mine.rejected + row.excluded.rejected,
            "last_at": sa.func.greatest(mine.last_at, row.excluded.last_at),
        }
        tx.execute(row.on_conflict_do_update(index_elements=[mine.reporter], set_=counted))


def reads_alone(tx: Tx, reader: str) -> bool:
    """Whether this process is the one that reads now, until the end; the others rest."""
    key = {"name": f"outcomes {reader}"}
    lock = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool(tx.execute(lock, key).scalar_one())


def read_up_to(tx: Tx, reader: str) -> tuple[datetime, UUID] | None:
    """Up to which decision a reader has read; None: it has read none yet."""
    query = sa.select(outcomes_read.c.at, outcomes_read.c.decision_id)
    row = tx.execute(query.where(outcomes_read.c.reader == reader)).one_or_none()
    return None if row is None else (row.at, row.decision_id)


def went_on_to(tx: Tx, reader: str, after: tuple[datetime, UUID]) -> None:
    """Note how far a reader has come, who reads alone."""
    values = {"at": after[0], "decision_id": after[1]}
    row = insert(outcomes_read).values(reader=reader, **values)
    tx.execute(row.on_conflict_do_update(index_elements=[outcomes_read.c.reader], set_=values))


def sweep_records(tx: Tx) -> int:
    """Forget those of whom nothing has come for a year. For the worker."""
    old = sa.delete(reporter_records).where(reporter_records.c.last_at < tx.now - KEPT)
    return tx.execute(old).rowcount


def _judged(asked: sa.Subquery) -> sa.Select[*tuple[object, ...]]:
    """Of each item those reports whose reporters have a record, the best first."""
    mine = (
        sa.select(*_SAID, reporter_records.c.upheld, reporter_records.c.rejected)
        .join(reporter_records, reporter_records.c.reporter == reports.c.reporter)
        .where(reports.c.item_id == asked.c.item_id, reports.c.counts)
        .order_by((reporter_records.c.upheld - reporter_records.c.rejected).desc())
        .limit(MOST_JUDGED)
        .lateral("mine")
    )
    return sa.select(mine).select_from(asked.join(mine, sa.true()))


def _new(asked: sa.Subquery) -> sa.Select[*tuple[object, ...]]:
    """And those whose reporters have none, the first first."""
    known = sa.exists().where(reporter_records.c.reporter == reports.c.reporter)
    mine = (
        sa.select(*_SAID)
        .where(reports.c.item_id == asked.c.item_id, reports.c.counts, ~known)
        .order_by(reports.c.received_at, reports.c.id)
        .limit(MOST_NEW)
        .lateral("mine")
    )
    return sa.select(mine).select_from(asked.join(mine, sa.true()))


_SAID = (
    reports.c.item_id,
    reports.c.reporter,
    reports.c.channel,
    reports.c.received_at,
    reports.c.comment,
)


def _voice(row: sa.Row[tuple[object, ...]]) -> Voice:
    return Voice(
        reporter=row.reporter,
        at=row.received_at,
        vouched=row.channel in BOUND,
        words=words_of(row.comment),
    )
