"""What a person had to look at and how long they have worked: their own record, kept for them alone.

Nothing here takes a person: each of these reads and writes the actor's own, and no query asks for
another's. What follows from it, a break that is offered, an easier case, is in `pace.py`.
"""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.review.pace import Pace, Stint, rested
from tidegate.review.sight import in_sight
from tidegate.review.tables import cases, exposure, stints

KEPT = timedelta(days=90)
USUAL = 3
"""The severity of what no case says."""
MOST_PASSED = 200
_COLUMNS = [stints.c[name] for name in Stint.__struct_fields__]


class Exposed(msgspec.Struct, frozen=True, kw_only=True):
    """What was revealed on a day (UTC), of a severity: files and seconds."""

    day: date
    severity: int
    files: int
    seconds: float


def work_on(tx: Tx, pace: Pace) -> Stint:
    """The actor works: their stint goes on, or a new one begins after a break. Their row is the
    transaction's until its end; whoever locks a case as well does so before."""
    fresh = {"began_at": tx.now, "last_at": tx.now}
    row = insert(stints).values(person=tx.identity, **fresh)
    goes_on = row.on_conflict_do_update(index_elements=["person"], set_={"person": stints.c.person})
    stint = Stint(**tx.execute(goes_on.returning(*_COLUMNS)).mappings().one())
    if rested(stint, tx.now, pace):
        return begin_anew(tx)
    _set(tx, last_at=tx.now)
    return msgspec.structs.replace(stint, last_at=tx.now)


def stint_of(tx: Tx) -> Stint:
    """The actor's stint as it is, without their working on."""
    row = tx.execute(sa.select(*_COLUMNS).where(stints.c.person == tx.identity)).mappings()
    found = row.one_or_none()
    return Stint(began_at=tx.now, last_at=tx.now) if found is None else Stint(**found)


def begin_anew(tx: Tx) -> Stint:
    """The actor has had a break."""
    stint = Stint(began_at=tx.now, last_at=tx.now)
    values: dict[str, Any] = msgspec.structs.asdict(stint) | {"passed": []}
    row = insert(stints).values(person=tx.identity, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["person"], set_=values))
    return stint


def put_off(tx: Tx) -> None:
    """The actor takes the break later."""
    _set(tx, later_at=tx.now)


def was_given(tx: Tx, *, hard: bool) -> None:
    """The actor was given a case."""
    _set(tx, hard_in_a_row=stints.c.hard_in_a_row + 1 if hard else 0)


def remember_passed(tx: Tx, passed: list[UUID]) -> None:
    """Which cases are not offered to the actor again before all others were."""
    _set(tx, passed=passed[-MOST_PASSED:])


def count_file(tx: Tx, severity: int) -> None:
    """A file was revealed to the actor."""
    _add(tx, severity, files=1, seconds=0.0)


def count_seconds(tx: Tx, severity: int, seconds: float) -> None:
    """What was revealed stayed so for these seconds."""
    _add(tx, severity, files=0, seconds=seconds)
    _set(tx, revealed_seconds=stints.c.revealed_seconds + seconds)


def severity_of_case(tx: Tx, case_id: UUID) -> int:
    return _severity(tx, cases.c.id == case_id)


def severity_of_item(tx: Tx, item_id: UUID) -> int:
    """That of an item's last case."""
    return _severity(tx, cases.c.item_id == item_id)


def severity_of_entry(tx: Tx, entry_id: UUID) -> int:
    """That of the last case about a bank entry."""
    return _severity(tx, sa.and_(cases.c.subject_kind == "entry", cases.c.subject_id == entry_id))


def exposure_of_actor(tx: Tx) -> list[Exposed]:
    """The actor's own record, the latest day first."""
    query = sa.select(*(exposure.c[name] for name in Exposed.__struct_fields__))
    query = query.where(exposure.c.person == tx.identity)
    rows = tx.execute(query.order_by(exposure.c.day.desc(), exposure.c.severity.desc()))
    return [Exposed(**row) for row in rows.mappings()]


def erase_exposure(tx: Tx) -> None:
    """The actor's own record is gone."""
    tx.execute(sa.delete(exposure).where(exposure.c.person == tx.identity))


def sweep_wellness(tx: Tx) -> int:
    """Forget what is past its time. For the worker."""
    old = sa.delete(exposure).where(exposure.c.day < (tx.now - KEPT).date())
    over = sa.delete(stints).where(stints.c.last_at <= tx.now - timedelta(days=1))
    return tx.execute(old).rowcount + tx.execute(over).rowcount


def _set(tx: Tx, **values: object) -> None:
    tx.execute(sa.update(stints).where(stints.c.person == tx.identity).values(**values))


def _add(tx: Tx, severity: int, *, files: int, seconds: float) -> None:
    place = {"person": tx.identity, "day": tx.now.date(), "severity": severity}
    row = insert(exposure).values(**place, files=files, seconds=seconds)
    more = {
        "files": exposure.c.files + row.excluded.files,
        "seconds": exposure.c.seconds + row.excluded.seconds,
    }
    tx.execute(row.on_conflict_do_update(index_elements=list(place), set_=more))


def _severity(tx: Tx, about: sa.ColumnElement[bool]) -> int:
    query = (
        sa.select(cases.c.severity)
        .where(about, in_sight(tx))
        .order_by(cases.c.opened_at.desc())
        .limit(1)
    )
    return tx.execute(query).scalar_one_or_none() or USUAL
