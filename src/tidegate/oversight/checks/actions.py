"""The verbs of looks: let them become due, take one, write what it saw. A killed worker's come back when its lease
ends, or when it is started again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.oversight.checks.model import (
    SEEN,
    TELL_NOTHING,
    Decision,
    Look,
    Outcome,
    Place,
    Saw,
    decide,
    kept_headers,
    kept_url,
)
from tidegate.oversight.checks.pace import take_host
from tidegate.oversight.checks.queries import CheckRow, ControlSeen
from tidegate.oversight.checks.tables import (
    check_controls,
    check_hosts,
    check_known,
    check_looks,
    checks,
)

LEASE = timedelta(minutes=5)
WINDOW = timedelta(hours=1)
EACH, ONE_HOST = 30, 60
"""Looks that are asked for in an hour: by one person, and at one host by all."""
_TURNS = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('checks asked', 0))")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Address `n` of an order or referral (`owner`, of this `kind`) that went to an organisation; `captured` are the
    SHA-256 of what was kept of its content."""

    owner: UUID
    kind: str
    n: int
    organisation: str
    place: Place
    captured: Sequence[str] = ()


class Claim(msgspec.Struct, frozen=True):
    """A look that a worker may do until its lease ends, at a host that it may ask until `held_until`."""

    check: CheckRow
    host: str
    captured: list[str]
    leased_until: datetime
    held_until: datetime


def schedule(tx: Tx, wanted: Sequence[tuple[Wanted, datetime]]) -> None:
    """Let looks become due. What is due already stays as it is."""
    if not wanted:
        return
    rows = [_row(tx, one, due_at) for one, due_at in wanted]
    new = insert(checks).on_conflict_do_nothing(
        index_elements=["owner", "n", "due_at"], index_where=checks.c.asked_by.is_(None)
    )
    tx.execute(new, rows)


def ask(tx: Tx, wanted: Wanted, due_at: datetime) -> UUID:
    """Let one more look become due, in a person's name. Raises Refusal (429) for more than EACH an hour by one
    person, or ONE_HOST at one host."""
    tx.execute(_TURNS)
    _refuse_over(tx, checks.c.asked_by == tx.identity, EACH, "by you")
    _refuse_over(tx, checks.c.host == wanted.place.host, ONE_HOST, "at this host")
    id = uuid7(tx.now)
    row = _row(tx, wanted, due_at) | {"id": id, "asked_by": tx.identity, "asked_at": tx.now}
    tx.execute(sa.insert(checks).values(row))
    said = {"check": id, "owner": wanted.owner, "n": wanted.n, "due_at": due_at}
    append(tx, "check.asked", said, wanted.owner)
    return id


def _refuse_over(tx: Tx, which: sa.ColumnElement[bool], most: int, whose: str) -> None:
    query = (
        sa.select(checks.c.asked_at)
        .where(which, checks.c.asked_at > tx.now - WINDOW)
        .order_by(checks.c.asked_at.desc())
        .offset(most - 1)
        .limit(1)
    )
    oldest: datetime | None = tx.execute(query).scalar_one_or_none()
    if oldest is not None:
        seconds = max(1, int((oldest + WINDOW - tx.now).total_seconds()) + 1)
        raise Refusal(
            "too-many",
            429,
            "Too many looks were asked for",
            f"Nothing was written: {most} were asked for {whose} within the hour. Ask again in {seconds} seconds.",
            headers={"Retry-After": str(seconds)},
        )


def _row(tx: Tx, wanted: Wanted, due_at: datetime) -> dict[str, object]:
    return {
        "id": uuid7(tx.now),
        "owner": wanted.owner,
        "kind": wanted.kind,
        "n": wanted.n,
        "organisation": wanted.organisation,
        "url": wanted.place.url,
        "host": wanted.place.host,
        "captured": list(wanted.captured),
        "due_at": due_at,
        "next_at": due_at,
    }


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    unleased = sa.or_(checks.c.leased_until.is_(None), checks.c.leased_until <= now)
    return sa.and_(checks.c.next_at <= now, unleased)


