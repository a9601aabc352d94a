"""Reading how orders of ours came about, what is live about a content, and what was claimed."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.orders.drafting import LIVE
from tidegate.orders.drafts.model import Claim, DraftRow, Prior, StateOfOrder
from tidegate.orders.drafts.tables import order_claims, order_drafts, order_states, order_targets
from tidegate.orders.messages.tables import order_messages
from tidegate.orders.model import Direction
from tidegate.orders.scrutinies.tables import scrutinies
from tidegate.orders.tables import orders

_DRAFT = [order_drafts.c[name] for name in DraftRow.__struct_fields__]
_STATE = [order_states.c[name] for name in StateOfOrder.__struct_fields__]
_CLAIM = [order_claims.c[name] for name in Claim.__struct_fields__]


def draft_of(tx: Tx, order_id: UUID) -> DraftRow | None:
    """How an order came about; None where it is none of ours."""
    query = sa.select(*_DRAFT).where(order_drafts.c.order_id == order_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else DraftRow(**row)


def drafts_not_by(tx: Tx, person: str, state: str, limit: int) -> list[UUID]:
    """Orders of ours in a state that somebody else drafted and submitted, the oldest first."""
    query = (
        sa.select(orders.c.id)
        .join(order_drafts, order_drafts.c.order_id == orders.c.id)
        .where(orders.c.direction == "out", orders.c.state == state)
        .where(order_drafts.c.drafted_by != person, order_drafts.c.submitted_by != person)
        .order_by(orders.c.created_at, orders.c.id)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def states_of(tx: Tx, order_id: UUID) -> list[StateOfOrder]:
    """Every state that an order of ours was in, in the order of entry."""
    query = sa.select(*_STATE).where(order_states.c.order_id == order_id)
    return [StateOfOrder(**row) for row in tx.execute(query.order_by(order_states.c.n)).mappings()]


class FinalOrder(msgspec.Struct, frozen=True):
    """An order that is final. Of another authority's, which we know by its copy, `final_at` is not known."""

    id: UUID
    issuer: str
    reference: str | None
    received_at: datetime | None
    final_at: datetime | None


def final_orders(tx: Tx, recipient: str, since: datetime, until: datetime) -> list[FinalOrder]:
    """The orders to a provider that became final in a period, ours; and those of others, by their copies, that
    came to us in it."""
    last = sa.and_(order_states.c.state == "final", order_states.c.entered_at.between(since, until))
    ours = (
        sa.select(
            orders.c.id,
            orders.c.issuer,
            orders.c.reference,
            orders.c.received_at,
            order_states.c.entered_at,
        )
        .join(order_states, sa.and_(order_states.c.order_id == orders.c.id, last))
        .where(orders.c.direction == "out", orders.c.recipient == recipient)
        .where(orders.c.state == "final")
        .order_by(order_states.c.entered_at, orders.c.id)
    )
    c = scrutinies.c
    copied = (
        sa.select(c.id, c.issuer, c.reference, c.received_at, sa.null())
        .where(c.recipient == recipient, c.order_state == "final")
        .where(c.received_at.between(since, until))
        .order_by(c.received_at, c.id)
    )
    return [FinalOrder(*row) for query in (ours, copied) for row in tx.execute(query)]


def claims_of(tx: Tx, owner: UUID) -> list[Claim]:
    """What people wrote down of an order, a referral or a scrutiny."""
    query = sa.select(*_CLAIM).where(order_claims.c.owner == owner)
    found = tx.execute(query.order_by(order_claims.c.at, order_claims.c.id)).mappings()
    return [Claim(**row) for row in found]


def live_about(tx: Tx, keys: Collection[bytes], *, beside: UUID) -> list[str]:
    """The live orders about one of these, by their references: ours, and those that we have copies of. A copy
    that we made of ours is known by ours."""
    return sorted({*_ours(tx, keys, beside), *_copied(tx, keys)})


