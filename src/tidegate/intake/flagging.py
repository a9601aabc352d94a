"""Trusted flaggers, and notifiers who are warned and suspended, as callers write and read them. Pure.

A trusted flagger (DSA Art. 22) is an organisation whose notices come first. Whoever frequently submits
manifestly unfounded notices (Art. 23) is warned, and then not heard for a while.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.content.model import Moment, Platform
from tidegate.decisions.agreement import Figure
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.wording import written

WARNING_LASTS = timedelta(days=365)
"""For so long after a warning somebody may be suspended without another one."""
LONGEST_SUSPENSION = timedelta(days=366)

Reason = Annotated[str, Meta(min_length=1, max_length=2000)]
Verb = Literal["warn", "suspend", "lift"]
Standing = Literal["none", "warned", "suspended"]


class FlaggerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An organisation, how it is reached, and what it knows about; of one platform or of all."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    contact: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    areas: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=50)
    ] = []
    platform: Platform | None = None


class ReasonIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, in words."""

    reason: Reason


class SuspensionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, and when it ends."""

    reason: Reason
    until: Moment


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """What became of reports: of how many the item was decided after them, and of how many it is
    restricted or was escalated by the last decision. `precision` is that share, once it says something."""

    reports: int
    decided: int
    acted: int
    precision: Figure


class MonthOfQuality(Quality, frozen=True, kw_only=True):
    """The same of reports that came in a month (UTC)."""

    month: str


class FlaggerView(msgspec.Struct, frozen=True, kw_only=True):
    """A trusted flagger. While it is suspended its notices are no trusted flagger's."""

    id: UUID
    name: str
    contact: str | None
    areas: list[str]
    platform: str | None
    state: Literal["active", "suspended"]
    suspended_reason: str | None
    suspended_at: datetime | None
    created_at: datetime
    created_by: str


class FlaggerDetail(FlaggerView, frozen=True, kw_only=True):
    """A trusted flagger with what became of its reports, and by month, the last first."""

    quality: Quality
    months: list[MonthOfQuality]


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done about a notifier."""

    verb: Verb
    reason: str
    until: datetime | None
    by: str
    at: datetime


class NotifierStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Where a notifier stands, by pseudonym, and until when."""

    notifier: str
    platform: str
    state: Standing
    until: datetime | None


class NotifierView(NotifierStanding, frozen=True, kw_only=True):
    """A notifier, by pseudonym: where they stand, until when, what was done, the newest first, and what
    became of their reports."""

    measures: list[Measure]
    quality: Quality


def standing(measures: Sequence[Measure], now: datetime) -> tuple[Standing, datetime | None]:
    """Where a notifier stands by their measures, the newest first, and until when: by the last suspension
    while it lasts, else by the last warning; what was before a lift counts no more."""
    since = list(takewhile(lambda one: one.verb != "lift", measures))
    suspended = next((one for one in since if one.verb == "suspend"), None)
    if suspended is not None and suspended.until is not None and suspended.until > now:
        return "suspended", suspended.until
    warned = next((one for one in since if one.verb == "warn"), None)
    if warned is not None and warned.at + WARNING_LASTS > now:
        return "warned", warned.at + WARNING_LASTS
    return "none", None


def check_reason(reason: str) -> str:
    """Raises Refusal (422) for blanks."""
    if not written(reason):
        raise bad_field("/reason", "a reason in words", "blanks")
    return reason


def check_flagger(given: FlaggerIn) -> FlaggerIn:
    """Raises Refusal (422) for a name of blanks; areas come each once."""
    if not written(given.name) or given.name != given.name.strip():
        raise bad_field("/name", "a name without blanks around it", "another")
    return msgspec.structs.replace(given, areas=list(dict.fromkeys(given.areas)))


def check_end(until: datetime, now: datetime) -> datetime:
    """The end in UTC. Raises Refusal (422) for one that has come, or that is too far away."""
    try:
        end = until.astimezone(UTC)
    except OverflowError:
        raise bad_field("/until", "a time that exists in UTC", until.isoformat()) from None
    if not now < end <= now + LONGEST_SUSPENSION:
        expected = f"a time to come, at most {LONGEST_SUSPENSION.days} days ahead"
        raise bad_field("/until", expected, until.isoformat())
    return end


def notifier_suspended(until: datetime) -> Refusal:
    return Refusal(
        "notifier-suspended",
        403,
        "The notices of this reporter are not processed for now",
        f"Nothing was written: after a warning, this reporter is suspended until {until:%Y-%m-%d %H:%M} UTC."
        " A threat to life is always taken (reason threat_to_life).",
        until=until,
    )


def flagger_suspended() -> Refusal:
    return Refusal(
        "flagger-suspended",
        403,
        "The status of this trusted flagger is suspended",
        "Nothing was written. Until it is resumed its notices are taken over the channel notice, as anybody's"
        " are; a threat to life is always taken (reason threat_to_life).",
    )
