"""What people sign in by and where, on their own page; and what asks them again who they are."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from starlette.routing import Route
from tests.api import Api
from tests.web.authenticator import Device
from tests.web.factors import (
    PASSWORD,
    SCRIPT,
    SECURITY,
    Stranger,
    add_passkey,
    at_localhost,
    codes_of,
    kinds,
    rows,
    shown,
    with_password,
)
from tests.web.visitor import Visitor

from tidegate.access.tables import sign_in_failures
from tidegate.infra.clock import FakeClock
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.visit import Visit

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
STALE = timedelta(minutes=10).total_seconds()


def sessions(person: Visitor) -> list[dict[str, Any]]:
    return person.get(f"{SECURITY}.json").json()["sessions"]


def elsewhere(api: Api, person: Visitor, agent: str = FIREFOX) -> Stranger:
    """Another browser of the same person."""
    other = Stranger(api)
    other.post(f"/sign-in/{person.new_link()}", headers={"User-Agent": agent})
    assert other.signed_in
    return other


@pytest.fixture
def person(api: Api) -> Visitor:
    at_localhost(api)
    return Visitor(api.instance, api.client, "reviewer")


def test_sessions_say_which_browser_since_when_and_which_is_this(
    api: Api, person: Visitor, clock: FakeClock
) -> None:
    clock.advance(90)
    elsewhere(api, person)
    other, this = sessions(person)[::-1] if sessions(person)[0]["this"] else sessions(person)
    assert (other["browser"], other["this"]) == ("Firefox on Linux", False)
    assert other["began_by"] == this["began_by"] == ["link"]
    assert this["this"] is True
    assert other["since"] > this["since"]
    page = person.get(SECURITY).text
    assert f'data-testid="session" data-id="{other["id"]}"' in page
    # What is listed is not what signs in.
    for value in person.cookies.values():
        assert value not in page
        assert value not in person.get(f"{SECURITY}.json").text


def test_when_a_session_was_seen_is_kept_to_the_minute(
    api: Api, person: Visitor, clock: FakeClock
) -> None:
    first = sessions(person)[0]["last_seen_at"]
    clock.advance(59)
    assert sessions(person)[0]["last_seen_at"] == first
    clock.advance(1)
    assert sessions(person)[0]["last_seen_at"] > first


def test_one_session_is_ended_or_all_others(api: Api, person: Visitor) -> None:
    first, second, third = (elsewhere(api, person) for _ in range(3))
    (id,) = {one["id"] for one in first.get(f"{SECURITY}.json").json()["sessions"] if one["this"]}
    assert person.send(f"{SECURITY}/sessions/{id}/end").status_code == 303
    assert not first.signed_in
    assert second.signed_in
    assert person.send(f"{SECURITY}/sessions/{id}/end").status_code == 404
    assert person.send(f"{SECURITY}/sessions/end-others").status_code == 303
    assert not second.signed_in
    assert not third.signed_in
    (mine,) = sessions(person)
    assert kinds(api).count("session.ended") == 2
    assert (
        person.send(f"{SECURITY}/sessions/{mine['id']}/end")
        .headers["location"]
        .startswith("/sign-in")
    )
    assert person.get("/account").status_code == 303


def test_nobody_ends_the_session_of_another(api: Api, person: Visitor) -> None:
    other = Visitor(api.instance, api.client, "admin")
    (mine,) = sessions(person)
    before = rows(api)
    for id in (mine["id"], str(uuid4()), "nonsense"):
        assert other.send(f"{SECURITY}/sessions/{id}/end").status_code == 404
    assert other.send(f"{SECURITY}/sessions/end-others").status_code == 303
    assert rows(api) == before


def test_codes_are_shown_once_and_kept_as_digests(api: Api, person: Visitor) -> None:
    codes = codes_of(person)
    assert len(set(codes)) == 10
    assert not set("01OI") & set("".join(codes))
    assert not any(code in person.get(SECURITY).text for code in codes)
    with api.instance.database.begin() as tx:
        query = "SELECT string_agg(t::text, ' ') FROM recovery_codes t"
        kept = tx.connection.exec_driver_sql(query).scalar_one()
        query = "SELECT string_agg(encode(record, 'escape'), ' ') FROM ledger_pending"
        told = tx.connection.exec_driver_sql(query).scalar_one()
    for code in codes:
        for form in (code, code.replace("-", ""), code.replace("-", "").encode().hex()):
            assert form not in kept
            assert form not in told
    assert kinds(api).count("codes.made") == 1


# What asks again: everything of the page that changes what one signs in by.
CHANGES = [
    ("/passkeys/options", {"name": "phone"}),
    ("/passkeys", {"name": "phone", "challenge": "x", "credential": "{}"}),
    (f"/passkeys/{UUID(int=7)}/remove", {}),
    ("/codes", {}),
]


@pytest.mark.parametrize(("path", "form"), CHANGES, ids=[path for path, _ in CHANGES])
def test_after_ten_minutes_it_must_be_shown_again(
    api: Api, person: Visitor, clock: FakeClock, path: str, form: dict[str, str]
) -> None:
    clock.advance(STALE - 1)
    assert person.get(f"{SECURITY}.json").json()["fresh"] is True
    clock.advance(1)
    assert person.get(f"{SECURITY}.json").json()["fresh"] is False
    assert "/account/confirm?next=/account/security" in person.get(SECURITY).text
    csrf, before = person.csrf(), rows(api)
    came = {"Referer": f"http://localhost:8420{SECURITY}"}
    answer = person.send(SECURITY + path, form | {"csrf": csrf}, csrf=False, headers=came)
    assert answer.status_code == 403
    assert 'href="/account/confirm?next=%2Faccount%2Fsecurity"' in answer.text
    answer = person.send(SECURITY + path, form, headers=SCRIPT | came)
    assert answer.json()["type"] == "/problems/confirm-again"
    assert answer.json()["confirm"] == "/account/confirm?next=%2Faccount%2Fsecurity"
    assert rows(api) == before


def test_a_password_shows_it_again(api: Api, person: Visitor, clock: FakeClock) -> None:
    with_password(person)
    clock.advance(STALE)
    page = person.get("/account/confirm.json?next=/account/security").json()
    assert page == {
        "email": person.email,
        "next": SECURITY,
        "passkeys": False,
        "codes": 0,
        "password": True,
        "provider": None,
        "command": None,
    }
    form = {"next": SECURITY, "password": "wrong horse battery"}
    answer = person.send("/account/confirm", form)
    assert answer.status_code == 422
    assert f'value="{SECURITY}"' in answer.text
    assert person.get(f"{SECURITY}.json").json()["fresh"] is False
    answer = person.send("/account/confirm", form | {"password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, SECURITY)
    assert person.get(f"{SECURITY}.json").json()["fresh"] is True
    codes_of(person)


def test_guesses_are_slowed_there_too(api: Api, person: Visitor) -> None:
    with_password(person)
    for field in ("password", "code", "password", "code", "password", "code"):
        assert person.send("/account/confirm", {field: "wrong"}).status_code == 422
    assert person.send("/account/confirm", {"password": PASSWORD}).status_code == 429


def test_an_empty_field_is_no_guess_and_is_named(api: Api, person: Visitor) -> None:
    for field, called in (("code", "Recovery code"), ("password", "Password")):
        answers = [person.send("/account/confirm", {field: ""}) for _ in range(7)]
        assert {one.status_code for one in answers} == {422}
        assert f'<a href="#{field}">{called}: still missing' in answers[-1].text
    with api.instance.database.begin() as tx:
        assert tx.execute(sa.select(sign_in_failures)).all() == []


def test_who_has_a_passkey_shows_that_or_a_code_and_no_password(
    api: Api, person: Visitor, clock: FakeClock
) -> None:
    device = Device()
    add_passkey(with_password(person), device)
    (code, *_) = codes_of(person)
    clock.advance(STALE)
    page = person.get("/account/confirm.json").json()
    assert (page["passkeys"], page["password"], page["codes"]) == (True, False, 10)
    assert person.send("/account/confirm", {"password": PASSWORD}).status_code == 422
    assert person.get(f"{SECURITY}.json").json()["fresh"] is False

    begun = person.send("/account/confirm/options", headers=SCRIPT)
    form = {"next": "/account"} | shown(begun, device.get)
    answer = person.send("/account/confirm", form, headers=SCRIPT)
    assert answer.json() == {"location": "/account"}
    assert person.get(f"{SECURITY}.json").json()["fresh"] is True
    # What was shown once is shown no more.
    clock.advance(STALE)
    assert person.send("/account/confirm", form, headers=SCRIPT).status_code == 401
    assert person.send("/account/confirm", {"code": code}).status_code == 303
    clock.advance(STALE)
    assert person.send("/account/confirm", {"code": code}).status_code == 422
    assert person.get(f"{SECURITY}.json").json()["fresh"] is False


def test_another_s_passkey_shows_nothing(api: Api, person: Visitor, clock: FakeClock) -> None:
    theirs = Device()
    add_passkey(Visitor(api.instance, api.client, "curator"), theirs)
    add_passkey(person, Device())
    clock.advance(STALE)
    begun = person.send("/account/confirm/options", headers=SCRIPT)
    answer = person.send("/account/confirm", shown(begun, theirs.get), headers=SCRIPT)
    assert answer.status_code == 401
    assert person.get(f"{SECURITY}.json").json()["fresh"] is False


def test_who_has_nothing_is_told_who_can_make_a_link(
    api: Api, person: Visitor, clock: FakeClock
) -> None:
    clock.advance(STALE)
    assert "one-time link" in person.get("/account/confirm").text
    assert elsewhere(api, person).get(f"{SECURITY}.json").json()["fresh"] is True


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/", "/sign-out"])
def test_next_of_the_question_leads_nowhere_else(api: Api, person: Visitor, elsewhere: str) -> None:
    with_password(person)
    assert person.get("/account/confirm.json", params={"next": elsewhere}).json()["next"] == "/"
    form = {"next": elsewhere, "password": PASSWORD}
    assert person.send("/account/confirm", form).headers["location"] == "/"


def show_danger(visit: Visit) -> dict[str, str]:
    return {}


def do_danger(visit: Visit) -> str:
    return "/account"


@pytest.fixture
def danger(api: Api) -> str:
    """A page as the ones for roles and keys are."""
    page = PageRoute(path="/danger", handler=show_danger, scope=None, template="x", fresh=True)
    form = PageRoute(method="POST", path="/danger", handler=do_danger, scope=None, fresh=True)
    gate: Any = api.client.app
    added: list[Route] = [page.route(), form.route()]
    twin = PageRoute(path="/danger.json", handler=show_danger, scope=None, json=True, fresh=True)
    gate.app.router.routes[:0] = [*added, twin.route()]
    return "/danger"


def test_a_page_that_asks_first_comes_after_the_question(
    api: Api, person: Visitor, clock: FakeClock, danger: str
) -> None:
    with_password(person)
    assert person.get(f"{danger}.json").status_code == 200
    assert person.send(danger).status_code == 303
    clock.advance(STALE)
    answer = person.get(f"{danger}?done=claimed")
    assert answer.headers["location"] == "/account/confirm?next=%2Fdanger%3Fdone%3Dclaimed"
    assert person.get(f"{danger}.json").json()["type"] == "/problems/confirm-again"
    assert person.send(danger).status_code == 403
    form = {"next": f"{danger}?done=claimed", "password": PASSWORD}
    answer = person.send("/account/confirm", form)
    assert answer.headers["location"] == f"{danger}?done=claimed"
    assert person.send(danger).status_code == 303
