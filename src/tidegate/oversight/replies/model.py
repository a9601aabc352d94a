"""Cards that were sent or came, what was contested in them and replied, and when a contest is settled. Pure.

A row that is contested is marked until two different persons of the authority have looked and found the same.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.errors import Refusal
from tidegate.orders.drafts.model import Said
from tidegate.orders.model import Direction
from tidegate.oversight.rows import Channel

ContestState = Literal["open", "proposed", "settled"]
Finding = Literal["upheld", "rejected"]
"""`upheld`: the firm is right, and what is recorded is put right where it stands; `rejected`: the row stands."""


class ContestIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which row of a card is contested, "ORDER/n", and what is wrong with it."""

    row: Annotated[str, Meta(min_length=1, max_length=100)]
    text: Said


class ReplyIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a firm says to the figures about it."""

    text: Said


class SettleIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody found who looked at a contested row, and why."""

    finding: Finding
    reasons: Said


class CardKept(msgspec.Struct, frozen=True, kw_only=True):
    """A card as it went or came, from `since` to before `until`; `body` is `{"card","rows"}`, to the byte."""

    id: UUID
    direction: Direction
    organisation: str
    authority: str
    channel: Channel
    since: datetime
    until: datetime
    body: bytes
    sha256: str
    message_id: UUID
    at: datetime
    by: str


class Contest(msgspec.Struct, frozen=True, kw_only=True):
    """A contested row, and what the first and the second person found who looked. `claimed`: somebody of the
    authority wrote down what the firm says, which nobody signed."""

    id: UUID
    direction: Direction
    organisation: str
    authority: str
    row_id: str
    text: str
    claimed: bool
    message_id: UUID | None
    at: datetime
    by: str
    state: ContestState = "open"
    finding: Finding | None = None
    first_reasons: str | None = None
    first_by: str | None = None
    first_person: str | None = None
    first_at: datetime | None = None
    second_reasons: str | None = None
    second_by: str | None = None
    second_at: datetime | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a firm replied, to the card that it had last; None: to none that was sent from here."""

    id: UUID
    scorecard_id: UUID | None
    direction: Direction
    organisation: str
    authority: str
    text: str
    claimed: bool
    message_id: UUID | None
    at: datetime
    by: str


def looked(contest: Contest, person: str, finding: Finding) -> ContestState:
    """The state of a contest after somebody looked: `settled` where the first one found the same; what finds
    otherwise is proposed in its place. Raises Refusal: 409 "contest-settled", "same-person"."""
    if contest.state == "settled":
        raise Refusal(
            "contest-settled",
            409,
            "Two persons have looked at this",
            "Nothing was written. The firm may contest the row again.",
        )
    if contest.state == "proposed" and contest.first_person == person:
        raise Refusal(
            "same-person",
            409,
            "Another person has to look",
            "You looked at this yourself. Nothing was written.",
        )
    return "settled" if contest.finding == finding else "proposed"
