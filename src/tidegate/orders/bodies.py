"""What the messages of `tidegate-orders/1` say: each type with its body, and who sends it to whom. Pure.

A body of the other side is read as far as it can be (`read_body`): with faults the message is kept, `incomplete`,
and nothing acts by it. Fields that are not known here are let be, for a later version may have them.
"""

from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from tidegate.content.model import Moment
from tidegate.infra.errors import FieldError
from tidegate.orders.annex_rules import read_annex1
from tidegate.orders.annexes import (
    LONGEST_REASONS,
    MOST_ITEMS,
    Address,
    Annex1,
    Annex2,
    Annex3,
    Items,
    Words,
)
from tidegate.orders.reading import beside, read_as_far

Text = Annotated[str, Meta(min_length=1, max_length=LONGEST_REASONS)]
Outcome = Literal["removed", "restricted", "kept", "not_found", "already_gone"]
Finding = Literal["infringement", "none"]


class PriorInformation(msgspec.Struct, frozen=True):
    """What a provider is told twelve hours before an authority's first order (Article 3(2))."""

    procedures: Text
    deadlines: Text


class OrderCopy(Annex1, frozen=True, kw_only=True):
    """The copy for the authority of the establishment (Article 4(1)); `jws` is the order's message as it was
    sent, as text."""

    jws: Annotated[str, Meta(min_length=1)]


class Clarified(msgspec.Struct, frozen=True):
    """The answer to what an Annex III asked (Article 3(8)): a fresh hour runs from its receipt."""

    answer: Text


class Reason(msgspec.Struct, frozen=True):
    """Why an order is revoked, or a referral withdrawn."""

    reason: Text


class Nothing(msgspec.Struct, frozen=True):
    """The type says it all."""


class DisclosureExtended(msgspec.Struct, frozen=True):
    """The authority's decision that the author is not told for longer, once (Article 11(3))."""

    decided_at: Moment
    until: Moment
    reason: Text


class PreservationExtended(msgspec.Struct, frozen=True):
    """The request to keep content for longer, for an ongoing review (Article 6(2))."""

    until: Moment
    reason: Text


class PreservationAccess(msgspec.Struct, frozen=True):
    """The request to see what is kept, for which purpose and case (Article 6(3))."""

    purpose: Words
    case: Words


class Referral(msgspec.Struct, frozen=True):
    """The request for a look under the provider's own terms (recital 40)."""

    urls: Annotated[list[Address], Items]
    terms_cited: Text
    reasons: Text
    language: Annotated[str, Meta(min_length=1, max_length=35)]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of an address that was referred; of one that is kept, why."""

    url: Address
    outcome: Outcome
    reason: Text | None = None


class ReferralAnswered(msgspec.Struct, frozen=True):
    """The answers to a referral, one for each address."""

    answers: Annotated[list[Answer], Items]


class ImpedimentEnded(msgspec.Struct, frozen=True):
    """What kept the provider from executing is over (Article 3(7)): a fresh hour runs from then."""

    at: Moment


class Reinstated(msgspec.Struct, frozen=True):
    """An address that is there again, since when."""

    url: Address
    at: Moment


class Annulled(msgspec.Struct, frozen=True):
    """The court that annulled an order, and the reference of its decision."""

    court: Words
    reference: Words


class AllReinstated(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came back when an order ended (Article 4(7)); `annulled`: why, where it was a court that ended it."""

    items: Annotated[list[Reinstated], Meta(max_length=MOST_ITEMS)]
    annulled: Annulled | None = None


class ScrutinyRequested(msgspec.Struct, frozen=True):
    """The request to look into an order of `issuer` (Article 4(4)), and who makes it."""

    issuer: Words
    by: Literal["provider", "author"]
    reasons: Text


class ScrutinyIntention(msgspec.Struct, frozen=True):
    """What the issuer is told before an infringement is found (Article 4(5))."""

    issuer: Words
    reasons: Text


class ScrutinyDecided(msgspec.Struct, frozen=True):
    """The reasoned decision on an order of `issuer` (Article 4(3), (4))."""

    issuer: Words
    finding: Finding
    reasons: Text


class ScorecardSent(msgspec.Struct, frozen=True):
    """A card of figures about the receiver, as `GET /v1/scorecards` has it, and the rows that they are made of."""

    card: dict[str, Any]
    rows: list[dict[str, Any]]


class ScorecardContested(msgspec.Struct, frozen=True):
    """What is wrong with a row of the last card, by its id."""

    row: Annotated[str, Meta(min_length=1, max_length=100)]
    text: Text


class ScorecardReplied(msgspec.Struct, frozen=True):
    """What the receiver says to the last card, which is printed beside the figures."""

    text: Text


class Kind(NamedTuple):
    """A type of message: its body, and who sends it to whom, in words."""

    body: type[msgspec.Struct]
    ways: str


_DOWN, _UP = "authority to platform", "platform to authority"
_BETWEEN = "authority to authority"

KINDS: dict[str, Kind] = {
    "prior_information": Kind(PriorInformation, _DOWN),
    "order.issued": Kind(Annex1, _DOWN),
    "order.clarified": Kind(Clarified, _DOWN),
    "order.revoked": Kind(Reason, _DOWN),
    "order.final": Kind(Nothing, f"{_DOWN}, {_BETWEEN}"),
    "non_disclosure.extended": Kind(DisclosureExtended, _DOWN),
    "preservation.extended": Kind(PreservationExtended, _DOWN),
    "preservation.access": Kind(PreservationAccess, _DOWN),
    "referral.sent": Kind(Referral, _DOWN),
    "referral.withdrawn": Kind(Reason, _DOWN),
    "scrutiny.decided": Kind(ScrutinyDecided, f"{_DOWN}, {_BETWEEN}"),
    "scorecard.sent": Kind(ScorecardSent, _DOWN),
    "order.executed": Kind(Annex2, _UP),
    "order.not_executed": Kind(Annex3, _UP),
    "impediment.ended": Kind(ImpedimentEnded, _UP),
    "reinstated": Kind(AllReinstated, _UP),
    "referral.answered": Kind(ReferralAnswered, _UP),
    "scrutiny.requested": Kind(ScrutinyRequested, _UP),
    "scorecard.contested": Kind(ScorecardContested, _UP),
    "scorecard.replied": Kind(ScorecardReplied, _UP),
    "order.copy": Kind(OrderCopy, _BETWEEN),
    "scrutiny.intention": Kind(ScrutinyIntention, _BETWEEN),
}


def read_body(
    type: str, value: object, *, zone: str = "UTC"
) -> tuple[msgspec.Struct, list[FieldError]]:
    """A body of a known type as far as it can be read, and its faults with their pointers into the body. A time
    that could not be read is None, a text "": nothing may act by a body with faults. `zone` is the sender's."""
    body = KINDS[type].body
    if body is Annex1:
        return read_annex1(value, zone=zone)
    if body is OrderCopy:
        copy, errors = read_as_far(OrderCopy, value)
        return copy, beside(errors, read_annex1(value, zone=zone)[1])
    read, errors = read_as_far(body, value)
    return read, [*errors, *_rules(read)]


def _rules(body: msgspec.Struct) -> list[FieldError]:
    """What the types cannot say."""
    if not isinstance(body, ReferralAnswered):
        return []
    return [
        FieldError(f"/answers/{n}/reason", "a reason, because it is kept", "nothing")
        for n, one in enumerate(body.answers)
        if one.outcome == "kept" and one.reason is None
    ]
