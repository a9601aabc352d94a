"""How much is taken of what nobody is known to have signed: so much an hour from one place, and so much in
all. It is counted among what is kept, so the limits hold over all processes and their restarts.

What is verified is not counted here and never waits, nor is what came before and is sent again.
"""

import hashlib
import math
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.exchange.model import Organisation
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.orders.jws import kid_in
from tidegate.orders.messages.tables import order_messages, order_refusals
from tidegate.orders.tables import order_receipts

WINDOW = timedelta(hours=1)
EACH, ALL = 30, 300  # an hour: from one place, and in all
HEAD_BYTES = 64 << 10  # what is kept of what was refused

_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('order inbox', 0))")


def admit(tx: Tx, place: bytes, ours: Organisation) -> None:
    """Let one more message of a stranger in, or raise Refusal (429 "too-many") that says when to come
    again and whom to call. Strangers take turns until their transactions end."""
    # Whoever is over the limit waits for nobody's turn, so that a flood holds up no connection.
    _refuse_over(tx, place, ours)
    tx.execute(_LOCK)
    _refuse_over(tx, place, ours)


def _refuse_over(tx: Tx, place: bytes, ours: Organisation) -> None:
    waits = [_wait(tx, EACH, place), _wait(tx, ALL, None)]
    if (seconds := max(waits)) > 0:
        raise Refusal(
            "too-many",
            429,
            "Too many messages came that nobody is known to have signed",
            f"Nothing was kept. Send it again in {seconds} seconds, or tell {ours.name} by"
            f" {ours.contact_email} or the telephone that its contact page names, /public/contact."
            " Messages signed by a registered and confirmed key are taken at any time.",
            headers={"Retry-After": str(seconds)},
            contact={"email": ours.contact_email, "page": "/public/contact"},
        )


def _wait(tx: Tx, most: int, place: bytes | None) -> int:
    """In how many seconds there is room again for one, from a place or in all; 0: there is."""
    since = tx.now - WINDOW
    strangers = sa.and_(order_messages.c.direction == "in", ~order_messages.c.verified)
    came = [
        _times(order_messages, since, place).where(strangers, order_messages.c.place.isnot(None)),
        _times(order_refusals, since, place),
        _times(order_receipts, since, place).where(order_receipts.c.place.isnot(None)),
    ]
    times = sa.union_all(*came).subquery()
    nth = sa.select(times.c.received_at).order_by(times.c.received_at.desc())
    blocking: datetime | None = tx.execute(nth.offset(most - 1).limit(1)).scalar_one_or_none()
    if blocking is None:
        return 0
    return max(1, math.ceil((blocking + WINDOW - tx.now).total_seconds()))


def _times(table: sa.Table, since: datetime, place: bytes | None) -> sa.Select[tuple[datetime]]:
    query = sa.select(table.c.received_at).where(table.c.received_at > since)
    return query if place is None else query.where(table.c.place == place)


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """What was too much to take, or no message: its first bytes, how long it was, the digest of all that was
    read, the key that it names, and the type of the refusal."""

    head: bytes
    size: int
    digest: bytes
    kid: str | None
    refused_as: str

    @classmethod
    def of(cls, raw: bytes, refusal: Refusal) -> "Refused":
        """Of a body that was read as a whole."""
        return cls(
            head=raw[:HEAD_BYTES],
            size=len(raw),
            digest=hashlib.sha256(raw).digest(),
            kid=kid_in(raw),
            refused_as=refusal.type,
        )


def note_refused(
    tx: Tx, refused: Refused, *, place: bytes | None, ours: Organisation
) -> UUID | None:
    """Keep that it came, once: its id here, or None where it came before. Raises Refusal (429) as `admit`
    does."""
    known = sa.select(order_refusals.c.id).where(order_refusals.c.digest == refused.digest)
    if tx.execute(known).first() is not None:
        return None
    if place is not None:
        admit(tx, place, ours)
    id = uuid7(tx.now)
    row = {
        "id": id,
        "kid": refused.kid,
        "digest": refused.digest,
        "head": refused.head,
        "size": refused.size,
        "refused_as": refused.refused_as,
        "place": place,
        "received_at": tx.now,
    }
    fresh = insert(order_refusals).values(row).on_conflict_do_nothing()
    if tx.execute(fresh).rowcount == 0:
        return None
    told = {"kid": refused.kid, "size": refused.size, "refused_as": refused.refused_as}
    append(tx, "order.message_refused", {"refusal": id, "sha256": refused.digest.hex(), **told})
    return id
