"""Passkeys at the console: they sign in alone, are asked for after a password, and nothing that was shown
once, elsewhere, or by a copy opens anything."""

import re
from typing import Any

import pytest
from tests.api import Api
from tests.web.authenticator import Device
from tests.web.factors import (
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

from tidegate.access.people import disable_user, enable_user
from tidegate.infra.clock import FakeClock


@pytest.fixture
def person(api: Api) -> Visitor:
    at_localhost(api)
    return with_password(Visitor(api.instance, api.client, "reviewer"))


@pytest.fixture
def device(person: Visitor) -> Device:
    """With a passkey of the person's."""
    device = Device()
    answer = add_passkey(person, device)
    assert answer.status_code == 200, answer.text
    assert answer.json()["location"].startswith(SECURITY)
    return device


def test_a_passkey_signs_in_alone(api: Api, person: Visitor, device: Device) -> None:
    stranger = Stranger(api)
    answer = stranger.with_passkey(device, next="/cases?queue=reports")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"location": "/cases?queue=reports"}
    assert stranger.signed_in
    here = stranger.get(f"{SECURITY}.json").json()
    assert [one["began_by"] for one in here["sessions"] if one["this"]] == [["passkey"]]
    assert [one["name"] for one in here["passkeys"]] == ["blue phone"]
    assert here["passkeys"][0]["used_at"]
    assert kinds(api).count("passkey.added") == 1


def test_next_leads_nowhere_else(api: Api, device: Device) -> None:
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "/sign-in"):
        answer = Stranger(api).with_passkey(device, next=elsewhere)
        assert answer.json() == {"location": "/"}, elsewhere


def test_a_password_alone_is_only_the_first_step(api: Api, person: Visitor, device: Device) -> None:
    stranger, before = Stranger(api), rows(api)
    answer = stranger.with_password(person.email, next="/cases")
    assert answer.headers["location"] == "/sign-in/second?next=%2Fcases"
    assert not stranger.signed_in
    assert rows(api) == before
    page = stranger.get("/sign-in/second?next=/cases")
    assert person.email in page.text
    assert stranger.get("/sign-in/second.json").json()["passkeys"] is True

    begun = stranger.post("/sign-in/second/options", headers=SCRIPT)
    assert [one["id"] for one in begun.json()["options"]["allowCredentials"]]
    form = {"next": "/cases"} | shown(begun, device.get)
    answer = stranger.post("/sign-in/second", form, headers=SCRIPT)
    assert answer.json() == {"location": "/cases"}
    here = stranger.get(f"{SECURITY}.json").json()
    assert ["password", "passkey"] in [one["began_by"] for one in here["sessions"]]
    # The step is over: it opens nothing again.
    assert "tidegate_step" not in stranger.cookies


def test_a_recovery_code_stands_in_for_a_passkey_once(
    api: Api, person: Visitor, device: Device
) -> None:
    codes = codes_of(person)
    assert person.get(f"{SECURITY}.json").json()["codes"]["left"] == 10
    stranger = Stranger(api)
    stranger.with_password(person.email)
    typed = codes[3].lower().replace("-", " ")
    answer = stranger.post("/sign-in/second", {"code": typed})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert stranger.get(f"{SECURITY}.json").json()["codes"]["left"] == 9

    again, before = Stranger(api), rows(api)
    again.with_password(person.email)
    for wrong in (codes[3], "AAAA-AAAA-AAAA-AAAA", "x", ""):
        answer = again.post("/sign-in/second", {"code": wrong})
        assert answer.status_code in (401, 422), wrong
        assert not again.signed_in
    assert rows(api) == before
    # New ones take the place of all before.
    codes_of(person)
    assert again.post("/sign-in/second", {"code": codes[4]}).status_code == 401


def test_codes_are_guessed_no_faster_than_passwords(
    api: Api, person: Visitor, device: Device, clock: FakeClock
) -> None:
    codes = codes_of(person)
    stranger = Stranger(api)
    for _ in range(3):  # a right password in between begins no new count
        stranger.with_password(person.email)
        stranger.post("/sign-in/second", {"code": "AAAA-AAAA-AAAA-AAAA"})
    answer = stranger.post("/sign-in/second", {"code": codes[0]})
    assert answer.status_code == 429
    assert not stranger.signed_in
    clock.advance(60)
    assert stranger.post("/sign-in/second", {"code": codes[0]}).status_code == 303


