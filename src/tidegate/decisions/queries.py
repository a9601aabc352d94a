"""Reading evaluations, decisions and what stands by them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from tidegate.content.holds.queries import is_closed
from tidegate.content.model import ItemRow
from tidegate.content.queries import of_platform
from tidegate.content.tables import items
from tidegate.decisions.looks import not_blind
from tidegate.decisions.model import (
    Decision,
    Evaluation,
    Restriction,
    evaluation_json,
    quotes_known,
    without_readings,
)
from tidegate.decisions.restrictions import Standing
from tidegate.decisions.tables import decisions, evaluations, restrictions
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.policy.model import Ground
from tidegate.signals.model import Match

_ITEM_COLUMNS = [items.c[name] for name in ItemRow.__struct_fields__]


def decision_of(row: sa.Row[Any]) -> Decision:
    """A row of the table as a decision."""
    return Decision(
        id=row.id,
        item_id=row.item_id,
        revision=row.revision,
        case_id=row.case_id,
        evaluation_id=row.evaluation_id,
        outcome=row.outcome,
        label=row.label,
        ground=Ground(row.ground_kind, row.ground_reference) if row.ground_kind else None,
        exemption=row.exemption,
        restriction=Restriction(row.scope, row.territory, row.until) if row.scope else None,
        reason=row.reason,
        decided_by=row.decided_by,
        reverses=row.reverses,
        lifts=row.lifts,
        created_at=row.created_at,
        state=row.state,
        leaves_at=row.leaves_at,
        entry=row.entry,
        entry_verdict=row.entry_verdict,
        maker=row.maker,
        order=row.order_id,
    )


def _evaluation(row: sa.Row[Any]) -> Evaluation:
    values = {name: getattr(row, name) for name in Evaluation.__struct_fields__}
    values["matches"] = msgspec.convert(row.matches, list[Match])
    return Evaluation(**values)


def find_decision(tx: Tx, decision_id: UUID) -> Decision | None:
    """The decision, or None."""
    about_none = decisions.c.item_id.is_(None)
    query = sa.select(decisions).where(decisions.c.id == decision_id)
    row = tx.execute(
        query.where(sa.or_(about_none, of_platform(tx, decisions.c.item_id)))
    ).one_or_none()
    return None if row is None else decision_of(row)


def decisions_of(tx: Tx, item_id: UUID, newest: int | None = None) -> list[Decision]:
    """All decisions on an item, or the `newest` so many, the first first."""
    query = (
        sa.select(decisions)
        .where(decisions.c.item_id == item_id, of_platform(tx, decisions.c.item_id))
        .where(not_blind(tx, decisions.c.item_id))
        .order_by(decisions.c.created_at.desc(), decisions.c.id.desc())
        .limit(newest)
    )
    return [decision_of(row) for row in tx.execute(query)][::-1]


def concluded_on(tx: Tx, item_id: UUID) -> list[Decision]:
    """What people and rules concluded about an item and has left, the first first: neither what an order
    says, nor that a restriction came to its end by itself."""
    query = (
        sa.select(decisions)
        .where(decisions.c.item_id == item_id, of_platform(tx, decisions.c.item_id))
        .where(not_blind(tx, decisions.c.item_id), decisions.c.state == "left")
        .where(decisions.c.decided_by != "system", decisions.c.order_id.is_(None))
        .order_by(decisions.c.created_at, decisions.c.id)
    )
    return [decision_of(row) for row in tx.execute(query)]


def decisions_of_case(tx: Tx, case_id: UUID) -> list[Decision]:
    """All decisions on a case that is about no item, the first first."""
    query = (
        sa.select(decisions)
        .where(decisions.c.case_id == case_id)
        .order_by(decisions.c.created_at, decisions.c.id)
    )
    return [decision_of(row) for row in tx.execute(query)]


def decided_by_people(tx: Tx, since: datetime, limit: int) -> list[sa.Row[Any]]:
    """What people decided in cases about items since then, and whether a person has lifted it: `id`,
    `case_id`, `decided_by`, `created_at`, `lifted`; the newest first."""
    ends = decisions.alias("ends")
    lifted = sa.exists().where(
        restrictions.c.decision_id == decisions.c.id,
        restrictions.c.item_id == decisions.c.item_id,
        ends.c.id == restrictions.c.ended_by,
        ends.c.decided_by.startswith("user:"),
    )
    query = (
        sa.select(
            decisions.c.id,
            decisions.c.case_id,
            decisions.c.decided_by,
            decisions.c.created_at,
            lifted.label("lifted"),
        )
        .where(decisions.c.case_id.isnot(None), decisions.c.created_at >= since)
        .where(decisions.c.item_id.isnot(None), decisions.c.state == "left")
        .where(decisions.c.decided_by.startswith("user:"))
        .order_by(decisions.c.created_at.desc())
        .limit(limit)
    )
    return list(tx.execute(query).all())


def is_decided(tx: Tx, item_id: UUID, revision: int) -> bool:
    """Whether a rule or a person has decided this revision before; what is held is decided."""
    query = sa.select(
        sa.exists().where(
            decisions.c.item_id == item_id,
            decisions.c.revision == revision,
            decisions.c.state.in_(["held", "left"]),
        )
    )
    return bool(tx.execute(query).scalar_one())


def standing_on(tx: Tx, item_id: UUID) -> list[Standing]:
    """The restrictions that nobody and nothing has ended yet. One whose end has come is among them
    until it is lifted, moments later: `standing_at` leaves it out.
    """
    return standing_on_each(tx, [item_id])[item_id]


def standing_on_each(tx: Tx, item_ids: Collection[UUID]) -> dict[UUID, list[Standing]]:
    """The same of each of several items."""
    query = sa.select(restrictions).where(
        one_of(restrictions.c.item_id, item_ids),
        restrictions.c.ended_at.is_(None),
        of_platform(tx, restrictions.c.item_id),
    )
    found: dict[UUID, list[Standing]] = {id: [] for id in item_ids}
    for row in tx.execute(query) if item_ids else ():
        found[row.item_id].append(
            Standing(
                id=row.id,
                decision=row.decision_id,
                scope=row.scope,
                territory=row.territory,
                since=row.since,
                until=row.until,
                source=row.source,
                order=row.order_id,
            )
        )
    return found


def standing_decisions(tx: Tx, item_ids: Sequence[UUID]) -> frozenset[UUID]:
    """The decisions by which something stands on these items now."""
    query = sa.select(restrictions.c.decision_id).where(
        restrictions.c.item_id.in_(item_ids),
        restrictions.c.ended_at.is_(None),
        sa.or_(restrictions.c.until.is_(None), restrictions.c.until > tx.now),
    )
    return frozenset(tx.execute(query).scalars())


def lock_expired(tx: Tx, limit: int) -> list[ItemRow]:
    """Items of which a restriction has ended (`until` passed), their rows locked. Items that another
    transaction holds are left for the next look.
    """
    ended = (
        sa.select(restrictions.c.item_id, sa.func.min(restrictions.c.until).label("until"))
        .where(restrictions.c.ended_at.is_(None), restrictions.c.until <= tx.now)
        .group_by(restrictions.c.item_id)
        .subquery()
    )
    query = (
        sa.select(*_ITEM_COLUMNS)
        .join(ended, ended.c.item_id == items.c.id)
        .where(items.c.erased_at.is_(None))
        .order_by(ended.c.until)
        .limit(limit)
        .with_for_update(of=items, skip_locked=True)
    )
    return [ItemRow(**row) for row in tx.execute(query).mappings()]


def evaluations_of(tx: Tx, item_id: UUID) -> list[Evaluation]:
    """All evaluations of an item, the first first."""
    query = (
        sa.select(evaluations)
        .where(evaluations.c.item_id == item_id, of_platform(tx, evaluations.c.item_id))
        .order_by(evaluations.c.created_at, evaluations.c.id)
    )
    return [_evaluation(row) for row in tx.execute(query)]


def telling_evaluations(tx: Tx, item_id: UUID, revision: int) -> list[Evaluation]:
    """What a further look at a revision needs of those that were: the first, each that banks or rules
    brought about, and of those for reports, of which there can be any number, the newest. The first first."""
    rows = tx.execute(_TELLING, {"item": item_id, "revision": revision, "newest": _NEWEST})
    return [_evaluation(row) for row in rows]


_NEWEST = 20
_TELLING = sa.text(
    "WITH mine AS MATERIALIZED (SELECT id, stage, created_at FROM evaluations"
    " WHERE item_id = :item AND revision = :revision),"
    " wanted AS ((SELECT id FROM mine WHERE stage <> 'report')"
    " UNION (SELECT id FROM mine ORDER BY created_at, id LIMIT 1)"
    " UNION (SELECT id FROM mine ORDER BY created_at DESC, id DESC LIMIT :newest))"
    " SELECT e.* FROM evaluations e JOIN wanted USING (id) ORDER BY e.created_at, e.id"
).columns(*evaluations.c)


def evaluations_on(tx: Tx, item_ids: Sequence[UUID]) -> dict[UUID, list[Evaluation]]:
    """All evaluations of each of these items, the first first."""
    query = sa.select(evaluations).where(evaluations.c.item_id.in_(item_ids))
    found: dict[UUID, list[Evaluation]] = {}
    for row in tx.execute(query.order_by(evaluations.c.created_at, evaluations.c.id)):
        found.setdefault(row.item_id, []).append(_evaluation(row))
    return found


def quotes(tx: Tx, item_id: UUID, revision: int) -> bool:
    """Whether known content is quoted in a revision, as any look at it found."""
    query = (
        sa.select(evaluations.c.matches)
        .distinct()
        .where(
            evaluations.c.item_id == item_id,
            evaluations.c.revision == revision,
            of_platform(tx, evaluations.c.item_id),
        )
    )
    found = tx.execute(query).scalars()
    return any(quotes_known(msgspec.convert(matches, list[Match])) for matches in found)


def telling_evaluation(tx: Tx, item_id: UUID, revision: int) -> dict[str, Any] | None:
    """Of the looks at a revision the newest that says more than pass, else the newest, as it is shown:
    there is one for each report. Of an old one that passes, problems are not looked for."""
    query = sa.select(evaluations).where(
        evaluations.c.item_id == item_id,
        evaluations.c.revision == revision,
        of_platform(tx, evaluations.c.item_id),
    )
    newest = query.order_by(evaluations.c.created_at.desc(), evaluations.c.id.desc())
    rows = [
        *tx.execute(newest.where(evaluations.c.verdict != "pass").limit(1)).all(),
        *tx.execute(newest.limit(20)).all(),
    ]
    telling = (row for row in rows if row.verdict != "pass" or row.problems)
    row = next(telling, rows[0] if rows else None)
    if row is None:
        return None
    shown = evaluation_json(_evaluation(row))
    if is_closed(tx, item_id):
        shown["rules"] = without_readings(shown["rules"])
    return shown


def last_decisions(tx: Tx, item_ids: Collection[UUID]) -> dict[UUID, Decision]:
    """What people or rules decided last on each of these items; those on which they did not are left out."""
    if not item_ids:
        return {}
    query = (
        sa.select(decisions)
        .ext(distinct_on(decisions.c.item_id))
        .where(decisions.c.item_id.in_(item_ids), of_platform(tx, decisions.c.item_id))
        .where(not_blind(tx, decisions.c.item_id), decisions.c.order_id.is_(None))
        .order_by(decisions.c.item_id, decisions.c.created_at.desc(), decisions.c.id.desc())
    )
    return {row.item_id: decision_of(row) for row in tx.execute(query)}


def outcomes_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """The outcomes of these decisions, which the caller found among what it may see."""
    if not ids:
        return {}
    query = sa.select(decisions.c.id, decisions.c.outcome).where(decisions.c.id.in_(ids))
    return {row.id: row.outcome for row in tx.execute(query)}


def last_looks(
    tx: Tx, first: UUID, reached: UUID, last: UUID, size: int
) -> tuple[int, UUID | None, list[Evaluation]]:
    """A page of the evaluations from `first` to before `last`, from the one before `reached` downwards: how
    many they are, the id of the lowest (None: none is left), and those that are the last of their item."""
    later = evaluations.alias("later")
    is_last = ~sa.exists().where(
        later.c.item_id == evaluations.c.item_id,
        later.c.id > evaluations.c.id,
        later.c.id < last,
    )
    query = (
        sa.select(evaluations, is_last.label("is_last"))
        .where(evaluations.c.id >= first, evaluations.c.id < reached)
        .where(of_platform(tx, evaluations.c.item_id))
        .order_by(evaluations.c.id.desc())
        .limit(size)
    )
    rows = tx.execute(query).all()
    lowest = rows[-1].id if rows else None
    return len(rows), lowest, [_evaluation(row) for row in rows if row.is_last]


def count_looks(tx: Tx, firsts: Sequence[UUID], last: UUID, most: int) -> list[int]:
    """How many evaluations there are from each of these ids to before `last`, counted up to `most`."""
    newest = (
        sa.select(evaluations.c.id)
        .where(evaluations.c.id >= min(firsts), evaluations.c.id < last)
        .where(of_platform(tx, evaluations.c.item_id))
        .order_by(evaluations.c.id.desc())
        .limit(most)
        .subquery()
    )
    counts = [sa.func.count().filter(newest.c.id >= first) for first in firsts]
    return [int(count) for count in tx.execute(sa.select(*counts)).one()]


def shown_evaluations(tx: Tx, item_id: UUID) -> list[dict[str, Any]]:
    """All evaluations of an item as they are shown, the first first. What rules read is a part of the
    content: where that is closed to the reader, so is this."""
    closed = is_closed(tx, item_id)
    shown = [evaluation_json(one) for one in evaluations_of(tx, item_id)]
    for one in shown if closed else []:
        one["rules"] = without_readings(one["rules"])
    return shown
