"""Whether the ledger explains the clocks: what came about honestly it does, and what was changed by hand is
named."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.clocks.conftest import NIGHT, ORDER, start, subject

from tidegate.clocks import actions
from tidegate.clocks.model import Clock
from tidegate.clocks.packs import Packs
from tidegate.clocks.sweeping import sweep
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.verify import verify

HOUR = timedelta(hours=1)


def checked(database: Database, instance: Instance) -> list[str]:
    key = instance.secrets.ledger_key.public_key()
    with database.begin() as tx:
        return [fault.detail for fault in verify(tx, key).faults]


@pytest.fixture
def made(owner: Database, clock: FakeClock, packs: Packs) -> Clock:
    """A clock with a story, in a database whose owner may do anything."""
    about = subject()
    with owner.begin() as tx:
        one = start(tx, packs, about, order=ORDER)
        start(tx, packs, subject(), us="authority")
        start(tx, packs, about, at=NIGHT - HOUR / 4, reason="an earlier copy")
    clock.advance(3600)
    with owner.begin() as tx:
        sweep(tx, 10)
        actions.acknowledge(tx, one.id)
        actions.happen(tx, packs, "order.impeded", subject=about, at=tx.now)
        actions.happen(tx, packs, "impediment.ended", subject=about, at=tx.now)
        (met,) = actions.happen(tx, packs, "order.executed", subject=about, at=tx.now)
    return met


def test_an_honest_story_is_explained(owner: Database, made: Clock, instance: Instance) -> None:
    assert made.state == "missed", "the first hour was over"
    assert checked(owner, instance) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE clocks SET due_at = due_at + interval '1 minute' WHERE id = :id", "is not as"),
        ("UPDATE clocks SET state = 'met' WHERE id = :id", "is not as"),
        ("UPDATE clocks SET stopped_at = stopped_at - interval '1 h' WHERE id = :id", "is not as"),
        (
            "UPDATE clock_events SET at = at - interval '1 h' WHERE clock_id = :id AND n = 1",
            "tells",
        ),
        ("DELETE FROM clock_events WHERE clock_id = :id AND n = 2", "tells"),
        (
            "WITH gone AS (DELETE FROM clock_events WHERE clock_id = :id) SELECT 1",
            "tells",
        ),
        (
            "INSERT INTO clocks SELECT (jsonb_populate_record(c, jsonb_build_object('id',"
            " '01900000-0000-7000-8000-00000000000f'))).* FROM clocks c WHERE id = :id",
            "no entry of the ledger explains it",
        ),
    ],
)
def test_what_was_changed_by_hand_is_named(
    owner: Database, made: Clock, instance: Instance, change: str, found: str
) -> None:
    with owner.begin() as tx:
        tx.execute(sa.text(change), {"id": made.id})
    faults = checked(owner, instance)
    assert faults
    assert any(found in fault for fault in faults)


def test_a_clock_that_is_gone_is_named(owner: Database, made: Clock, instance: Instance) -> None:
    with owner.begin() as tx:
        tx.execute(sa.text("DELETE FROM clock_events WHERE clock_id = :id"), {"id": made.id})
        tx.execute(sa.text("DELETE FROM clocks WHERE id = :id"), {"id": made.id})
    assert any("is gone" in fault for fault in checked(owner, instance))
