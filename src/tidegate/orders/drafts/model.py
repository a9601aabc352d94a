"""An order of ours as it is drafted, and what is said of it on its way. Pure."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.content.model import Moment
from tidegate.infra.errors import FieldError, bad_field
from tidegate.infra.wording import written
from tidegate.orders.annexes import MOST_ITEMS, AnnexIn, Words
from tidegate.orders.drafting import PRIOR, Deconfliction, DraftState, Emergency, Public
from tidegate.orders.reading import read_as_far

_LONGEST = 10_000
Said = Annotated[str, Meta(min_length=1, max_length=_LONGEST)]
Loose = dict[str, Any]
TargetKind = Literal["order", "copy", "referral"]


class DraftIn(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """An order as somebody begins to draft it: for whom, what Annex I takes of it and is not derived, what
    the content is truly for, and that it is public. What is still missing is told when it is submitted."""

    to: Annotated[str, Meta(min_length=1, max_length=100)]
    issuing: Loose = {}
    items: Annotated[list[Loose], Meta(max_length=MOST_ITEMS)] = []
    types: Annotated[list[str], Meta(max_length=100)] = []
    reasons: Annotated[str, Meta(max_length=_LONGEST)] = ""
    non_disclosure: Loose | None = None
    legal_representative: Annotated[str, Meta(max_length=500)] | None = None
    followup: Loose | str | None = None
    redress: Loose | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None
    true_purpose: Annotated[str, Meta(max_length=_LONGEST)] = ""
    public: Public | None = None
    cites: UUID | None = None

    @property
    def annex(self) -> Loose:
        """What of it is Annex I's."""
        given: Loose = {
            "issuing": self.issuing,
            "items": self.items,
            "types": self.types,
            "reasons": self.reasons,
            "non_disclosure": self.non_disclosure,
            "legal_representative": self.legal_representative,
            "redress": self.redress,
        }
        named = self.followup.get("issuing") if isinstance(self.followup, dict) else self.followup
        return given | {"followup": named}


class PriorIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How we work, and within which time a provider has to act."""

    procedures: Said
    deadlines: Said


class Prior(msgspec.Struct, frozen=True):
    """When prior information was sent, and when the provider had it by its own clock (None: it has not signed)."""

    sent_at: datetime
    received_at: datetime | None

    @property
    def opens_at(self) -> datetime | None:
        """From when on the first order may go."""
        return None if self.received_at is None else self.received_at + PRIOR


class IssueIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was asked of others who investigate, and why an emergency has no time for prior information."""

    emergency: Emergency | None = None
    deconfliction: Deconfliction | None = None


class AnswerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the provider asked about, in words."""

    answer: Said


class ReasonIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an order ends."""

    reason: Said


class ExtendIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until when the author is not informed, and why longer."""

    until: Moment
    reason: Said


class PreserveIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until when what is kept is kept for an ongoing review, and which one that is."""

    until: Moment
    reason: Said


class AccessIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For what somebody asks to see what is kept, and the review or investigation that it is for."""

    purpose: Words
    case: Words


class CarriedIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """That somebody brought it to a provider by another way, when, and what shows it."""

    channel: Annotated[str, Meta(min_length=1, max_length=200)]
    at: Moment
    evidence: Annotated[str, Meta(max_length=_LONGEST)] | None = None


class ClaimedIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What somebody at the provider said became of it, and when that was."""

    state: Annotated[str, Meta(min_length=1, max_length=100)]
    at: Moment
    text: Annotated[str, Meta(max_length=_LONGEST)] | None = None
    evidence: Annotated[str, Meta(max_length=_LONGEST)] | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wrote down of an order or a referral: a claim, whatever it says. `carried`: that it was
    brought; `claimed`: what is said to have come of it."""

    id: UUID
    kind: Literal["carried", "claimed"]
    channel: str | None
    state: str | None
    at: datetime
    text: str | None
    evidence: str | None
    noted_by: str
    noted_at: datetime


class DraftRow(msgspec.Struct, frozen=True, kw_only=True):
    """How an order of ours came about, as stored."""

    order_id: UUID
    given: Loose
    language: str | None
    true_purpose: str
    public: Loose | None
    cites: UUID | None
    drafted_by: str
    submitted_by: str | None
    approved_by: str | None
    issued_by: str | None
    deconfliction: Loose | None
    emergency: str | None
    copy_to: str | None
    ended_reason: str | None
    preserved_until: datetime | None = None

    @property
    def seen(self) -> Public | None:
        return None if self.public is None else msgspec.convert(self.public, Public)


class StateOfOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One stay of an order of ours in a state."""

    state: DraftState
    event: str
    entered_at: datetime
    entered_by: str
    left_at: datetime | None


def read_given(given: Loose) -> tuple[AnnexIn, list[FieldError]]:
    """What of Annex I was drafted, as far as it can be read, and what is wrong with it."""
    present = {name: value for name, value in given.items() if value is not None}
    return read_as_far(AnnexIn, present)


def check_said(pointer: str, words: str) -> None:
    """Raises Refusal (422) for words of which nothing can be seen."""
    if not written(words):
        raise bad_field(pointer, "words that can be seen", "blanks")


def check_past(at: datetime, now: datetime) -> None:
    """Raises Refusal (422) for a time at which nothing can have happened yet."""
    if at > now:
        raise bad_field("/at", "a time that is past", at.isoformat())
