"""Reading looks: those of orders and referrals, a page of them, and what one has seen so far."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.columns import one_of
from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.oversight.checks.model import SEEN, Outcome
from tidegate.oversight.checks.tables import check_controls, check_known, check_looks, checks

MOST = 200
"""How many looks a page of the list has at most."""


class CheckRow(msgspec.Struct, frozen=True, kw_only=True):
    """One look that is due, or was done, at address `n` of an order or referral (`owner`, of this `kind`).
    `evidence` is the SHA-256 of what the last look read; `second_look_at`: when it was, or will be, looked again
    because the first said that something is gone."""

    id: UUID
    owner: UUID
    n: int
    kind: str
    organisation: str
    url: str
    due_at: datetime
    done_at: datetime | None
    outcome: Outcome | None
    status: int | None
    evidence: str | None
    vantage: str | None
    second_look_at: datetime | None


_ROW = [checks.c[name] for name in CheckRow.__struct_fields__]


class Checked(msgspec.Struct, frozen=True):
    """When a look was due and done, and what it came to; nulls: not done yet."""

    due_at: datetime
    done_at: datetime | None
    outcome: Outcome | None


def checks_of(tx: Tx, ids: Sequence[UUID]) -> dict[tuple[UUID, int], list[Checked]]:
    """The looks at the addresses of these orders and referrals, by the owner's id and the address's number, those
    that are due first before those due later. `last_seen` says less, and sooner."""
    found: dict[tuple[UUID, int], list[Checked]] = {}
    if ids:
        c = checks.c
        query = sa.select(c.owner, c.n, c.due_at, c.done_at, c.outcome)
        query = query.where(one_of(c.owner, ids)).order_by(c.due_at, c.id)
        for row in tx.execute(query):
            one = Checked(row.due_at, row.done_at, row.outcome)
            found.setdefault((row.owner, row.n), []).append(one)
    return found


class Known(msgspec.Struct, frozen=True):
    """When an address was last looked at to a result, and when it was last seen (None: never)."""

    told_at: datetime
    seen_at: datetime | None


def known_of(tx: Tx, ids: Collection[UUID]) -> dict[tuple[UUID, int], Known]:
    """What the looks at the addresses of these orders and referrals came to, of those that were looked at to a
    result."""
    c = check_known.c
    query = sa.select(c.owner, c.n, c.told_at, c.seen_at).where(one_of(c.owner, ids))
    return {(row.owner, row.n): Known(row.told_at, row.seen_at) for row in tx.execute(query)}


def check_of(tx: Tx, id: UUID) -> CheckRow:
    """One look, which there is."""
    return CheckRow(**tx.execute(sa.select(*_ROW).where(checks.c.id == id)).mappings().one())


def checked(tx: Tx, id: UUID) -> CheckRow:
    """One look. Raises Refusal (404)."""
    row = tx.execute(sa.select(*_ROW).where(checks.c.id == id)).mappings().first()
    if row is None:
        raise Refusal("check-unknown", 404, "There is no such check", f"No check {id}.")
    return CheckRow(**row)


def list_checks(
    tx: Tx,
    *,
    owner: UUID | None = None,
    kind: str | None = None,
    organisation: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[CheckRow], str | None]:
    """A page of looks, what is due last first, and the place after it. Raises Refusal (422) for a cursor that is
    none."""
    limit = min(limit, MOST)
    c = checks.c
    query = sa.select(*_ROW).order_by(c.due_at.desc(), c.id.desc())
    if owner is not None:
        query = query.where(c.owner == owner)
    if kind is not None:
        query = query.where(c.kind == kind)
    if organisation is not None:
        query = query.where(c.organisation == organisation)
    if cursor is not None:
        place = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        query = query.where(sa.tuple_(c.due_at, c.id) < place)
    found = [CheckRow(**row) for row in tx.execute(query.limit(limit + 1)).mappings()]
    page = found[:limit]
    return page, write_cursor(page[-1].due_at, page[-1].id) if len(found) > limit else None


def first_digest(tx: Tx, owner: UUID, n: int) -> str | None:
    """The digest of what the first look that saw an address read of it, where that was all; None before one did."""
    query = (
        sa.select(check_looks.c.sha256)
        .join(checks, checks.c.id == check_looks.c.check_id)
        .where(checks.c.owner == owner, checks.c.n == n, check_looks.c.whole)
        .where(check_looks.c.says.in_(sorted(SEEN)))
        .order_by(check_looks.c.at)
        .limit(1)
    )
    return tx.execute(query).scalar_one_or_none()


class ControlSeen(msgspec.Struct, frozen=True):
    """What a look at a control address said."""

    at: datetime
    up: bool
    status: int | None


def control_seen(tx: Tx, control: str, since: datetime) -> ControlSeen | None:
    """The last look at a control address; None where there was none since then."""
    query = sa.select(check_controls.c.at, check_controls.c.up, check_controls.c.status)
    query = query.where(check_controls.c.control == control, check_controls.c.at >= since)
    row = tx.execute(query).one_or_none()
    return None if row is None else ControlSeen(row.at, row.up, row.status)
