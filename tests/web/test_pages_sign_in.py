"""Signing in and out at the console, and the person's own page."""

import re

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.access.tables import sessions, sign_in_failures
from tidegate.infra.clock import FakeClock

PASSWORD = "correct horse battery"
BY_SCRIPT = {"accept": "application/json"}


def form_token(api: Api) -> str:
    """Open the sign-in form as a stranger; its cookie stays in the client."""
    api.client.cookies.clear()
    found = re.search(r'name="token" value="([^"]+)"', api.client.get("/sign-in").text)
    assert found
    return found[1]


def sign_in(api: Api, email: str, password: str) -> httpx.Response:
    form = {"token": form_token(api), "email": email, "password": password}
    return api.client.post("/sign-in", data=form)


def with_password(api: Api) -> Visitor:
    person = Visitor(api.instance, api.client, "reviewer")
    answer = person.send("/account/password", {"password": PASSWORD, "again": PASSWORD})
    assert answer.headers["location"] == "/account?done=password"
    return person


def sessions_of(api: Api) -> int:
    with api.instance.database.begin() as tx:
        return len(tx.execute(sa.select(sessions.c.user_id)).all())


def test_a_link_shows_a_button_that_signs_in_once(api: Api) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    link, before = person.new_link(), sessions_of(api)
    for method in ("HEAD", "GET", "GET", "HEAD"):  # a mail scanner, a preview, the person
        answer = api.client.request(method, f"/sign-in/{link}")
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert person.email in api.client.get(f"/sign-in/{link}").text
    # What mail systems append to links says nothing.
    assert api.client.get(f"/sign-in/{link}?utm_source=mail&fbclid=1").status_code == 200
    told = api.client.get(f"/sign-in/{link}.json").json()
    assert told == {"email": person.email, "next": "/"}
    assert sessions_of(api) == before

    answer = api.client.post(f"/sign-in/{link}?utm_source=mail")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert api.client.get("/account").status_code == 200
    api.client.cookies.clear()
    after = sessions_of(api)
    for gone in (link, "made-up"):
        for method in ("HEAD", "GET", "POST"):
            answer = api.client.request(method, f"/sign-in/{gone}")
            assert answer.status_code == 410
            assert "set-cookie" not in answer.headers
            assert method == "HEAD" or "does not work any more" in answer.text
            assert person.email not in answer.text
    assert sessions_of(api) == after == before + 1


@pytest.mark.parametrize(
    ("wanted", "led"),
    [("/cases/1?a=b", "/cases/1?a=b"), ("//evil.example", "/"), ("https://evil.example", "/")],
)
def test_a_link_leads_to_a_page_of_ours(api: Api, wanted: str, led: str) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    link = person.new_link()
    shown = api.client.get(f"/sign-in/{link}", params={"next": wanted, "utm_source": "mail"})
    field = re.search(r'name="next" value="([^"]*)"', shown.text)
    assert field
    assert field[1] == led
    answer = api.client.post(f"/sign-in/{link}", data={"next": wanted})
    assert (answer.status_code, answer.headers["location"]) == (303, led)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_page_elsewhere_signs_a_visitor_in_with_a_link_of_its_own(api: Api, site: str) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    link, before = person.new_link(), sessions_of(api)
    sent = {"Sec-Fetch-Site": site}
    answer = api.client.post(f"/sign-in/{link}", headers=sent)
    assert answer.status_code == 403
    assert sessions_of(api) == before
    # To follow it from a mail on another site is another thing.
    assert api.client.get(f"/sign-in/{link}", headers=sent).status_code == 200
    ours = {"Sec-Fetch-Site": "same-origin"}
    assert api.client.post(f"/sign-in/{link}", headers=ours).status_code == 303


