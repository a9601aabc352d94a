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
from tidegate.content.model import Moment
from tidegate.infra.errors import bad_field
from tidegate.infra.wording import written

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
    """A hold that stands."""

    id: UUID
    reason: str
    purpose: Purpose
    until: datetime | None
    source: str | None
    placed_by: str
    placed_at: datetime


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


def check_hold(hold: HoldIn, now: datetime) -> HoldIn:
    """What the types cannot say; the hold with its end in UTC. Raises Refusal (422) with the
    field's pointer."""
    if not written(hold.reason):
        raise bad_field("/reason", "a reason in words", "blanks")
    if hold.source is not None and hold.source.startswith(RESERVED):
        raise bad_field("/source", f"none of {', '.join(RESERVED)} at the start", hold.source[:60])
    if hold.until is None:
        return hold
    try:
        until = hold.until.astimezone(UTC)
    except OverflowError:
        raise bad_field("/until", "a time that exists in UTC", hold.until.isoformat()) from None
    if until <= now:
        raise bad_field("/until", "a time in the future", hold.until.isoformat())
    return msgspec.structs.replace(hold, until=until)


def check_opening(opening: OpeningIn) -> None:
    """Raises Refusal (422) for a justification of blanks."""
    said = opening.justification
    if len(said.strip()) < SHORTEST_JUSTIFICATION or written(said) < 8:
        raise bad_field("/justification", "at least 15 characters in words", "blanks")
