"""The verbs that sign people in and out: by password, throttled, by a passkey, or by a one-time link.

A password is tried in three steps, so that no transaction is open while argon2 works, and guesses
sent all at once are all counted: `begin_attempt`, `passwords.verify_password`, `open_session`. Whoever has
a passkey is let in by nothing less than it, or a recovery code, after a password: `begin_second` stands
in place of `open_session`, then, and `end_second` opens it.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.access.attempts import Attempt, clear_attempt
from tidegate.access.challenges import begin_challenge, take_challenge
from tidegate.access.devices import renew_device
from tidegate.access.model import DEVICE_LASTS, FORGET_FAILURES, Way
from tidegate.access.passkeys import has_passkeys
from tidegate.access.queries import find_password, token_hash
from tidegate.access.tables import challenges, devices, links, sessions, sign_in_failures, users
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append


class Opened(msgspec.Struct, frozen=True):
    """The values of the cookies of whom has just signed in: of the session, and of the device, by
    which it is known from now on."""

    session: str
    device: str


class Brought(msgspec.Struct, frozen=True):
    """What came with a request to sign in. Of its cookies the session ends, the device gets a new name;
    what the browser calls itself is shown where the session is listed."""

    session: str | None = None
    device: str | None = None
    user_agent: str = ""


NOTHING = Brought()
_LONGEST_AGENT = 400


def needs_second(tx: Tx, attempt: Attempt) -> bool:
    """Whether a password, even the right one, is only the first step."""
    return attempt.user_id is not None and has_passkeys(tx, attempt.user_id)


def open_session(tx: Tx, attempt: Attempt, hours: float, brought: Brought = NOTHING) -> Opened:
    """The session of a try whose password was right. Raises Refusal (401) when the account changed
    since the try began, or has a passkey."""
    user_id = _same_account(tx, attempt)
    if has_passkeys(tx, user_id):
        raise _changed()
    clear_attempt(tx, attempt)
    return open_for(tx, user_id, ["password"], hours, brought)


def open_by_code(tx: Tx, attempt: Attempt, hours: float, brought: Brought = NOTHING) -> Opened:
    """The session of somebody without a password whose recovery code was right, and is used up. Raises
    Refusal (401) as `open_session` does."""
    user_id = _same_account(tx, attempt)
    if attempt.password_hash is not None:
        raise _changed()
    clear_attempt(tx, attempt)
    return open_for(tx, user_id, ["code"], hours, brought)


def begin_second(tx: Tx, attempt: Attempt) -> str:
    """The token of the step that follows a right password. The try stays counted until that is done, so
    that whoever knows the password cannot guess codes for ever. Raises Refusal (401)."""
    user_id = _same_account(tx, attempt)
    return begin_challenge(tx, "step", {"email": attempt.email}, user_id=user_id)


def end_second(tx: Tx, token: str, way: Way, hours: float, brought: Brought = NOTHING) -> Opened:
    """The session of somebody who showed a passkey or a code after the password. Raises Refusal (401)."""
    step = take_challenge(tx, "step", token)
    if step is None or step.user_id is None:
        raise _changed()
    return open_for(tx, step.user_id, ["password", way], hours, brought)


def _same_account(tx: Tx, attempt: Attempt) -> UUID:
    found = find_password(tx, attempt.email)
    if found is None or found != (attempt.user_id, attempt.password_hash):
        raise _changed()
    return found[0]


def _changed() -> Refusal:
    return Refusal("sign-in-failed", 401, "The account changed meanwhile", "Sign in again.")


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
    return open_for(tx, row.user_id, ["link"], hours, brought)


def link_gone(to_admin: bool = False) -> Refusal:
    """The 410 of a link that is used, expired or was never made: which of them it is, it does not say.
    How another is made is told `to_admin`s; others are told who can."""
    detail = (
        "A link works once, within 24 hours. Anybody here with the role admin can make you another."
    )
    if to_admin:
        detail += " `tidegate users link --email ADDRESS` does that."
    return Refusal("link-gone", 410, "This link does not work any more", detail)


def open_for(
    tx: Tx, user_id: UUID, began_by: Sequence[Way], hours: float, brought: Brought = NOTHING
) -> Opened:
    """Open the session of somebody who has shown all that is asked of them."""
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
            id=uuid7(tx.now),
            user_agent=brought.user_agent[:_LONGEST_AGENT],
            last_seen_at=tx.now,
            began_by=list(began_by),
            fresh_at=tx.now,
        )
    )
    email = tx.execute(sa.select(users.c.email).where(users.c.id == user_id)).scalar_one()
    append(tx, "session.opened", {"way": "+".join(began_by), "email": email}, user_id)
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
    """Delete what expired: sessions, links, what was begun, failures of yesterday, devices that nobody
    signed in from for long. Returns how many rows."""
    gone = tx.now - FORGET_FAILURES
    return sum(
        tx.execute(query).rowcount
        for query in (
            sa.delete(sessions).where(sessions.c.expires_at <= tx.now),
            sa.delete(links).where(links.c.expires_at <= tx.now),
            sa.delete(challenges).where(challenges.c.expires_at <= tx.now),
            sa.delete(sign_in_failures).where(sign_in_failures.c.last_at < gone),
            sa.delete(devices).where(devices.c.used_at <= tx.now - DEVICE_LASTS),
        )
    )
