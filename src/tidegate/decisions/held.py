"""Decisions that are held: made and told, but nothing of what they do begins before they leave. Until
then their maker can take them back.

Each step is taken by who holds the subject's row, in the order subject, case, decision, and only where
the decision is still held then: whatever is asked twice, or by two at once, happens once.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import of_platform
from tidegate.decisions.actions import Made, tell
from tidegate.decisions.model import Decision, Subject
from tidegate.decisions.queries import decision_of
from tidegate.decisions.restrictions import Standing
from tidegate.decisions.tables import decisions
from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.actions import append

# A literal, not a parameter: only so does a prepared statement use the partial indexes.
_HELD = decisions.c.state == sa.literal_column("'held'")


class Due(msgspec.Struct, frozen=True):
    """A decision whose time to leave has come, and in whose name it does."""

    id: UUID
    item_id: UUID | None
    by: Acting


def held_by(tx: Tx, person: str, limit: int = 20) -> list[Decision]:
    """What an identity has decided and can still undo, the last first."""
    query = (
        sa.select(decisions)
        .where(_HELD, decisions.c.maker == person, decisions.c.leaves_at > tx.now)
        .order_by(decisions.c.created_at.desc(), decisions.c.id.desc())
        .limit(limit)
    )
    return [decision_of(row) for row in tx.execute(query)]


def held_on(tx: Tx, item_id: UUID) -> Decision | None:
    """What is decided about an item and has not left yet, of several the last."""
    query = sa.select(decisions).where(
        _HELD, decisions.c.item_id == item_id, of_platform(tx, decisions.c.item_id)
    )
    row = tx.execute(query.order_by(decisions.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else decision_of(row)


def due(tx: Tx, limit: int) -> list[Due]:
    """What is to leave now, the first first; nothing is locked."""
    query = (
        sa.select(decisions.c.id, decisions.c.item_id, decisions.c.decided_by, decisions.c.maker)
        .where(_HELD, decisions.c.leaves_at <= tx.now)
        .order_by(decisions.c.leaves_at, decisions.c.id)
        .limit(limit)
    )
    return [
        Due(row.id, row.item_id, _acting(row.decided_by, row.maker)) for row in tx.execute(query)
    ]


def _acting(decided_by: str, maker: str) -> Acting:
    """In the name of who decided; what they may was settled when they did."""
    return Acting(decided_by, maker[4:] if maker.startswith("key#") else None)


def lock_decision(tx: Tx, decision_id: UUID) -> Decision:
    """The decision, locked. The caller holds its subject, and knows that it is there."""
    query = sa.select(decisions).where(decisions.c.id == decision_id).with_for_update()
    return decision_of(tx.execute(query).one())


def made_at(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When decisions were made."""
    query = sa.select(decisions.c.id, decisions.c.created_at).where(decisions.c.id.in_(ids))
    return {row.id: row.created_at for row in tx.execute(query)}


def leave(
    tx: Tx, decision: Decision, subject: Subject, platform: str | None, lifts: Sequence[Standing]
) -> Decision:
    """Let a held decision leave: it ends `lifts`, of what it meant to end. The caller holds both rows,
    and carries out the decision's effect."""
    left = msgspec.structs.replace(
        decision,
        state="left",
        reverses=lifts[0].decision if lifts else None,
        lifts=[one.id for one in lifts],
    )
    tx.execute(
        sa.update(decisions)
        .where(decisions.c.id == decision.id)
        .values(state=left.state, reverses=left.reverses, lifts=left.lifts)
    )
    tell(tx, Made(left, subject, platform, lifts))
    return left


def undo(
    tx: Tx, decision: Decision, subject: Subject, platform: str | None, *, promised: bool = False
) -> None:
    """Take a held decision back; one that was `promised` to be also when its time is over. The caller holds
    both rows.

    Raises Refusal: 403 for who did not make it; 409 "already-left", also of one that never waited,
    "already-undone", "already-cancelled".
    """
    if decision.maker is not None and decision.maker != tx.identity:
        # Who agreed to another's decision made it leave.
        person = decision.maker if decision.maker.startswith("user:") else decision.decided_by
        raise Refusal(
            "not-yours",
            403,
            "Somebody else decided it",
            f"Only {person} can undo the decision.",
        )
    if not (promised and decision.state == "held"):
        _refuse_unless_held(tx, decision)
    tx.execute(sa.update(decisions).where(decisions.c.id == decision.id).values(state="undone"))
    record = {"decision": decision.id, "case": decision.case_id, "subject": subject}
    append(tx, "decision.undone", record, subject.id, platform)


def _refuse_unless_held(tx: Tx, decision: Decision) -> None:
    if decision.state in ("undone", "cancelled"):
        raise Refusal(
            f"already-{decision.state}",
            409,
            f"The decision is {decision.state} already",
            "There is nothing left to undo.",
        )
    if decision.state == "left" or decision.leaves_at is None or decision.leaves_at <= tx.now:
        raise Refusal(
            "already-left",
            409,
            "The decision has left already",
            "It can no longer be undone. A restriction can be lifted, a case reopened.",
            leaves_at=decision.leaves_at,
        )


def leave_at(tx: Tx, ids: Sequence[UUID], at: datetime) -> None:
    """Let those of these decisions that are held leave at another time, all at once."""
    tx.execute(sa.update(decisions).where(_HELD, decisions.c.id.in_(ids)).values(leaves_at=at))


def overtake(tx: Tx, decision: Decision, subject: Subject, platform: str | None) -> None:
    """Cancel the restrictions of an item that are held and were decided before this pass, which ends
    them all, whatever leaves first. The caller holds the item."""
    query = (
        sa.update(decisions)
        .where(
            _HELD,
            decisions.c.item_id == decision.item_id,
            decisions.c.outcome == "restrict",
            decisions.c.created_at < decision.created_at,
        )
        .values(state="cancelled")
        .returning(decisions.c.id)
    )
    for id in tx.execute(query).scalars().all():
        record = {"decision": id, "by": decision.id, "subject": subject}
        append(tx, "decision.cancelled", record, subject.id, platform)


def decision_unknown(decision_id: object) -> Refusal:
    return Refusal(
        "decision-unknown",
        404,
        "There is no such decision",
        f"No decision {str(decision_id)[:64]}.",
    )
