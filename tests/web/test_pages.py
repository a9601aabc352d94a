"""The pages as people use them: who may open what, forms and their tokens, twins, headers."""

import io
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from PIL import Image
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.access.model import ROLES
from tidegate.content.queries import lock_item
from tidegate.decisions.model import Restriction
from tidegate.pipeline.house import MESSAGE_TYPES, SCOPES
from tidegate.pipeline.standing import impose
from tidegate.web import pages

KNOWN = "Bring your weapons to the square tomorrow, brothers, and leave nobody standing"
BY_TERMS = {"outcome": "restrict", "label": "propaganda", "reason": "by our terms"}
PASS = {"outcome": "pass", "reason": "nothing in it"}
NO_PROVIDER = "/account/confirm/provider"  # as here, where none is set
CONTENT = '<script>alert(1)</script> & "quotes" ' + KNOWN


def picture(format: str = "PNG") -> bytes:
    """A picture with enough in it to have a PDQ code of quality."""
    out = io.BytesIO()
    Image.effect_mandelbrot((256, 256), (-2, -1.2, 1, 1), 60).convert("RGB").save(out, format)
    return out.getvalue()


def turned(picture: bytes) -> bytes:
    """The same picture, its pixels turned by a quarter to the right."""
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).transpose(Image.Transpose.ROTATE_270).save(out, "PNG")
    return out.getvalue()


def visitor(api: Api, role: str = "admin") -> Visitor:
    return Visitor(api.instance, api.client, role)


def fill(path: str) -> str:
    """A path without its parameters: ids of nothing."""
    path = re.sub(r"\{(revision|index)\}", "1", path)
    return re.sub(r"\{\w+\}", str(uuid4()), path)


def case_of(api: Api, **fields: Any) -> dict[str, Any]:
    """A case by a match with an unconfirmed entry, and a report."""
    api.bank("known", labels=["threat"])
    api.entry(CONTENT, confirmed=False)
    answer = api.submit("post-1", text=CONTENT, **fields).json()
    report = {
        "id": "report-1",
        "item_id": "post-1",
        "channel": "user_report",
        "reason": "terrorism",
        "comment": "<b>look</b>",
        "created_at": "2025-12-31T23:30:00Z",
    }
    assert api.post("/v1/reports", report).status_code == 201
    return answer


