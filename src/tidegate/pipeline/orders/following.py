"""What people say of an order of ours after it was issued: clarify, extend its silence, ask for what is kept under
it, revoke, call it final; and what they write down of one that was brought by hand.
"""

from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.orders import drafting
from tidegate.orders.actions import move
from tidegate.orders.annex_rules import read_annex1
from tidegate.orders.annexes import Annex1
from tidegate.orders.bodies import (
    Clarified,
    DisclosureExtended,
    Nothing,
    PreservationAccess,
    PreservationExtended,
    Reason,
)
from tidegate.orders.drafting import BEFORE, DraftState, Silence
from tidegate.orders.drafts.actions import change_draft, note_carried, note_claimed, step
from tidegate.orders.drafts.model import (
    AccessIn,
    AnswerIn,
    CarriedIn,
    Claim,
    ClaimedIn,
    ExtendIn,
    PreserveIn,
    ReasonIn,
    check_past,
    check_said,
)
from tidegate.orders.messages.actions import carry, send
from tidegate.orders.messages.queries import messages_of
from tidegate.orders.model import OrderRow
from tidegate.orders.queries import items_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.drafted import Mine, mine_of
from tidegate.pipeline.orders.heard import end_items
from tidegate.pipeline.orders.watching import HOUR, Watching, about_claim

# What is said to have become of an order that was carried, in the words of its clocks.
_CLAIMED = {
    "executed": "order.executed",
    "impeded": "order.impeded",
    "asking": "order.asked",
    "not_executed": "order.impeded",
}


def clarify(tx: Tx, instance: Instance, order_id: UUID, given: AnswerIn) -> OrderRow:
    """Answer what the provider asked; a fresh hour runs from its receipt. Raises Refusal: 404, 409, 422."""
    check_said("/answer", given.answer)
    mine = mine_of(tx, instance, order_id)
    state = drafting.moved(_state(mine.order), "clarify")
    _tell(tx, mine, "order.clarified", Clarified(given.answer))
    return step(tx, mine.order, "clarify", state)


def extend(tx: Tx, instance: Instance, order_id: UUID, given: ExtendIn) -> OrderRow:
    """Leave the author uninformed for longer, once. Raises Refusal: 404; 409 "extended-already"; 422."""
    check_said("/reason", given.reason)
    mine = mine_of(tx, instance, order_id)
    order, zone = mine.order, mine.own.organisation.zone
    new = drafting.extended(_state(order), _silence(order), given.until, tx.now, zone)
    body = DisclosureExtended(new.decided_at, new.until, given.reason)
    _tell(tx, mine, "non_disclosure.extended", body)
    return step(
        tx,
        order,
        "extend",
        _state(order),
        non_disclosure_until=new.until,
        non_disclosure_first=order.non_disclosure_until,
    )


def preserve(tx: Tx, instance: Instance, order_id: UUID, given: PreserveIn) -> OrderRow:
    """Ask the provider to keep what it took down for longer, for an ongoing review (Article 6(2)). Raises Refusal:
    404; 409 "not-executed", "preservation-over"; 422, also for more than six months more."""
    check_said("/reason", given.reason)
    mine = mine_of(tx, instance, order_id)
    end = _kept_until(tx, instance, mine)
    state = drafting.kept(_state(mine.order), "preserve", end, tx.now)
    assert end is not None
    until = drafting.kept_until(given.until, end)
    change_draft(tx, order_id, preserved_until=until)
    _tell(tx, mine, "preservation.extended", PreservationExtended(until, given.reason))
    return step(tx, mine.order, "preserve", state)


def ask_access(tx: Tx, instance: Instance, order_id: UUID, given: AccessIn) -> OrderRow:
    """Ask the provider to let somebody see what it keeps (Article 6(3)): a person there decides. Raises Refusal:
    404; 409 "not-executed", "preservation-over"; 422."""
    check_said("/purpose", given.purpose)
    check_said("/case", given.case)
    mine = mine_of(tx, instance, order_id)
    end = _kept_until(tx, instance, mine)
    state = drafting.kept(_state(mine.order), "access", end, tx.now)
    _tell(tx, mine, "preservation.access", PreservationAccess(given.purpose, given.case))
    return step(tx, mine.order, "access", state)


