"""What becomes of alerts about one thing, against a plain list: rings, who has it, how it ended, and what is
told when nobody does."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.review.alert_model import LEVELS, CloseIn, higher
from tidegate.review.alerts import acknowledge, close, remind, ring, unheard
from tidegate.review.tables import alert_acknowledgements, alert_reports, alerts, cases

WAIT = 300
STEPS = st.one_of(
    st.tuples(st.just("report"), st.sampled_from([None, *LEVELS])),
    st.tuples(st.sampled_from(["again", "acknowledge", "close"]), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 2 * WAIT)),
)


class Known(msgspec.Struct):
    """An alert in the slow reference."""

    untold: int
    rings: int = 1
    reports: int = 0
    level: str | None = None
    heard: int = 0
    state: str = "open"
    reminders: int = 0


class Plain:
    """All alerts about one thing, the last one last."""

    def __init__(self) -> None:
        self.now, self.all = 0, list[Known]()

    def ring(self, *, named: bool, level: str | None) -> None:
        if not self.all or self.all[-1].state == "closed":
            self.all.append(Known(self.now, reports=int(named), level=level))
            return
        one = self.all[-1]
        if one.state == "open" and not named:
            return
        one.rings, one.reports = one.rings + 1, one.reports + named
        one.level = max((one.level, level), key=lambda known: LEVELS.index(known) if known else -1)
        if one.state == "acknowledged":
            one.state, one.untold, one.reminders = "open", self.now, 0

    def acknowledge(self) -> None:
        one = self.all[-1]
        if one.state == "open":
            one.state, one.heard = "acknowledged", one.heard + 1

    def close(self) -> None:
        self.acknowledge()
        self.all[-1].state = "closed"

    def wait(self, seconds: int) -> None:
        self.now += seconds
        for one in self.all:
            if one.state == "open" and self.now - one.untold >= WAIT:
                one.untold, one.reminders = self.now, one.reminders + 1


def case_of(tx: Tx) -> UUID:
    id = uuid7(tx.now)
    values: dict[str, Any] = {"id": id, "subject_kind": "entry", "subject_id": id, "queue": "x"}
    values |= {"state": "open", "origin": "quarantine", "version": 1, "opened_at": tx.now}
    tx.execute(cases.insert().values(values))
    return id


def do(tx: Tx, case: UUID, what: str, value: Any) -> None:
    last = tx.execute(alerts.select().order_by(alerts.c.step.desc()).limit(1)).one_or_none()
    if what in ("report", "again"):
        report = uuid7(tx.now) if what == "report" else None
        about: dict[str, Any] = {"item_id": None, "case_id": case, "platform": None}
        rung = ring(tx, "threat_to_life", **about, report=report, level=value)
        assert rung.opened == (last is None or last.closed_at is not None)
    elif what == "wait":
        tx.now += timedelta(seconds=value)
        for one in unheard(tx, WAIT, 9):
            remind(tx, one, record=False, targets=0)
    elif last is not None and what == "acknowledge":
        heard = acknowledge(tx, last.id)
        assert heard.before == (last.acknowledged_at is not None)
    elif last is not None and last.closed_at is not None:
        with pytest.raises(Refusal) as refused:
            close(tx, last.id, CloseIn("handled", "It was."))
        assert refused.value.type == "alert-closed"
    elif last is not None:
        close(tx, last.id, CloseIn("handled", "It was."))


def standing(tx: Tx) -> list[tuple[Any, ...]]:
    def count(table: Any, alert: UUID) -> int:
        return len(tx.execute(table.select().where(table.c.alert_id == alert)).all())

    found: list[tuple[Any, ...]] = []
    for row in tx.execute(alerts.select().order_by(alerts.c.opened_at, alerts.c.step)):
        state = "open" if row.acknowledged_at is None else "acknowledged"
        state = state if row.closed_at is None else "closed"
        named, heard = count(alert_reports, row.id), count(alert_acknowledgements, row.id)
        assert named == row.reports
        found.append((row.rings, named, row.level, heard, state, row.reminders))
    return found


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=14))
def test_alerts_are_what_the_list_says(database: Database, steps: list[tuple[str, Any]]) -> None:
    plain = Plain()
    with database.engine.connect() as connection, connection.begin() as transaction:
        tx = Tx(connection, database.clock.now(), "user:anna@example.org", "test")
        case = case_of(tx)
        for what, value in steps:
            do(tx, case, what, value)
            if what in ("report", "again"):
                plain.ring(named=what == "report", level=value)
            elif what == "wait":
                plain.wait(value)
            elif plain.all and (what == "close" or plain.all[-1].state == "open"):
                getattr(plain, what)()
        told = [
            (one.rings, one.reports, one.level, one.heard, one.state, one.reminders)
            for one in plain.all
        ]
        assert standing(tx) == told
        transaction.rollback()


@given(*[st.sampled_from([None, "of a later version", *LEVELS])] * 3)
def test_levels_have_one_order(one: str | None, other: str | None, third: str | None) -> None:
    assert higher(one, other) == higher(other, one)
    assert higher(higher(one, other), third) == higher(one, higher(other, third))
    assert higher(one, None) == one
