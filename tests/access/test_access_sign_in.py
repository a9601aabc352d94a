"""Signing in: links work once, passwords cannot be guessed at speed, sessions end."""

from datetime import timedelta
from typing import get_args

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tidegate.access.actions import create_link, create_user, set_password
from tidegate.access.attempts import Attempt, begin_attempt
from tidegate.access.model import CounterKind, wait_after
from tidegate.access.passwords import hash_password, verify_password
from tidegate.access.people import change_role, disable_user
from tidegate.access.queries import get_user, owner_of_link, principal_of_session
from tidegate.access.sign_in import (
    Brought,
    close_session,
    open_session,
    redeem_link,
    sweep,
)
from tidegate.access.tables import sessions, users
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.house import SCOPES

RITA = "rita@example.org"
PASSWORD = "correct horse battery"


def signed_in(tx: Tx, role: str = "reviewer") -> str:
    _, token = create_user(tx, RITA, role)
    return redeem_link(tx, token, 12).session


def kinds(tx: Tx) -> list[str]:
    query = sa.select(ledger_pending.c.kind).order_by(ledger_pending.c.id)
    return sorted(tx.execute(query).scalars())


def test_a_link_signs_in_once(tx: Tx) -> None:
    _, token = create_user(tx, "Rita@Example.org", "reviewer")
    assert owner_of_link(tx, token) == RITA
    principal = principal_of_session(tx, SCOPES, redeem_link(tx, token, 12).session)
    assert principal is not None
    assert (principal.actor, principal.name) == (f"user:{RITA}", RITA)
    assert principal.csrf
    assert principal.may("cases:decide")
    assert not principal.may("banks:write")
    assert owner_of_link(tx, token) is None
    with pytest.raises(Refusal) as refusal:
        redeem_link(tx, token, 12)
    assert refusal.value.status == 410
    assert kinds(tx) == ["session.opened", "user.created"]


def test_a_link_expires_and_a_made_up_one_never_worked(tx: Tx) -> None:
    _, token = create_user(tx, RITA, "reviewer")
    tx.now += timedelta(hours=24)
    for dead in (token, "made-up", "\x00", "\ud800"):
        assert owner_of_link(tx, dead) is None
        with pytest.raises(Refusal, match="once, within 24 hours"):
            redeem_link(tx, dead, 12)
    assert tx.execute(sa.select(sessions)).all() == []


def test_signing_in_again_rotates_the_session(tx: Tx) -> None:
    old = signed_in(tx)
    new = redeem_link(tx, create_link(tx, RITA), 12, Brought(session=old)).session
    assert principal_of_session(tx, SCOPES, old) is None
    assert principal_of_session(tx, SCOPES, new) is not None


def test_a_session_ends_by_time_by_sign_out_by_role_and_by_disabling(tx: Tx) -> None:
    cookie = signed_in(tx)
    tx.now += timedelta(hours=12)
    assert principal_of_session(tx, SCOPES, cookie) is None
    assert sweep(tx) == 1

    cookie = redeem_link(tx, create_link(tx, RITA), 12).session
    principal = principal_of_session(tx, SCOPES, cookie)
    assert principal is not None
    assert principal.session is not None
    close_session(tx, principal.session)
    close_session(tx, principal.session)
    assert principal_of_session(tx, SCOPES, cookie) is None

    cookie = redeem_link(tx, create_link(tx, RITA), 12).session
    change_role(tx, RITA, "auditor")
    assert principal_of_session(tx, SCOPES, cookie) is None

    cookie, link = redeem_link(tx, create_link(tx, RITA), 12).session, create_link(tx, RITA)
    disable_user(tx, RITA)
    assert principal_of_session(tx, SCOPES, cookie) is None
    assert owner_of_link(tx, link) is None
    with pytest.raises(Refusal) as refusal:
        create_link(tx, RITA)
    assert refusal.value.status == 409


@pytest.mark.parametrize(
    ("email", "role", "status"),
    [
        ("nobody", "admin", 422),
        ("a@b\x00", "admin", 422),
        ("a@b", "king", 422),
        (RITA, "admin", 409),
    ],
)
def test_a_bad_user_is_refused_and_nothing_is_written(
    tx: Tx, email: str, role: str, status: int
) -> None:
    create_user(tx, RITA, "reviewer")
    with pytest.raises(Refusal) as refusal:
        create_user(tx, email, role)
    assert refusal.value.status == status
    assert tx.execute(sa.select(users.c.email)).scalars().all() == [RITA]
    assert kinds(tx) == ["user.created"]