def _ours(tx: Tx, keys: Collection[bytes], beside: UUID) -> list[str]:
    query = (
        sa.select(orders.c.reference)
        .join(order_targets, order_targets.c.owner == orders.c.id)
        .where(one_of(order_targets.c.key, keys), order_targets.c.kind == "order")
        .where(orders.c.id != beside, orders.c.state.in_(sorted(LIVE)))
    )
    return [str(one) for one in tx.execute(query).scalars()]


def _copied(tx: Tx, keys: Collection[bytes]) -> list[str]:
    query = (
        sa.select(scrutinies.c.issuer, scrutinies.c.reference, scrutinies.c.order_ref)
        .join(order_targets, order_targets.c.owner == scrutinies.c.id)
        .where(one_of(order_targets.c.key, keys), order_targets.c.kind == "copy")
        .where(scrutinies.c.order_state == "live")
    )
    return [f"{row.issuer} {row.reference or row.order_ref}" for row in tx.execute(query)]


def referred_about(tx: Tx, keys: Collection[bytes]) -> set[bytes]:
    """Those of these that a referral of ours is about already."""
    query = sa.select(order_targets.c.key).where(one_of(order_targets.c.key, keys))
    return set(tx.execute(query.where(order_targets.c.kind == "referral")).scalars())


def ordered_about(tx: Tx, keys: Collection[bytes]) -> set[bytes]:
    """Those of these that a live order is about, ours or one that we have a copy of."""
    ours = sa.select(orders.c.id).where(orders.c.state.in_(sorted(LIVE)))
    copied = sa.select(scrutinies.c.id).where(scrutinies.c.order_state == "live")
    query = sa.select(order_targets.c.key).where(one_of(order_targets.c.key, keys))
    query = query.where(order_targets.c.owner.in_(ours.union_all(copied)))
    return set(tx.execute(query).scalars())


def sent_about(tx: Tx, key: bytes) -> list[tuple[UUID, str]]:
    """The orders of ours that were issued, and the referrals, that are about this, the newest first: each with
    which of the two it is."""
    query = (
        sa.select(order_targets.c.owner, order_targets.c.kind)
        .outerjoin(orders, orders.c.id == order_targets.c.owner)
        .where(order_targets.c.key == key, order_targets.c.kind.in_(["order", "referral"]))
        .where(sa.or_(orders.c.issued_at.isnot(None), order_targets.c.kind == "referral"))
        .order_by(order_targets.c.owner.desc())
    )
    return [(row.owner, row.kind) for row in tx.execute(query)]


def has_ordered(tx: Tx, recipient: str) -> bool:
    """Whether an order of ours was issued to a provider before: another is not the first."""
    query = sa.select(orders.c.id).where(
        orders.c.direction == "out",
        orders.c.recipient == recipient,
        orders.c.issued_at.isnot(None),
    )
    return bool(tx.execute(sa.select(query.exists())).scalar_one())


def informed_at(tx: Tx, recipient: str) -> datetime | None:
    """When a provider first had prior information of ours, by its own signed receipt."""
    query = sa.select(sa.func.min(order_messages.c.received_at)).where(
        order_messages.c.direction == "out",
        order_messages.c.type == "prior_information",
        order_messages.c.recipient == recipient,
        order_messages.c.state == "delivered",
    )
    found: datetime | None = tx.execute(query).scalar_one()
    return found


def prior_with(tx: Tx, direction: Direction, ids: Collection[str]) -> dict[str, Prior]:
    """The first prior information that went to each of these providers, or came from each of these authorities."""
    out = direction == "out"
    other = order_messages.c.recipient if out else order_messages.c.sender
    known = order_messages.c.state == "delivered" if out else sa.true()
    query = (
        sa.select(
            other.label("other"),
            sa.func.min(order_messages.c.sent_at).label("sent"),
            sa.func.min(order_messages.c.received_at).filter(known).label("received"),
        )
        .where(order_messages.c.direction == direction, other.in_(list(ids)))
        .where(order_messages.c.type == "prior_information", order_messages.c.verified)
        .group_by(other)
    )
    return {row.other: Prior(row.sent, row.received) for row in tx.execute(query)}