class _Inline(HTMLParser):
    """Collects what a strict CSP would refuse, and what a form that changes something lacks."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open_posts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or "style" in names or any(name.startswith("on") for name in names):
            self.found.append(f"<{tag} {attrs}>")
        if tag == "script" and not (names.get("src") or "").startswith("/static/"):
            self.found.append("inline script")
        if tag in ("img", "link") and not (names.get("src") or names.get("href") or "/").startswith("/"):  # fmt: skip
            self.found.append(f"foreign {tag}")
        if tag == "form" and names.get("method") == "post":
            self.open_posts += 1
        if tag == "input" and names.get("name") in ("csrf", "token") and names.get("value"):
            self.open_posts -= 1


def check_html(text: str) -> None:
    parser = _Inline()
    parser.feed(text)
    assert parser.found == []
    assert parser.open_posts == 0, "a form without its CSRF token"


def test_a_case_shows_where_in_the_text_a_link_stands(api: Api) -> None:
    api.bank("links", labels=["threat"])
    known = {"kind": "domain", "value": "bad.example", "confirmed": True}
    assert api.post("/v1/banks/links/entries", known).status_code == 201
    text = f"𝒲ords {'more ' * 200}<b>https://bad.example/x</b> {'and ' * 200}end"
    case = api.submit("post-1", text=text, attributes={"links": ["http://bad.example/y"]}).json()[
        "case"
    ]
    person = visitor(api)
    page = person.get(f"/cases/{case}").text
    check_html(page)
    assert (
        page.count('<mark>https://<span class="host">bad.example</span>/x</mark>&lt;/b&gt;') == 2
    )  # in the text, and around it
    assert ">http://bad.example/y</code>" in page
    assert "<bdi data-content>text/url/0</bdi> of the item" in page
    assert "1 entry matches" in person.send("/search", {"text": "see bad.example/z"}).text


# Of a name that nobody has used one begins.
BEGINS = {"/policy/drafts/{name}"}


@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_page_opens_to_exactly_those_who_may(api: Api, role: str | None) -> None:
    """From the declarations themselves: a forgotten scope or a page without a gate fails here."""
    granted = SCOPES.of_role(role) if role else frozenset()
    person = visitor(api, role) if role else None
    for page in pages.routes:
        if page.public or page.path == "/sign-out":
            continue
        path = fill(page.path)
        if person is None:
            answer = api.client.request(page.method, path)
            if page.json:
                assert answer.status_code == 401, path
                continue
            assert answer.status_code == 303, path
            assert answer.headers["location"].partition("?")[0] == "/sign-in", path
            continue
        send = person.get if page.method == "GET" else lambda path: person.send(path, csrf=False)
        answer = send(path)
        if page.scopes and granted.isdisjoint(page.scopes):
            assert answer.status_code == 403, path
            assert "csrf" not in answer.text
        elif page.method == "POST":
            assert answer.status_code == 403, path
            assert "older sign-in" in answer.text
        else:
            begins = page.path.removesuffix(".json") in BEGINS
            missing = ("{" in page.path and not begins) or page.path == NO_PROVIDER
            assert answer.status_code == (404 if missing else 200), path
            assert ("json" in answer.headers["content-type"]) == page.json, path


def test_every_page_is_strict_whatever_it_shows(api: Api) -> None:
    case = case_of(api)["case"]
    person = visitor(api)
    got = person.get(f"/cases/{case}.json")
    assert got.status_code == 200, got.text
    item = got.json()["item_id"]
    for path in ("/", "/cases", f"/cases/{case}", "/items?id=post-1", f"/items/{item}", "/banks",
                 "/banks/known", "/search", "/policy", "/actions", "/ledger", "/account",
                 "/cases/nothing"):  # fmt: skip
        answer = person.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "alert(1)</script>" not in answer.text
        check_html(answer.text)
    check_html(api.client.get("/sign-in").text)


def test_a_case_says_why_it_is_here(api: Api) -> None:
    case = case_of(api)["case"]
    person = visitor(api, "reviewer")
    text = person.get(f"/cases/{case}").text
    assert "&lt;script&gt;alert(1)" in text
    assert "possible-match" in text
    assert "item.publicness == &#39;public&#39;" in text
    assert "&lt;b&gt;look" in text
    assert KNOWN in text
    assert "nobody has confirmed it" in text
    twin = person.get(f"/cases/{case}.json").json()
    assert twin["case"]["id"] == case
    assert twin["evaluation"]["verdict"] == "review"
    assert [entry["text"] for entry in twin["entries"].values()] == [CONTENT]
    queue = person.get("/cases.json").json()
    assert [one["id"] for one in queue["cases"]] == [case]


def test_deciding_a_case_by_its_form(api: Api) -> None:
    case = case_of(api)["case"]
    person = visitor(api, "reviewer")
    assert person.send(f"/cases/{case}/claim").headers["location"] == f"/cases/{case}?done=claimed"
    form = {"outcome": "restrict", "label": "incitement", "reason": "It calls for an attack <now>",
            "entry": "confirm", "territory": "de, FR", "until": "2026-06-01T12:00",
            "ground_reference": "§ 111", "ground_kind": "law", "undo_seconds": "0"}  # fmt: skip
    refused = person.send(f"/cases/{case}/decide", form)
    assert refused.status_code == 422
    assert "exemption" in refused.text
    assert "It calls for an attack &lt;now&gt;" in refused.text  # what was typed is still there
    assert 'value="§ 111"' in refused.text
    check_html(refused.text)
    assert api.count("decisions") == 0

    done = person.send(f"/cases/{case}/decide", form | {"exemption": "none"})
    assert done.status_code == 303
    decision = api.get(f"/v1/cases/{case}").json()["decisions"][0]
    assert decision["decided_by"] == f"user:{person.email}"
    assert decision["ground"] == {"kind": "law", "reference": "§ 111"}
    assert decision["restriction"]["territory"] == ["DE", "FR"]
    assert decision["restriction"]["until"] == "2026-06-01T12:00:00Z"
    assert api.get("/v1/banks/known/entries").json()["data"][0]["confirmed"] is True

    again = person.send(f"/cases/{case}/decide", form | {"exemption": "none"})
    assert again.status_code == 409
    assert "restrict" in again.text
    assert api.count("decisions") == 1
    assert "Reopen" in person.get(f"/cases/{case}").text
    assert person.send(f"/cases/{case}/reopen", {"reopen_reason": ""}).status_code == 422
    assert person.send(f"/cases/{case}/reopen", {"reopen_reason": "look again"}).status_code == 303
    assert api.get(f"/v1/cases/{case}").json()["state"] == "reopened"


def test_what_quotes_known_content_is_asked_for_the_exemption_first(api: Api) -> None:
    known = " ".join(f"{KNOWN}, number {place} of many," for place in range(4))
    api.bank("known", labels=["propaganda"])
    api.entry(known)
    text = f"{'The paper has printed what they wrote. ' * 40}<{known}> {'Nobody agreed. ' * 40}"
    case = api.submit("post-1", text=text).json()["case"]
    person = visitor(api, "reviewer")
    page = person.get(f"/cases/{case}").text
    check_html(page)
    assert page.index('name="exemption"') < page.index('name="outcome"')
    assert page.count('id="exemption"') == 1
    assert "100 % of it" in page
    assert page.count(f"<mark>{known}</mark>") == 2, "in what was posted, and in its passage"
    assert page.count(f">{known}</blockquote>") == 1, "the passage of the entry"
    form = {"outcome": "restrict", "label": "propaganda", "reason": "spreads it"}
    refused = person.send(f"/cases/{case}/decide", form)
    assert refused.status_code == 422
    assert 'id="exemption"' in refused.text
    assert api.count("decisions") == 0
    assert person.send(f"/cases/{case}/decide", form | {"exemption": "none"}).status_code == 303


def test_a_form_that_restricts_without_a_label_comes_back(api: Api) -> None:
    case = case_of(api)["case"]
    person = visitor(api, "reviewer")
    form = {"outcome": "restrict", "label": "", "exemption": "none", "reason": "It is what it is"}
    refused = person.send(f"/cases/{case}/decide", form)
    assert refused.status_code == 422
    assert "a label, which a restriction needs: one of attack_footage" in refused.text
    assert "It is what it is" in refused.text
    check_html(refused.text)
    assert api.count("decisions") == api.count("restrictions") == 0
    assert person.send(f"/cases/{case}/decide", form | {"label": "propaganda"}).status_code == 303


def test_an_offence_that_is_chosen_is_a_ground_in_law(api: Api) -> None:
    case = case_of(api)["case"]
    person = visitor(api, "reviewer")
    offence = api.get("/v1/policy").json()["offences"][0]
    named = f"{offence['state']}: {offence['reference']}"
    page = person.get(f"/cases/{case}").text
    assert f'<option value="{named}" data-content>' in page
    assert 'value="terms" checked' in page
    assert named in person.get("/policy").text
    form = BY_TERMS | {"ground_kind": "terms", "ground_reference": named}
    assert person.send(f"/cases/{case}/decide", form).status_code == 303
    decision = api.get(f"/v1/cases/{case}").json()["decisions"][0]
    assert decision["ground"] == {"kind": "law", "reference": named}


@pytest.mark.parametrize("reference", ["", "  "])
def test_a_ground_in_law_that_names_no_law_comes_back(api: Api, reference: str) -> None:
    case = case_of(api)["case"]
    person = visitor(api, "reviewer")
    form = BY_TERMS | {"ground_kind": "law", "ground_reference": reference}
    refused = person.send(f"/cases/{case}/decide", form)
    assert refused.status_code == 422
    assert "the article or clause of the law" in refused.text
    assert 'value="law" checked' in refused.text
    assert '<details class="for-restrict scope" open>' in refused.text
    check_html(refused.text)
    assert api.count("decisions") == api.count("restrictions") == 0


def test_the_next_case_is_the_oldest_that_nobody_holds(api: Api) -> None:
    case = case_of(api)["case"]
    ada, rita = visitor(api), visitor(api, "reviewer")
    assert ada.send("/cases/next").headers["location"] == f"/cases/{case}?done=claimed"
    assert "No case waits here" in rita.get(rita.send("/cases/next").headers["location"]).text
    assert "holds this case" in rita.get(f"/cases/{case}").text
    assert rita.send(f"/cases/{case}/decide", PASS).status_code == 409
    assert ada.send(f"/cases/{case}/release").status_code == 303
    assert rita.send("/cases/next").headers["location"] == f"/cases/{case}?done=claimed"


def test_a_form_without_its_token_changes_nothing(api: Api) -> None:
    case = case_of(api)["case"]
    ada, rita = visitor(api), visitor(api, "reviewer")
    for token in ({}, {"csrf": ""}, {"csrf": "é"}, {"csrf": ada.csrf()}):
        answer = rita.send(f"/cases/{case}/claim", token, csrf=False)
        assert answer.status_code == 403
    assert api.get(f"/v1/cases/{case}").json()["state"] == "open"


def test_what_a_rule_restricted_is_lifted_on_the_item(api: Api) -> None:
    api.bank()
    api.entry(KNOWN)
    assert api.submit("post-1", text=KNOWN).json()["verdict"] == "restrict"
    person = visitor(api, "reviewer")
    item = person.get("/items.json?id=post-1").json()["item"]["id"]
    assert person.send(f"/items/{item}/lift", {"reason": ""}).status_code == 422
    assert person.send(f"/items/{item}/lift", {"reason": "It is a play"}).status_code == 303
    kinds = [action["type"] for action in api.get("/v1/actions").json()["data"]]
    assert kinds == ["action.restrict", "action.lift"]
    assert person.send(f"/items/{item}/lift", {"reason": "again"}).status_code == 409


def test_of_several_restrictions_those_that_are_ticked_are_lifted(api: Api) -> None:
    case_of(api)
    path = "/v1/items/post-1/decisions"
    terms = api.post(path, BY_TERMS).json()
    law = {"scope": "item", "territory": ["DE", "FR"], "until": "2027-01-01T00:00:00Z"}
    api.post(path, BY_TERMS | {"restriction": law})
    standing = {
        one["decision"]: one["id"] for one in api.get("/v1/items/post-1").json()["restrictions"]
    }
    person = visitor(api, "reviewer")
    item = person.get("/items.json?id=post-1").json()["item"]["id"]
    page = person.get(f"/items/{item}").text
    said = " ".join(re.sub("<[^>]*>", "", page).split())
    assert "2 restrictions stand: the item is down everywhere, without an end." in said
    assert "the item in DE and FR, since 1 Jan 2026" in said
    assert "until 1 Jan 2027, 00:00:00 UTC, by key" in said
    assert page.count('type="checkbox" name="lifts"') == 2
    check_html(page)
    lift = f"/items/{item}/lift"
    # A form in which nothing is ticked lifts nothing.
    assert person.send(lift, {"reason": "x", "lifts": ""}).status_code == 422
    assert person.send(lift, {"reason": "x", "lifts": ["", str(uuid4())]}).status_code == 422
    assert len(api.get("/v1/items/post-1").json()["restrictions"]) == 2
    chosen = {"reason": "not by our terms", "lifts": ["", standing[terms["id"]]]}
    assert person.send(lift, chosen).status_code == 303
    (left,) = api.get("/v1/items/post-1").json()["restrictions"]
    assert left["territory"] == ["DE", "FR"]


def test_a_case_shows_what_stands_and_lifts_what_is_ticked(api: Api) -> None:
    case = case_of(api)["case"]
    decide = f"/v1/cases/{case}/decide"
    assert api.post(decide, BY_TERMS).status_code == 200
    api.post("/v1/items/post-1/decisions", BY_TERMS)
    person = visitor(api, "reviewer")
    assert person.send(f"/cases/{case}/reopen", {"reopen_reason": "an appeal"}).status_code == 303
    page = person.get(f"/cases/{case}").text
    check_html(page)
    assert page.count('type="checkbox" name="lifts"') == 2
    first, second = api.get("/v1/items/post-1").json()["restrictions"]
    form = {"outcome": "lift", "reason": "no longer so", "lifts": ["", second["id"]]}
    form["undo_seconds"] = "0"
    assert person.send(f"/cases/{case}/decide", form).status_code == 303
    assert api.get("/v1/items/post-1").json()["restrictions"] == [first]
    decisions = api.get(f"/v1/cases/{case}").json()["decisions"]
    assert [one["lifts"] for one in decisions if one["outcome"] == "lift"] == [[second["id"]]]


def entries_of(person: Visitor) -> list[dict[str, Any]]:
    """The text, then the file."""
    found = person.get("/banks/tapes.json").json()["entries"]
    return sorted(found, key=lambda entry: entry["has_file"])


def test_a_search_weighs_what_is_allowed_against_every_view_of_a_picture(api: Api) -> None:
    """The turned picture is allowed, what its pixels are as stored is known: one part, two views."""
    person = visitor(api, "curator")
    for name, stance, file in (
        ("known", "known", picture()),
        ("library", "allow", turned(picture())),
    ):
        assert person.send("/banks", {"name": name, "stance": stance}).status_code == 303
        entry = {"file": ("picture.png", file, "image/png")}
        assert person.send(f"/banks/{name}/entries", files=entry).status_code == 303
    marked = Image.Exif()
    marked[0x0112] = 6  # "turn me to the right"
    out = io.BytesIO()
    Image.open(io.BytesIO(picture())).save(out, "PNG", exif=marked)
    found = person.send("/search", files={"file": ("post.png", out.getvalue(), "image/png")})
    assert "2 entries match" in found.text
    assert found.text.count(">outweighed<") == 1
    api_file = {"file": ("post.png", picture("JPEG"), "image/jpeg")}
    assert ">outweighed<" not in person.send("/search", files=api_file).text


def test_a_bank_from_its_form_to_its_search(api: Api) -> None:
    person = visitor(api, "curator")
    made = person.send(
        "/banks", {"name": "tapes", "stance": "known", "labels": "threat, propaganda"}
    )
    assert made.headers["location"] == "/banks/tapes?done=bank"
    taken = person.send("/banks", {"name": "tapes", "stance": "known"})
    assert taken.status_code == 409
    assert person.send("/banks", {"name": "no spaces", "stance": "known"}).status_code == 422

    entries = "/banks/tapes/entries"
    assert person.send(entries, files={"file": ("", b"")}).status_code == 422
    file = {"file": ("tape.png", picture(), "image/png")}
    assert person.send(entries, {"note": "a <tape>"}, files=file).status_code == 303
    assert person.send(entries, {"text": KNOWN, "confirmed": "yes"}).status_code == 303
    text, tape = entries_of(person)
    assert (text["state"], tape["state"]) == ("confirmed", "unconfirmed")
    assert text["labels"] == ["threat", "propaganda"]
    shown = person.get("/banks/tapes").text
    assert "a &lt;tape&gt;" in shown
    check_html(shown)

    found = person.send("/search", files={"file": ("copy.jpg", picture("JPEG"), "image/jpeg")})
    assert "1 entry matches" in found.text
    assert "by picture (PDQ), " in found.text
    check_html(found.text)
    found = person.send("/search", {"text": KNOWN.upper()})
    assert "1 entry matches" in found.text
    assert "identical" in found.text
    assert "0 entries match" in person.send("/search", {"text": "a calm day at the sea"}).text

    entry = f"{entries}/{tape['id']}"
    now = {"undo_seconds": "0"}
    assert person.send(f"{entry}/confirm", now).status_code == 303
    assert person.send(f"{entry}/switch", {"enabled": "no"} | now).status_code == 303
    after = entries_of(person)[1]
    assert (after["state"], after["enabled"]) == ("confirmed", False)
    assert person.send(f"{entry}/refute", now).status_code == 303
    whole = {"enabled": "no", "name": "tapes"} | now
    assert person.send("/banks/tapes/switch", whole).status_code == 303
    assert person.get("/banks/tapes.json").json()["bank"]["enabled"] is False
    assert person.send(f"{entries}/nothing/confirm").status_code == 404


def test_media_are_drawn_anew_blurred_or_not(api: Api) -> None:
    api.bank()
    raw = picture()
    assert api.call("POST", "/v1/banks/known/entries", files={"file": ("a.png", raw)}).is_success
    data = msgspec.to_builtins(raw)
    answer = api.submit("post-1", media=[{"filename": "a.png", "data": data}]).json()
    person = visitor(api, "reviewer")
    page = person.get(f"/cases/{answer['case']}").text
    assert 'src="/media' not in page
    sources = re.findall(r'data-clear="(/media/[^"]+)"', page)
    assert len(sources) == 3  # in the content, and side by side with the entry
    for source in set(sources):
        plain, blurred = person.get(source), person.get(source.replace("blur=0", "blur=1"))
        for drawn in (plain, blurred):
            assert drawn.headers["content-type"] == "image/jpeg"
            assert drawn.headers["cache-control"] == "no-store"
            assert (
                drawn.content[:3] == b"\xff\xd8\xff"
            )  # drawn anew, never the bytes that were sent
        assert len(blurred.content) < len(plain.content)
    assert visitor(api, "curator").get(sources[0]).status_code == 200
    assert person.get(sources[0].replace("/1/0", "/1/7")).status_code == 404


def test_a_dead_letter_is_seen_and_sent_again(api: Api) -> None:
    api.bank()
    api.entry(KNOWN)
    person = visitor(api)
    with api.instance.database.begin() as tx:
        from tidegate.enforcement.webhooks import create_webhook

        create_webhook(tx, "https://platform.example/hook", enforce=True, known=MESSAGE_TYPES)
    assert api.submit("post-1", text=KNOWN).json()["action"]
    with api.instance.database.begin() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE deliveries SET state = 'dead', attempts = 9, last_error = 'no route',"
            " last_attempt_at = now()"
        )
    assert [one["code"] for one in person.get("/index.json").json()["broken"]] == ["dead-letters"]
    assert "1 message was given up" in person.get("/").text
    assert visitor(api, "reviewer").get("/index.json").json()["broken"] == []
    page = person.get("/actions")
    assert "no route" in page.text
    assert "whsec_" not in page.text
    action = person.get("/actions.json").json()["dead"][0]["action_id"]
    assert person.send(f"/actions/{action}/replay").status_code == 303
    assert person.get("/actions.json").json()["dead"] == []
    assert visitor(api, "auditor").send(f"/actions/{action}/replay").status_code == 403


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%ff", b"a=1&" * 2000, b"reason=%00"])
def test_a_form_that_is_none_is_refused(api: Api, body: bytes) -> None:
    person = visitor(api)
    answer = person._send(
        "POST",
        "/banks",
        content=body,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code in (400, 422)
    assert api.count("banks") == 0


def test_a_wrong_parameter_is_said_on_a_page(api: Api) -> None:
    person = visitor(api)
    assert person.get("/cases?state=gone").status_code == 422
    assert person.get("/cases?cursor=x").status_code == 422
    assert person.get("/ledger?before=0").status_code == 422
    problem = person.get("/cases.json?state=gone")
    assert problem.headers["content-type"] == "application/problem+json"


def test_a_path_that_is_none_answers_each_in_their_own_way(api: Api) -> None:
    person = visitor(api)
    page = person.get("/nowhere", headers={"accept": "text/html,*/*"})
    assert page.status_code == 404
    assert "There is nothing at this path" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert person.get("/nowhere").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "name", ["a%2Fb", "%FF", "%ED%A0%80", "..%2f..", "x" * 3000, "%F0%9F%8C%8A"]
)
def test_a_strange_name_in_a_path_names_nothing(api: Api, name: str) -> None:
    person = visitor(api)
    for path in ("/banks/{}", "/cases/{}", "/items/{}", "/media/{}/1/0", "/media/entries/{}"):
        assert person.get(path.format(name)).status_code == 404
        assert person.send(path.format(name)).status_code in (404, 405)
    assert person.get(f"/sign-in/{name}").status_code in (404, 410)
    assert person.get(f"/items?id={name}&platform={name}").status_code in (200, 422)


def test_what_an_order_holds_down_is_shown_and_not_offered(api: Api) -> None:
    api.submit("post-1", text="hello")
    order, until = uuid4(), api.instance.clock.now() + timedelta(days=1)
    with api.instance.database.begin() as tx:
        item = lock_item(tx, "default", "post-1")
        down = Restriction("account", ["DE"], until)
        impose(tx, [item], order=order, restriction=down, reason="an order")
    api.post("/v1/items/post-1/decisions", BY_TERMS)
    person = visitor(api, "reviewer")
    page = person.get(f"/items/{item.id}").text
    said = " ".join(re.sub("<[^>]*>", "", page).split())
    assert (
        "2 restrictions stand: the account is down in DE, the item everywhere; that changes by itself"
        " on 2 Jan 2026, 00:00:00 UTC." in said
    )
    assert f"by the order {order}, which alone ends it" in said
    assert page.count('type="checkbox" name="lifts"') == 1
    assert person.send(f"/items/{item.id}/lift", {"reason": "x"}).status_code == 303
    assert "Lift" not in person.get(f"/items/{item.id}").text.split('<div id="shown">')[0]
    refused = person.send(f"/items/{item.id}/lift", {"reason": "x"})
    assert refused.status_code == 409
    assert "Only the end of the order ends its restriction" in refused.text
