"""The verbs that sign people in and out: by password, throttled, or by a one-time link.

A password is tried in three steps, so that no transaction is open while argon2 works, and guesses
sent all at once are all counted: `begin_attempt`, `passwords.verify_password`, `open_session`.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.access.attempts import Attempt, clear_attempt
from tidegate.access.devices import renew_device
from tidegate.access.model import DEVICE_LASTS, FORGET_FAILURES
from tidegate.access.queries import find_password, token_hash
from tidegate.access.tables import devices, links, sessions, sign_in_failures, users
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.actions import append


class Opened(msgspec.Struct, frozen=True):
    """The values of the cookies of whom has just signed in: of the session, and of the device, by
    which it is known from now on."""

    session: str
    device: str


class Brought(msgspec.Struct, frozen=True):
    """The cookies that came with a request to sign in: the session ends, the device gets a new name."""

    session: str | None = None
    device: str | None = None


NOTHING = Brought()


def open_session(tx: Tx, attempt: Attempt, hours: float, brought: Brought = NOTHING) -> Opened:
    """The session of a try whose password was right. Raises Refusal (401) when the account changed
    since the try began."""
    clear_attempt(tx, attempt)
    found = find_password(tx, attempt.email)
    if found is None or found != (attempt.user_id, attempt.password_hash):
        raise Refusal("sign-in-failed", 401, "The account changed meanwhile", "Sign in again.")
    return _open(tx, found[0], "password", hours, brought)


def redeem_link(tx: Tx, token: str, hours: float, brought: Brought = NOTHING) -> Opened:
    """Use up a one-time link and open its user's session.

    Raises Refusal (410) for a link that is used, expired or was never made.
    """
    standing = sa.select(users.c.id).where(
        users.c.id == links.c.user_id, users.c.disabled_at.is_(None)
    )
    row = tx.execute(
        sa.update(links)
        .where(links.c.token_hash == token_hash(token), links.c.used_at.is_(None))
        .where(links.c.expires_at > tx.now, standing.exists())
        .values(used_at=tx.now)
        .returning(links.c.user_id)
    ).one_or_none()
    if row is None:
        raise link_gone()
    return _open(tx, row.user_id, "link", hours, brought)


def link_gone() -> Refusal:
    """The 410 of a link that is used, expired or was never made: which of them it is, it does not say."""
    return Refusal(
        "link-gone",
        410,
        "This link does not work any more",
        "A link works once, within 24 hours. `tidegate users link` makes a new one.",
    )


def _open(tx: Tx, user_id: UUID, way: str, hours: float, brought: Brought) -> Opened:
    if brought.session:
        tx.execute(sa.delete(sessions).where(sessions.c.token_hash == token_hash(brought.session)))
    token = secrets.token_urlsafe(32)
    tx.execute(
        sa.insert(sessions).values(
            token_hash=token_hash(token),
            user_id=user_id,
            csrf=secrets.token_urlsafe(32),
            created_at=tx.now,
            expires_at=tx.now + timedelta(hours=hours),
        )
    )
    email = tx.execute(sa.select(users.c.email).where(users.c.id == user_id)).scalar_one()
    append(tx, "session.opened", {"way": way, "email": email}, user_id)
    return Opened(token, renew_device(tx, user_id, brought.device))


def close_session(tx: Tx, session: bytes) -> None:
    """Sign out: end the session with this stored hash (`Principal.session`)."""
    query = sa.delete(sessions).where(sessions.c.token_hash == session)
    if row := tx.execute(query.returning(sessions.c.user_id)).one_or_none():
        append(tx, "session.closed", {}, row.user_id)


def extend_session(tx: Tx, session: bytes, hours: float) -> datetime:
    """Have a session that is still alive last for `hours` from now, which is never shorter than before.
    Raises Refusal (401) for one that has ended."""
    ends = tx.now + timedelta(hours=hours)
    query = sa.update(sessions).where(
        sessions.c.token_hash == session, sessions.c.expires_at > tx.now
    )
    longer = sa.func.greatest(sessions.c.expires_at, ends)
    row = tx.execute(
        query.values(expires_at=longer).returning(sessions.c.user_id, sessions.c.expires_at)
    ).one_or_none()
    if row is None:
        raise Refusal("session-ended", 401, "The session has ended", "Sign in again.")
    append(tx, "session.extended", {"until": row.expires_at}, row.user_id)
    return row.expires_at


def sweep(tx: Tx) -> int:
    """Delete what expired: sessions, links, failures of yesterday, devices that nobody signed in from
    for long. Returns how many rows."""
    gone = tx.now - FORGET_FAILURES
    return sum(
        tx.execute(query).rowcount
        for query in (
            sa.delete(sessions).where(sessions.c.expires_at <= tx.now),
            sa.delete(links).where(links.c.expires_at <= tx.now),
            sa.delete(sign_in_failures).where(sign_in_failures.c.last_at < gone),
            sa.delete(devices).where(devices.c.used_at <= tx.now - DEVICE_LASTS),
        )
    )
