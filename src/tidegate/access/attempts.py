"""Tries at a password or a recovery code: each is counted before it is made, and too many wait.

Strangers are counted by the account that they try and by the address that they come from. Somebody on
a device that signed in to the account before is counted by that device alone, so that no stranger's
failures make them wait, and a stolen cookie of a device is no way to guess for ever.
"""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.access.devices import is_known
from tidegate.access.model import FORGET_FAILURES, CounterKind, wait_after
from tidegate.access.queries import find_password, token_hash
from tidegate.access.tables import sign_in_failures
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal


class Counter(msgspec.Struct, frozen=True):
    """What failures are counted by. Hashed, so that mistyped passwords in the address field and
    visitors' addresses are not kept."""

    kind: CounterKind
    key: bytes


class Attempt(msgspec.Struct, frozen=True):
    """A counted try at a password; for an unknown account it names no user."""

    email: str
    counters: tuple[Counter, ...]
    user_id: UUID | None
    password_hash: str | None


def begin_attempt(tx: Tx, email: str, address: str, device: str | None = None) -> Attempt:
    """Count a try as failed before it is made; `open_session` takes it back.

    `address` is the network address that it comes from, `device` the cookie of a device that came with
    it. Raises Refusal (429) while it must wait; `retry_at` says until when, and the try is not counted.
    """
    return _begin(tx, email, *_counters(tx, email, address, device))


def begin_attempt_within(tx: Tx, email: str, session: bytes) -> Attempt:
    """The same for somebody who signed in already (`Principal.session`): the session has a counter of
    its own."""
    return _begin(tx, email, _counter("device", f"session:{session.hex()}"))


def clear_attempt(tx: Tx, attempt: Attempt) -> None:
    """Take back a counted try that was right."""
    _clear(tx, attempt.counters)


def clear_attempts(tx: Tx, email: str, address: str, device: str | None = None) -> None:
    """The same for who has shown otherwise who they are."""
    _clear(tx, _counters(tx, email, address, device))


def _clear(tx: Tx, counters: Sequence[Counter]) -> None:
    table = sign_in_failures
    for counter in counters:
        if counter.kind == "address":
            one_less = {"failures": sa.func.greatest(table.c.failures - 1, 0), "until": tx.now}
            tx.execute(sa.update(table).where(table.c.counter == counter.key).values(one_less))
        else:
            tx.execute(sa.delete(table).where(table.c.counter == counter.key))


def _counters(tx: Tx, email: str, address: str, device: str | None) -> Sequence[Counter]:
    if device is not None and is_known(tx, device, email):
        return [_counter("device", f"{token_hash(device).hex()}:{email.lower()}")]
    # Always in this order, so that tries cannot deadlock.
    return [_counter("account", email.lower()), _counter("address", address)]


def _counter(kind: CounterKind, what: str) -> Counter:
    return Counter(kind, sha256(f"{kind}:{what}".encode(errors="surrogatepass")).digest())


def _begin(tx: Tx, email: str, *counters: Counter) -> Attempt:
    for counter in counters:
        _count(tx, counter)
    user_id, password_hash = find_password(tx, email) or (None, None)
    return Attempt(email, counters, user_id, password_hash)


def _count(tx: Tx, counter: Counter) -> None:
    table = sign_in_failures
    fresh = {"counter": counter.key, "failures": 1, "last_at": tx.now, "until": tx.now}
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
    if wait := wait_after(counter.kind, row.failures):
        later = sa.update(table).where(table.c.counter == counter.key)
        tx.execute(later.values(until=tx.now + wait))