def test_a_password_is_kept_as_argon2_and_ends_the_other_sessions(tx: Tx) -> None:
    here, there = signed_in(tx), redeem_link(tx, create_link(tx, RITA), 12).session
    principal = principal_of_session(tx, SCOPES, here)
    assert principal is not None
    hashed = hash_password(PASSWORD, RITA)
    assert hashed.startswith("$argon2id$")
    set_password(tx, RITA, hashed, principal.session)
    assert get_user(tx, RITA).has_password
    assert principal_of_session(tx, SCOPES, here) is not None
    assert principal_of_session(tx, SCOPES, there) is None
    assert verify_password(hashed, PASSWORD)
    assert not verify_password(hashed, PASSWORD + "x")
    assert not verify_password(None, "nobody has this password")


@pytest.mark.parametrize("password", ["", "short", "x" * 257, RITA.upper()])
def test_a_bad_password_is_refused(password: str) -> None:
    with pytest.raises(Refusal) as refusal:
        hash_password(password, RITA)
    assert refusal.value.status == 422
    assert not password or password not in refusal.value.detail


def attempt(database: Database, password: str, address: str = "192.0.2.1") -> str | None:
    """One try as the page makes it."""
    with database.begin() as tx:
        found = begin_attempt(tx, RITA, address)
    if not verify_password(found.password_hash, password):
        return None
    with database.begin() as tx:
        return open_session(tx, found, 12).session


def test_guessing_is_slowed_by_account_and_the_right_one_resets(
    database: Database, clock: FakeClock
) -> None:
    with database.begin() as tx:
        create_user(tx, RITA, "reviewer")
        set_password(tx, RITA, hash_password(PASSWORD, RITA), None)
    for number in range(6):  # from everywhere
        assert attempt(database, "wrong", f"192.0.2.{number}") is None
    with pytest.raises(Refusal) as refusal:
        attempt(database, PASSWORD, "198.51.100.7")
    assert refusal.value.status == 429
    assert refusal.value.headers["Retry-After"] == "3"
    assert "retry_at" in refusal.value.extra
    clock.advance(2)
    assert attempt(database, "wrong", "198.51.100.7") is None  # the wait is now 4 seconds
    clock.advance(2)
    with pytest.raises(Refusal):
        attempt(database, PASSWORD, "198.51.100.7")
    clock.advance(2)
    cookie = attempt(database, PASSWORD, "198.51.100.7")
    assert cookie
    for _ in range(5):
        assert attempt(database, "wrong", "198.51.100.7") is None  # the count began anew


def test_guessing_is_slowed_by_address_whatever_the_account(tx: Tx) -> None:
    for number in range(21):
        begin_attempt(tx, f"user{number}@example.org", "192.0.2.1")
    with pytest.raises(Refusal):
        begin_attempt(tx, "another@example.org", "192.0.2.1")
    tx.now += timedelta(days=2)
    assert begin_attempt(tx, "another@example.org", "192.0.2.1").user_id is None


def test_a_session_is_not_opened_for_an_account_that_changed_meanwhile(tx: Tx) -> None:
    create_user(tx, RITA, "reviewer")
    set_password(tx, RITA, hash_password(PASSWORD, RITA), None)
    found = begin_attempt(tx, RITA, "192.0.2.1")
    disable_user(tx, RITA)
    with pytest.raises(Refusal) as refusal:
        open_session(tx, found, 12)
    assert refusal.value.status == 401
    unknown = Attempt("x@example.org", (), None, None)
    with pytest.raises(Refusal):
        open_session(tx, unknown, 12)
    assert tx.execute(sa.select(sessions)).all() == []


@given(st.sampled_from(get_args(CounterKind)), st.integers(0, 10_000))
def test_the_wait_grows_and_is_bounded(kind: CounterKind, failures: int) -> None:
    assert wait_after(kind, failures) <= wait_after(kind, failures + 1) <= timedelta(minutes=15)


def test_tries_sent_all_at_once_are_all_counted(database: Database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def try_once(_: int) -> bool:
        try:
            with database.begin() as tx:
                begin_attempt(tx, RITA, "192.0.2.1")
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(try_once, range(24))) == 6
