"""A person's sessions as they see them, and the verbs on those that are open."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.access.model import Principal, User
from tidegate.access.tables import sessions
from tidegate.infra.db import Tx
from tidegate.ledger.actions import append

SEEN_EVERY = timedelta(minutes=1)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An open session; `id` is not what its cookie says."""

    id: UUID
    user_agent: str
    began_by: list[str]
    since: datetime
    last_seen_at: datetime
    ends_at: datetime


def sessions_of(tx: Tx, user_id: UUID) -> list[Session]:
    """A user's open sessions, the one used last first."""
    query = sa.select(sessions).where(sessions.c.user_id == user_id, sessions.c.expires_at > tx.now)
    found = [
        Session(
            id=row.id,
            user_agent=row.user_agent or "",
            began_by=row.began_by,
            since=row.created_at,
            last_seen_at=row.last_seen_at or row.created_at,
            ends_at=row.expires_at,
        )
        for row in tx.execute(query)
    ]
    return sorted(found, key=lambda one: (one.last_seen_at, one.since, one.id), reverse=True)


def see(tx: Tx, who: Principal) -> None:
    """Note that a session is used, once a minute at most."""
    stale = tx.now - SEEN_EVERY
    if who.session is None or (who.seen_at is not None and who.seen_at > stale):
        return
    seen = sessions.c.last_seen_at
    mine = sa.and_(sessions.c.token_hash == who.session, sa.or_(seen.is_(None), seen <= stale))
    tx.execute(sa.update(sessions).where(mine).values(last_seen_at=tx.now))


def freshen(tx: Tx, session: bytes) -> None:
    """Note that the person of a session (`Principal.session`) has just shown a factor again."""
    mine = sessions.c.token_hash == session
    tx.execute(sa.update(sessions).where(mine).values(fresh_at=tx.now))


def end_own(tx: Tx, user: User, ids: Sequence[UUID]) -> int:
    """End sessions of the user's that are still open; returns how many."""
    mine = sa.and_(sessions.c.user_id == user.id, sessions.c.id.in_(ids))
    ended = tx.execute(sa.delete(sessions).where(mine).returning(sessions.c.id)).scalars().all()
    if ended:
        append(tx, "session.ended", {"email": user.email, "sessions": sorted(ended)}, user.id)
    return len(ended)