def revoke(tx: Tx, instance: Instance, order_id: UUID, given: ReasonIn) -> OrderRow:
    """End an order, or a draft of one that nobody outside knows of. Raises Refusal: 404, 409, 422."""
    check_said("/reason", given.reason)
    mine = mine_of(tx, instance, order_id)
    before = _state(mine.order)
    state = drafting.moved(before, "revoke")
    change_draft(tx, order_id, ended_reason=given.reason)
    if before not in BEFORE:
        _tell(tx, mine, "order.revoked", Reason(given.reason), copied=True)
        end_items(Watching(tx, instance), mine.order, "revoked")
    return step(tx, mine.order, "revoke", state, due_at=None)


def finalise(tx: Tx, instance: Instance, order_id: UUID) -> OrderRow:
    """Say that nothing can be brought against an order any more. Raises Refusal: 404; 409 "not-executed"."""
    mine = mine_of(tx, instance, order_id)
    state = drafting.finalised(_state(mine.order))
    executed = [one for one in items_of(tx, order_id) if one.state == "executed"]
    move(tx, executed, "final")
    _tell(tx, mine, "order.final", Nothing(), copied=True)
    return step(tx, mine.order, "final", state)


def carried(tx: Tx, instance: Instance, order_id: UUID, given: CarriedIn) -> Claim:
    """Write down that somebody brought an issued order to the provider by hand: it is no longer sent from
    here, and was received as far as a signed receipt says. Raises Refusal: 404, 409, 422."""
    mine = mine_of(tx, instance, order_id)
    _check_claim(mine, given.at, tx.now)
    for message in messages_of(tx, order_id):
        waits = message.direction == "out" and message.state in ("pending", "dead")
        if waits and message.type == "order.issued":
            carry(tx, message.id)
    watching = Watching(tx, instance)
    subjects = [about_claim(order_id, one.n) for one in items_of(tx, order_id)]
    watching.start_each(HOUR, subjects, "order.received", given.at, mine.addressee, order_id)
    return note_carried(tx, order_id, given)


def claimed(tx: Tx, instance: Instance, order_id: UUID, given: ClaimedIn) -> Claim:
    """Write down what somebody at the provider says became of the order. Raises Refusal: 404, 409, 422."""
    check_said("/state", given.state)
    mine = mine_of(tx, instance, order_id)
    _check_claim(mine, given.at, tx.now)
    if (event := _CLAIMED.get(given.state)) is not None:
        watching = Watching(tx, instance)
        subjects = (about_claim(order_id, one.n) for one in items_of(tx, order_id))
        watching.happen_each(event, dict.fromkeys(subjects, given.at), claimed=True)
    return note_claimed(tx, order_id, given)


def _check_claim(mine: Mine, at: datetime, now: datetime) -> None:
    if mine.order.issued_at is None:
        raise drafting.not_open(_state(mine.order))
    check_past(at, now)


def _kept_until(tx: Tx, instance: Instance, mine: Mine) -> datetime | None:
    """Until when the provider keeps what it took down first, as far as we know: by its days, and as we asked;
    None where nothing was executed. What was down before the order came is kept since then."""
    order = mine.order
    came = order.received_at or order.issued_at
    executed = [one.at for one in items_of(tx, order.id) if one.measure and one.at]
    if came is None or not executed:
        return None
    packs, holder = instance.clocks, mine.addressee
    terms = packs.terms(holder.zone, holder.member_state)
    began = min(max(min(executed), came), tx.now)  # a claim of theirs, within what we know
    first = packs.due(packs.definition("tco.preserve"), began, terms).due_latest
    return max(first, mine.draft.preserved_until or first)


def _silence(order: OrderRow) -> Silence | None:
    annex: Annex1 = read_annex1(order.annex)[0]
    decision = annex.non_disclosure
    if decision is None or decision.decided_at is None or order.non_disclosure_until is None:
        return None
    extended = order.non_disclosure_first is not None
    return Silence(decision.decided_at, order.non_disclosure_until, extended)


def _tell(tx: Tx, mine: Mine, type: str, body: msgspec.Struct, *, copied: bool = False) -> None:
    """Send something about an order to its provider, and to the authority that has a copy of it."""
    receivers = [mine.order.recipient, *([mine.draft.copy_to] if copied else [])]
    for to in receivers:
        if to is not None:
            send(
                tx,
                mine.own,
                type=type,
                order=mine.order.order_ref,
                order_id=mine.order.id,
                to=to,
                body=body,
            )


def _state(order: OrderRow) -> DraftState:
    return cast("DraftState", order.state)