def test_cookies_keep_to_https_where_people_come_by_it(api: Api) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    for url, secure in (("http://tidegate.example", False), ("https://tidegate.example", True)):
        api.instance.settings = msgspec.structs.replace(api.instance.settings, public_url=url)
        api.client.cookies.clear()
        form, answer = api.client.get("/sign-in"), api.client.post(f"/sign-in/{person.new_link()}")
        made = [*form.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
        assert len(made) == 4  # of the form, and then gone; of the session and the device
        for cookie in made:
            assert "Max-Age=0" in cookie or ("Secure" in cookie) is secure
        assert ("strict-transport-security" in answer.headers) is secure


def test_a_password_signs_in_and_a_wrong_one_says_nothing_more(api: Api) -> None:
    person = with_password(api)
    answer = sign_in(api, person.email.upper(), PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert api.client.get("/account").status_code == 200
    assert api.client.get("/sign-in").headers["location"] == "/"

    wrong = sign_in(api, person.email, "wrong horse battery")
    unknown = sign_in(api, "nobody@example.org", PASSWORD)
    assert wrong.status_code == unknown.status_code == 401
    assert "That did not match" in wrong.text
    assert PASSWORD not in unknown.text
    hide = re.compile(r'(name="token" value|name="email"[^>]+value)="[^"]+"')
    assert hide.sub("", wrong.text) == hide.sub("", unknown.text)


def test_an_empty_field_is_no_try(api: Api) -> None:
    person = with_password(api)
    for _ in range(9):
        answer = sign_in(api, person.email, "")
        assert answer.status_code == 422
        assert 'href="#password"' in answer.text
        assert 'id="error-password"' in answer.text
        assert f'value="{person.email}"' in answer.text
    assert sign_in(api, "", "").text.count('data-testid="field-error"') == 2
    with api.instance.database.begin() as tx:
        assert tx.execute(sa.select(sign_in_failures)).all() == []
    assert sign_in(api, person.email, PASSWORD).status_code == 303


def test_guessing_is_slowed_and_the_page_says_until_when(api: Api, clock: FakeClock) -> None:
    person = with_password(api)
    for _ in range(6):
        assert sign_in(api, person.email, "wrong").status_code == 401
    slowed = sign_in(api, person.email, PASSWORD)
    assert slowed.status_code == 429
    assert slowed.headers["retry-after"] == "3"
    assert "Try again in 3 seconds" in slowed.text
    clock.advance(3)
    assert sign_in(api, person.email, PASSWORD).status_code == 303


def test_guesses_of_strangers_slow_nobody_down_where_they_signed_in_before(api: Api) -> None:
    person = with_password(api)
    assert "tidegate_device" in person.cookies
    person.send("/sign-out")
    for _ in range(6):
        assert sign_in(api, person.email, "wrong").status_code == 401
    assert sign_in(api, person.email, PASSWORD).status_code == 429

    token = re.search(r'name="token" value="([^"]+)"', person.get("/sign-in").text)
    assert token
    form = {"token": token[1], "email": person.email, "password": PASSWORD}
    answer = person.send("/sign-in", form, csrf=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if "device" in one)
    assert "HttpOnly" in cookie
    assert "Max-Age=15552000" in cookie
    new = {"old": PASSWORD, "password": PASSWORD + "1", "again": PASSWORD + "1"}
    assert person.send("/account/password", new).status_code == 303


def test_the_form_is_ours_or_it_is_refused(api: Api) -> None:
    person = with_password(api)
    token = form_token(api)
    form = {"token": token, "email": person.email, "password": PASSWORD}
    assert api.client.post("/sign-in", data=form | {"token": "other"}).status_code == 403
    api.client.cookies.clear()
    assert api.client.post("/sign-in", data=form).status_code == 403
    assert api.client.post("/sign-in", data={"token": ""}).status_code == 403


def test_signing_out_ends_the_session_itself(api: Api) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    kept = dict(person.cookies)
    assert person.send("/sign-out", csrf=False).status_code == 403
    assert person.send("/sign-out").headers["location"] == "/sign-in?done=signed-out"
    person.cookies = kept  # as somebody would who copied it
    assert person.get("/").headers["location"] == "/sign-in"
    assert "You are signed out" in api.client.get("/sign-in?done=signed-out").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"password": "short", "again": "short", "old": PASSWORD}, "12 to 256 characters"),
        ({"password": PASSWORD + "1", "again": PASSWORD, "old": PASSWORD}, "the same password"),
        ({"password": PASSWORD + "1", "again": PASSWORD + "1", "old": "x"}, "until now"),
        ({"password": PASSWORD + "1", "again": PASSWORD + "1"}, "until now"),
    ],
)
def test_a_password_that_is_not_changed(api: Api, form: dict[str, str], said: str) -> None:
    person = with_password(api)
    answer = person.send("/account/password", form)
    assert answer.status_code == 422
    assert said in answer.text
    assert sign_in(api, person.email, PASSWORD).status_code == 303


def test_the_first_password_asks_who_it_is(api: Api, clock: FakeClock) -> None:
    person = Visitor(api.instance, api.client, "admin")
    clock.advance(11 * 60)
    form = {"password": PASSWORD, "again": PASSWORD, "csrf": person.csrf()}
    answer = person.send("/account/password", form, csrf=False)
    assert answer.status_code == 403
    assert "/account/confirm?next=" in answer.text
    assert sign_in(api, person.email, PASSWORD).status_code == 401
    person.sign_in()  # by a fresh link
    assert person.send("/account/password", form | {"csrf": person.csrf()}).status_code == 303


