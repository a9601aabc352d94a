"""What reports are answered with, and what is read of them again."""

from datetime import datetime
from typing import Any

import msgspec


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The case that a report opened or joined, how many people reported its item, what it `brought` beside
    that, the code for its reporter, and what is to be said of the report itself."""

    id: str
    item: str
    case: str
    state: str
    queue: str
    reports: int
    brought: str | None = None
    reference: str = ""
    cluster: str | None = None
    threat: dict[str, Any] | None = None
    priority: dict[str, Any] | None = None
    problems: list[str] = []


class ReportBatchAnswer(msgspec.Struct, frozen=True):
    """One line of the answer to many reports, as `BatchAnswer` is of items. `before`: the report was here
    already, and this is the answer that it got."""

    index: int
    status: int
    report: ReportAnswer | None = None
    problem: dict[str, Any] | None = None
    before: bool = False


class ReportRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A report and how far it is. Its words and the pseudonym of who reported are there for keys that read
    cases, its `reference` for those that send reports."""

    id: str
    platform: str
    channel: str
    reason: str
    state: str
    comment: str | None = None
    location: str | None = None
    reporter: str | None = None
    item: str | None = None
    brought: str | None = None
    case: str | None = None
    case_state: str | None = None
    reports: int = 0
    counts: bool = True
    reference: str | None = None
    cluster: str | None = None
    threat: dict[str, Any] | None = None
    priority: dict[str, Any] | None = None
    problems: list[str] = []
    messages: list[dict[str, Any]] = []
    created_at: datetime | None = None
    received_at: datetime | None = None


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever has a report's code is told: how far it is, and what was said to its reporter."""

    id: str
    platform: str
    state: str
    case: str | None = None
    case_state: str | None = None
    received_at: datetime | None = None
    messages: list[dict[str, Any]] = []
