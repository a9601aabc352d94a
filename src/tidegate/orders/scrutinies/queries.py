"""Reading the scrutiny desk."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.orders.scrutinies.model import Requested, Scrutiny, State
from tidegate.orders.scrutinies.tables import scrutinies, scrutiny_requests

_SCRUTINY = [scrutinies.c[name] for name in Scrutiny.__struct_fields__]
_REQUEST = [scrutiny_requests.c[name] for name in Requested.__struct_fields__]
MOST = 200


def scrutiny_unknown(_: object = None) -> Refusal:
    return Refusal(
        "scrutiny-unknown", 404, "There is no such scrutiny", "GET /v1/scrutinies lists them."
    )


def scrutiny_of(tx: Tx, id: UUID, *, lock: bool = False) -> Scrutiny:
    """One order at the desk; with `lock` its row is the transaction's. Raises Refusal (404)."""
    query = sa.select(*_SCRUTINY).where(scrutinies.c.id == id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise scrutiny_unknown()
    return Scrutiny(**row)


def scrutiny_about(tx: Tx, issuer: str, order_ref: str) -> Scrutiny | None:
    """The order of an issuer by its own id of it, its row locked; None while nothing of it came."""
    query = sa.select(*_SCRUTINY).where(
        scrutinies.c.issuer == issuer, scrutinies.c.order_ref == order_ref
    )
    row = tx.execute(query.with_for_update()).mappings().one_or_none()
    return None if row is None else Scrutiny(**row)


def requests_of(tx: Tx, id: UUID) -> list[Requested]:
    """Who asked, the first first."""
    query = sa.select(*_REQUEST).where(scrutiny_requests.c.scrutiny_id == id)
    rows = tx.execute(query.order_by(scrutiny_requests.c.received_at, scrutiny_requests.c.id))
    return [Requested(**row) for row in rows.mappings()]


def list_scrutinies(
    tx: Tx, *, states: Sequence[State] | None, cursor: str | None, limit: int
) -> tuple[list[Scrutiny], str | None]:
    """A page of the desk, the newest first, and the place after it. Raises Refusal (422)."""
    limit = min(limit, MOST)
    query = sa.select(*_SCRUTINY).order_by(scrutinies.c.created_at.desc(), scrutinies.c.id.desc())
    if states is not None:
        query = query.where(scrutinies.c.state.in_(states))
    if cursor is not None:
        place = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        query = query.where(sa.tuple_(scrutinies.c.created_at, scrutinies.c.id) < place)
    found = [Scrutiny(**row) for row in tx.execute(query.limit(limit + 1)).mappings()]
    page = found[:limit]
    return page, write_cursor(page[-1].created_at, page[-1].id) if len(found) > limit else None
