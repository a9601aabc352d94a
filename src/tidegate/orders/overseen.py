"""What orders and referrals record of how they fared, URL by URL, for who oversees: times and codes, read for many
at once. What is sealed is read of single ones alone, by `texts_of` and its like."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.orders.drafts.tables import order_claims
from tidegate.orders.messages.model import HARMLESS, SKEW
from tidegate.orders.messages.tables import order_messages
from tidegate.orders.model import Direction
from tidegate.orders.referrals.tables import referral_items, referrals
from tidegate.orders.tables import order_item_states, order_items, orders

Key = tuple[UUID, int]
"""A URL: its order or referral, and its number there."""
_ANSWERS = ("execute", "impede", "ask")
_SIGNED_TO_US = sa.and_(
    orders.c.verified, ~orders.c.problems.overlap(["not-addressed-to-us", "synthetic-differs"])
)


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """One URL of an order. `other` is who got it, of one that came who issued it. `answered_at`: the first Annex II
    or III about it; `executed_at`: the first Annex II, `at` what that says; `ended_by` is the event that made it
    void, or turned it down, at `ended_at`."""

    id: UUID
    n: int
    other: str
    sent_at: datetime
    received_at: datetime | None
    state: str
    measure: str | None
    at: datetime | None
    answered_at: datetime | None
    executed_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    impeded: bool


class Referred(msgspec.Struct, frozen=True, kw_only=True):
    """One URL of a referral, and what was answered about it."""

    id: UUID
    n: int
    other: str
    sent_at: datetime
    received_at: datetime | None
    state: str
    outcome: str | None
    answered_at: datetime | None


def ordered(
    tx: Tx, direction: Direction, since: datetime, until: datetime, other: str | None = None
) -> list[Ordered]:
    """The URLs of the orders that were issued from `since` to before `until`, to one organisation, or by one, or of
    all, the first first. Of what came, what nobody is known to have signed is left out."""
    o, i, s = orders.c, order_items.c, order_item_states.c
    who = o.recipient if direction == "out" else o.issuer
    sent_at = sa.func.coalesce(o.issued_at, o.received_at)
    query = (
        sa.select(
            o.id,
            i.n,
            who.label("other"),
            sent_at.label("sent_at"),
            o.received_at,
            i.state,
            i.measure,
            i["at"],
            sa.func.min(s.entered_at).filter(s.event.in_(_ANSWERS)).label("answered_at"),
            sa.func.min(s.entered_at).filter(s.event == "execute").label("executed_at"),
            sa.func.max(s.entered_at).filter(s.state.in_(("void", "rejected"))).label("ended_at"),
            sa.func.max(s.event).filter(s.state.in_(("void", "rejected"))).label("ended_by"),
            sa.func.coalesce(sa.func.bool_or(s.event == "impede"), sa.false()).label("impeded"),
        )
        .join(order_items, i.order_id == o.id)
        .outerjoin(order_item_states, sa.and_(s.order_id == i.order_id, s.n == i.n))
        .where(o.direction == direction, sent_at >= since, sent_at < until)
        .group_by(o.id, i.order_id, i.n)
        .order_by(sent_at, o.id, i.n)
    )
    if direction == "in":
        query = query.where(_SIGNED_TO_US)
    if other is not None:
        query = query.where(who == other)
    return [Ordered(**row) for row in tx.execute(query).mappings()]


def referred(
    tx: Tx, direction: Direction, since: datetime, until: datetime, other: str | None = None
) -> list[Referred]:
    """The same of referrals; those that came were sent when their message says."""
    r, i, m = referrals.c, referral_items.c, order_messages.c
    who, sent_at = r.recipient, r.created_at
    query = sa.select()
    if direction == "in":
        said = sa.select(sa.func.min(m.sent_at)).where(
            m.order_id == r.id, m.type == "referral.sent"
        )
        who, sent_at = r.issuer, sa.func.coalesce(said.scalar_subquery(), r.created_at)
        query = query.where(r.created_at >= since - SKEW)
    query = (
        query.add_columns(
            r.id,
            i.n,
            who.label("other"),
            sent_at.label("sent_at"),
            r.received_at,
            r.state,
            i.outcome,
            i.answered_at,
        )
        .join_from(referrals, referral_items, i.referral_id == r.id)
        .where(r.direction == direction, r.verified, sent_at >= since, sent_at < until)
        .order_by(sent_at, r.id, i.n)
    )
    if other is not None:
        query = query.where(who == other)
    return [Referred(**row) for row in tx.execute(query).mappings()]


def urls_of_ordered(tx: Tx, keys: Iterable[Key]) -> dict[Key, str]:
    """The addresses of these URLs of orders."""
    return _of(tx, order_items.c.order_id, order_items.c.n, order_items.c.url, keys)


def urls_of_referred(tx: Tx, keys: Iterable[Key]) -> dict[Key, str]:
    """The addresses of these URLs of referrals."""
    return _of(tx, referral_items.c.referral_id, referral_items.c.n, referral_items.c.url, keys)


def reasons_of_referred(tx: Tx, keys: Iterable[Key]) -> dict[Key, str]:
    """Why each of these URLs of referrals is kept, as far as somebody said so."""
    c = referral_items.c
    found = _of(tx, c.referral_id, c.n, c.reason, keys)
    return {key: reason for key, reason in found.items() if reason}


def grounds_of_ordered(tx: Tx, keys: Iterable[Key]) -> dict[Key, str]:
    """What stood in the way of these URLs of orders, by the first ground that was given last."""
    c, wanted = order_item_states.c, _keys(keys)
    query = sa.select(c.order_id, c.n, c.given).where(c.event == "impede")
    query = query.join(wanted, sa.and_(c.order_id == wanted.c.id, c.n == wanted.c.n))
    rows = tx.execute(query.order_by(c.entered_at, c.id))
    return {(row.order_id, row.n): _ground(row.given) for row in rows}


def _ground(given: dict[str, Any] | None) -> str:
    """The platform writes down the ground that it chose, the authority the Annex III that came."""
    said = given or {}
    grounds: list[str] = said.get("grounds") or [said.get("ground") or "not said"]
    return grounds[0]


def noted_by_people(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Those of these orders and referrals that somebody brought by hand, or of which people say what came of them:
    nobody signed that."""
    query = sa.select(order_claims.c.owner).where(one_of(order_claims.c.owner, ids))
    return set(tx.execute(query.distinct()).scalars())


