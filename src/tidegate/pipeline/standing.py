"""What a decision changes of what stands on an item, and what the platform is told of it.

Whoever calls holds the item's row, and issues the instructions last, all at once.
"""

from collections.abc import Sequence
from uuid import UUID

from tidegate.content.actions import set_restriction
from tidegate.content.model import ItemRow
from tidegate.decisions import actions as decisions
from tidegate.decisions.model import Decision, Restriction, decision_json, effect
from tidegate.decisions.queries import standing_on
from tidegate.decisions.restrictions import (
    Standing,
    by_strength,
    effective,
    standing_at,
)
from tidegate.enforcement.model import Instruction
from tidegate.infra.db import Tx
from tidegate.pipeline.alerts import call
from tidegate.policy.model import Ground
from tidegate.review.actions import touch
from tidegate.review.alerts import rings_about


def settle(tx: Tx, item: ItemRow) -> tuple[list[Standing], list[Instruction]]:
    """What stands on the item now, having lifted what has come to its end: whoever decides in the
    moments before the worker does it finds the item as the worker would have left it.
    """
    if item.restricted_by is None:
        return [], []
    standing = standing_on(tx, item.id)
    running = standing_at(standing, tx.now)
    ended = by_strength(one for one in standing if one not in running)
    if not ended:
        return running, []
    decision = decisions.record(
        tx,
        item=item,
        revision=item.revision,
        outcome="lift",
        reason=_ended(ended),
        decided_by="system",
        lifts=ended,
        by_order=next((one.order for one in ended if one.order is not None), None),
    )
    told = carry_out(tx, item, standing, decision)
    return running, [] if told is None else [told]


def carry_out(
    tx: Tx,
    item: ItemRow,
    standing: Sequence[Standing],
    decision: Decision,
    *,
    by_order: UUID | None = None,
) -> Instruction | None:
    """Let stand and end what the decision says, of what stood before it; the instruction for the platform,
    where that comes to another state than before or the decision is to escalate, which also rings for
    people. The item's cases show the decision."""
    assert decision.revision is not None
    touch(tx, [item.id])
    after = [one for one in standing if one.id not in decision.lifts]
    if decision.lifts:
        decisions.end_lifted(tx, decision)
    if decision.restriction is not None:
        after.append(decisions.impose(tx, decision, decision.restriction, by_order))
    if after != standing:
        set_restriction(tx, item.id, by_strength(after)[0].decision if after else None)
    if decision.outcome == "escalate" and not _has_rung(tx, item, decision):
        case = decision.case_id
        call(tx, "escalation", item_id=item.id, case_id=case, platform=item.platform)
    now = effective(after)
    kind = "escalate" if decision.outcome == "escalate" else effect(effective(standing), now)
    if kind is None:
        return None
    return Instruction(kind, item, decision.revision, decision_json(decision), now)


def _has_rung(tx: Tx, item: ItemRow, decision: Decision) -> bool:
    """Whether people were called already for what made a rule escalate."""
    return decision.decided_by.startswith("rule:") and rings_about(tx, item.id)


def impose(
    tx: Tx,
    item: ItemRow,
    *,
    order: UUID,
    restriction: Restriction,
    reason: str,
    reference: str | None = None,
    label: str | None = None,
) -> tuple[Decision, list[Instruction]]:
    """Restrict an item because a legal order says so, which goes by this `reference`: until that order
    ends, whatever is decided meanwhile. Whether an exemption applies is nobody's question here."""
    standing, instructions = settle(tx, item)
    decision = decisions.record(
        tx,
        item=item,
        revision=item.revision,
        outcome="restrict",
        reason=reason,
        label=label,
        ground=Ground("order", reference or str(order)),
        restriction=restriction,
        by_order=order,
    )
    told = carry_out(tx, item, standing, decision, by_order=order)
    return decision, instructions if told is None else [*instructions, told]


def end_of_order(
    tx: Tx, item: ItemRow, *, order: UUID, reason: str
) -> tuple[Decision | None, list[Instruction]]:
    """End what stands on an item by a legal order, and nothing else. No decision where nothing does."""
    standing, instructions = settle(tx, item)
    ended = by_strength(one for one in standing if one.order == order)
    if not ended:
        return None, instructions
    decision = decisions.record(
        tx,
        item=item,
        revision=item.revision,
        outcome="lift",
        reason=reason,
        lifts=ended,
        by_order=order,
    )
    told = carry_out(tx, item, standing, decision)
    return decision, instructions if told is None else [*instructions, told]


def _ended(ended: Sequence[Standing]) -> str:
    """In words, for people."""
    times = sorted({f"{one.until:%Y-%m-%d %H:%M}" for one in ended if one.until is not None})
    what = "The restriction" if len(ended) == 1 else f"{len(ended)} restrictions"
    return f"{what} ended at {', '.join(times)} UTC."
