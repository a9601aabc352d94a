"""Bulks: one decision for many cases, previewed, then carried out case by case, and undone as one.

A bulk is `previewed`, `running`, `done`; or from `running` and `done`, while its decisions have not left,
`undoing` and `undone`. Each of its cases is `waiting`, `decided`, `left_out` (with a code: why) or `undone`.
Whoever works on one holds the case before the bulk.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.access.model import bound_to
from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.review.filters import Filter
from tidegate.review.model import CaseRow
from tidegate.review.passing import passing
from tidegate.review.queries import CASE_COLUMNS
from tidegate.review.sight import in_sight
from tidegate.review.tables import bulk_cases, bulks, cases

MOST = 500
PREVIEW_LASTS = timedelta(days=1)
# While a bulk is carried out or undone its decisions wait for its end, but not for ever.
AT_MOST = timedelta(hours=1)

BulkState = Literal["previewed", "running", "done", "undoing", "undone"]
MemberState = Literal["waiting", "decided", "left_out", "undone"]


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk. `decision` is what its form says, and once it is applied what each case is decided by."""

    id: UUID
    person: str
    actor: str
    platforms: list[str] | None
    queues: list[str] | None
    languages: list[str] | None
    decision: dict[str, Any]
    undo_seconds: float
    state: BulkState
    created_at: datetime
    ended_at: datetime | None

    @property
    def by(self) -> Acting:
        """In whose name its cases are decided."""
        return Acting(
            self.actor,
            platforms=bound_to(self.platforms),
            queues=bound_to(self.queues),
            languages=bound_to(self.languages),
            orders="free",
        )


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A case of a bulk; `version` is the case's as the preview saw it."""

    case_id: UUID
    version: int
    state: MemberState
    why: str | None
    decision_id: UUID | None