def test_a_changed_password_ends_the_other_sessions(api: Api) -> None:
    person = with_password(api)
    elsewhere = sign_in(api, person.email, PASSWORD)
    other = {"Cookie": elsewhere.headers["set-cookie"].split(";")[0]}
    api.client.cookies.clear()
    assert api.client.get("/account", headers=other).status_code == 200
    new = "another horse battery"
    form = {"password": new, "again": new, "old": PASSWORD}
    assert person.send("/account/password", form).status_code == 303
    assert api.client.get("/account", headers=other).status_code == 303
    assert person.get("/account").status_code == 200
    assert sign_in(api, person.email, PASSWORD).status_code == 401
    assert sign_in(api, person.email, new).status_code == 303


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/cases?queue=reports&lang=ar", "/cases?queue=reports&lang=ar"),
        ("/items/a%2Fb", "/items/a%2Fb"),
        ("/find?q=漢", "/find?q=%E6%BC%A2"),
        ("/cases?q=50%25", "/cases?q=50%25"),
        *(
            (bad, "/")
            for bad in (
                *("//evil.example", "///evil.example", "https://evil.example", "evil.example"),
                *("/\\evil.example", "\\\\evil.example", "/%5cevil.example", "/%2fevil.example"),
                *(
                    "/%252fevil.example",
                    "%2f%2fevil.example",
                    "/\t/evil.example",
                    "/%09/evil.example",
                ),
                *(
                    "/%0d%0aSet-Cookie:x",
                    "javascript:alert(1)",
                    "/x/../../evil",
                    "/sign-in?next=/x",
                ),
                *("/sign-out", "/%2525252525252fevil.example", "/" + "x" * 1990 + "%2f" * 20, ""),
            )
        ),
    ],
)
def test_after_signing_in_one_is_led_to_a_page_of_ours(api: Api, wanted: str, led: str) -> None:
    person = with_password(api)
    api.client.cookies.clear()
    shown = api.client.get("/sign-in", params={"next": wanted})
    if shown.status_code == 422:  # longer than any page of ours
        assert len(wanted) > 2000
        return
    token = re.search(r'name="token" value="([^"]+)"', shown.text)
    assert token
    form = {"token": token[1], "email": person.email, "password": PASSWORD, "next": wanted}
    answer = api.client.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, led)


def test_a_stranger_comes_back_to_what_they_asked_for(api: Api) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    api.client.cookies.clear()
    sent = api.client.get("/cases?queue=reports&lang=ar").headers["location"]
    assert sent == "/sign-in?next=/cases%3Fqueue%3Dreports%26lang%3Dar"
    told = api.client.get("/cases.json")
    assert (told.status_code, told.json()["type"]) == (401, "/problems/session-ended")
    assert api.client.post("/banks").headers["location"] == "/sign-in"
    # By a link from their mail, too.
    assert api.client.get(sent).status_code == 200
    answer = api.client.post(f"/sign-in/{person.new_link()}")
    assert answer.headers["location"] == "/cases?queue=reports&lang=ar"
    again = api.client.post(f"/sign-in/{person.new_link()}")
    assert again.headers["location"] == "/"


def test_a_script_is_told_that_the_session_ended_and_signs_in_again(api: Api) -> None:
    person = with_password(api)
    api.client.cookies.clear()
    for path, method in (("/cases/x/decide", "POST"), ("/go.json", "GET")):
        told = api.client.request(method, path, headers=BY_SCRIPT)
        assert told.status_code == 401
        assert told.json()["type"] == "/problems/session-ended"
    token = api.client.get("/sign-in/index.json").json()["token"]
    form = {"token": token, "email": person.email, "password": "wrong horse battery"}
    wrong = api.client.post("/sign-in", data=form, headers=BY_SCRIPT)
    assert (wrong.status_code, wrong.json()["title"]) == (401, "That did not match")
    form["token"] = api.client.get("/sign-in/index.json").json()["token"]
    answer = api.client.post("/sign-in", data=form | {"password": PASSWORD}, headers=BY_SCRIPT)
    assert answer.status_code == 200
    told = answer.json()
    assert told["name"] == person.email
    assert 0 < told["ends_in"] <= 12 * 3600
    # The token is that of the new session's forms.
    new = {
        "csrf": told["csrf"],
        "old": PASSWORD,
        "password": PASSWORD + "1",
        "again": PASSWORD + "1",
    }
    done = api.client.post("/account/password", data=new, headers=BY_SCRIPT)
    assert done.json() == {"location": "/account?done=password"}
    assert api.client.get("/sign-in/index.json").json()["name"] == person.email


def test_a_session_that_is_alive_can_be_made_to_last(api: Api, clock: FakeClock) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    assert 'id="session-warning"' in person.get("/account").text
    clock.advance(11.95 * 3600)
    shown = person.get("/account").text
    bar = shown[shown.index('id="session-warning"') :].partition(">")[0]
    assert "hidden" not in bar
    answer = person.send("/session/stay", {"back": "/account?x=1"})
    assert answer.headers["location"] == "/account?done=stayed"
    assert "Max-Age=43200" in answer.headers["set-cookie"]
    assert person.send("/session/stay", {"back": "//evil"}).headers["location"] == "/?done=stayed"
    clock.advance(11.95 * 3600)
    assert person.get("/account").status_code == 200
    clock.advance(3600)
    assert person.get("/account").status_code == 303
    csrf = {"csrf": "x"}
    assert person.send("/session/stay", csrf, csrf=False).headers["location"] == "/sign-in"
    assert person.get("/account").status_code == 303, "what has ended stays so"


def test_a_session_is_made_to_last_by_a_form_of_ours_alone(api: Api) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    with api.instance.database.begin() as tx:
        before = tx.execute(sa.select(sessions.c.expires_at)).scalars().all()
    assert person.send("/session/stay", csrf=False).status_code == 403
    with api.instance.database.begin() as tx:
        assert tx.execute(sa.select(sessions.c.expires_at)).scalars().all() == before
