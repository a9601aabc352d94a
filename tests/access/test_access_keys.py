"""Keys: what they may do, how they end, and that nothing readable of them is kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.access.shown_keys import bearer

from tidegate.access.actions import create_key, create_user, revoke_key, rotate_key
from tidegate.access.bounds import Bounds
from tidegate.access.model import ROLES, Limits, Principal
from tidegate.access.people import change_limits, change_role, disable_user, enable_user
from tidegate.access.queries import get_user, list_keys
from tidegate.access.tables import keys
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.house import SCOPES


def count(tx: Tx, table: sa.Table) -> int:
    return tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_key_opens_what_its_scopes_say_and_what_they_imply(tx: Tx) -> None:
    key_id, token = create_key(
        tx, SCOPES, "edge", ["items:write", "cases:decide"], platform="forum"
    )
    assert token.startswith(f"tg_{key_id}_")
    assert len(bytes.fromhex(token.rsplit("_", 1)[1])) * 8 >= 256
    principal = bearer(tx, token)
    assert principal is not None
    assert (principal.actor, principal.platforms) == ("key:edge", {"forum"})
    granted = {scope for scope in SCOPES.known if principal.may(scope)}
    assert granted == {"items:write", "items:read", "cases:decide", "cases:read"}


def test_admin_may_everything_and_roles_are_made_of_known_scopes(tx: Tx) -> None:
    _, token = create_key(tx, SCOPES, "root", ["admin"])
    principal = bearer(tx, token)
    assert principal is not None
    assert all(principal.may(scope) for scope in SCOPES.known)
    assert all(SCOPES.of_role(role) <= SCOPES.known.keys() for role in ROLES)
    assert SCOPES.of_role("admin") == SCOPES.known.keys()
    nobody = Principal(actor="key:x", scopes=frozenset(), name="x")
    assert not nobody.may("items:read")


@pytest.mark.parametrize(
    "token",
    ["", "tg_", "tg__", "tg_abc", "xx_{id}_{secret}", "tg_{id}_{secret}0", "tg_{id}_", "tg_{id}_é",
     "tg_\x00_x", "tg_{id}_\ud800", "tg_{id}_" + "0" * 64, "tg_" + "9" * 12 + "_{secret}"],
)  # fmt: skip
def test_anything_but_the_whole_token_is_nobody(tx: Tx, token: str) -> None:
    key_id, real = create_key(tx, SCOPES, "edge", ["items:write"])
    secret = real.rsplit("_", 1)[1]
    assert bearer(tx, token.replace("{id}", key_id).replace("{secret}", secret)) is None


def test_the_secret_is_nowhere_in_the_database(tx: Tx) -> None:
    _, token = create_key(tx, SCOPES, "edge", ["admin"])
    secret = token.rsplit("_", 1)[1]
    records = "SELECT convert_from(record, 'UTF8') FROM ledger_pending"
    rows = tx.execute(sa.text(f"SELECT k::text FROM keys k UNION ALL {records}"))
    for (text,) in rows:
        assert secret not in text


def test_a_revoked_key_is_nobody_and_stays_listed(tx: Tx) -> None:
    key_id, token = create_key(tx, SCOPES, "edge", ["items:write"])
    revoke_key(tx, key_id)
    revoke_key(tx, key_id)
    assert bearer(tx, token) is None
    assert [(key.id, key.revoked_at is not None) for key in list_keys(tx)] == [(key_id, True)]
    assert count(tx, ledger_pending) == 2  # created and revoked, once
    with pytest.raises(Refusal) as refusal:
        revoke_key(tx, "nothing")
    assert refusal.value.status == 404


def test_a_key_has_two_secrets_at_most_and_the_same_id(tx: Tx) -> None:
    key_id, first = create_key(tx, SCOPES, "edge", ["items:write"])
    tokens = [first]
    for overlap in (24, 24, 0):
        tokens.append(rotate_key(tx, "edge", timedelta(hours=overlap))[1])
        good = [bearer(tx, token) for token in tokens]
        last = [one is not None for one in good]
        assert last == [False] * (len(tokens) - 2) + [overlap > 0, True]
        assert {one.key for one in good if one is not None} == {key_id}
    revoke_key(tx, "edge")
    assert [bearer(tx, token) for token in tokens] == [None] * 4


def test_what_ended_is_not_rotated_and_nothing_is_written(tx: Tx) -> None:
    key_id, _ = create_key(tx, SCOPES, "edge", ["admin"], bounds=Bounds(expires_at=tx.now))
    other, _ = create_key(tx, SCOPES, "edge", ["admin"])
    revoke_key(tx, "edge")
    before = count(tx, ledger_pending)
    for one, status in ((key_id, 409), (other, 409), ("edge", 404), ("nothing", 404)):
        with pytest.raises(Refusal) as refusal:
            rotate_key(tx, one, timedelta(hours=1))
        assert refusal.value.status == status
    assert count(tx, ledger_pending) == before
    assert [key.old_until for key in list_keys(tx)] == [None, None]


def test_a_name_is_one_living_keys_also_of_those_who_want_it_at_once(database: Database) -> None:
    def make(_: int) -> str | Refusal:
        try:
            with database.begin() as tx:
                return create_key(tx, SCOPES, "edge", ["items:write"])[0]
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(make, range(4)))
    (made,) = [one for one in found if isinstance(one, str)]
    refused = [one for one in found if isinstance(one, Refusal)]
    assert {(one.type, one.status, one.extra["key"]) for one in refused} == {
        ("key-name-taken", 409, made)
    }
    assert f"tidegate keys revoke {made}" in refused[0].detail
    with database.begin() as tx:
        assert count(tx, keys) == count(tx, ledger_pending) == 1
        revoke_key(tx, made)
        assert create_key(tx, SCOPES, "edge", ["items:write"])[0] != made


@pytest.mark.parametrize(
    ("name", "scopes", "platform", "channels", "pointer"),
    [
        ("edge", ["items:write", "items:eat"], None, [], "/scopes"),
        ("edge", [], None, [], "/scopes"),
        ("", ["admin"], None, [], "/name"),
        ("a\nb", ["admin"], None, [], "/name"),
        ("x" * 65, ["admin"], None, [], "/name"),
        ("edge", ["admin"], "no spaces", [], "/platform"),
        ("edge", ["admin"], None, ["referral", "friends"], "/channels"),
        ("edge", ["admin"], None, ["user"], "/channels"),
    ],
)
def test_a_bad_key_is_refused_and_nothing_is_written(
    tx: Tx,
    name: str,
    scopes: list[str],
    platform: str | None,
    channels: list[str],
    pointer: str,
) -> None:
    bounds = Bounds(channels=tuple(channels))
    with pytest.raises(Refusal) as refusal:
        create_key(tx, SCOPES, name, scopes, platform, bounds=bounds)
    assert (refusal.value.status, refusal.value.errors[0].pointer) == (422, pointer)
    if pointer == "/scopes":
        assert "banks:write" in refusal.value.detail
    if pointer == "/channels":
        assert "franked, referral, trusted_flagger" in refusal.value.detail
    assert count(tx, keys) == count(tx, ledger_pending) == 0


def test_a_bound_key_acts_under_its_users_name_and_never_exceeds_the_role(tx: Tx) -> None:
    create_user(tx, "Rita@Example.org", "reviewer")
    with pytest.raises(Refusal) as refusal:
        create_key(tx, SCOPES, "rita's script", ["banks:write"], user_email="rita@example.org")
    assert refusal.value.status == 422
    _, token = create_key(
        tx, SCOPES, "rita-script", ["cases:decide"], user_email="rita@example.org"
    )
    principal = bearer(tx, token)
    assert principal is not None
    assert principal.actor == "user:rita@example.org"
    assert principal.may("cases:read")

    change_role(tx, "rita@example.org", "curator")
    principal = bearer(tx, token)
    assert principal is not None
    assert not principal.may("cases:decide")

    disable_user(tx, "rita@example.org")
    assert bearer(tx, token) is None
    enable_user(tx, "rita@example.org")
    assert bearer(tx, token) is not None


def test_a_key_of_a_person_sees_no_more_than_both_may(tx: Tx) -> None:
    create_user(tx, "rita@example.org", "reviewer", Limits(platforms=["b", "a", "a"]))
    assert get_user(tx, "rita@example.org").platforms == ["a", "b"]
    before = count(tx, keys), count(tx, ledger_pending)
    with pytest.raises(Refusal) as refusal:
        create_key(tx, SCOPES, "rita c", ["cases:read"], "c", "rita@example.org")
    assert refusal.value.errors[0].pointer == "/platform"
    assert (count(tx, keys), count(tx, ledger_pending)) == before
    tokens = {
        platform: create_key(
            tx, SCOPES, f"rita {platform}", ["cases:read"], platform, "rita@example.org"
        )[1]
        for platform in (None, "a")
    }

    def bound() -> list[frozenset[str] | None]:
        found = (bearer(tx, token) for token in tokens.values())
        return [one.platforms for one in found if one is not None]

    assert bound() == [{"a", "b"}, {"a"}]
    change_limits(tx, "rita@example.org", platforms=["b"])
    assert bound() == [{"b"}, set()]
    change_limits(tx, "rita@example.org", platforms=None)
    assert bound() == [None, {"a"}]


@pytest.mark.parametrize("platforms", [[], ["a", "no spaces"], [""]])
def test_a_person_is_bound_to_platforms_that_there_can_be(tx: Tx, platforms: list[str]) -> None:
    with pytest.raises(Refusal) as refusal:
        create_user(tx, "rita@example.org", "reviewer", Limits(platforms=platforms))
    assert refusal.value.status == 422
    create_user(tx, "rita@example.org", "reviewer")
    before = count(tx, ledger_pending)
    with pytest.raises(Refusal):
        change_limits(tx, "rita@example.org", platforms=platforms)
    assert get_user(tx, "rita@example.org").platforms is None
    assert count(tx, ledger_pending) == before
