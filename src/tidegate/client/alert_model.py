"""Alerts as they are answered: what cannot wait, who has it, and how it ended."""

from datetime import datetime
from typing import Literal

import msgspec

AlertState = Literal["open", "acknowledged", "closed"]
AlertOutcome = Literal["false_alarm", "referred", "handled"]


class Acknowledgement(msgspec.Struct, frozen=True):
    """Somebody had it, until it rang anew."""

    by: str
    at: datetime


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert. `item` is the platform's id; `reports` are the latest that it names, the latest first, of
    `reports_total`. It has rung `rings` times, last at `rang_at`. `acknowledgements`, of one that was asked
    for, are all that there were."""

    id: str
    kind: str
    state: AlertState
    opened_at: datetime
    rang_at: datetime
    level: str | None = None
    platform: str | None = None
    item: str | None = None
    case: str | None = None
    reports: list[str] = []
    reports_total: int = 0
    rings: int = 1
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    outcome: AlertOutcome | None = None
    reason: str | None = None
    referred_to: str | None = None
    acknowledgements: list[Acknowledgement] = []


class NamedReport(msgspec.Struct, frozen=True):
    """A report that an alert names, and what its own words were taken for."""

    id: str
    at: datetime
    level: str | None = None