def due_hosts(tx: Tx, at: datetime, limit: int) -> list[str]:
    """The hosts at which something is due and which may be asked at `at`, the first due first."""
    query = (
        sa.select(checks.c.host)
        .outerjoin(check_hosts, check_hosts.c.host == checks.c.host)
        .where(_is_due(tx.now))
        .where(sa.or_(check_hosts.c.host.is_(None), check_hosts.c.next_at <= at))
        .group_by(checks.c.host)
        .order_by(sa.func.min(checks.c.next_at))
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def claim(tx: Tx, host: str, at: datetime, place: str | None = None) -> Claim | None:
    """Take the next look at a host, and the host with it, for the worker at a place; None where nothing is due or
    the host may not be asked at `at`."""
    due = (
        sa.select(checks.c.id)
        .where(checks.c.host == host, _is_due(tx.now))
        .order_by(checks.c.next_at, checks.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    id = tx.execute(due).scalar_one_or_none()
    if id is None or (held := take_host(tx, host, at)) is None:
        return None
    until = tx.now + LEASE
    taken = sa.update(checks).where(checks.c.id == id).values(leased_until=until, leased_by=place)
    row = tx.execute(taken.returning(checks)).mappings().one()
    known = {name: row[name] for name in CheckRow.__struct_fields__}
    return Claim(CheckRow(**known), host, list(row["captured"]), until, held)


def hand_back(tx: Tx, claimed: Claim, next_at: datetime | None = None) -> None:
    """Give up what was not done, so that another worker need not wait; with `next_at` nobody does it before."""
    later = {} if next_at is None else {"next_at": next_at}
    tx.execute(sa.update(checks).where(_ours(claimed)).values(leased_until=None, **later))


def free(tx: Tx, place: str) -> None:
    """Give up all that a worker at a place had and cannot finish."""
    his = sa.and_(checks.c.leased_by == place, checks.c.next_at.isnot(None))
    tx.execute(sa.update(checks).where(his).values(leased_until=None))


def record(
    tx: Tx, claimed: Claim, saw: Saw, says: Outcome, control: ControlSeen | None, vantage: str
) -> Decision | None:
    """Write what a look saw, and what follows: the outcome, or when is looked again. None where the lease had
    ended, and another may have done it: then nothing is written."""
    check = claimed.check
    held = sa.select(checks.c.id).where(_ours(claimed)).with_for_update()
    if tx.execute(held).first() is None:
        return None
    before = _looks(tx, check.id)
    look = Look(saw.at, says, None if control is None else control.up)
    tx.execute(sa.insert(check_looks).values(_seen(check.id, len(before) + 1, saw, says, control)))
    decision = decide([*before, look])
    seen = {"status": saw.status, "evidence": saw.sha256, "vantage": vantage}
    values: dict[str, object] = {"leased_until": None, "next_at": decision.again_at, **seen}
    if decision.outcome is None:
        values["second_look_at"] = decision.again_at
    else:
        values |= {"outcome": decision.outcome, "done_at": tx.now}
        _know(tx, check, decision.outcome)
        if before:
            values["second_look_at"] = saw.at
        said = {"check": check.id, "owner": check.owner, "n": check.n}
        append(tx, "check.done", said | {"outcome": decision.outcome} | seen, check.owner)
    tx.execute(sa.update(checks).where(checks.c.id == check.id).values(values))
    return decision


def _know(tx: Tx, check: CheckRow, outcome: Outcome) -> None:
    """Keep what that says of the address beside what was known of it."""
    if outcome in TELL_NOTHING:
        return
    seen_at = tx.now if outcome in SEEN else None
    new = insert(check_known).values(owner=check.owner, n=check.n, told_at=tx.now, seen_at=seen_at)
    later = {
        name: sa.func.greatest(check_known.c[name], new.excluded[name])
        for name in ("told_at", "seen_at")
    }
    tx.execute(new.on_conflict_do_update(index_elements=["owner", "n"], set_=later))


def keep_control(tx: Tx, control: str, seen: ControlSeen) -> None:
    """Remember what a look at a control address said."""
    values = {"at": seen.at, "up": seen.up, "status": seen.status}
    new = insert(check_controls).values(control=control, **values)
    tx.execute(new.on_conflict_do_update(index_elements=["control"], set_=values))


def _ours(claimed: Claim) -> sa.ColumnElement[bool]:
    return sa.and_(
        checks.c.id == claimed.check.id,
        checks.c.leased_until == claimed.leased_until,
        checks.c.next_at.isnot(None),
    )


def _looks(tx: Tx, check_id: UUID) -> list[Look]:
    c = check_looks.c
    query = sa.select(c.at, c.says, c.control_up).where(c.check_id == check_id).order_by(c.n)
    return [Look(row.at, row.says, row.control_up) for row in tx.execute(query)]


def _seen(
    check_id: UUID, n: int, saw: Saw, says: Outcome, control: ControlSeen | None
) -> dict[str, object]:
    return {
        "check_id": check_id,
        "n": n,
        "at": saw.at,
        "says": says,
        "status": saw.status,
        "fault": saw.fault,
        "ended": kept_url(saw.url),
        "headers": kept_headers(saw.headers),
        "sha256": saw.sha256,
        "whole": saw.whole,
        "control_up": None if control is None else control.up,
        "control_at": None if control is None else control.at,
        "control_status": None if control is None else control.status,
    }
