"""Keys of our own: a new one signs from its moment on, the one before stays known, and none is lost unseen."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.test_registry import everything
from tests.others import FORUM, Other

from tidegate.exchange.actions import add_party, set_organisation
from tidegate.exchange.keys import (
    OwnKey,
    add_own_key,
    check_own_keys,
    own_keys,
    published_keys,
    revoke_own_key,
    signing_key,
)
from tidegate.exchange.published import MOST_KEYS
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.infra.settings import SettingsError
from tidegate.pipeline.instance import Instance, opened

DAY = timedelta(days=1)


@pytest.fixture
def ours(instance: Instance) -> Instance:
    with instance.database.begin("system:cli") as tx:
        set_organisation(tx, FORUM)
    return instance


def do(instance: Instance, work: Callable[..., Any], *args: Any) -> Any:
    with instance.database.begin("system:cli") as tx:
        return work(tx, *args)


def signs(instance: Instance) -> str:
    return do(instance, signing_key, instance.secrets).kid


def add(instance: Instance, after: timedelta = timedelta(0)) -> str:
    """The fingerprint of a new key that is valid after a while."""
    at = instance.clock.now() + after
    return do(instance, add_own_key, instance.secrets, at).kid


def revoke(instance: Instance, kid: str, ago: timedelta = timedelta(0), why: str = "old") -> Any:
    at = instance.clock.now() - ago
    return do(instance, revoke_own_key, instance.secrets, kid, at, why)


def refused(instance: Instance, type: str, status: int, work: Callable[..., Any]) -> None:
    """It is refused so, and nothing is written, in the database or beside it."""
    folder = instance.secrets.directory
    before = everything(instance.database), sorted(folder.iterdir())
    with pytest.raises(Refusal) as caught:
        work()
    assert (caught.value.type, caught.value.status) == (type, status)
    assert (everything(instance.database), sorted(folder.iterdir())) == before


def test_a_new_key_signs_from_its_moment_on(ours: Instance, clock: FakeClock) -> None:
    first = signs(ours)
    second = add(ours, DAY)
    assert (ours.secrets.directory / "organisation-2.key").stat().st_mode & 0o777 == 0o600
    clock.advance(DAY.total_seconds() - 1)
    assert signs(ours) == first
    clock.advance(1)
    assert signs(ours) == second
    third = add(ours, DAY)
    assert signs(ours) == second
    shown = do(ours, published_keys, ours.secrets)
    assert [one.kid for one in shown] == [first, second, third]
    assert [one.revoked_at for one in shown] == [None, None, None]
    assert shown[1].valid_from == clock.now()


def test_of_two_the_one_that_is_valid_later_signs_whichever_was_made_first(
    ours: Instance, clock: FakeClock
) -> None:
    later, sooner = add(ours, 2 * DAY), add(ours, DAY)
    clock.advance(DAY.total_seconds())
    assert signs(ours) == sooner
    clock.advance(DAY.total_seconds())
    assert signs(ours) == later


def test_a_revoked_key_signs_no_more_and_stays_published(ours: Instance, clock: FakeClock) -> None:
    first = signs(ours)
    second = add(ours)
    assert signs(ours) == second
    revoke(ours, second, why="it leaked")
    assert signs(ours) == first
    third = add(ours)
    clock.advance(60)
    revoke(ours, first)
    shown = {one.kid: one.revoked_at for one in do(ours, published_keys, ours.secrets)}
    now = clock.now()
    assert shown == {first: now, second: now - timedelta(minutes=1), third: None}
    # Of several times the earliest stands.
    revoke(ours, first, DAY)
    revoke(ours, first)
    assert do(ours, own_keys)[0].revoked_at == now - DAY


def test_one_key_stays_to_sign_with(ours: Instance, clock: FakeClock) -> None:
    first = signs(ours)
    refused(ours, "last-key", 409, lambda: revoke(ours, first))
    second = add(ours, DAY)  # which does not sign yet
    refused(ours, "last-key", 409, lambda: revoke(ours, first))
    clock.advance(DAY.total_seconds())
    revoke(ours, first)
    refused(ours, "last-key", 409, lambda: revoke(ours, second))


def test_what_cannot_be_is_refused(ours: Instance) -> None:
    first = signs(ours)
    second = add(ours)
    past = -timedelta(seconds=1)
    refused(ours, "invalid-body", 422, lambda: add(ours, past))
    refused(ours, "invalid-body", 422, lambda: revoke(ours, first, -DAY))
    for why in ("", " ", "x" * 1001):
        refused(ours, "invalid-body", 422, lambda why=why: revoke(ours, first, why=why))
    refused(ours, "own-key-unknown", 404, lambda: revoke(ours, Other().kid))
    while len(do(ours, own_keys)) < MOST_KEYS:
        add(ours)
    refused(ours, "too-many-keys", 409, lambda: add(ours))
    mine = Other("other.example").published(keys=[vars_of(second, ours)])
    refused(
        ours,
        "invalid-body",
        422,
        lambda: do(ours, lambda tx: add_party(tx, mine, own_kid=first, synthetic=False)),
    )


def vars_of(kid: str, instance: Instance) -> dict[str, Any]:
    """A key of ours as somebody else claims it."""
    (key,) = [one for one in do(instance, own_keys) if one.kid == kid]
    found = {"kty": "OKP", "crv": "Ed25519", "x": key.x, "kid": key.kid}
    return found | {"valid_from": "2025-01-01T00:00:00Z", "revoked_at": None}


def test_before_the_organisation_is_set_there_is_nothing_to_follow(instance: Instance) -> None:
    refused(instance, "organisation-unset", 404, lambda: add(instance))
    kid = OwnKey.of(instance.secrets).kid
    refused(instance, "organisation-unset", 404, lambda: revoke(instance, kid))


@pytest.mark.parametrize("how", ["lost", "damaged", "another"])
def test_nothing_starts_without_a_further_key(
    ours: Instance, database_url: str, clock: FakeClock, how: str
) -> None:
    second = add(ours, DAY)
    path = ours.secrets.directory / "organisation-2.key"
    kept = path.read_bytes()
    spoil(path, how)
    said = {"lost": "is missing", "damaged": "is damaged", "another": "is another key"}[how]
    with (
        pytest.raises(SettingsError, match=said) as caught,
        opened(ours.settings, database_url, clock),
    ):
        pass
    assert "organisation-2.key" in str(caught.value)
    path.write_bytes(kept)
    with opened(ours.settings, database_url, clock) as again:
        clock.advance(DAY.total_seconds())
        assert signs(again) == second
        # What is revoked signs nothing, and may go.
        revoke(again, second)
        path.unlink()
        do(again, check_own_keys, again.secrets)


def spoil(path: Path, how: str) -> None:
    if how == "lost":
        path.unlink()
    else:
        path.write_bytes(b"x" * (32 if how == "another" else 31))
