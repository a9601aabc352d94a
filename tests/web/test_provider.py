"""Signing in at an OpenID provider, one that runs on a port: there, back, and who somebody is then."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from oidc_provider_mock import _storage  # pyright: ignore[reportMissingTypeStubs]
from starlette.testclient import TestClient
from tests.api import Api
from tests.web.authenticator import ORIGIN
from tests.web.factors import SECURITY, Stranger, kinds, rows
from tests.web.provider import Provider, query_of, running
from tests.web.test_audit import report
from tests.web.visitor import Visitor

from tidegate.access.people import disable_user
from tidegate.access.queries import get_user
from tidegate.infra.clock import FakeClock
from tidegate.infra.settings import Settings
from tidegate.pipeline.instance import opened
from tidegate.review.actions import claim
from tidegate.web.app import create_app

LOCAL = ["127.0.0.0/8", "::1/128"]
ANNA = {"email": "anna@example.org", "email_verified": True}
Desk = Callable[..., Api]


@pytest.fixture(scope="module")
def mock() -> Iterator[Provider]:
    with running(require_nonce=True) as provider:
        yield provider


@pytest.fixture
def provider(mock: Provider) -> Iterator[Provider]:
    mock.asked.clear()
    yield mock
    mock.turn.clear()


@pytest.fixture
def desk(provider: Provider, database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """Opens the application with settings of the test; at the time of the provider, which has a clock of
    its own."""
    with ExitStack() as stack:

        def open_with(**settings: Any) -> Api:
            given: dict[str, Any] = {
                "allowed_addresses": LOCAL,
                "oidc_issuer": provider.url,
                "oidc_client_id": "tidegate",
                "oidc_client_secret": "hush",
            }
            given |= settings
            said = Settings(data_dir=tmp_path, media_workers=1, public_url=ORIGIN, **given)
            clock = FakeClock(datetime.now(UTC))
            instance = stack.enter_context(opened(said, database_url, clock))
            app = create_app(instance)
            client = TestClient(app, base_url="http://tidegate", follow_redirects=False)
            return Api(instance, stack.enter_context(client))

        yield open_with


def path_of(url: str) -> str:
    assert url.startswith(f"{ORIGIN}/sign-in/oidc/callback?")
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def come(api: Api, provider: Provider, sub: str = "anna", next: str = "/cases") -> Any:
    """Somebody signs in there: their browser here, and the answer they got on coming back."""
    stranger = Stranger(api)
    where = stranger.get("/sign-in/oidc", params={"next": next}).headers["location"]
    return stranger, stranger.get(path_of(provider.sign_in(where, sub)))


def role(api: Api, email: str = "anna@example.org") -> str:
    with api.instance.database.begin() as tx:
        return get_user(tx, email).role


def test_there_and_back(desk: Desk, provider: Provider) -> None:
    api = desk(oidc_name="Example Ltd.")
    provider.knows("anna", **ANNA)
    person = Visitor(api.instance, api.client, "reviewer")
    with api.instance.database.begin() as tx:
        tx.connection.exec_driver_sql("UPDATE users SET email = 'anna@example.org'")
    page = Stranger(api).get("/sign-in?next=/cases").text
    assert 'data-testid="sign-in-oidc" href="/sign-in/oidc?next=' in page
    assert "Sign in with Example Ltd." in page
    stranger, answer = come(api, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases")
    here = stranger.get(f"{SECURITY}.json").json()
    assert [one["began_by"] for one in here["sessions"] if one["this"]] == [["oidc"]]
    assert kinds(api).count("identity.linked") == 1
    # The next time they are known by the provider's name for them, whatever their address is there.
    provider.knows("anna", email="married@example.org", email_verified=False)
    stranger, answer = come(api, provider)
    assert answer.status_code == 303
    assert "anna@example.org" in stranger.get("/account").text
    assert kinds(api).count("identity.linked") == 1
    del person


def test_what_is_sent_has_pkce_a_state_a_nonce_and_the_exact_address(
    desk: Desk, provider: Provider
) -> None:
    """The mock looks at none of these but the nonce."""
    api = desk(oidc_scopes="email groups")
    provider.knows("anna", **ANNA)
    stranger = Stranger(api)
    first = query_of(stranger.get("/sign-in/oidc").headers["location"])
    where = stranger.get("/sign-in/oidc").headers["location"]
    asks = query_of(where)
    for fresh in ("state", "nonce", "code_challenge"):
        assert len(asks[fresh]) >= 43
        assert asks[fresh] != first[fresh]
    assert asks["code_challenge_method"] == "S256"
    assert asks["response_type"] == "code"
    assert asks["client_id"] == "tidegate"
    assert asks["scope"] == "openid email groups"
    assert asks["redirect_uri"] == f"{ORIGIN}/sign-in/oidc/callback"
    assert "code_verifier" not in asks

    stranger.get(path_of(provider.sign_in(where, "anna")))
    ((method, _, fields, headers),) = provider.asked_of("/oauth2/token")
    assert method == "POST"
    digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asks["code_challenge"]
    assert 43 <= len(fields["code_verifier"]) <= 128
    assert fields["redirect_uri"] == f"{ORIGIN}/sign-in/oidc/callback"
    assert fields["grant_type"] == "authorization_code"
    assert "client_secret" not in fields
    assert headers["AUTHORIZATION"] == "Basic " + base64.b64encode(b"tidegate:hush").decode()


def test_a_public_client_says_who_it_is_and_shows_no_secret(desk: Desk, provider: Provider) -> None:
    api = desk(oidc_client_secret=None)
    assert come(api, provider)[1].status_code == 401  # the mock wants a secret
    ((_, _, fields, headers),) = provider.asked_of("/oauth2/token")
    assert fields["client_id"] == "tidegate"
    assert "AUTHORIZATION" not in headers


def test_nobody_is_made_unless_that_is_said(desk: Desk, provider: Provider) -> None:
    api = desk(oidc_roles=["desk=reviewer"])
    provider.knows("anna", **ANNA, groups=["desk"])
    before = rows(api)
    stranger, answer = come(api, provider)
    assert answer.status_code == 403
    assert "You have no place here" in answer.text
    assert not stranger.signed_in
    assert rows(api) == before


def test_groups_make_people_and_their_roles_at_each_sign_in(desk: Desk, provider: Provider) -> None:
    api = desk(oidc_roles=["boss=admin", "desk=reviewer", "look=auditor"], oidc_create=True)
    provider.knows("anna", **ANNA, groups=["desk", "look", "boss-of-nothing"])
    assert come(api, provider)[1].status_code == 303
    assert role(api) == "reviewer"
    assert kinds(api).count("user.created") == 1
    provider.knows("anna", **ANNA, groups="look")
    assert come(api, provider)[1].status_code == 303
    assert role(api) == "auditor"
    assert kinds(api).count("user.role_changed") == 1
    provider.knows("anna", **ANNA, groups=["look", "boss"])
    stranger, _ = come(api, provider)
    assert role(api) == "admin"
    # The last admin stays one; whoever has no group any more is not let in.
    provider.knows("anna", **ANNA, groups=["desk"])
    assert come(api, provider)[1].status_code == 303
    assert role(api) == "admin"
    Visitor(api.instance, api.client, "admin")
    assert come(api, provider)[1].status_code == 303
    assert role(api) == "reviewer"
    assert not stranger.signed_in  # another role ends what was open
    before = rows(api)
    provider.knows("anna", **ANNA)
    assert come(api, provider)[1].status_code == 403
    assert rows(api) == before
    with api.instance.database.begin() as tx:
        query = "SELECT encode(record, 'escape') FROM ledger_pending WHERE kind = 'user.created'"
        made = list(tx.connection.exec_driver_sql(query).scalars())
    assert sum('"oidc"' in record for record in made) == 1


def test_another_role_hands_back_what_they_hold(desk: Desk, provider: Provider) -> None:
    api = desk(oidc_roles=["desk=reviewer", "look=auditor"], oidc_create=True)
    api.submit(text="a post")
    case = report(api)
    provider.knows("anna", **ANNA, groups=["desk"])
    come(api, provider)
    with api.instance.database.begin("user:anna@example.org") as tx:
        claim(tx, UUID(case), timedelta(minutes=30))
    come(api, provider)
    assert api.get(f"/v1/cases/{case}").json()["claimed_by"] == "user:anna@example.org"
    provider.knows("anna", **ANNA, groups=["look"])
    come(api, provider)
    assert api.get(f"/v1/cases/{case}").json()["claimed_by"] is None


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "anna@example.org"},
        {"email": "anna@example.org", "email_verified": False},
        {"email": "anna@example.org", "email_verified": "true"},
        {"email_verified": True},
        {"email": "no address", "email_verified": True},
    ],
    ids=str,
)
def test_an_address_that_nobody_vouches_for_is_nobody_s(
    desk: Desk, provider: Provider, claims: dict[str, Any]
) -> None:
    api = desk(oidc_roles=["desk=admin"], oidc_create=True)
    provider.knows("mallory", **claims, groups=["desk"])
    before = rows(api)
    stranger, answer = come(api, provider, "mallory")
    assert answer.status_code == 403
    assert not stranger.signed_in
    assert rows(api) == before


def test_an_address_goes_to_one_of_those_who_have_it_there(desk: Desk, provider: Provider) -> None:
    api = desk(oidc_roles=["desk=reviewer"], oidc_create=True)
    provider.knows("anna", **ANNA, groups=["desk"])
    provider.knows("other", **ANNA, groups=["desk"])
    assert come(api, provider, "anna")[1].status_code == 303
    before = rows(api)
    assert come(api, provider, "other")[1].status_code == 403
    assert rows(api) == before


def test_a_disabled_user_is_let_in_by_nobody(desk: Desk, provider: Provider) -> None:
    api = desk(oidc_roles=["desk=reviewer"], oidc_create=True)
    provider.knows("anna", **ANNA, groups=["desk"])
    come(api, provider)
    with api.instance.database.begin() as tx:
        disable_user(tx, "anna@example.org")
    before = rows(api)
    assert come(api, provider)[1].status_code == 403
    assert rows(api) == before


def test_what_does_not_belong_to_the_visit_is_refused(desk: Desk, provider: Provider) -> None:
    api = desk(oidc_roles=["desk=reviewer"], oidc_create=True)
    provider.knows("anna", **ANNA, groups=["desk"])
    before = rows(api)

    def refused(stranger: Stranger, path: str) -> None:
        assert stranger.get(path).status_code == 401, path
        assert not stranger.signed_in
        assert rows(api) == before

    def back(stranger: Stranger) -> str:
        where = stranger.get("/sign-in/oidc").headers["location"]
        return path_of(provider.sign_in(where, "anna"))

    stranger = Stranger(api)
    right = back(stranger)
    refused(Stranger(api), right)  # the link of another's visit
    refused(stranger, right.replace("state=", "state=x"))
    refused(stranger, right)  # a visit is over with its first answer
    stranger = Stranger(api)
    refused(stranger, back(stranger) + "&iss=https://evil.example")
    stranger = Stranger(api)
    back(stranger)
    refused(stranger, "/sign-in/oidc/callback")
    stranger = Stranger(api)
    refused(stranger, path_of(provider.deny(stranger.get("/sign-in/oidc").headers["location"])))
    stranger = Stranger(api)
    back(stranger)
    refused(stranger, back(stranger).replace("code=", "code=x"))


def test_an_answer_whose_nonce_is_of_another_visit_is_refused(
    desk: Desk, provider: Provider
) -> None:
    api = desk(oidc_roles=["desk=reviewer"], oidc_create=True)
    provider.knows("anna", **ANNA, groups=["desk"])
    before = rows(api)
    stranger = Stranger(api)
    where = stranger.get("/sign-in/oidc").headers["location"]
    nonce = query_of(where)["nonce"]
    answer = stranger.get(path_of(provider.sign_in(where.replace(nonce, "of-another"), "anna")))
    assert answer.status_code == 401
    assert rows(api) == before


@pytest.mark.parametrize("part", ["signature", "payload", "none"])
def test_a_token_that_the_provider_did_not_sign_is_refused(
    desk: Desk, provider: Provider, part: str
) -> None:
    api = desk(oidc_roles=["desk=reviewer"], oidc_create=True)
    provider.knows("anna", **ANNA, groups=["desk"])

    def forge(said: bytes) -> bytes:
        answer = json.loads(said)
        header, payload, signature = answer["id_token"].split(".")
        if part == "signature":
            signature = signature[:-8] + "AAAAAAAA"
        elif part == "payload":
            claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
            claims["groups"] = ["boss"]
            payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        else:
            header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
            signature = ""
        return json.dumps(answer | {"id_token": f"{header}.{payload}.{signature}"}).encode()

    before = rows(api)
    provider.turn["/oauth2/token"] = forge
    assert come(api, provider)[1].status_code == 401
    assert rows(api) == before


def test_a_provider_that_says_it_is_another_is_not_asked_further(
    desk: Desk, provider: Provider
) -> None:
    api = desk()
    provider.turn["/.well-known/openid-configuration"] = lambda said: said.replace(
        b'"issuer"', b'"issuer": "https://evil.example", "was"'
    )
    answer = Stranger(api).get("/sign-in/oidc")
    assert answer.status_code == 503
    assert [path for _, path, _, _ in provider.asked] == ["/.well-known/openid-configuration"]


def test_a_private_address_is_reached_only_where_that_is_allowed(
    desk: Desk, provider: Provider
) -> None:
    answer = Stranger(desk(allowed_addresses=[])).get("/sign-in/oidc")
    assert answer.status_code == 503
    assert provider.asked == []


def test_next_leads_nowhere_else(desk: Desk, provider: Provider) -> None:
    api = desk(oidc_roles=["desk=reviewer"], oidc_create=True)
    provider.knows("anna", **ANNA, groups=["desk"])
    _, answer = come(api, provider, next="//evil.example")
    assert answer.headers["location"] == "/"


def test_without_a_provider_there_is_none(api: Api) -> None:
    assert "sign-in-oidc" not in Stranger(api).get("/sign-in").text
    assert Stranger(api).get("/sign-in/oidc").status_code == 404
    assert Stranger(api).get("/sign-in/oidc/callback?code=x&state=y").status_code == 404


def test_who_came_from_there_shows_there_again_that_it_is_them(
    desk: Desk, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = desk(oidc_roles=["desk=reviewer"], oidc_create=True)
    provider.knows("anna", **ANNA, groups=["desk"])
    provider.knows("bert", email="bert@example.org", email_verified=True, groups=["desk"])
    come(api, provider, "bert")
    stranger, _ = come(api, provider)
    clock = api.instance.clock
    assert isinstance(clock, FakeClock)
    clock.advance(600)

    def fresh() -> bool:
        return stranger.get(f"{SECURITY}.json").json()["fresh"]

    def again(sub: str) -> int:
        where = stranger.get("/account/confirm/provider?next=/account").headers["location"]
        asks = query_of(where)
        assert (asks["prompt"], asks["max_age"]) == ("login", "0")
        return stranger.get(path_of(provider.sign_in(where, sub))).status_code

    assert not fresh()
    assert "confirm-oidc" in stranger.get("/account/confirm").text
    # It must say that it was just now.
    assert again("anna") == 401
    now = int(clock.now().timestamp())
    monkeypatch.setattr(_storage.AuthorizationCode, "get_auth_time", lambda _: now - 600)
    assert again("anna") == 401
    monkeypatch.setattr(_storage.AuthorizationCode, "get_auth_time", lambda _: now)
    assert again("bert") == 401
    assert not fresh()
    assert again("anna") == 303
    assert fresh()
