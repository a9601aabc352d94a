"""What an alert is: a call that rings until somebody has it, and stands until somebody says how it ended. Pure.

It is kept as ids and times; the words of whoever closed it alone are words.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.errors import bad_field
from tidegate.infra.wording import written

AlertKind = Literal["threat_to_life", "escalation"]
AlertState = Literal["open", "acknowledged", "closed"]
AlertOutcome = Literal["false_alarm", "referred", "handled"]
STATES: tuple[AlertState, ...] = ("open", "acknowledged", "closed")
OUTCOMES: tuple[AlertOutcome, ...] = ("handled", "referred", "false_alarm")
LEVELS = ("low", "medium", "high_unspecific", "high_specific")  # of a threat, the least first

_Words = Annotated[str, Meta(min_length=1, max_length=4000)]


class CloseIn(msgspec.Struct, frozen=True):
    """How an alert ended, and why. `referred` says to whom: `referred_to`."""

    outcome: AlertOutcome
    reason: _Words
    referred_to: Annotated[str, Meta(min_length=1, max_length=400)] | None = None


class Rung(msgspec.Struct, frozen=True):
    """What became of a ring. `opened`: a new alert; not `rang`: it rings already, and nothing new was named.
    `report` is the one that it was rung for."""

    alert: UUID
    opened: bool
    rang: bool
    report: UUID | None = None


class Acknowledgement(msgspec.Struct, frozen=True):
    """Somebody had it: for as long as it did not ring anew."""

    by: str
    at: datetime


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it is told. `item` is the platform's id, `reports` the latest that it names, by theirs,
    the latest first, `reports_total` how many these are. It has rung `rings` times, last at `rang_at`."""

    id: UUID
    kind: AlertKind
    level: str | None
    state: AlertState
    platform: str | None
    item: str | None
    case: UUID | None
    reports: list[str]
    reports_total: int
    rings: int
    opened_at: datetime
    rang_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    outcome: AlertOutcome | None
    reason: str | None
    referred_to: str | None


class AlertDetail(Alert, frozen=True, kw_only=True):
    """An alert with all who ever had it, the first first: also those after whom it rang anew."""

    acknowledgements: list[Acknowledgement]


class NamedReport(msgspec.Struct, frozen=True):
    """A report that an alert names, by the reporting side's id; `level` is what its own words were taken
    for."""

    id: str
    level: str | None
    at: datetime


class Threatening(msgspec.Struct, frozen=True):
    """A report, by our own id, whose words were taken for a threat of this level."""

    report: UUID
    level: str
    at: datetime


def higher(one: str | None, other: str | None) -> str | None:
    """The higher of two levels; one that is not known here counts as the least."""
    return max((one, other), key=_rank)


def _rank(level: str | None) -> int:
    if level is None:
        return -2
    return LEVELS.index(level) if level in LEVELS else -1


def state_of(acknowledged_at: datetime | None, closed_at: datetime | None) -> AlertState:
    """What an alert is by what was done about it."""
    if closed_at is not None:
        return "closed"
    return "open" if acknowledged_at is None else "acknowledged"


def check_close(given: CloseIn) -> None:
    """Raises Refusal (422) where a referral does not say to whom, or what is none does; or where the reason
    is blank."""
    if not written(given.reason):
        raise bad_field("/reason", "text of at least 1 character", "nothing")
    to = (given.referred_to or "").strip()
    to = to if written(to) else ""
    if given.outcome == "referred" and not to:
        raise bad_field("/referred_to", "whom it was referred to", "nothing")
    if given.outcome != "referred" and to:
        raise bad_field("/referred_to", "nothing, unless the outcome is referred", to[:60])
