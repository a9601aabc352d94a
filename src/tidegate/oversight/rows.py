"""What a scorecard is made of: one row for each URL that an order or a referral of ours names. Pure.

A row tells what was signed, and when; the figures are counted from rows and from nothing else
(docs/figures.md).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

FEWEST = 10
"""Orders or referrals: of fewer, no figure is shown."""
Channel = Literal["order", "referral"]
Ended = Literal["void", "revoked", "annulled", "withdrawn"]
"""How an authority's side ended it: what was asked for is asked for no longer."""
GONE: frozenset[str] = frozenset(("disabled", "removed", "restricted"))
"""The outcomes that took something from the public."""


class Look(msgspec.Struct, frozen=True):
    """One look at the URL: when it was due, and what was seen."""

    due_at: datetime
    outcome: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One URL of an order or of a referral, as it stood at the time of the card.

    `id` is the id of the order or referral, a slash, and the URL's place in it, from 1. `received_at` is of the
    signed receipt; `effective_at` is when the URL was disabled, removed or restricted; `closed_at` when
    it was clear that it would not be: kept, not found, void, withdrawn. `due_at` and `due_latest` are the
    ends of the term, by its earliest and by its latest reading: the hour of an order, the answer's clock
    of a referral; they are null where no term runs yet.

    `impeded` is the ground why an order cannot be followed, `kept` the reason why a URL of a referral
    stays. `seen_again`: whether a look after the stated removal found it; null where nobody looked.
    `claimed`: what is known of it came by a person's note and not signed, so that it counts in no figure.
    `contested`: the organisation says that the row is wrong, and two people have not looked yet.
    """

    id: str
    organisation: str
    channel: Channel
    url: str
    sent_at: datetime
    received_at: datetime | None = None
    answered_at: datetime | None = None
    effective_at: datetime | None = None
    closed_at: datetime | None = None
    due_at: datetime | None = None
    due_latest: datetime | None = None
    outcome: str | None = None
    impeded: str | None = None
    kept: str | None = None
    ended: Ended | None = None
    reinstated_at: datetime | None = None
    checks: tuple[Look, ...] = ()
    seen_again: bool | None = None
    claimed: bool = False
    contested: bool = False

    @property
    def origin(self) -> str:
        """The id of the order or referral. The URLs of one are often dealt with together, so that they are
        not so many observations as they are rows."""
        return self.id.rpartition("/")[0]


class Span(msgspec.Struct, frozen=True):
    """How long something took, in seconds; not `ended`: so long it had not happened."""

    seconds: float
    ended: bool


def of_card(
    rows: Iterable[Row], organisation: str, since: datetime, until: datetime, channel: Channel
) -> list[Row]:
    """The rows of a card, in their order: sent to the organisation over the channel, not before `since` and
    before `until`. Those that are only claimed are among them, and in no figure."""
    return [
        row
        for row in rows
        if row.organisation == organisation
        and row.channel == channel
        and since <= row.sent_at < until
    ]


def acknowledged(row: Row, as_of: datetime) -> Span | None:
    """From sending to the signed receipt."""
    return _span(row.sent_at, row.received_at, None, as_of)


def effective(row: Row, as_of: datetime) -> Span | None:
    """From the receipt to the effect; None of what was not received. What was closed without an effect is
    censored then."""
    if row.received_at is None or row.received_at > as_of:
        return None
    return _span(row.received_at, row.effective_at, row.closed_at, as_of)


def _span(start: datetime, end: datetime | None, closed: datetime | None, as_of: datetime) -> Span:
    happened = end is not None and end <= as_of
    last = end if end is not None and happened else min(as_of, closed or as_of)
    return Span(max(0.0, (last - start).total_seconds()), happened)


TimeName = Literal["acknowledged", "effective"]
TIMES: Mapping[TimeName, Callable[[Row, datetime], Span | None]] = {
    "acknowledged": acknowledged,
    "effective": effective,
}
