"""What people sign in by beside a password, as rules and as the ledger explains it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from tidegate.access.actions import create_user
from tidegate.access.ceremony import NewPasskey, Party, party_of
from tidegate.access.codes import make_codes, new_code, plain_code, use_code
from tidegate.access.factor_witness import FactorWitness
from tidegate.access.identities import Rules, Told, admit, read_rules, role_of
from tidegate.access.passkeys import add_passkey, remove_passkey
from tidegate.access.provider import Provider, _Known, begin
from tidegate.access.tables import identities, passkeys, recovery_codes
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.settings import Settings, SettingsError
from tidegate.infra.slices import Heard
from tidegate.ledger.tables import ledger_pending

KEY = b"k" * 32
RITA = "rita@example.org"
ISSUER = "https://login.example"
NEW = NewPasskey(b"credential", b"public key", 0, ["internal"])


@pytest.mark.parametrize(
    ("public_url", "host", "port", "party"),
    [
        ("https://tg.example", "x", 1, Party("tg.example", "https://tg.example")),
        ("https://TG.example:8443/at", "x", 1, Party("tg.example", "https://tg.example:8443")),
        ("https://tg.example:443", "x", 1, Party("tg.example", "https://tg.example")),
        ("http://localhost:8420", "x", 1, Party("localhost", "http://localhost:8420")),
        ("http://tg.example", "tg.example", 80, None),
        ("https://192.0.2.1", "x", 1, None),
        ("https://[2001:db8::1]", "x", 1, None),
        (None, "localhost:8420", 8420, Party("localhost", "http://localhost:8420")),
        (None, "localhost", 80, Party("localhost", "http://localhost")),
        (None, "localhost:9999", 8420, None),
        (None, "127.0.0.1:8420", 8420, None),
        (None, "tg.example:8420", 8420, None),
        (None, "localhost.evil.example:8420", 8420, None),
        (None, "localhost:eight", 8420, None),
        (None, "[", 8420, None),
        (None, "", None, None),
    ],
)
def test_browsers_keep_passkeys_for_names_over_tls_and_for_localhost(
    public_url: str | None, host: str, port: int | None, party: Party | None
) -> None:
    assert party_of(public_url, host, port) == party


@given(st.sampled_from([str.lower, str.upper]), st.sampled_from(["", "-", " ", " - ", "\n"]))
def test_a_code_is_read_as_it_is_typed(case: Callable[[str], str], between: str) -> None:
    code = new_code()
    assert plain_code(case(code.replace("-", between))) == code.replace("-", "")


@pytest.mark.parametrize(
    "typed", ["", "ABCD", "0BCD-EFGH-JKLM-NPQR", "A" * 17, "Ä" * 16, "\0" * 16]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert plain_code(typed) is None


def test_a_code_is_its_owner_s_and_good_once(tx: Tx) -> None:
    rita, _ = create_user(tx, RITA, "reviewer")
    other, _ = create_user(tx, "other@example.org", "reviewer")
    code, *_ = make_codes(tx, KEY, rita)
    make_codes(tx, KEY, other)
    assert not use_code(tx, KEY, other.id, code)
    assert not use_code(tx, b"another key", rita.id, code)
    assert use_code(tx, KEY, rita.id, code)
    assert not use_code(tx, KEY, rita.id, code)


def test_the_first_group_of_the_list_gives_the_role() -> None:
    rules = read_rules(["cn=boss=admin", "desk = reviewer"], creates=False)
    assert rules.roles == (("cn=boss", "admin"), ("desk", "reviewer"))
    assert role_of(rules, frozenset({"desk", "cn=boss"})) == "admin"
    assert role_of(rules, frozenset({"desk", "admin"})) == "reviewer"
    assert role_of(rules, frozenset({"admin"})) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"oidc_roles": ["desk=king"]},
        {"public_url": None},
        {"oidc_client_id": None},
        {"oidc_client_secret_file": Path("/nowhere")},
    ],
    ids=str,
)
def test_a_provider_that_cannot_work_is_told_at_the_start(settings: dict[str, Any]) -> None:
    good: dict[str, Any] = {"public_url": "https://tg.example", "oidc_client_id": "tidegate"}
    Provider(Settings(oidc_issuer=ISSUER, **good))
    with pytest.raises(SettingsError, match="oidc_"):
        Provider(Settings(oidc_issuer=ISSUER, **(good | settings)))


def witness(tx: Tx) -> list[str]:
    found = FactorWitness(tx)
    rows = tx.execute(sa.select(ledger_pending).order_by(ledger_pending.c.id)).all()
    for row in rows:
        if row.kind in found.kinds:
            record = msgspec.json.decode(row.record)
            found.hear(
                Heard(seq=None, at=row.at, kind=row.kind, subject=row.subject, record=record)
            )
    return list(found.say(tx))


def test_the_ledger_explains_what_people_sign_in_by(tx: Tx) -> None:
    rita, _ = create_user(tx, RITA, "reviewer")
    kept = add_passkey(tx, rita, "phone", NEW)
    gone = add_passkey(tx, rita, "key", NewPasskey(b"2", b"3", 0, []))
    remove_passkey(tx, rita, gone)
    code, *_ = make_codes(tx, KEY, rita)
    make_codes(tx, KEY, rita)
    code, *_ = make_codes(tx, KEY, rita)
    assert use_code(tx, KEY, rita.id, code)
    admit(tx, Told(issuer=ISSUER, subject="7", email=RITA), Rules())
    assert witness(tx) == []

    tx.execute(sa.update(recovery_codes).values(used_at=None))
    assert ["recovery codes" in one for one in witness(tx)] == [True]
    tx.execute(sa.delete(recovery_codes))
    tx.execute(sa.insert(recovery_codes).values(user_id=rita.id, code=b"planted", made_at=tx.now))
    tx.execute(sa.update(passkeys).values(public_key=b"another"))
    tx.execute(
        sa.insert(identities).values(
            issuer="https://evil.example", subject="7", user_id=rita.id, created_at=tx.now
        )
    )
    said = "\n".join(witness(tx))
    assert f"the passkey {kept} of {RITA} is there, and no entry" in said
    assert f"{RITA} has recovery codes that no entry explains" in said
    assert "evil.example" in said
    assert ISSUER not in said
    tx.execute(sa.delete(passkeys))
    assert f"the passkey {kept} is gone without an entry" in witness(tx)


NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIGNS = ECKey.generate_key("P-256", {"kid": "ours"})
RIGHT: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "tidegate",
    "sub": "7",
    "nonce": "nonce",
    "iat": NOW.timestamp(),
    "exp": (NOW + timedelta(minutes=5)).timestamp(),
}


def read(text: str) -> dict[str, Any]:
    """What we make of an ID token."""
    settings = Settings(
        oidc_issuer=ISSUER, public_url="https://tg.example", oidc_client_id="tidegate"
    )
    said = {"id_token_signing_alg_values_supported": ["ES256", "HS256", "none"]}
    known = _Known(said, KeySet([SIGNS]), NOW)
    provider = Provider(settings)
    provider._known = known
    return asyncio.run(provider._claims(known, {"id_token": text}, "nonce", NOW))


def signed(claims: dict[str, Any], key: Any = SIGNS, alg: str = "ES256", kid: str = "ours") -> str:
    return jwt.encode({"alg": alg, "kid": kid}, claims, key, algorithms=[alg])


def test_a_right_token_is_believed() -> None:
    assert read(signed(RIGHT))["sub"] == "7"
    assert read(signed(RIGHT | {"aud": ["tidegate", "other"], "azp": "tidegate"}))["sub"] == "7"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["other"]},
        {"aud": ["tidegate", "other"], "azp": "other"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": (NOW - timedelta(minutes=2)).timestamp()},
        {"exp": None},
        {"iat": (NOW + timedelta(minutes=2)).timestamp()},
        {"nbf": (NOW + timedelta(minutes=2)).timestamp()},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_for_another_place_time_or_visit_is_refused(wrong: dict[str, Any]) -> None:
    claims = {name: value for name, value in (RIGHT | wrong).items() if value is not None}
    with pytest.raises(Refusal) as refusal:
        read(signed(claims))
    assert refusal.value.status == 401


def test_a_token_that_another_key_signed_is_refused() -> None:
    other = ECKey.generate_key("P-256", {"kid": "ours"})
    shared = OctKey.import_key("x" * 32, {"kid": "ours"})
    for text in (signed(RIGHT, other), signed(RIGHT, shared, "HS256"), "a.b.c", ""):
        with pytest.raises(Refusal) as refusal:
            read(text)
        assert refusal.value.status == 401


def test_what_is_kept_of_a_visit_is_random_each_time() -> None:
    values = [value for one in (begin(), begin()) for value in msgspec.structs.astuple(one)]
    assert len(set(values)) == 6
    assert all(43 <= len(one) <= 128 for one in values)
