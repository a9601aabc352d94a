"""Administering people and keys on the pages: each change is durable, each refusal writes nothing, and
secrets are shown once."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.test_audit import report
from tests.web.two_platforms import rows
from tests.web.visitor import Visitor

from tidegate.access.queries import get_user
from tidegate.access.tables import users
from tidegate.infra.clock import FakeClock
from tidegate.infra.settings import load_settings
from tidegate.infra.settings_told import told
from tidegate.review.tables import cases

RITA = "rita@example.org"


@pytest.fixture
def admin(api: Api) -> Visitor:
    return Visitor(api.instance, api.client, email="ada@example.org")


def id_of(api: Api, email: str) -> str:
    with api.instance.database.begin() as tx:
        return str(get_user(tx, email).id)


def person(api: Api, admin: Visitor, email: str) -> dict[str, Any]:
    return admin.get(f"/people/{id_of(api, email)}.json").json()["person"]


def test_somebody_is_invited_by_a_link_that_is_shown_once(api: Api, admin: Visitor) -> None:
    form = {"email": "Rita@Example.org", "role": "senior", "queues": "reports, senior"}
    form |= {"languages": "ar de", "platforms": "", "display_name": "Rita R."}
    answer = admin.send("/people", form)
    assert answer.status_code == 200
    link = re.search(r"http://\S+?/sign-in/([\w-]+)", answer.text)
    assert link
    assert link[1] not in admin.get("/people").text + admin.get("/people.json").text
    assert api.client.post(f"/sign-in/{link[1]}").status_code == 303
    found = person(api, admin, RITA)
    assert found["last_seen"] is not None
    known = {"email": RITA, "display_name": "Rita R.", "role": "senior", "state": "active"}
    known |= {"queues": ["reports", "senior"], "languages": ["ar", "de"], "platforms": None}
    assert {name: found[name] for name in known} == known
    assert [one["email"] for one in admin.get("/people.json").json()["people"]] == [
        admin.email,
        RITA,
    ]
    assert "Rita R." in admin.get("/people").text


def test_a_script_that_invites_is_told_the_link(api: Api, admin: Visitor) -> None:
    asked = {"accept": "application/json"}
    form = {"email": RITA, "role": "reviewer"}
    told_of = admin.send("/people", form, headers=asked).json()["link"]
    assert told_of["email"] == RITA
    assert "/sign-in/" in told_of["address"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"email": "nobody", "role": "reviewer"}, 422),
        ({"email": RITA, "role": "emperor"}, 422),
        ({"email": RITA, "role": "reviewer", "languages": "german"}, 422),
        ({"email": RITA, "role": "reviewer", "display_name": "rita@example.org"}, 422),
        ({"email": RITA, "role": "reviewer", "display_name": "ADA"}, 409),
        ({"email": "ada@example.org", "role": "reviewer"}, 409),
    ],
)
def test_who_cannot_be_invited_so_is_not(
    api: Api, admin: Visitor, form: dict[str, str], status: int
) -> None:
    token, before = admin.csrf(), rows(api)
    answer = admin.send("/people", {"csrf": token} | form, csrf=False)
    assert answer.status_code == status
    assert rows(api) == before
    assert 'data-testid="errors"' in answer.text
    assert form["email"] in answer.text


def test_a_change_ends_sessions_and_hands_back_what_they_hold(api: Api, admin: Visitor) -> None:
    api.submit(text="a post")
    case = report(api)
    for verb, form in (
        ("role", {"role": "senior"}),
        ("limits", {"queues": "reports"}),
        ("disable", {}),
    ):
        rita = Visitor(api.instance, api.client, "reviewer", email=f"{verb}@example.org")
        assert rita.send(f"/cases/{case}/claim").status_code == 303
        with api.instance.database.begin() as tx:
            held = sa.select(cases.c.claimant).where(cases.c.claimant.isnot(None))
            assert tx.execute(held).scalars().all() == [f"user:{rita.email}"]
        at = f"/people/{id_of(api, rita.email)}"
        answer = admin.send(f"{at}/{verb}", form)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, at)
        assert admin.get(answer.headers["location"]).status_code == 200
        with api.instance.database.begin() as tx:
            assert tx.execute(held).scalars().all() == []
        assert rita.get("/cases").status_code == 303
    found = {one["email"]: one for one in admin.get("/people.json").json()["people"]}
    assert found["role@example.org"]["role"] == "senior"
    assert found["limits@example.org"]["queues"] == ["reports"]
    assert found["disable@example.org"]["state"] == "disabled"
    at = f"/people/{id_of(api, 'disable@example.org')}"
    assert admin.send(f"{at}/link").status_code == 409
    assert admin.send(f"{at}/enable").status_code == 303
    assert "/sign-in/" in admin.send(f"{at}/link").text
    assert admin.send(f"{at}/name", {"display_name": "Somebody else"}).status_code == 303
    assert person(api, admin, "disable@example.org")["display_name"] == "Somebody else"


@pytest.mark.parametrize(
    ("verb", "form"),
    [("role", {"role": "reviewer"}), ("limits", {"queues": "x"}), ("disable", {}), ("enable", {})],
)
def test_nobody_changes_themselves_and_an_administrator_stays(
    api: Api, admin: Visitor, verb: str, form: dict[str, str]
) -> None:
    own = f"/people/{id_of(api, admin.email)}"
    token, before = admin.csrf(), rows(api)
    answer = admin.send(f"{own}/{verb}", {"csrf": token} | form, csrf=False)
    assert answer.status_code == 409
    assert rows(api) == before
    script = admin.send(
        f"{own}/{verb}", {"csrf": token} | form, csrf=False, headers={"accept": "application/json"}
    )
    assert script.json()["type"] == "/problems/own-account"


def test_whoever_has_limits_administers_nobody(api: Api, admin: Visitor) -> None:
    bound = Visitor(api.instance, api.client, "admin", queues=["reports"])
    token, before = bound.csrf(), rows(api)
    for path in ("/people", "/people.json", "/keys", "/settings"):
        assert bound.get(path).status_code == 403, path
    offered = bound.get("/account").text
    assert [one for one in ("people", "keys", "instance") if f'nav-{one}"' in offered] == []
    assert 'data-testid="nav-people"' in admin.get("/account").text
    for path, form in (
        ("/people", {"email": RITA, "role": "admin"}),
        ("/keys", {"name": "x", "scopes": "admin"}),
        (f"/people/{id_of(api, admin.email)}/role", {"role": "reviewer"}),
    ):
        assert bound.send(path, {"csrf": token} | form, csrf=False).status_code == 403, path
    assert rows(api) == before


def test_whoever_changes_people_or_keys_shows_first_that_it_is_them(
    api: Api, admin: Visitor, clock: FakeClock
) -> None:
    Visitor(api.instance, api.client, "reviewer", email=RITA)
    rita, key = f"/people/{id_of(api, RITA)}", api.key("items:read").split("_")[1]
    forms: dict[str, dict[str, Any]] = {
        "/people": {"email": "new@example.org", "role": "reviewer"},
        f"{rita}/role": {"role": "senior"},
        f"{rita}/limits": {"queues": "reports"},
        f"{rita}/name": {"display_name": "R."},
        f"{rita}/link": {},
        f"{rita}/disable": {},
        f"{rita}/enable": {},
        "/keys": {"name": "x", "scopes": "items:read"},
        f"/keys/{key}/rotate": {"overlap": "0"},
        f"/keys/{key}/revoke": {},
    }
    for page in ("/people", rita, "/keys"):
        assert 'data-testid="confirm-again"' not in admin.get(page).text
    clock.advance(11 * 60)
    token, before = admin.csrf(), rows(api)
    for path, form in forms.items():
        for headers in ({}, {"accept": "application/json"}):
            answer = admin.send(path, {"csrf": token} | form, csrf=False, headers=headers)
            assert answer.status_code == 403, path
            assert "/account/confirm" in answer.text, path
    assert rows(api) == before
    for page in ("/people", rita, "/keys"):
        shown = admin.get(page).text
        assert f'href="/account/confirm?next={page}" data-testid="confirm-again"' in shown
        assert f'action="{page}' not in shown
        assert admin.get(f"{page}.json").json()["fresh"] is False
    admin.sign_in()
    assert admin.send(f"{rita}/role", {"role": "senior"}).status_code == 303


def test_a_form_that_was_open_too_long_keeps_what_was_typed(
    api: Api, admin: Visitor, clock: FakeClock
) -> None:
    clock.advance(11 * 60)
    form = {"email": "new@example.org", "role": "senior", "display_name": "The new one"}
    form |= {"csrf": admin.csrf()}
    refused = admin.send("/people", form, csrf=False)
    assert refused.status_code == 403
    for kept in (
        'value="new@example.org"',
        'value="The new one"',
        '<option value="senior" selected>',
    ):
        assert kept in refused.text, kept
    assert 'data-testid="errors"' in refused.text
    assert re.search(r'href="/account/confirm\?next=[^"]+" target="_blank"', refused.text)
    admin.sign_in()
    assert admin.send("/people", form | {"csrf": admin.csrf()}, csrf=False).status_code == 200


@pytest.mark.parametrize(
    ("path", "form", "field", "said"),
    [
        ("/people", {"platforms": ".."}, "platforms", "Platforms: expected 1 to 64 letters"),
        ("/people", {"languages": "german!"}, "languages", "Languages: expected languages such"),
        ("/keys", {"scopes": []}, "scopes", "Scopes: expected"),
        ("/keys", {"user": "nobody@example.org"}, "user", "Acts for the person: expected the add"),
    ],
)
def test_a_fault_leads_to_its_field(
    api: Api, admin: Visitor, path: str, form: dict[str, Any], field: str, said: str
) -> None:
    whole = {"email": "x@example.org", "role": "reviewer", "name": "k", "scopes": ["items:read"]}
    answer = admin.send(path, whole | form)
    assert answer.status_code == 422
    assert f'<a href="#{field}">{said}' in answer.text
    assert f'id="{field}"' in answer.text
    assert f'id="error-{field}"' in answer.text


def test_ones_own_name_is_changed_at_the_account(api: Api, admin: Visitor) -> None:
    Visitor(api.instance, api.client, "reviewer", email=RITA)
    rita = Visitor(api.instance, api.client, "curator", email="curt@example.org")
    assert "curt" in rita.get("/account").text
    assert rita.send("/account/name", {"display_name": "Curt C."}).status_code == 303
    assert "Curt C." in rita.get("/").text
    token, before = rita.csrf(), rows(api)
    refused = rita.send("/account/name", {"csrf": token, "display_name": "RITA"}, csrf=False)
    assert refused.status_code == 409
    assert rows(api) == before


def test_a_key_is_shown_once_rotated_and_revoked(api: Api, admin: Visitor) -> None:
    form = {"name": "of the forum", "scopes": ["reports:write", "items:read"], "platform": "forum"}
    form |= {"rate": "600/m", "expires": "90d", "channels": "referral", "network": ""}
    made = admin.send("/keys", form)
    assert made.status_code == 200
    token = re.search(r"tg_[0-9a-f]+_[0-9a-f]+", made.text)
    assert token
    assert token[0] not in admin.get("/keys").text + admin.get("/keys.json").text
    found = next(
        one for one in admin.get("/keys.json").json()["keys"] if one["name"] == "of the forum"
    )
    assert found["state"] == "standing"
    assert (found["scopes"], found["platform"]) == (["items:read", "reports:write"], "forum")
    assert (found["rate"], found["channels"]) == ("600/m", ["referral"])
    assert found["created_by"] == "user:ada"  # others know her so
    assert found["user"] is None
    assert admin.send("/keys", {"name": "hers", "scopes": "items:read", "user": admin.email})
    hers = next(one for one in admin.get("/keys.json").json()["keys"] if one["name"] == "hers")
    assert hers["user"] == "ada"
    assert admin.email not in admin.get("/keys.json").text
    assert api.get("/v1/items/x", key=token[0]).status_code == 404
    rotated = admin.send(f"/keys/{found['id']}/rotate", {"overlap": "0"})
    fresh = re.search(r"tg_[0-9a-f]+_[0-9a-f]+", rotated.text)
    assert fresh
    assert fresh[0] != token[0]
    assert api.get("/v1/items/x", key=fresh[0]).status_code == 404
    assert admin.send(f"/keys/{found['id']}/revoke").status_code == 303
    states = {one["name"]: one["state"] for one in admin.get("/keys.json").json()["keys"]}
    assert states["of the forum"] == "revoked"
    assert admin.send(f"/keys/{found['id']}/rotate", {"overlap": "0"}).status_code == 409


@pytest.mark.parametrize(
    "form",
    [
        {"name": "x"},
        {"name": "x", "scopes": "items:eat"},
        {"name": "", "scopes": "items:read"},
        {"name": "x", "scopes": "items:read", "expires": "yesterday"},
        {"name": "x", "scopes": "items:read", "network": "10.0.0.0/33"},
        {"name": "x", "scopes": "items:read", "rate": "often"},
        {"name": "x", "scopes": "items:read", "channels": "pigeon"},
        {"name": "x", "scopes": "items:read", "platform": ".."},
    ],
)
def test_a_key_that_cannot_be_is_not_made(api: Api, admin: Visitor, form: dict[str, str]) -> None:
    token, before = admin.csrf(), rows(api)
    answer = admin.send("/keys", {"csrf": token} | form, csrf=False)
    assert answer.status_code == 422
    assert rows(api) == before
    assert 'data-testid="errors"' in answer.text


def test_settings_say_where_they_come_from_and_keep_secrets(
    api: Api, admin: Visitor, tmp_path: Any
) -> None:
    (tmp_path / "tidegate.toml").write_text('port = 1\nlog_level = "debug"\n')
    environ = {
        "TIDEGATE_UNDO_SECONDS": "5",
        "TIDEGATE_DATABASE_URL": "postgresql://t:hush@db/t",
        "TIDEGATE_HOST": "::1",
    }
    api.instance.settings = load_settings(tmp_path, environ, host="::1", port=2)
    shown = admin.get("/settings.json").text + admin.get("/settings").text
    assert "hush" not in shown
    found = {one["name"]: one for one in admin.get("/settings.json").json()["settings"]}
    assert found.keys() == {one.name for one in told(api.instance.settings)}
    assert (found["undo_seconds"]["source"], found["undo_seconds"]["value"]) == ("environment", 5.0)
    assert (found["log_level"]["source"], found["log_level"]["value"]) == ("file", "debug")
    assert (found["port"]["source"], found["port"]["value"]) == ("command line", 2)
    # The supervisor says to the processes below it what it was told itself.
    assert found["host"]["source"] == "environment"
    assert found["claim_minutes"]["source"] == "default"
    secret = found["database_url"]
    assert (secret["value"], secret["set"], secret["secret"]) == (None, True, True)
    assert all(one["meaning"] for one in found.values())


def test_who_is_unknown_is_404(api: Api, admin: Visitor) -> None:
    for path in ("/people/nobody", "/people/00000000-0000-0000-0000-000000000000"):
        assert admin.get(path).status_code == 404
        assert admin.send(f"{path}/disable").status_code == 404
    with api.instance.database.begin() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(users)).scalar_one() == 1
