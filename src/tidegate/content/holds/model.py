"""A hold as callers write and read it, and an opening of what only a hold keeps. Pure.

While an item's own retention runs, a hold changes nothing about who reads it. Once that is over the
content is there for the hold's purpose alone: whoever wants to see it says why, and that is recorded.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.access.purposes import SHORTEST_JUSTIFICATION, Purpose
from tidegate.content.model import Content, Moment
from tidegate.infra.errors import bad_field
from tidegate.infra.wording import written

ORDER_PURPOSES: tuple[Purpose, ...] = ("review", "investigation")
"""For what content that a legal order keeps may be opened."""
OPENING_LASTS = timedelta(minutes=30)
RESERVED = ("order:", "request:")
"""How sources begin that only the program itself writes."""


class HoldIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why an item must not be erased, for what, until when (without `until`: until it is lifted), and
    what it rests on, such as the number of a letter."""

    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    purpose: Purpose = "other"
    until: Moment | None = None
    source: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class HoldView(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that stands; `order` is the legal order that it follows from."""

    id: UUID
    reason: str
    purpose: Purpose
    until: datetime | None
    source: str | None
    placed_by: str
    placed_at: datetime
    order: UUID | None = None


class Opened(msgspec.Struct, frozen=True):
    """That somebody opened what a hold keeps, and what for."""

    at: datetime
    by: str
    purpose: Purpose
    case: str | None


class HoldDetail(HoldView, frozen=True, kw_only=True):
    """A hold, also one that is over (`ended_at`), the item that it is on, and who opened what it keeps."""

    item: str
    platform: str
    ended_at: datetime | None
    opened: list[Opened]


class OpeningIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For what the content is to be seen, and why in words; `case` names the work it is for."""

    purpose: Purpose
    justification: Annotated[str, Meta(min_length=SHORTEST_JUSTIFICATION, max_length=2000)]
    case: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """Until `until`, who opened it reads the item as before its retention ended."""

    id: UUID
    hold: UUID
    item: str
    platform: str
    purpose: Purpose
    opened_by: str
    opened_at: datetime
    until: datetime


class OpenedHold(Opening, frozen=True, kw_only=True):
    """An opening, and what it opened: the latest content, null where there is none."""

    content: Content | None


def check_hold(hold: HoldIn, now: datetime) -> HoldIn:
    """What the types cannot say; the hold with its end in UTC. Raises Refusal (422) with the
    field's pointer."""
    if not written(hold.reason):
        raise bad_field("/reason", "a reason in words", "blanks")
    if hold.source is not None and hold.source.startswith(RESERVED):
        raise bad_field("/source", f"none of {', '.join(RESERVED)} at the start", hold.source[:60])
    if hold.until is None:
        return hold
    return msgspec.structs.replace(hold, until=ahead(hold.until, now))


def ahead(until: datetime, after: datetime) -> datetime:
    """An end in UTC. Raises Refusal (422) for one that is not after this."""
    try:
        end = until.astimezone(UTC)
    except OverflowError:
        raise bad_field("/until", "a time that exists in UTC", until.isoformat()) from None
    if end <= after:
        raise bad_field("/until", f"a time after {after:%Y-%m-%d %H:%M}", until.isoformat())
    return end


def check_opening(opening: OpeningIn, *, of_order: bool = False) -> None:
    """Raises Refusal (422) for a justification of blanks, and for what nobody opens an order's hold for."""
    if of_order and opening.purpose not in ORDER_PURPOSES:
        raise bad_field("/purpose", f"one of {', '.join(ORDER_PURPOSES)}", repr(opening.purpose))
    said = opening.justification
    if len(said.strip()) < SHORTEST_JUSTIFICATION or written(said) < 8:
        raise bad_field("/justification", "at least 15 characters in words", "blanks")
