"""Devices that signed in before: strangers' failures let nobody wait there, and a copied cookie of one is
no way to guess."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tidegate.access.actions import create_link, create_user, set_password
from tidegate.access.attempts import begin_attempt, begin_attempt_within
from tidegate.access.devices import is_known
from tidegate.access.model import DEVICE_LASTS, FREE_FAILURES, MOST_DEVICES
from tidegate.access.people import disable_user
from tidegate.access.sign_in import Brought, open_session, redeem_link, sweep
from tidegate.access.tables import devices
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal

RITA, SAM = "rita@example.org", "sam@example.org"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


def signed_in(tx: Tx, email: str = RITA, device: str | None = None) -> str:
    """The cookie of the device that somebody has just signed in from."""
    return redeem_link(tx, create_link(tx, email), 12, Brought(device=device)).device


@pytest.fixture
def device(tx: Tx) -> str:
    """A device of Rita's; Sam works here as well."""
    for email in (RITA, SAM):
        create_user(tx, email, "reviewer")
    return signed_in(tx)


def fail(tx: Tx, times: int, email: str = RITA, address: str = HERE, device: str = "") -> None:
    for _ in range(times):
        with tx.connection.begin_nested():
            begin_attempt(tx, email, address, device)


def is_slowed(tx: Tx, email: str = RITA, address: str = HERE, device: str = "") -> bool:
    """Whether a try must wait; it is not counted."""
    nested = tx.connection.begin_nested()
    try:
        begin_attempt(tx, email, address, device)
    except Refusal as refusal:
        return refusal.status == 429
    finally:
        nested.rollback()
    return False


def test_failures_of_strangers_let_nobody_wait_on_a_device_of_theirs(tx: Tx, device: str) -> None:
    first = FREE_FAILURES["account"] + 1
    fail(tx, first)
    for number in range(FREE_FAILURES["address"] + 1 - first):  # behind the same address, too
        fail(tx, 1, f"user{number}@example.org")
    assert is_slowed(tx, address=ELSEWHERE)
    assert is_slowed(tx, SAM)
    assert not is_slowed(tx, device=device)
    attempt = begin_attempt(tx, RITA.upper(), HERE, device)
    opened = open_session(tx, attempt, 12, Brought(device=device))
    assert not is_slowed(tx, device=opened.device)
    # Who signs in there lets no stranger go on.
    assert is_slowed(tx, address=ELSEWHERE)


def test_a_device_has_a_counter_of_its_own(tx: Tx, device: str) -> None:
    fail(tx, FREE_FAILURES["device"] + 1, device=device)
    assert is_slowed(tx, device=device)
    assert is_slowed(tx, address=ELSEWHERE, device=device)
    assert not is_slowed(tx)
    tx.now += timedelta(seconds=2)
    assert not is_slowed(tx, device=device)
    # Signing in, there, begins anew.
    attempt = begin_attempt(tx, RITA, HERE, device)
    again = open_session(tx, attempt, 12, Brought(device=device)).device
    fail(tx, FREE_FAILURES["device"], device=again)
    assert not is_slowed(tx, device=again)


def test_a_device_of_somebody_else_is_a_strangers(tx: Tx, device: str) -> None:
    fail(tx, FREE_FAILURES["account"] + 1, SAM, device=device)
    assert is_slowed(tx, SAM, device=device)
    assert not is_known(tx, "made-up", RITA)
    assert not is_known(tx, "\ud800", RITA)


def test_a_device_of_two_is_known_for_both_by_its_newest_cookie_alone(tx: Tx, device: str) -> None:
    shared = signed_in(tx, SAM, device)
    assert is_known(tx, shared, SAM)
    assert is_known(tx, shared, RITA)
    assert not is_known(tx, device, RITA)
    assert not is_known(tx, device, SAM)


def test_a_user_has_so_many_devices_and_the_longest_unused_goes(tx: Tx, device: str) -> None:
    known = [device]
    for _ in range(MOST_DEVICES):
        tx.now += timedelta(minutes=1)
        known.append(signed_in(tx))
    assert [is_known(tx, one, RITA) for one in known] == [False] + [True] * MOST_DEVICES
    known[1] = signed_in(tx, RITA, known[1])
    signed_in(tx)
    assert is_known(tx, known[1], RITA)
    assert not is_known(tx, known[2], RITA)
    held = sa.select(sa.func.count()).select_from(devices)
    assert tx.execute(held).scalar_one() == MOST_DEVICES


def test_devices_are_forgotten_by_disabling_by_another_password_and_by_time(
    tx: Tx, device: str
) -> None:
    other = signed_in(tx)
    set_password(tx, RITA, "hash", None, device)
    assert is_known(tx, device, RITA)
    assert not is_known(tx, other, RITA)
    sams = signed_in(tx, SAM)
    disable_user(tx, RITA)
    assert not is_known(tx, device, RITA)
    assert is_known(tx, sams, SAM)
    tx.now += DEVICE_LASTS
    assert not is_known(tx, sams, SAM)
    sweep(tx)
    assert tx.execute(sa.select(devices)).all() == []


def test_a_session_has_a_counter_of_its_own(tx: Tx, device: str) -> None:
    fail(tx, FREE_FAILURES["account"] + 1)
    for _ in range(FREE_FAILURES["device"] + 1):
        begin_attempt_within(tx, RITA, b"a session")
    begin_attempt_within(tx, RITA, b"another")
    with pytest.raises(Refusal, match="Try again in"):
        begin_attempt_within(tx, RITA, b"a session")
