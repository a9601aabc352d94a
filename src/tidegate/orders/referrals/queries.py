"""Reading referrals."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.orders.model import Direction
from tidegate.orders.referrals.model import ReferralItem, ReferralRow, State
from tidegate.orders.referrals.tables import referral_items, referrals

_REFERRAL = [referrals.c[name] for name in ReferralRow.__struct_fields__]
_ITEM = [referral_items.c[name] for name in ReferralItem.__struct_fields__]
MOST = 200


def referral_unknown(_: object = None) -> Refusal:
    return Refusal(
        "referral-unknown", 404, "There is no such referral", "GET /v1/referrals lists them."
    )


def referral_of(tx: Tx, id: UUID, *, lock: bool = False) -> ReferralRow:
    """One referral; with `lock` its row is the transaction's. Raises Refusal (404)."""
    query = sa.select(*_REFERRAL).where(referrals.c.id == id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise referral_unknown()
    return ReferralRow(**row)


def referral_called(
    tx: Tx, direction: Direction, issuer: str, referral_ref: str | None
) -> ReferralRow | None:
    """The verified referral of an issuer by its own id of it, its row locked."""
    query = sa.select(*_REFERRAL).where(
        referrals.c.direction == direction,
        referrals.c.issuer == issuer,
        referrals.c.referral_ref == referral_ref,
        referrals.c.verified,
    )
    row = tx.execute(query.with_for_update()).mappings().one_or_none()
    return None if row is None else ReferralRow(**row)


def referred(tx: Tx, id: UUID) -> list[ReferralItem]:
    """Its URLs, by their numbers."""
    query = sa.select(*_ITEM).where(referral_items.c.referral_id == id)
    return [
        ReferralItem(**row) for row in tx.execute(query.order_by(referral_items.c.n)).mappings()
    ]


def list_referrals(
    tx: Tx,
    *,
    direction: Direction | None,
    states: Sequence[State] | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[ReferralRow], str | None]:
    """A page of referrals, the newest first, and the place after it. Raises Refusal (422)."""
    limit = min(limit, MOST)
    c = referrals.c
    query = sa.select(*_REFERRAL).order_by(c.created_at.desc(), c.id.desc())
    if direction is not None:
        query = query.where(c.direction == direction)
    if states is not None:
        query = query.where(c.state.in_(states))
    if cursor is not None:
        place = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        query = query.where(sa.tuple_(c.created_at, c.id) < place)
    found = [ReferralRow(**row) for row in tx.execute(query.limit(limit + 1)).mappings()]
    page = found[:limit]
    return page, write_cursor(page[-1].created_at, page[-1].id) if len(found) > limit else None
