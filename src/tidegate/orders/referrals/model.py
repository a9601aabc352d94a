"""A referral, and the machine that its state follows. Pure.

It goes out `sent`, and is `delivered` by a signed receipt; it comes in `open`, or `doubtful` where nobody is known to
have signed it. Once the last URL is answered it is `answered`, whatever the answers are; its issuer can withdraw it
until then. It has no effect by itself.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.wording import written
from tidegate.orders.annexes import MOST_ITEMS, Address
from tidegate.orders.bodies import Outcome, Text
from tidegate.orders.model import Direction

State = Literal["sent", "delivered", "open", "doubtful", "answered", "withdrawn"]
Verb = Literal["deliver", "answer", "withdraw"]
ENDED: frozenset[State] = frozenset(("answered", "withdrawn"))


class ReferralIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is referred to whom, under which of the provider's terms, and why."""

    to: Annotated[str, Meta(min_length=1, max_length=100)]
    urls: Annotated[list[Address], Meta(min_length=1, max_length=MOST_ITEMS)]
    terms_cited: Text
    reasons: Text
    language: Annotated[str, Meta(min_length=1, max_length=35)]


class AnswerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What became of a URL; of one that is kept, why."""

    outcome: Outcome
    reason: Text | None = None


class ReferralRow(msgspec.Struct, frozen=True, kw_only=True):
    """A referral as stored, of either direction."""

    id: UUID
    direction: Direction
    issuer: str
    referral_ref: str
    recipient: str
    state: State
    verified: bool
    problems: list[str]
    terms_cited: str
    reasons: str
    language: str
    created_by: str
    created_at: datetime
    received_at: datetime | None
    answered_at: datetime | None
    withdrawn_reason: str | None


class ReferralItem(msgspec.Struct, frozen=True, kw_only=True):
    """One URL of a referral; `report` is the id of the report that it became at the platform."""

    n: int
    url: str
    report: str | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


def moved(state: State, verb: Verb) -> State:
    """The state after a verb. Raises Refusal (409)."""
    if verb == "deliver":
        return "delivered" if state == "sent" else state
    if state in ENDED:
        raise not_open(state)
    return "answered" if verb == "answer" else "withdrawn"


def check_answer(given: AnswerIn) -> None:
    """Raises Refusal (422) for what is kept, and nobody says why."""
    if given.outcome == "kept" and not written(given.reason or ""):
        raise bad_field("/reason", "the reason why it is kept", "nothing")


def not_open(state: State) -> Refusal:
    return Refusal(
        "order-not-open",
        409,
        "The referral does not allow that now",
        f"It is {state}.",
        state=state,
    )
