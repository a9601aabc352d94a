"""What is asked and answered about incidents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident. `evidence` is there where a surge proposed it: how many came where how many were
    expected, and of one that is read alone the volumes around it; `scopes` the same of each series in which
    the surge was found."""

    id: str
    state: str
    scheme: str
    title: str
    scheme_version: int = 1
    platform: str | None = None
    note: str | None = None
    level: str | None = None
    criteria: list[str] = []
    queue: str | None = None
    routes: Mapping[str, Any] = {}
    bank: str | None = None
    series: dict[str, Any] | None = None
    proposed_by: str | None = None
    proposed_at: datetime | None = None
    opened_by: str | None = None
    opened_at: datetime | None = None
    opening_reason: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    closing_reason: str | None = None
    steps: list[dict[str, Any]] = []
    evidence: dict[str, Any] | None = None
    scopes: list[dict[str, Any]] = []


class IncidentScheme(msgspec.Struct, frozen=True, kw_only=True):
    """A protocol: its criteria, checks, levels and steps, each with a name and a text."""

    name: str
    version: int
    title: str
    text: str
    activates: str
    criteria: list[dict[str, str]] = []
    checks: list[dict[str, str]] = []
    levels: list[dict[str, str]] = []
    steps: list[dict[str, str]] = []
    translations: Mapping[str, Mapping[str, str]] = {}
