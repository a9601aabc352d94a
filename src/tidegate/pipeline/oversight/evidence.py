"""What a measure rests on exists, and is about the same organisation, as far as it can be looked up here."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from tidegate.clocks.queries import get_clock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.wording import written
from tidegate.orders.queries import order_of
from tidegate.orders.referrals.queries import referral_of
from tidegate.oversight.measures.model import Evidence
from tidegate.oversight.measures.packs import EvidenceKind
from tidegate.oversight.measures.queries import measure_of


def check_evidence_exists(tx: Tx, organisation: str, evidence: Sequence[Evidence]) -> None:
    """Raises Refusal (422) for what there is none of, or is about somebody else, with its place."""
    for place, one in enumerate(evidence):
        pointer = f"/evidence/{place}/id"
        if not written(one.id):
            raise bad_field(pointer, "the id of what is meant", "blanks")
        look = _LOOKS.get(one.kind)
        if look is None:  # what has no id of its own, as a scorecard, says which it is
            continue
        try:
            whose = look(tx, UUID(one.id))
        except (ValueError, Refusal):
            expected = f"the id of a known {one.kind}"
            raise bad_field(pointer, expected, one.id[:60]) from None
        if whose is not None and whose != organisation:
            raise bad_field(pointer, f"a {one.kind} about {organisation}", f"one about {whose}")


def _order(tx: Tx, id: UUID) -> str | None:
    order = order_of(tx, id)
    return order.recipient if order.direction == "out" else None


def _referral(tx: Tx, id: UUID) -> str | None:
    referral = referral_of(tx, id)
    return referral.recipient if referral.direction == "out" else None


def _clock(tx: Tx, id: UUID) -> str | None:
    clock = get_clock(tx, id)
    return None if clock.order is None else _of_order(tx, clock.order)


def _of_order(tx: Tx, id: UUID) -> str | None:
    """Whom an order is to; None where a clock belongs to something else than an order."""
    try:
        return _order(tx, id)
    except Refusal:
        return None


def _measure(tx: Tx, id: UUID) -> str | None:
    return measure_of(tx, id).organisation


_LOOKS: Mapping[EvidenceKind, Callable[[Tx, UUID], str | None]] = {
    "order": _order,
    "referral": _referral,
    "clock": _clock,
    "measure": _measure,
}
"""Whom each kind is about; None: that is not known. Raises Refusal (404)."""
