"""What is told once a day or a minute, however often it is done."""

from datetime import timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from tests.waiting import until

from tidegate.infra.db import Database, Tx
from tidegate.ledger.once import DAY, MINUTE, append_once, drop_marks
from tidegate.ledger.tables import ledger_marks, ledger_pending


def tell(tx: Tx, kind: str, subject: UUID, period: timedelta) -> None:
    append_once(tx, kind, {"of": subject}, subject=subject, platform="forum", period=period)


def told(tx: Tx) -> int:
    return tx.execute(sa.select(sa.func.count()).select_from(ledger_pending)).scalar_one()


@pytest.mark.parametrize("period", [DAY, MINUTE])
def test_it_is_told_once_an_actor_subject_kind_and_period(tx: Tx, period: timedelta) -> None:
    case, other = uuid4(), uuid4()
    tx.now = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(3):
        tell(tx, "case.worked", case, period)
    tx.now += period - timedelta(microseconds=1)
    tell(tx, "case.worked", case, period)
    assert told(tx) == 1
    tell(tx, "case.worked", other, period)
    tell(tx, "evidence.read", case, period)
    tx.identity = "user:somebody@example.org"
    tell(tx, "case.worked", case, period)
    assert told(tx) == 4
    tx.now += timedelta(microseconds=1)
    tell(tx, "case.worked", case, period)
    assert told(tx) == 5


def test_what_marks_it_names_nobody_and_goes_when_it_is_over(tx: Tx) -> None:
    case = uuid4()
    tell(tx, "case.worked", case, DAY)
    [row] = tx.execute(sa.select(ledger_marks)).all()
    assert len(row.mark) == 32
    assert drop_marks(tx) == 0
    tx.now = row.until
    assert drop_marks(tx) == 1


def test_two_at_once_tell_it_once(database: Database) -> None:
    case = uuid4()

    def again() -> None:
        with database.begin("user:rita@example.org") as tx:
            tell(tx, "case.worked", case, DAY)

    thread = Thread(target=again)
    with database.begin("user:rita@example.org") as first:
        tell(first, "case.worked", case, DAY)
        thread.start()
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        until(lambda: first.execute(waiting).scalar_one(), "the second to wait for the first")
    thread.join()
    with database.begin() as tx:
        assert told(tx) == 1
