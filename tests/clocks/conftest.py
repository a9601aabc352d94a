"""Clocks on a real database, of an organisation in Berlin."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from tidegate.clocks import actions
from tidegate.clocks.model import Clock, Subject, Terms
from tidegate.clocks.packs import Packs, read_packs
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx

BERLIN = Terms("Europe/Berlin", "de")
NIGHT = datetime(2026, 3, 2, 1, 13, 7, 123456, tzinfo=UTC)  # 02:13 in Berlin
ORDER = UUID("01900000-0000-7000-8000-000000000001")
Starts = Callable[..., Clock]


@pytest.fixture(scope="session")
def packs() -> Packs:
    return read_packs()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NIGHT)


def subject() -> Subject:
    return Subject("order_item", f"{uuid4()}/1")


def start(tx: Tx, packs: Packs, about: Subject, name: str = "tco.remove", **more: object) -> Clock:
    """Start a clock of ours now, unless told otherwise."""
    event = packs.definition(name).start[0]
    said: dict[str, object] = {"at": tx.now, "event": event, "us": "provider", "terms": BERLIN}
    return actions.start(tx, packs, name, subject=about, **(said | more))  # pyright: ignore[reportArgumentType]