def test_a_code_signs_in_who_has_no_password(api: Api) -> None:
    at_localhost(api)
    person = Visitor(api.instance, api.client, "reviewer")
    codes = codes_of(person)
    assert Stranger(api).with_password(person.email, "A" * 16).status_code == 401
    stranger = Stranger(api)
    assert stranger.with_password(person.email, codes[0]).status_code == 303
    assert stranger.signed_in
    assert Stranger(api).with_password(person.email, codes[0]).status_code == 401
    # Once there is a password, a code is no way around it.
    with_password(person)
    assert Stranger(api).with_password(person.email, codes[1]).status_code == 401


def refused(api: Api, stranger: Stranger, form: dict[str, str]) -> None:
    before = rows(api)
    answer = stranger.post("/sign-in/passkey", form, headers=SCRIPT)
    assert answer.status_code in (401, 403), answer.text
    assert not stranger.signed_in
    assert rows(api) == before


def begin(stranger: Stranger) -> tuple[dict[str, str], Any]:
    token = {"token": stranger.token()}
    return token, stranger.post("/sign-in/passkey/options", token, headers=SCRIPT)


def test_a_challenge_is_good_once(api: Api, device: Device) -> None:
    stranger = Stranger(api)
    token, begun = begin(stranger)
    form = token | shown(begun, device.get)
    assert stranger.post("/sign-in/passkey", form, headers=SCRIPT).status_code == 200
    other = Stranger(api)
    refused(api, other, form | {"token": other.token()})


def test_a_challenge_is_used_up_by_a_try_that_failed(api: Api, device: Device) -> None:
    stranger = Stranger(api)
    token, begun = begin(stranger)
    right = shown(begun, device.get)
    refused(api, stranger, token | right | {"credential": Device().get(begun.json()["options"])})
    refused(api, stranger, {"token": stranger.token()} | right)


def test_a_challenge_ends_after_ten_minutes(api: Api, device: Device, clock: FakeClock) -> None:
    stranger = Stranger(api)
    token, begun = begin(stranger)
    clock.advance(600)
    refused(api, stranger, token | shown(begun, device.get))


def test_a_challenge_is_good_for_what_it_was_made_for(
    api: Api, person: Visitor, device: Device
) -> None:
    begun = person.send("/account/confirm/options", headers=SCRIPT)
    stranger = Stranger(api)
    refused(api, stranger, {"token": stranger.token()} | shown(begun, device.get))


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost:9999"},
        {"origin": "https://evil.example"},
        {"rp": "evil.example"},
        {"verifies": False},
        {"owner": b"somebody else's"},
    ],
    ids=str,
)
def test_what_another_place_or_nobody_was_shown_opens_nothing(
    api: Api, device: Device, wrong: dict[str, Any]
) -> None:
    for name, value in wrong.items():
        setattr(device, name, value)
    stranger = Stranger(api)
    token, begun = begin(stranger)
    refused(api, stranger, token | shown(begun, device.get))


def test_a_count_that_goes_back_is_a_copy(api: Api, device: Device) -> None:
    device.count = 7
    assert Stranger(api).with_passkey(device).status_code == 200
    for count in (7, 6, 0):  # the next use adds one
        device.count = count - 1
        stranger = Stranger(api)
        token, begun = begin(stranger)
        refused(api, stranger, token | shown(begun, device.get))
    device.count = 8
    assert Stranger(api).with_passkey(device).status_code == 200


def test_devices_that_do_not_count_are_as_good(api: Api, person: Visitor) -> None:
    device = Device(counts=False)
    add_passkey(person, device)
    for _ in range(2):
        assert Stranger(api).with_passkey(device).status_code == 200


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "x", '{"rawId": 1, "response": {}}', "{" * 70_000]
)
def test_nonsense_is_refused_and_written_nowhere(api: Api, device: Device, text: str) -> None:
    stranger = Stranger(api)
    token, begun = begin(stranger)
    before = rows(api)
    form = token | {"challenge": begun.json()["challenge"], "credential": text}
    answer = stranger.post("/sign-in/passkey", form, headers=SCRIPT)
    assert answer.status_code in (401, 422)
    assert rows(api) == before


def test_a_form_of_another_site_signs_nobody_in(api: Api, device: Device) -> None:
    attacker, victim = Stranger(api), Stranger(api)
    token, begun = begin(attacker)
    refused(api, victim, token | shown(begun, device.get))
    assert victim.post("/sign-in/passkey/options", headers=SCRIPT).status_code == 403


def test_a_disabled_user_s_passkey_opens_nothing_until_they_are_back(
    api: Api, person: Visitor, device: Device
) -> None:
    half = Stranger(api)
    half.with_password(person.email)
    with api.instance.database.begin() as tx:
        disable_user(tx, person.email)
    stranger = Stranger(api)
    token, begun = begin(stranger)
    refused(api, stranger, token | shown(begun, device.get))
    assert half.post("/sign-in/second/options", headers=SCRIPT).status_code == 401
    with api.instance.database.begin() as tx:
        enable_user(tx, person.email)
    assert Stranger(api).with_passkey(device).status_code == 200
    assert half.post("/sign-in/second/options", headers=SCRIPT).status_code == 401


