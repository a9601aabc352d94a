"""What a measure rests on exists, and is about the same organisation, as far as it can be looked up here."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from tidegate.clocks.queries import get_clock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.wording import written
from tidegate.orders.queries import order_of
from tidegate.orders.referrals.queries import referral_of
from tidegate.oversight.checks.queries import checked
from tidegate.oversight.measures.model import Evidence
from tidegate.oversight.measures.packs import EvidenceKind
from tidegate.oversight.measures.queries import measure_of
from tidegate.oversight.replies.queries import card_of

_CARDS = "/v1/scorecards/"
Known = tuple[EvidenceKind, str | None]
"""As what something is known, and about whom it is; None: that is not known."""


def found_evidence(tx: Tx, organisation: str, evidence: Sequence[Evidence | str]) -> list[Evidence]:
    """The evidence with the kind of each. Raises Refusal (422) for what there is none of, or is about somebody
    else, with its place."""
    return [_found(tx, organisation, place, one) for place, one in enumerate(evidence)]


def _found(tx: Tx, organisation: str, place: int, given: Evidence | str) -> Evidence:
    bare = isinstance(given, str)
    id, pointer = (given, f"/evidence/{place}") if bare else (given.id, f"/evidence/{place}/id")
    if not written(id):
        raise bad_field(pointer, "the id of what is meant", "blanks")
    known = _known(tx, id, tuple(_LOOKS) if bare else (given.kind,))
    if known is None:
        kind = "order, referral, check, scorecard, clock or measure" if bare else given.kind
        raise bad_field(pointer, f"the id of a known {kind}", id[:60])
    kind, whose = known
    if whose is not None and whose != organisation:
        raise bad_field(pointer, f"a {kind} about {organisation}", f"one about {whose}")
    return Evidence(kind, id) if bare else given


def _known(tx: Tx, id: str, kinds: Sequence[EvidenceKind]) -> Known | None:
    """As which of these kinds there is something with this id. A card that was not sent has none: it is named by its
    address or, where it is said to be a card, in words."""
    if id.startswith(_CARDS):
        whose = id.removeprefix(_CARDS).partition("?")[0].partition("/")[0]
        return ("scorecard", whose) if "scorecard" in kinds else None
    try:
        wanted = UUID(id)
    except ValueError:
        return ("scorecard", None) if tuple(kinds) == ("scorecard",) else None
    for kind in kinds:
        try:
            return kind, _LOOKS[kind](tx, wanted)
        except Refusal:
            continue
    return None


def _order(tx: Tx, id: UUID) -> str | None:
    order = order_of(tx, id)
    return order.recipient if order.direction == "out" else None


def _referral(tx: Tx, id: UUID) -> str | None:
    referral = referral_of(tx, id)
    return referral.recipient if referral.direction == "out" else None


def _check(tx: Tx, id: UUID) -> str | None:
    return checked(tx, id).organisation


def _scorecard(tx: Tx, id: UUID) -> str | None:
    return card_of(tx, id).organisation


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
    "check": _check,
    "scorecard": _scorecard,
    "clock": _clock,
    "measure": _measure,
}
"""Whom each kind is about; None: that is not known. Raises Refusal (404)."""