class Undoing(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk that its person can still undo as a whole; `leaves_at` None: it is being carried out."""

    id: UUID
    outcome: str
    decided: int
    applied_at: datetime
    leaves_at: datetime | None


_COLUMNS = [bulks.c[name] for name in Bulk.__struct_fields__]
_MEMBER = [bulk_cases.c[name] for name in Member.__struct_fields__]
_OPEN = bulks.c.state.in_([sa.literal_column("'running'"), sa.literal_column("'undoing'")])


def selected(tx: Tx, ids: Sequence[UUID], filter: Filter | None) -> list[CaseRow]:
    """The cases that were selected, one by one or by a filter, in the order of the queue; at most so many
    as a bulk has. Those that may not be seen are left out."""
    chosen = sa.and_(cases.c.id.in_(ids), in_sight(tx))
    query = (
        sa.select(*CASE_COLUMNS)
        .where(chosen if filter is None else passing(tx, filter))
        .order_by(cases.c.band, cases.c.place_at, cases.c.id)
        .limit(MOST)
    )
    return [CaseRow(**row) for row in tx.execute(query).mappings()]


def _named(bound: frozenset[str] | None) -> list[str] | None:
    return None if bound is None else sorted(bound)


def groups_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The group of the same content of each of these cases that is in one."""
    query = sa.select(cases.c.id, cases.c.same).where(cases.c.id.in_(ids), cases.c.same.isnot(None))
    return {row.id: row.same for row in tx.execute(query)}


def preview(
    tx: Tx,
    decision: Mapping[str, Any],
    members: Iterable[tuple[CaseRow, str | None]],
    undo_seconds: float,
    *,
    bulk_id: UUID | None = None,
) -> UUID:
    """Keep a selection and what is to be decided of it; of each case why it is left out, if it is. It goes by
    `bulk_id`, or by an id of its own."""
    bulk_id = bulk_id or uuid7(tx.now)
    tx.execute(
        sa.insert(bulks).values(
            id=bulk_id,
            person=tx.identity,
            actor=tx.actor,
            platforms=_named(tx.platforms),
            queues=_named(tx.queues),
            languages=_named(tx.languages),
            decision=dict(decision),
            undo_seconds=undo_seconds,
            state="previewed",
            created_at=tx.now,
        )
    )
    rows = [
        {
            "bulk_id": bulk_id,
            "case_id": case.id,
            "position": place,
            "version": case.version,
            "state": "waiting" if why is None else "left_out",
            "why": why,
        }
        for place, (case, why) in enumerate(members)
    ]
    tx.execute(insert(bulk_cases), rows)
    return bulk_id


def get_bulk(tx: Tx, bulk_id: UUID, *, lock: Literal["share", "update"] | None = None) -> Bulk:
    """The actor's bulk. Raises Refusal (404), also for another person's."""
    query = sa.select(*_COLUMNS).where(bulks.c.id == bulk_id, bulks.c.person == tx.identity)
    if lock is not None:
        query = query.with_for_update(read=lock == "share")
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise bulk_unknown(bulk_id)
    return Bulk(**row)


def members_of(tx: Tx, bulk_id: UUID) -> list[Member]:
    """The cases of a bulk, in their order."""
    query = sa.select(*_MEMBER).where(bulk_cases.c.bulk_id == bulk_id)
    found = tx.execute(query.order_by(bulk_cases.c.position)).mappings()
    return [Member(**row) for row in found]


def start(tx: Tx, bulk: Bulk, decision: Mapping[str, Any], undo_seconds: float) -> None:
    """Let a previewed bulk be carried out. The caller holds it."""
    values = {"decision": dict(decision), "undo_seconds": undo_seconds, "state": "running"}
    tx.execute(sa.update(bulks).where(bulks.c.id == bulk.id).values(values))
    if decision.get("exemption") is not None:
        answered = bulk_cases.c.why == "exemption"
        back = sa.update(bulk_cases).where(bulk_cases.c.bulk_id == bulk.id, answered)
        tx.execute(back.values(state="waiting", why=None))


def stop(tx: Tx, bulk: Bulk) -> list[UUID]:
    """Let nothing more of a bulk begin, and what was decided be undone; the decisions. The caller holds
    it."""
    tx.execute(sa.update(bulks).where(bulks.c.id == bulk.id).values(state="undoing"))
    mine = bulk_cases.c.bulk_id == bulk.id
    waiting = sa.update(bulk_cases).where(mine, bulk_cases.c.state == "waiting")
    tx.execute(waiting.values(state="left_out", why="stopped"))
    return decided_in(tx, bulk.id)


def decided_in(tx: Tx, bulk_id: UUID) -> list[UUID]:
    """The decisions of a bulk that were not undone."""
    query = sa.select(bulk_cases.c.decision_id).where(
        bulk_cases.c.bulk_id == bulk_id, bulk_cases.c.state == "decided"
    )
    return list(tx.execute(query).scalars())


def open_bulks(tx: Tx, limit: int = 20) -> list[Bulk]:
    """The bulks on which there is work, the first first. For the worker."""
    query = sa.select(*_COLUMNS).where(_OPEN).order_by(bulks.c.created_at).limit(limit)
    return [Bulk(**row) for row in tx.execute(query).mappings()]


def lock_running(tx: Tx, person: str) -> list[Bulk]:
    """The bulks of an identity that are being carried out, locked."""
    query = sa.select(*_COLUMNS).where(bulks.c.person == person, bulks.c.state == "running")
    return [Bulk(**row) for row in tx.execute(query.with_for_update()).mappings()]


def to_do(tx: Tx, bulk: Bulk, limit: int) -> list[Member]:
    """The next cases to decide, or to undo the decisions of. Nothing is locked."""
    state, left = bulk_cases.c.state, bulk_cases.c.why.is_(None)
    what = state == "waiting" if bulk.state == "running" else sa.and_(state == "decided", left)
    query = sa.select(*_MEMBER).where(bulk_cases.c.bulk_id == bulk.id, what)
    found = tx.execute(query.order_by(bulk_cases.c.position).limit(limit)).mappings()
    return [Member(**row) for row in found]


def lock_member(tx: Tx, bulk: Bulk, case_id: UUID) -> Member | None:
    """The case of a bulk, locked, while the bulk is as it was; None where it is not. The caller holds the
    case."""
    if get_bulk(tx, bulk.id, lock="share").state != bulk.state:
        return None
    query = sa.select(*_MEMBER).where(
        bulk_cases.c.bulk_id == bulk.id, bulk_cases.c.case_id == case_id
    )
    return Member(**tx.execute(query.with_for_update()).mappings().one())


def settle_member(
    tx: Tx,
    bulk: Bulk,
    case_id: UUID,
    state: MemberState,
    *,
    why: str | None = None,
    decision_id: UUID | None = None,
) -> None:
    """What has become of a case of a bulk. The caller holds it."""
    values: dict[str, Any] = {"state": state, "why": why}
    if decision_id is not None:
        values["decision_id"] = decision_id
    mine = (bulk_cases.c.bulk_id == bulk.id, bulk_cases.c.case_id == case_id)
    tx.execute(sa.update(bulk_cases).where(*mine).values(values))


def end(tx: Tx, bulk: Bulk) -> bool:
    """A bulk in which nothing is left to do has ended; whether it has now. Its decisions have the reason:
    here it goes."""
    held = get_bulk(tx, bulk.id, lock="update")
    if held.state != bulk.state or to_do(tx, held, 1):
        return False
    over: BulkState = "done" if held.state == "running" else "undone"
    values = {"state": over, "ended_at": tx.now}
    tx.execute(sa.update(bulks).where(bulks.c.id == bulk.id).values(values))
    _forget_reason(tx, held)
    return True


def undoable_bulks(tx: Tx) -> list[Undoing]:
    """The actor's bulks that can be undone as a whole, the last first."""
    until = bulks.c.ended_at + sa.func.make_interval(0, 0, 0, 0, 0, 0, bulks.c.undo_seconds)
    decided = sa.func.count().filter(bulk_cases.c.state == "decided")
    query = (
        sa.select(*_COLUMNS, until.label("until"), decided.label("decided"))
        .join(bulk_cases, bulk_cases.c.bulk_id == bulks.c.id)
        .where(bulks.c.person == tx.identity, bulks.c.created_at > tx.now - PREVIEW_LASTS)
        .where(sa.or_(bulks.c.state == "running", sa.and_(bulks.c.state == "done", until > tx.now)))
        .where(bulks.c.undo_seconds > 0)
        .group_by(bulks.c.id)
        .order_by(bulks.c.created_at.desc())
    )
    return [
        Undoing(
            id=row.id,
            outcome=row.decision["outcome"],
            decided=row.decided,
            applied_at=row.created_at,
            leaves_at=row.until,
        )
        for row in tx.execute(query)
    ]


def of_bulks(tx: Tx, bulk_ids: Sequence[UUID], decision_ids: Sequence[UUID]) -> set[UUID]:
    """Which of the decisions were made in one of the bulks."""
    if not bulk_ids or not decision_ids:
        return set()
    query = sa.select(bulk_cases.c.decision_id).where(
        bulk_cases.c.bulk_id.in_(bulk_ids), bulk_cases.c.decision_id.in_(decision_ids)
    )
    return set(tx.execute(query).scalars())


def is_being_undone(tx: Tx, case_id: UUID | None, decision_id: UUID) -> bool:
    """Whether a case's decision was made in a bulk that somebody has undone: it must not leave."""
    made = (bulk_cases.c.case_id == case_id, bulk_cases.c.decision_id == decision_id)
    query = sa.exists().where(*made, bulks.c.id == bulk_cases.c.bulk_id, bulks.c.state == "undoing")
    return bool(tx.execute(sa.select(query)).scalar_one())


def drop_previews(tx: Tx, limit: int = 100) -> int:
    """Forget what was previewed a day ago and never applied; returns how many. For the worker."""
    old = (
        sa.select(bulks.c.id)
        .where(bulks.c.state == "previewed", bulks.c.created_at <= tx.now - PREVIEW_LASTS)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(tx.execute(old).scalars())
    if ids:
        tx.execute(sa.delete(bulk_cases).where(bulk_cases.c.bulk_id.in_(ids)))
        tx.execute(sa.delete(bulks).where(bulks.c.id.in_(ids)))
    return len(ids)


def forget_bulks(tx: Tx, item_id: UUID) -> None:
    """Erasure: what somebody wrote as the reason of a selection that the item is in. Of one that runs it
    goes when that has ended."""
    about = (
        sa.select(bulk_cases.c.bulk_id)
        .join(cases, cases.c.id == bulk_cases.c.case_id)
        .where(cases.c.item_id == item_id)
    )
    previewed = sa.select(*_COLUMNS).where(bulks.c.id.in_(about), bulks.c.state == "previewed")
    for row in tx.execute(previewed).mappings().all():
        _forget_reason(tx, Bulk(**row))


def _forget_reason(tx: Tx, bulk: Bulk) -> None:
    kept = {name: value for name, value in bulk.decision.items() if name != "reason"}
    tx.execute(sa.update(bulks).where(bulks.c.id == bulk.id).values(decision=kept))


def bulk_unknown(bulk_id: object) -> Refusal:
    return Refusal(
        "bulk-unknown",
        404,
        "There is no such selection",
        f"No selection {str(bulk_id)[:64]} of yours.",
    )
