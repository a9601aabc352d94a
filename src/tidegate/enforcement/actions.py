"""Issuing actions and announcing cases: the outbox side of enforcement.

What is issued commits with the decision that it follows from; `deliver.py` brings it to the
targets afterwards.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.content.actions import next_sequences
from tidegate.content.model import ItemRow
from tidegate.content.queries import item_by_id
from tidegate.decisions.restrictions import Effective
from tidegate.enforcement.model import (
    AHEAD,
    Action,
    ActionKind,
    Instruction,
    OpenedCase,
    message_body,
    public_decision,
)
from tidegate.enforcement.tables import actions, deliveries, messages, webhooks
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append, append_many
from tidegate.ledger.model import NewEntry


def issue(
    tx: Tx,
    *,
    kind: ActionKind,
    item: ItemRow,
    revision: int,
    decision: Mapping[str, Any] | msgspec.Struct,
    effective: Effective,
) -> Action:
    """Issue one action. The caller holds the item's row; nothing else may be locked after this."""
    return issue_many(tx, [Instruction(kind, item, revision, decision, effective)])[0]


def issue_many(tx: Tx, instructions: Sequence[Instruction]) -> list[Action]:
    """Issue actions in order, each with its ledger entry, its message and its deliveries.

    The counter of action numbers is taken last and held until the commit: a transaction that acts
    on several items locks all of them first and calls this once.
    """
    if not instructions:
        return []
    drafts: list[tuple[Instruction, UUID, UUID, int, str]] = []
    bodies: list[dict[str, Any]] = []
    sequences = next_sequences(tx, [one.item.id for one in instructions])
    for instruction, sequence in zip(instructions, sequences, strict=True):
        id = uuid7(tx.now)
        decision = public_decision(instruction.decision)
        body = message_body(
            f"action.{instruction.kind}",
            tx.now,
            instruction.item,
            instruction.revision,
            sequence,
            action=id,
            decision=decision,
            effective=instruction.effective,
        )
        bodies.append(new_message(tx, f"action.{instruction.kind}", instruction.item.id, body))
        drafts.append((instruction, id, UUID(decision["id"]), sequence, bodies[-1]["id"]))
    send(tx, bodies)
    first = tx.next_number("actions", len(instructions))
    issued = [
        Action(
            id=id,
            number=first + place,
            kind=instruction.kind,
            item_id=instruction.item.id,
            revision=instruction.revision,
            sequence=sequence,
            decision_id=decision_id,
            message_id=message_id,
            created_at=tx.now,
        )
        for place, (instruction, id, decision_id, sequence, message_id) in enumerate(drafts)
    ]
    tx.execute(sa.insert(actions), [msgspec.structs.asdict(action) for action in issued])
    append_many(
        tx,
        [
            NewEntry(
                "action.issued",
                {
                    "action": action.id,
                    "number": action.number,
                    "kind": action.kind,
                    "item": action.item_id,
                    "revision": action.revision,
                    "sequence": action.sequence,
                    "decision": action.decision_id,
                    "message": action.message_id,
                    "effective": instruction.effective,
                },
                action.item_id,
                instruction.item.platform,
            )
            for action, instruction in zip(issued, instructions, strict=True)
        ],
    )
    return issued


def announce_cases(tx: Tx, opened: Sequence[OpenedCase]) -> None:
    """Tell the webhooks that want to know that cases were opened. Nothing is written when none does."""
    if not opened or not targets_of(tx, {"case.opened"}):
        return
    send(
        tx,
        [
            new_message(
                tx,
                "case.opened",
                one.item and one.item.id,
                message_body(
                    "case.opened",
                    tx.now,
                    one.item,
                    one.revision,
                    one.item and one.item.sequence,
                    case=one,
                ),
            )
            for one in opened
        ],
    )


def replay(tx: Tx, action_id: UUID) -> int:
    """Send an action's message once more, under its old id, to every target that enforces.

    Returns to how many. Raises Refusal: 404 "action-unknown"; 410 "action-erased" when the item
    was erased; 409 "no-target" when no webhook enforces.
    """
    action = tx.execute(
        sa.select(
            actions.c.number, actions.c.item_id, messages.c.id, messages.c.type, messages.c.body
        )
        .join(messages, messages.c.id == actions.c.message_id)
        .where(actions.c.id == action_id)
    ).first()
    item = None if action is None else item_by_id(tx, action.item_id)
    if action is None or item is None:
        raise Refusal("action-unknown", 404, "There is no such action")
    if action.body is None:
        raise Refusal(
            "action-erased", 410, "The action's message was erased", "Its item was erased."
        )
    targets = [id for id, enforce, _ in targets_of(tx, {action.type}) if enforce]
    if not targets:
        raise Refusal(
            "no-target",
            409,
            "No webhook would get it",
            "Create a webhook that enforces, or switch one from observe to enforce.",
        )
    fresh = {"state": "pending", "attempts": 0, "releases": 0, "next_at": tx.now}
    tx.execute(
        insert(deliveries).on_conflict_do_update(
            index_elements=["message_id", "webhook_id"],
            set_=fresh | {"first_attempt_at": None, "delivered_at": None},
        ),
        [
            {"message_id": action.id, "webhook_id": id, "created_at": tx.now, **fresh}
            for id in targets
        ],
    )
    record = {"action": action_id, "number": action.number}
    append(tx, "action.replayed", record, item.id, item.platform)
    return len(targets)


def forget_payloads(tx: Tx, item_id: UUID) -> int:
    """Erase what the messages about an item say, and cancel those not yet delivered.

    The actions themselves stay. Returns how many deliveries were cancelled.
    """
    about = sa.select(messages.c.id).where(messages.c.item_id == item_id)
    cancelled = tx.execute(
        sa.update(deliveries)
        .where(deliveries.c.message_id.in_(about))
        .where(deliveries.c.state.in_(["pending", "dead", "observed"]))
        .values(state="cancelled", last_error="the item was erased")
    ).rowcount
    tx.execute(sa.update(messages).where(messages.c.item_id == item_id).values(body=None))
    return cancelled


def targets_of(tx: Tx, types: set[str]) -> list[tuple[UUID, bool, list[str]]]:
    """The enabled webhooks that take one of these message types: id, whether it enforces, types."""
    rows = tx.execute(
        sa.select(webhooks.c.id, webhooks.c.enforce, webhooks.c.events)
        .where(webhooks.c.disabled_at.is_(None), webhooks.c.events.overlap(list(types)))
        .order_by(webhooks.c.id)
    )
    return [(row.id, row.enforce, row.events) for row in rows]


def new_message(tx: Tx, type: str, item_id: UUID | None, body: bytes) -> dict[str, Any]:
    """A row for `messages`; ids sort by time, so a target gets its messages in order."""
    id = f"msg_{uuid7(tx.now).hex}"
    return {"id": id, "type": type, "item_id": item_id, "body": body, "created_at": tx.now}


def send(tx: Tx, drafts: Sequence[dict[str, Any]], *, ahead: bool = False) -> None:
    """Write messages and one delivery for each target; a target in observe mode only records. With `ahead` they
    go before what waits for the target already."""
    tx.execute(sa.insert(messages), list(drafts))
    targets = targets_of(tx, {draft["type"] for draft in drafts})
    rows = [
        {
            "message_id": draft["id"],
            "webhook_id": id,
            "state": "pending" if enforce else "observed",
            "next_at": tx.now - AHEAD if ahead else tx.now,
            "created_at": tx.now,
        }
        for draft in drafts
        for id, enforce, events in targets
        if draft["type"] in events
    ]
    if rows:
        tx.execute(sa.insert(deliveries), rows)
