"""What a decision changes of what stands on an item, and what the platform is told of it.

Whoever calls holds the item's row, and issues the instructions last, all at once.
"""

from collections.abc import Sequence
from uuid import UUID

from tidegate.content.actions import set_restrictions
from tidegate.content.model import ItemRow
from tidegate.decisions import actions as decisions
from tidegate.decisions.model import Decision, Restriction, Subject, decision_json, effect
from tidegate.decisions.queries import standing_on_each
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

Standings = dict[UUID, list[Standing]]
"""What stands on items, by their ids."""


def settle(tx: Tx, item: ItemRow) -> tuple[list[Standing], list[Instruction]]:
    """What stands on the item now, having lifted what has come to its end: whoever decides in the
    moments before the worker does it finds the item as the worker would have left it.
    """
    standing, instructions = settle_each(tx, [item])
    return standing[item.id], instructions


def settle_each(tx: Tx, items: Sequence[ItemRow]) -> tuple[Standings, list[Instruction]]:
    """The same of several items, all different."""
    restricted = [one.id for one in items if one.restricted_by is not None]
    standing: Standings = {one.id: [] for one in items}
    standing |= standing_on_each(tx, restricted) if restricted else {}
    over: list[tuple[ItemRow, list[Standing]]] = []
    for item in items:
        running = standing_at(standing[item.id], tx.now)
        over.append((item, [one for one in standing[item.id] if one not in running]))
    lifted = _lift_each(tx, over, by="system")
    return standing, carry_out_each(tx, standing, lifted)


def _lift_each(
    tx: Tx,
    over: Sequence[tuple[ItemRow, Sequence[Standing]]],
    *,
    reason: str | None = None,
    by: str | None = None,
) -> list[tuple[ItemRow, Decision]]:
    """Decide that what is over on each of these items ends, where anything is: for a `reason`, or since its time
    has come; by an order where it was one's."""
    lifted: list[tuple[ItemRow, Decision]] = []
    kept: list[decisions.Made] = []
    for item, found in over:
        ended = by_strength(found)
        if not ended:
            continue
        decision = decisions.made(
            tx,
            item=item,
            revision=item.revision,
            outcome="lift",
            reason=_ended(ended) if reason is None else reason,
            decided_by=by,
            lifts=ended,
            by_order=next((one.order for one in ended if one.order is not None), None),
        )
        lifted.append((item, decision))
        kept.append(decisions.Made(decision, Subject("item", item.id), item.platform, ended))
    decisions.keep(tx, kept)
    return lifted


def carry_out(
    tx: Tx,
    item: ItemRow,
    standing: Sequence[Standing],
    decision: Decision,
) -> Instruction | None:
    """Let stand and end what the decision says, of what stood before it; the instruction for the platform,
    where that comes to another state than before or the decision is to escalate, which also rings for
    people. The item's cases show the decision."""
    told = carry_out_each(tx, {item.id: list(standing)}, [(item, decision)])
    return told[0] if told else None


def carry_out_each(
    tx: Tx,
    standing: Standings,
    made: Sequence[tuple[ItemRow, Decision]],
    *,
    by_order: UUID | None = None,
) -> list[Instruction]:
    """The same of several decisions, one after another, of which several may be about one item; `standing` is
    what stands then."""
    if not made:
        return []
    touch(tx, {item.id for item, _ in made})
    instructions: list[Instruction] = []
    imposed: list[tuple[UUID, Standing]] = []
    strongest: dict[UUID, UUID | None] = {}
    for item, decision in made:
        before = standing[item.id]
        after = [one for one in before if one.id not in decision.lifts]
        if decision.restriction is not None:
            begun = decisions.begun(tx, decision, decision.restriction, by_order)
            imposed.append((item.id, begun))
            after.append(begun)
        if after != before:
            strongest[item.id] = by_strength(after)[0].decision if after else None
        standing[item.id] = after
        if (told := _instruction(item, decision, before, after)) is not None:
            instructions.append(told)
    decisions.end_lifted(tx, [decision for _, decision in made])
    decisions.impose(tx, imposed)
    set_restrictions(tx, strongest)
    for item, decision in made:
        if decision.outcome == "escalate" and not _has_rung(tx, item, decision):
            case = decision.case_id
            call(tx, "escalation", item_id=item.id, case_id=case, platform=item.platform)
    return instructions


def _instruction(
    item: ItemRow, decision: Decision, before: Sequence[Standing], after: Sequence[Standing]
) -> Instruction | None:
    assert decision.revision is not None
    now = effective(after)
    kind = "escalate" if decision.outcome == "escalate" else effect(effective(before), now)
    if kind is None:
        return None
    return Instruction(kind, item, decision.revision, decision_json(decision), now)


def _has_rung(tx: Tx, item: ItemRow, decision: Decision) -> bool:
    """Whether people were called already for what made a rule escalate."""
    return decision.decided_by.startswith("rule:") and rings_about(tx, item.id)


def impose(
    tx: Tx,
    items: Sequence[ItemRow],
    *,
    order: UUID,
    restriction: Restriction,
    reason: str,
    reference: str | None = None,
    label: str | None = None,
) -> tuple[list[Decision], list[Instruction]]:
    """Restrict items because a legal order says so, which goes by this `reference`: until that order ends,
    whatever is decided meanwhile. A decision for each, also where an item is named more than once. Whether an
    exemption applies is nobody's question here."""
    standing, instructions = settle_each(tx, list({one.id: one for one in items}.values()))
    made = [
        decisions.made(
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
        for item in items
    ]
    about = list(zip(items, made, strict=True))
    decisions.keep(
        tx,
        [decisions.Made(one, Subject("item", item.id), item.platform) for item, one in about],
    )
    return made, [*instructions, *carry_out_each(tx, standing, about, by_order=order)]


def end_of_order(
    tx: Tx, items: Sequence[ItemRow], *, order: UUID, reason: str
) -> list[Instruction]:
    """End what stands on these items, all different, by a legal order, and nothing else. No decision where
    nothing does."""
    standing, instructions = settle_each(tx, items)
    over = [(item, [one for one in standing[item.id] if one.order == order]) for item in items]
    ends = _lift_each(tx, over, reason=reason)
    return [*instructions, *carry_out_each(tx, standing, ends)]


def _ended(ended: Sequence[Standing]) -> str:
    """In words, for people."""
    times = sorted({f"{one.until:%Y-%m-%d %H:%M}" for one in ended if one.until is not None})
    what = "The restriction" if len(ended) == 1 else f"{len(ended)} restrictions"
    return f"{what} ended at {', '.join(times)} UTC."
