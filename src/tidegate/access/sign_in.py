"""The verbs that sign people in and out: by password, throttled, or by a one-time link.

A password is tried in three steps, so that no transaction is open while argon2 works, and guesses
sent all at once are all counted: `begin_attempt`, `passwords.verify_password`, `open_session`.
"""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.access.model import FORGET_FAILURES, wait_after
from tidegate.access.queries import find_password, token_hash
from tidegate.access.tables import links, sessions, sign_in_failures, users
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.actions import append


class Attempt(msgspec.Struct, frozen=True):
    """A counted try at a password; for an unknown account it names no user."""

    email: str
    address: str
    user_id: UUID | None
    password_hash: str | None


def _counters(email: str, address: str) -> Iterator[tuple[str, bytes]]:
    """(kind, key) of the counters of a try, always in this order, so that tries cannot deadlock.

    Hashed, so that mistyped passwords in the address field and visitors' addresses are not kept.
    """
    for kind, what in (("account", email.lower()), ("address", address)):
        yield kind, sha256(f"{kind}:{what}".encode(errors="surrogatepass")).digest()


def begin_attempt(tx: Tx, email: str, address: str) -> Attempt:
    """Count a try as failed before it is made; `open_session` takes it back.

    `address` is the network address it comes from. Raises Refusal (429) while the account or the
    address must wait; `retry_at` says until when, and the try is not counted.
    """
    table = sign_in_failures
    for kind, key in _counters(email, address):
        fresh = {"counter": key, "failures": 1, "last_at": tx.now, "until": tx.now}
        old = table.c.last_at < tx.now - FORGET_FAILURES
        row = tx.execute(
            insert(table)
            .values(fresh)
            .on_conflict_do_update(
                index_elements=[table.c.counter],
                set_={
                    "failures": sa.case((old, 1), else_=table.c.failures + 1),
                    "last_at": tx.now,
                },
            )
            .returning(table.c.failures, table.c.until)
        ).one()
        if row.until > tx.now:
            seconds = int((row.until - tx.now).total_seconds()) + 1
            raise Refusal(
                "sign-in-throttled",
                429,
                "Too many failed tries",
                f"Try again in {seconds} seconds, or ask for a one-time link.",
                headers={"Retry-After": str(seconds)},
                retry_at=row.until.isoformat(),
            )
        if wait := wait_after(kind, row.failures):
            later = sa.update(table).where(table.c.counter == key)
            tx.execute(later.values(until=tx.now + wait))
    user_id, password_hash = find_password(tx, email) or (None, None)
    return Attempt(email, address, user_id, password_hash)


def open_session(tx: Tx, attempt: Attempt, hours: float, replaces: str | None) -> str:
    """The session of a try whose password was right; returns the cookie's value.

    `replaces` is the cookie that came with the request: its session ends (rotation). Raises Refusal
    (401) when the account changed since the try began.
    """
    clear_attempt(tx, attempt)
    found = find_password(tx, attempt.email)
    if found is None or found != (attempt.user_id, attempt.password_hash):
        raise Refusal("sign-in-failed", 401, "The account changed meanwhile", "Sign in again.")
    return _open(tx, found[0], "password", hours, replaces)


def clear_attempt(tx: Tx, attempt: Attempt) -> None:
    """Take back a counted try whose password was right."""
    table = sign_in_failures
    for kind, key in _counters(attempt.email, attempt.address):
        if kind == "account":
            tx.execute(sa.delete(table).where(table.c.counter == key))
        else:
            one_less = {"failures": sa.func.greatest(table.c.failures - 1, 0), "until": tx.now}
            tx.execute(sa.update(table).where(table.c.counter == key).values(one_less))


def redeem_link(tx: Tx, token: str, hours: float, replaces: str | None) -> str:
    """Use up a one-time link and open its user's session; returns the cookie's value.

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
    return _open(tx, row.user_id, "link", hours, replaces)


def link_gone() -> Refusal:
    """The 410 of a link that is used, expired or was never made: which of them it is, it does not say."""
    return Refusal(
        "link-gone",
        410,
        "This link does not work any more",
        "A link works once, within 24 hours. `tidegate users link` makes a new one.",
    )


def _open(tx: Tx, user_id: UUID, way: str, hours: float, replaces: str | None) -> str:
    if replaces:
        tx.execute(sa.delete(sessions).where(sessions.c.token_hash == token_hash(replaces)))
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
    return token


def close_session(tx: Tx, session: bytes) -> None:
    """Sign out: end the session with this stored hash (`Principal.session`)."""
    query = sa.delete(sessions).where(sessions.c.token_hash == session)
    if row := tx.execute(query.returning(sessions.c.user_id)).one_or_none():
        append(tx, "session.closed", {}, row.user_id)


def sweep(tx: Tx) -> int:
    """Delete what expired: sessions, links, failures of yesterday. Returns how many rows."""
    gone = tx.now - FORGET_FAILURES
    return sum(
        tx.execute(query).rowcount
        for query in (
            sa.delete(sessions).where(sessions.c.expires_at <= tx.now),
            sa.delete(links).where(links.c.expires_at <= tx.now),
            sa.delete(sign_in_failures).where(sign_in_failures.c.last_at < gone),
        )
    )
