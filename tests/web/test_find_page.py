"""/find on the pages: what words and operators find, what a paste goes to, what nobody may find."""

import base64
import hashlib
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from tests.api import Api
from tests.web.test_pages import KNOWN, check_html, picture, visitor
from tests.web.test_queue import report, reported
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.terms import TermWalk, behind


def walk(api: Api) -> None:
    """Until everything can be found."""
    steps = TermWalk(api.instance)
    for _ in range(20):
        steps.step()
    with api.instance.database.begin() as tx:
        assert behind(tx) == 0


def find(person: Visitor, q: str, tab: str = "items", **more: str) -> dict[str, Any]:
    query = "&".join(
        f"{name}={quote(value)}" for name, value in {"q": q, "tab": tab, **more}.items()
    )
    answer = person.get(f"/find.json?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(person: Visitor, q: str) -> list[str]:
    return [one["item"] for one in find(person, q)["items"]]


def goes_to(person: Visitor, q: str) -> str | None:
    answer = person.get(f"/find?q={quote(q)}")
    return answer.headers["location"] if answer.status_code == 303 else None


def decide(api: Api, case: str, **fields: Any) -> str:
    assert api.post(f"/v1/cases/{case}/claim").status_code == 200
    body = {"outcome": "restrict", "reason": "it calls for an attack", "label": "propaganda"}
    answer = api.post(f"/v1/cases/{case}/decide", body | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["decision"]


def test_words_find_items_and_what_hangs_on_them(api: Api) -> None:
    person = visitor(api)
    case = reported(api, "one", "They meet at the Brücke tomorrow", language="de", author="anna")
    reported(api, "two", "nobody meets anybody", language="de")
    decision = decide(api, case)
    walk(api)
    shown = find(person, '"the brucke" meet')
    assert [one["item"] for one in shown["items"]] == ["one"]
    assert [(one["name"], one["count"], one["more"]) for one in shown["tabs"]] == [
        ("items", 1, False),
        ("cases", 1, False),
        ("entries", 0, False),
        ("decisions", 1, False),
    ]
    marked = [
        run["text"] for cut in shown["items"][0]["excerpt"] if cut["marked"] for run in cut["runs"]
    ]
    assert marked == ["meet"]
    assert [one["id"] for one in find(person, "brucke", "cases")["cases"]] == [case]
    (found,) = find(person, "brucke", "decisions")["decisions"]
    assert found["decision"]["id"] == decision
    assert found["to"] == f"/cases/{case}"
    page = person.get("/find?q=brucke")
    check_html(page.text)
    assert "<mark>Brücke</mark>" in page.text
    for tab in ("cases", "entries", "decisions"):
        check_html(person.get(f"/find?q=brucke&tab={tab}").text)


def test_operators_narrow_what_is_found(api: Api, clock: FakeClock) -> None:
    person = visitor(api)
    case = reported(api, "one", "a word of hers", language="de", author="anna")
    clock.advance(3600)
    reported(api, "two", "a word of his", language="fr-CA", author="bert")
    decide(api, case)
    walk(api)
    assert names(person, "word") == ["two", "one"]
    assert names(person, "word author:anna") == ["one"]
    pseudonym = api.get("/v1/items/one").json()["revisions"][0]["content"]["author"]
    assert names(person, f"author:{pseudonym}") == ["one"]
    assert names(person, "lang:fr") == names(person, "lang:fr-ca") == ["two"]
    assert names(person, "platform:default lang:de") == ["one"]
    assert names(person, "platform:elsewhere") == []
    assert names(person, "outcome:restrict") == names(person, "label:propaganda word") == ["one"]
    assert names(person, f'by:"{api.name}"') == ["one"]
    assert names(person, "by:me") == names(person, "outcome:pass") == []
    assert names(person, "before:30m") == ["one"]
    assert names(person, "after:30m") == ["two"]
    assert find(person, "label:propaganda outcome:restrict", "decisions")["tabs"][3]["count"] == 1
    assert len(find(person, "outcome:restrict", "cases")["cases"]) == 1
    assert len(find(person, "lang:fr", "cases")["cases"]) == 1
    assert find(person, "author:anna", "entries")["notes"] == ["Entries have no author:."]


def test_entries_are_found_and_what_they_matched(api: Api) -> None:
    person = visitor(api)
    api.bank()
    entry = api.entry(KNOWN)["id"]
    api.submit("one", text=KNOWN)
    walk(api)
    word = KNOWN.split()[1]
    (found,) = find(person, word, "entries")["entries"]
    assert found["entry"]["id"] == entry
    assert names(person, f"entry:{entry}") == ["one"]
    assert [one["entry"]["id"] for one in find(person, f"entry:{entry}", "entries")["entries"]] == [
        entry
    ]
    assert goes_to(person, entry) == f"/find?q=entry%3A{entry}&tab=entries"
    assert api.call("DELETE", f"/v1/banks/known/entries/{entry}").status_code == 204
    assert find(person, word, "entries")["entries"] == []


def test_what_is_pasted_goes_straight_there(api: Api) -> None:
    person = visitor(api)
    case = reported(api, "post-1", "hello", url="https://example.org/a?b=1")
    data = picture("PNG")
    api.submit("post-2", media=[{"data": base64.b64encode(data).decode(), "filename": "a.png"}])
    item = names_by_id(api, "post-1")
    assert goes_to(person, "post-1") == goes_to(person, item) == f"/items/{item}"
    assert goes_to(person, "default/post-1") == f"/items/{item}"
    assert goes_to(person, case) == f"/cases/{case}"
    assert goes_to(person, "HTTPS://example.org/a?b=1#x") == f"/items/{item}"
    sha256 = hashlib.sha256(data).hexdigest()
    assert goes_to(person, sha256) == f"/items/{names_by_id(api, 'post-2')}"
    decision = decide(api, case)
    assert goes_to(person, decision) == f"/cases/{case}"
    assert goes_to(person, '"post-1"') is None
    assert goes_to(person, "hello") is None
    assert "Nothing within any bank" in person.get(f"/find?q={'ab' * 32}").text


def names_by_id(api: Api, external_id: str) -> str:
    with api.instance.database.begin() as tx:
        return str(
            tx.connection.exec_driver_sql(
                "SELECT id FROM items WHERE external_id = %s", (external_id,)
            ).scalar_one()
        )


def test_a_dropped_picture_shows_what_is_near(api: Api) -> None:
    person = visitor(api)
    api.bank()
    data = picture("PNG")
    sent = {"data": base64.b64encode(data).decode(), "filename": "a.png"}
    api.submit("one", media=[sent])
    file = {"file": ("a.png", data)}
    answer = api.call("POST", "/v1/banks/known/entries", files=file)
    assert answer.status_code == 201, answer.text
    out = BytesIO()
    Image.open(BytesIO(data)).resize((300, 200)).save(out, "PNG")
    shown = person.send("/find", files={"file": ("copy.png", out.getvalue(), "image/png")})
    assert shown.status_code == 200
    check_html(shown.text)
    assert f'data-id="{answer.json()["id"]}"' in shown.text
    assert f"/items/{names_by_id(api, 'one')}" in shown.text
    for path, found in (("/find", "near"), ("/search", "")):
        copy = {"file": ("copy.png", out.getvalue(), "image/png")}
        told = person.send(path, files=copy, headers={"accept": "application/json"}).json()
        entries = told[found]["entries"] if found else told["found"]
        assert [one["match"]["entry"] for one in entries] == [answer.json()["id"]]
    with api.instance.database.begin() as tx:
        erase_item(tx, "default", "one")
    again = person.send("/find", files={"file": ("copy.png", out.getvalue(), "image/png")}).text
    assert "No item that is kept is near" in again


def test_nobody_finds_what_was_erased(api: Api) -> None:
    person = visitor(api)
    case = reported(api, "one", "a secret word", author="anna", url="https://example.org/a")
    decide(api, case)
    walk(api)
    assert names(person, "secret") == ["one"]
    with api.instance.database.begin() as tx:
        erase_item(tx, "default", "one")
    for typed in ("secret", "author:anna", "platform:default", "outcome:restrict"):
        assert names(person, typed) == []
    for tab in ("cases", "decisions"):
        assert find(person, "secret", tab)[tab] == []
    (left,) = find(person, "outcome:restrict", "decisions")["decisions"]
    assert left["item"] is None
    assert "secret" not in person.get("/find?q=outcome:restrict&tab=decisions").text
    assert goes_to(person, "https://example.org/a") is None
    assert api.count("item_terms") == 0


def test_nobody_finds_what_another_platform_has(api: Api) -> None:
    everybody, of_a = visitor(api), Visitor(api.instance, api.client, "reviewer", "a")
    for platform in "ab":
        case = reported(api, f"post-{platform}", "a shared word", platform=platform, author="anna")
        decide(api, case)
    walk(api)
    assert names(everybody, "shared") == ["post-b", "post-a"]
    assert names(of_a, "shared") == names(of_a, "author:anna") == ["post-a"]
    for typed in ("platform:b", "platform:b shared"):
        assert names(of_a, typed) == []
    for typed in ("shared", "outcome:restrict", "author:anna"):
        shown = find(of_a, typed)
        assert [one["count"] for one in shown["tabs"]] == [1, 1, 0, 1]
    assert goes_to(of_a, "post-b") is goes_to(of_a, "b/post-b") is None
    assert goes_to(of_a, names_by_id(api, "post-b")) is None


def test_a_role_finds_what_it_may_read(api: Api) -> None:
    curator = visitor(api, "curator")
    reported(api, "one", "a word")
    walk(api)
    shown = find(curator, "word")
    assert [one["name"] for one in shown["tabs"]] == ["items", "entries", "decisions"]
    assert find(curator, "word", "cases")["tab"] == "items"


def test_what_only_a_hold_keeps_is_not_found(api: Api, clock: FakeClock) -> None:
    person = visitor(api)
    api.submit("one", text="a secret word")
    walk(api)
    hold = {"reason": "for the court", "purpose": "investigation"}
    assert api.post("/v1/items/one/holds", hold).status_code == 201
    with api.instance.database.begin() as tx:
        tx.connection.exec_driver_sql("UPDATE items SET kept_by_hold_at = received_at")
    assert names(person, "secret") == []


def test_pages_of_what_is_found_leave_nothing_out(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.web.pages.find.PAGE", 3)
    monkeypatch.setattr("tidegate.web.pages.find.COUNTED", 4)
    monkeypatch.setattr("tidegate.pipeline.find.FEW", 2)
    monkeypatch.setattr("tidegate.pipeline.find.CHUNK", 2)
    monkeypatch.setattr("tidegate.pipeline.find._FIRST", 1)
    monkeypatch.setattr("tidegate.web.pages.find.LOOKED", 4)
    person = visitor(api)
    for number in range(8):
        text = "the common word here" if number % 2 else "word the common here"
        decide(api, reported(api, f"post-{number}", text))
    walk(api)
    for typed, expected in (("common", 8), ('"common word"', 4), ("outcome:restrict", 8)):
        for tab in ("items", "cases", "decisions"):
            seen: list[str] = []
            shown = find(person, typed, tab)
            while True:
                seen += [one.get("id") or one["decision"]["id"] for one in shown[tab]]
                if shown["next"] is None:
                    break
                shown = find(person, typed, tab, cursor=shown["next"])
            assert len(seen) == len(set(seen)) == expected, (typed, tab)


def test_what_cannot_be_looked_for_is_said_at_the_field(api: Api) -> None:
    person = visitor(api)
    page = person.get("/find?q=autor:anna")
    assert page.status_code == 422
    check_html(page.text)
    assert 'id="error-q"' in page.text
    assert 'value="autor:anna"' in page.text
    twin = person.get("/find.json?q=autor:anna")
    assert twin.status_code == 422
    assert twin.json()["errors"][0]["pointer"] == "q"
    for cursor in ("x", "9" * 30, "-1", "a b", "0", "01"):
        assert person.get(f"/find?q=word&cursor={cursor}").status_code == 422
        assert person.get(f"/find?q=word&tab=cases&cursor={cursor}").status_code == 422
    assert person.get("/find?tab=other").status_code == 422


def test_the_page_says_what_can_be_typed(api: Api) -> None:
    person = visitor(api)
    page = person.get("/find")
    check_html(page.text)
    for operator in ("author", "platform", "lang", "label", "outcome", "by", "entry", "sha256"):
        assert f"{operator}:" in page.text
    assert page.text.count('data-testid="nav-find"') == 1
    reported(api, "one", "a word")
    walk(api)
    shown = find(person, 'word "a word" lang:de')
    assert [one["without"] for one in shown["chips"]][2] == "/find?q=word+%22a+word%22&tab=items"
    assert report(api, "one") is not None
