"""Reading which cards went and came, and what firms said to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.orders.model import Direction
from tidegate.oversight.replies.model import CardKept, Contest, Reply
from tidegate.oversight.replies.tables import scorecard_contests, scorecard_replies, scorecards
from tidegate.oversight.rows import Channel

_CARD = [scorecards.c[name] for name in CardKept.__struct_fields__]
_CONTEST = [scorecard_contests.c[name] for name in Contest.__struct_fields__]
_REPLY = [scorecard_replies.c[name] for name in Reply.__struct_fields__]


def last_card(
    tx: Tx,
    direction: Direction,
    organisation: str,
    authority: str | None = None,
    *,
    channel: Channel | None = None,
) -> CardKept | None:
    """The card about an organisation that went or came last, of one authority or of any, and of one channel or of
    any; None: none did."""
    c = scorecards.c
    query = sa.select(*_CARD).where(c.direction == direction, c.organisation == organisation)
    if authority is not None:
        query = query.where(c.authority == authority)
    if channel is not None:
        query = query.where(c.channel == channel)
    row = tx.execute(query.order_by(c["at"].desc(), c.id.desc()).limit(1)).mappings().first()
    return None if row is None else CardKept(**row)


def card_of(tx: Tx, id: UUID) -> CardKept:
    """A card that went or came. Raises Refusal (404)."""
    row = tx.execute(sa.select(*_CARD).where(scorecards.c.id == id)).mappings().first()
    if row is None:
        raise card_unknown()
    return CardKept(**row)


def card_unknown() -> Refusal:
    return Refusal(
        "scorecard-unknown",
        404,
        "There is no such scorecard",
        "No authority has sent one about this organisation.",
    )


def authorities_with_cards(tx: Tx, organisation: str) -> list[str]:
    """The authorities of which cards about an organisation came, by id."""
    c = scorecards.c
    query = sa.select(c.authority).where(c.direction == "in", c.organisation == organisation)
    return list(tx.execute(query.distinct().order_by(c.authority)).scalars())


def contests_of(tx: Tx, organisation: str) -> list[Contest]:
    """What an organisation contested, the newest first."""
    c = scorecard_contests.c
    query = sa.select(*_CONTEST).where(c.organisation == organisation)
    rows = tx.execute(query.order_by(c["at"].desc(), c.id.desc())).mappings()
    return [Contest(**row) for row in rows]


def contested_rows(tx: Tx, organisation: str | None = None) -> set[str]:
    """The rows at which two persons have not looked yet that were contested, by one organisation or by any."""
    c = scorecard_contests.c
    query = sa.select(c.row_id).where(c.state != "settled")
    if organisation is not None:
        query = query.where(c.organisation == organisation)
    return set(tx.execute(query.distinct()).scalars())


def contest_of(tx: Tx, organisation: str, id: UUID) -> Contest:
    """One contest of an organisation, its row the transaction's until the end. Raises Refusal (404)."""
    c = scorecard_contests.c
    query = sa.select(*_CONTEST).where(c.id == id, c.organisation == organisation)
    row = tx.execute(query.with_for_update()).mappings().one_or_none()
    if row is None:
        raise contest_unknown()
    return Contest(**row)


def contest_unknown(_: object = None) -> Refusal:
    return Refusal(
        "contest-unknown",
        404,
        "There is no such contest",
        "GET /v1/scorecards/{organisation} lists those of an organisation.",
    )


def replies_to(
    tx: Tx, organisation: str | None, channel: Channel, since: datetime, until: datetime
) -> list[Reply]:
    """What an organisation (None: each) replied to cards of a channel whose period meets this one, and to none, the
    newest first."""
    c, r = scorecards.c, scorecard_replies.c
    meets = sa.and_(c.channel == channel, c.since < until, c.until > since)
    whose = sa.true() if organisation is None else r.organisation == organisation
    return _replies(tx, sa.and_(whose, sa.or_(meets, c.id.is_(None))))


def replies_on(tx: Tx, card: UUID) -> list[Reply]:
    """What was replied to one card, the newest first."""
    return _replies(tx, scorecard_replies.c.scorecard_id == card)


def _replies(tx: Tx, which: sa.ColumnElement[Any]) -> list[Reply]:
    r = scorecard_replies.c
    query = sa.select(*_REPLY).outerjoin(scorecards, scorecards.c.id == r.scorecard_id)
    rows = tx.execute(query.where(which).order_by(r["at"].desc(), r.id.desc())).mappings()
    return [Reply(**row) for row in rows]
