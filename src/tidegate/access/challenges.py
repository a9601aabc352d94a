"""What somebody has begun and not yet ended: a passkey that was asked for, the step after a password, a
visit to an OpenID provider. Each is good once, for a few minutes, and for what it was begun for."""

import secrets
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.access.queries import token_hash
from tidegate.access.tables import challenges
from tidegate.infra.db import Tx

Purpose = Literal["add", "sign-in", "confirm", "step", "second", "provider"]

LIFETIME = timedelta(minutes=10)


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """`said` is what must be known again; `user_id` and `session` are whose it is, as far as that was
    known when it was begun."""

    said: dict[str, Any]
    user_id: UUID | None
    session: UUID | None


def begin_challenge(
    tx: Tx,
    purpose: Purpose,
    said: dict[str, Any],
    *,
    user_id: UUID | None = None,
    session: UUID | None = None,
) -> str:
    """Note what was begun; returns the token that ends it."""
    token = secrets.token_urlsafe(32)
    tx.execute(
        sa.insert(challenges).values(
            token_hash=token_hash(token),
            purpose=purpose,
            user_id=user_id,
            session=session,
            said=said,
            expires_at=tx.now + LIFETIME,
        )
    )
    return token


def look_at_challenge(tx: Tx, purpose: Purpose, token: str) -> Challenge | None:
    """What the token stands for, which stays; None once it has ended."""
    return _challenge(tx.execute(sa.select(challenges).where(_standing(tx, purpose, token))))


def take_challenge(tx: Tx, purpose: Purpose, token: str) -> Challenge | None:
    """The same, and it has ended: of two who come with one token, one gets it. Commit this before what was
    shown is looked at, so that nobody tries twice."""
    gone = sa.delete(challenges).where(_standing(tx, purpose, token))
    return _challenge(tx.execute(gone.returning(challenges)))


def forget_challenges(tx: Tx, user_id: UUID) -> None:
    """End all that a user has begun."""
    tx.execute(sa.delete(challenges).where(challenges.c.user_id == user_id))


def _standing(tx: Tx, purpose: Purpose, token: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        challenges.c.token_hash == token_hash(token),
        challenges.c.purpose == purpose,
        challenges.c.expires_at > tx.now,
    )


def _challenge(found: sa.CursorResult[Any]) -> Challenge | None:
    row = found.one_or_none()
    if row is None:
        return None
    return Challenge(said=row.said, user_id=row.user_id, session=row.session)