def told_at(tx: Tx, type: str, ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When the first proven message of a type about each of these orders or referrals went or came."""
    query = sa.select(
        order_messages.c.order_id, sa.func.min(order_messages.c.created_at).label("at")
    )
    query = query.where(_proven(type, ids)).group_by(order_messages.c.order_id)
    return {row.order_id: row.at for row in tx.execute(query)}


def letters_of(tx: Tx, type: str, ids: Collection[UUID]) -> list[tuple[UUID, bytes]]:
    """The proven messages of a type about these orders, each with its order, as they came and went."""
    query = sa.select(order_messages.c.order_id, order_messages.c.jws).where(_proven(type, ids))
    query = query.order_by(order_messages.c.created_at, order_messages.c.id)
    return [(row.order_id, row.jws) for row in tx.execute(query)]


def is_addressed(tx: Tx, key: Key, other: str) -> bool:
    """Whether a URL is one of an order or a referral of ours to that organisation."""
    o, r = orders.c, referrals.c
    ordered_ = sa.select(o.id).join(order_items, order_items.c.order_id == o.id)
    ordered_ = ordered_.where(o.id == key[0], o.direction == "out", o.recipient == other)
    ordered_ = ordered_.where(order_items.c.n == key[1], o.issued_at.isnot(None))
    referred_ = sa.select(r.id).join(referral_items, referral_items.c.referral_id == r.id)
    referred_ = referred_.where(r.id == key[0], r.direction == "out", r.recipient == other)
    referred_ = referred_.where(referral_items.c.n == key[1])
    return tx.execute(sa.union_all(ordered_, referred_).limit(1)).first() is not None


def _proven(type: str, ids: Collection[UUID]) -> sa.ColumnElement[bool]:
    c = order_messages.c
    harmless = c.problems.contained_by(sorted(HARMLESS))
    return sa.and_(one_of(c.order_id, ids), c.type == type, c.verified, harmless)


def _of(
    tx: Tx,
    owner: sa.ColumnElement[UUID],
    n: sa.ColumnElement[int],
    value: sa.ColumnElement[Any],
    keys: Iterable[Key],
) -> dict[Key, str]:
    """A value of each of these URLs, which is read of them alone."""
    wanted = _keys(keys)
    query = sa.select(owner.label("id"), n.label("n"), value.label("said"))
    rows = tx.execute(query.join(wanted, sa.and_(owner == wanted.c.id, n == wanted.c.n)))
    return {(row.id, row.n): row.said for row in rows}


def _keys(keys: Iterable[Key]) -> sa.TableValuedAlias:
    """URLs as a table: two parameters, however many they are."""
    pairs = sorted(set(keys))
    ids = sa.cast([id for id, _ in pairs], ARRAY(sa.Uuid))
    numbers = sa.cast([n for _, n in pairs], ARRAY(sa.Integer))
    columns = (sa.column("id", sa.Uuid), sa.column("n", sa.Integer))
    return sa.func.unnest(ids, numbers).table_valued(*columns, name="wanted").render_derived()