def test_a_new_password_ends_what_the_old_one_began(
    api: Api, person: Visitor, device: Device
) -> None:
    half = Stranger(api)
    half.with_password(person.email)
    new = {"old": "correct horse battery", "password": "another horse battery"}
    person.send("/account/password", new | {"again": new["password"]})
    assert half.get("/sign-in/second").headers["location"].startswith("/sign-in?")


def test_a_one_time_link_lets_in_who_has_lost_all(
    api: Api, person: Visitor, device: Device
) -> None:
    stranger = Stranger(api)
    assert stranger.post(f"/sign-in/{person.new_link()}").status_code == 303
    here = stranger.get(f"{SECURITY}.json").json()
    assert [one["began_by"] for one in here["sessions"] if one["this"]] == [["link"]]
    assert here["fresh"] is True


def test_passkeys_are_renamed_and_removed_by_their_owner_alone(
    api: Api, person: Visitor, device: Device
) -> None:
    id = person.get(f"{SECURITY}.json").json()["passkeys"][0]["id"]
    other = Visitor(api.instance, api.client, "curator")
    before = rows(api)
    for verb in ("rename", "remove"):
        answer = other.send(f"{SECURITY}/passkeys/{id}/{verb}", {"name": "mine"})
        assert answer.status_code == 404
    unnamed = person.send(f"{SECURITY}/passkeys/{id}/rename", {"name": " "})
    assert unnamed.status_code == 422
    # It is said where the name was, and not where a new passkey gets one.
    (at,) = re.findall(r'<form[^>]*/rename".*?</form>', unnamed.text, re.S)
    assert unnamed.text.count('id="error-name"') == at.count('id="error-name"') == 1
    assert unnamed.text.count(' id="name"') == at.count(' id="name"') == 1
    assert person.send(f"{SECURITY}/passkeys/x/remove").status_code == 404
    assert rows(api) == before
    person.send(f"{SECURITY}/passkeys/{id}/rename", {"name": "old phone"})
    assert person.get(f"{SECURITY}.json").json()["passkeys"][0]["name"] == "old phone"

    assert person.send(f"{SECURITY}/passkeys/{id}/remove").status_code == 303
    stranger = Stranger(api)
    token, begun = begin(stranger)
    refused(api, stranger, token | shown(begun, device.get))
    # Now the password is enough again.
    assert Stranger(api).with_password(person.email).headers["location"] == "/"
    assert kinds(api).count("passkey.removed") == 1


def test_one_device_is_added_once_and_nobody_s_twice(
    api: Api, person: Visitor, device: Device
) -> None:
    before = rows(api)
    assert add_passkey(person, device).status_code == 409
    other = Visitor(api.instance, api.client, "curator")
    assert add_passkey(other, device).status_code == 409
    assert api.count("passkeys") == before["passkeys"]


@pytest.mark.parametrize("wrong", ["origin", "unverified", "replayed", "another's"])
def test_a_passkey_that_is_not_taken(api: Api, person: Visitor, wrong: str) -> None:
    device = Device(origin="https://evil.example" if wrong == "origin" else "http://localhost:8420")
    device.verifies = wrong != "unverified"
    path = f"{SECURITY}/passkeys"
    begun = person.send(f"{path}/options", {"name": "phone"}, headers=SCRIPT)
    form = {"name": "phone"} | shown(begun, device.create)
    asks = person
    if wrong == "replayed":
        assert person.send(path, form, headers=SCRIPT).status_code == 200
    if wrong == "another's":
        asks = Visitor(api.instance, api.client, "curator")
    before = rows(api)
    assert asks.send(path, form, headers=SCRIPT).status_code in (401, 422)
    assert rows(api) == before


def test_passkeys_are_offered_where_browsers_keep_them(api: Api) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    stranger = Stranger(api)
    assert "sign-in-passkey" not in stranger.get("/sign-in").text  # the tests' host is none of ours
    assert person.get(f"{SECURITY}.json").json()["possible"] is False
    answer = person.send(f"{SECURITY}/passkeys/options", {"name": "phone"}, headers=SCRIPT)
    assert answer.json()["type"] == "/problems/passkeys-not-here"
    at_localhost(api)
    assert "sign-in-passkey" in stranger.get("/sign-in").text
    assert "need JavaScript" in stranger.get("/sign-in").text
    sent = stranger.post("/sign-in/passkey", {"token": stranger.token()})
    assert "Passkeys need JavaScript" in sent.text
