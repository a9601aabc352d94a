"""The queue as people and scripts read it: its order, its rows, its filters, and what somebody may see of it."""

import base64
import re
from typing import Any

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.test_pages import KNOWN, check_html, picture, visitor
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.ranking import rank_waiting
from tidegate.review.tables import case_keys, cases
from tidegate.web.pages.names import queue_name
from tidegate.web.words import languages, speaking

ROW = {"id", "item", "platform", "state", "queue", "band", "because", "excerpt", "language", "dir",
       "media", "severity", "label", "reports", "clock", "held_by", "held_until", "readers", "same",
       "skips", "opened_at"}  # fmt: skip
WORDS = "they meet at the square tomorrow at nine"


def report(api: Api, item: str, reason: str = "terrorism", **fields: Any) -> str:
    """Report an item; its case."""
    body = {"id": f"report-{api.count('reports')}", "channel": "user", "reason": reason,
            "item_id": item, "created_at": "2025-12-31T23:30:00Z"}  # fmt: skip
    query = f"?platform={platform}" if (platform := fields.pop("platform", None)) else ""
    answer = api.post(f"/v1/reports{query}", body | fields)
    assert answer.status_code == 201, answer.text
    turn(api, 1 / 3600)  # none waits as long as another
    return answer.json()["case"]


def reported(api: Api, id: str, text: str, reason: str = "terrorism", **fields: Any) -> str:
    assert api.submit(id, text=text, **fields).status_code == 200
    return report(
        api, id, reason, **({"platform": fields["platform"]} if "platform" in fields else {})
    )


def listed(person: Visitor, query: str = "") -> dict[str, Any]:
    answer = person.get(f"/cases.json{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def items(person: Visitor, query: str = "") -> list[str]:
    return [one["item"] for one in listed(person, query)["cases"]]


def work(api: Api) -> None:
    """What the worker does."""
    while True:
        with api.instance.database.begin() as tx:
            if not rank_waiting(tx, api.instance):
                return


def turn(api: Api, hours: float) -> None:
    clock = api.instance.clock
    assert isinstance(clock, FakeClock)
    clock.advance(hours * 3600)


def test_what_threatens_a_life_comes_first_then_what_is_certain_then_what_many_say(
    api: Api,
) -> None:
    api.bank("known", labels=["threat"])
    api.entry(KNOWN, confirmed=False)
    reported(api, "first", "just something")
    for number in range(5):
        reported(api, "many", "what many saw") if number == 0 else report(
            api, "many", reporter=f"r{number}"
        )
    turn(api, 0.1)
    api.submit("match", text=KNOWN)
    reported(api, "flagged", "what a flagger saw")
    report(api, "flagged", channel="trusted_flagger", reporter="a flagger")
    turn(api, 0.1)
    reported(api, "threat", "I will do it tomorrow", "threat_to_life")
    person = visitor(api, "reviewer")
    found = listed(person)["cases"]
    assert [(one["item"], one["band"]) for one in found] == [
        ("threat", 0), ("flagged", 2), ("many", 3), ("match", 3), ("first", 4),
    ]  # fmt: skip
    said = {one["item"]: [why["text"] for why in one["because"]] for one in found}
    assert said["threat"][0] == "Somebody reports a threat to life"
    assert said["flagged"][0] == "A trusted flagger reports it"
    assert said["match"] == ["The same as in known, unconfirmed"]
    assert said["many"] == ["5 reports"]
    assert person.get("/v1/cases").status_code == 401
    by_priority = api.get("/v1/cases?order=priority&limit=2").json()
    assert [one["item"] for one in by_priority["data"]] == ["threat", "flagged"]
    rest = api.get(f"/v1/cases?order=priority&cursor={by_priority['next']}").json()
    assert [one["item"] for one in rest["data"]] == ["many", "match", "first"]
    assert rest["next"] is None
    assert api.get("/v1/cases?order=priority&state=decided").status_code == 422
    assert api.get(f"/v1/cases?order=oldest&cursor={by_priority['next']}").status_code == 422
    assert api.get("/v1/cases?order=oldest").json()["data"][0]["item"] == "first"
    assert api.get("/v1/cases").json()["data"][0]["item"] == "threat"


def test_a_row_says_what_was_posted_and_never_its_id_alone(api: Api) -> None:
    reported(api, "text", f"{WORDS} {'and so on ' * 40}", language="en")
    reported(api, "arabic", "سوف يجتمعون غدا في الساحة", language="ar")
    image = {"filename": "a.png", "data": base64.b64encode(picture()).decode()}
    api.submit("pictures", media=[image, image | {"filename": "b.png"}])
    report(api, "pictures")
    video = {
        "filename": "v.mp4",
        "content_type": "video/mp4",
        "data": base64.b64encode(b"x").decode(),
    }
    api.submit("video", media=[video])
    report(api, "video")
    api.submit("link", url="https://forum.example/thread/7")
    report(api, "link")
    person = visitor(api, "reviewer")
    rows = {one["item"]: one for one in listed(person)["cases"]}
    assert all(row.keys() >= ROW for row in rows.values())
    text = rows["text"]
    assert text["excerpt"] == f"{WORDS} {'and so on ' * 40}"[:140]
    assert (text["language"], text["dir"], text["reports"]) == ("en", "ltr", 1)
    assert (rows["arabic"]["language"], rows["arabic"]["dir"]) == ("ar", "rtl")
    assert rows["pictures"]["excerpt"] == "2 pictures"
    assert rows["pictures"]["media"] == {"image": 2, "video": 0, "other": 0}
    assert rows["video"]["excerpt"] == "1 video"
    assert rows["link"]["excerpt"] == "https://forum.example/thread/7"
    assert all(row["clock"] is None and row["skips"] == 0 for row in rows.values())
    page = person.get("/cases").text
    check_html(page)
    assert 'dir="rtl" lang="ar" data-content' in page
    assert "Somebody" not in page


def test_a_language_that_nobody_named_is_guessed_later(api: Api) -> None:
    reported(
        api, "post", "Sie treffen sich morgen auf dem großen Platz, und niemand soll es wissen."
    )
    person = visitor(api, "reviewer")
    assert listed(person)["cases"][0]["language"] is None
    version = api.get("/v1/cases").json()["data"][0]["version"]
    work(api)
    assert listed(person)["cases"][0]["language"] == "de"
    assert items(person, "?lang=de") == ["post"]
    assert items(person, "?lang=fr") == []
    assert api.get("/v1/cases").json()["data"][0]["version"] == version, (
        "that is no step of the case"
    )


def test_waiting_lifts_a_case_up_to_the_second_band(api: Api) -> None:
    reported(api, "old", "something")
    person = visitor(api, "reviewer")

    def band() -> int:
        work(api)
        person.sign_in()
        return listed(person)["cases"][0]["band"]

    assert band() == 4
    turn(api, 23.9)
    assert band() == 4
    turn(api, 0.2)
    assert band() == 3
    turn(api, 300)
    assert band() == 2


def test_copies_are_one_row_that_opens(api: Api) -> None:
    for number in range(12):
        reported(api, f"copy-{number}", WORDS if number % 2 else WORDS.upper(), language="en")
    reported(api, "other", "something else altogether, said at length", language="en")
    person = visitor(api, "reviewer")
    found = listed(person)
    assert [(one["item"], (one["same"] or {}).get("size")) for one in found["cases"]] == [
        ("copy-0", 12), ("other", None),
    ]  # fmt: skip
    assert (found["total"], found["from"]) == (13, 1)
    key = found["cases"][0]["same"]["key"]
    members = listed(person, f"?same={key}")
    assert [one["item"] for one in members["cases"]] == [f"copy-{number}" for number in range(12)]
    page = person.get("/cases").text
    assert f"same={key}" in page
    assert "12 cases of the same content as 1" in page
    first = found["cases"][0]["id"]
    assert (
        person.send(
            f"/cases/{first}/decide", {"outcome": "pass", "reason": "fine as it is"}
        ).status_code
        == 303
    )
    assert [one["item"] for one in listed(person)["cases"]] == ["copy-1", "other"]
    assert listed(person)["cases"][0]["same"]["size"] == 11


def test_a_filter_is_the_address_and_is_shown_as_chips(api: Api) -> None:
    reported(api, "one", "in English, at some length", language="en")
    reported(api, "two", "auf Deutsch, und das in einiger Länge", language="de")
    api.bank("known", labels=["threat"])
    api.entry(KNOWN, confirmed=False)
    api.submit("match", text=KNOWN, language="en")
    person = visitor(api, "reviewer")
    assert items(person, "?queue=reports") == ["one", "two"]
    assert items(person, "?queue=reports&lang=de") == ["two"]
    assert items(person, "?queue=reports,default&lang=en") == ["match", "one"]
    assert items(person, "?bank=known&label=threat&band=3&media=none") == ["match"]
    assert items(person, "?channel=user") == ["one", "two"]
    assert items(person, "?q=ma") == ["match"]
    assert items(person, "?held=me") == []
    found = listed(person, "?queue=reports&lang=de&cursor=")
    assert found["filters"] == {"queue": "reports", "lang": "de"}
    page = person.get("/cases?queue=reports&lang=de").text
    check_html(page)
    chips = re.findall(r'data-testid="filter-chip" href="([^"]+)"', page)
    assert chips == ["/cases?lang=de", "/cases?queue=reports"]
    case = found["cases"][0]["id"]
    assert f'href="/cases/{case}?queue=reports&amp;lang=de"' in page
    nothing = person.get("/cases?lang=fr&queue=reports").text
    check_html(nothing)
    assert 'data-testid="empty"' in nothing
    assert "queue: reports, language: fr" in nothing
    assert "Clear the filter" in nothing
    for bad in ("state=gone", "band=7", "lang=a%20x", "held=x", "since=x", "same=x", "nonsense=1"):
        assert person.get(f"/cases?{bad}").status_code == 422, bad
        assert person.get(f"/cases.json?{bad}").status_code == 422, bad


def test_an_empty_queue_says_what_comes_next(api: Api) -> None:
    page = visitor(api, "reviewer").get("/cases").text
    assert 'data-testid="empty"' in page
    assert "Nothing waits" in page


def test_pages_replace_one_another_and_say_where_they_are(api: Api) -> None:
    for number in range(53):
        reported(
            api, f"post-{number:02}", f"post number {number} of many, each with words of its own"
        )
    person = visitor(api, "reviewer")
    first = listed(person)
    assert (len(first["cases"]), first["from"], first["total"]) == (50, 1, 53)
    assert first["previous"] is None
    second = listed(person, f"?cursor={first['next']}")
    assert ([one["item"] for one in second["cases"]], second["from"], second["next"]) == (
        ["post-50", "post-51", "post-52"], 51, None,
    )  # fmt: skip
    again = listed(person, f"?cursor={second['previous']}")
    assert [one["id"] for one in again["cases"]] == [one["id"] for one in first["cases"]]
    page = person.get("/cases").text
    assert "1–50 of 53" in page
    assert page.count("<") // 2 < 1500
    assert "51–53 of 53" in person.get(f"/cases?cursor={first['next']}").text


def test_who_holds_a_case_is_told_in_its_row(api: Api) -> None:
    case = reported(api, "post", WORDS)
    ada, rita = visitor(api), visitor(api, "reviewer")
    assert ada.send(f"/cases/{case}/claim").status_code == 303
    row = listed(rita)["cases"][0]
    assert (row["state"], row["held_by"]) == ("claimed", "admin")
    assert row["held_until"] is not None
    assert items(rita, "?held=other") == items(ada, "?held=me") == ["post"]
    assert items(rita, "?held=me") == items(rita, "?held=none") == []


def test_decided_cases_are_listed_the_last_first(api: Api) -> None:
    decided = [reported(api, f"post-{number}", f"{WORDS} {number}") for number in range(3)]
    person = visitor(api, "reviewer")
    for case in decided:
        turn(api, 0.01)
        form = {"outcome": "pass", "reason": "fine as it is"}
        assert person.send(f"/cases/{case}/decide", form).status_code == 303
    assert items(person, "?state=decided") == ["post-2", "post-1", "post-0"]
    assert items(person) == []
    form = {"reopen_reason": "look again"}
    assert person.send(f"/cases/{decided[0]}/reopen", form).status_code == 303
    (row,) = listed(person)["cases"]
    assert (row["item"], row["state"], row["band"]) == ("post-0", "reopened", 3)
    work(api)
    (row,) = listed(person)["cases"]
    assert row["because"][0]["code"] == "reopened"


def test_a_person_of_one_platform_sees_and_counts_no_other_s(api: Api) -> None:
    reported(api, "of-a", WORDS, platform="a", language="en")
    reported(api, "of-b", WORDS, platform="b", language="en")
    bound = Visitor(api.instance, api.client, "reviewer", "a")
    found = listed(bound)
    assert ([one["item"] for one in found["cases"]], found["total"]) == (["of-a"], 1)
    assert found["cases"][0]["same"] is None
    assert listed(visitor(api, "reviewer"))["cases"][0]["same"]["size"] == 2
    assert items(bound, "?q=of-") == ["of-a"]


def test_erasing_an_item_takes_its_words_out_of_the_queue(api: Api) -> None:
    case = reported(api, "post", WORDS, language="en")
    reported(api, "copy", WORDS, language="en")
    assert api.call("DELETE", "/v1/items/post").status_code == 204
    with api.instance.database.begin() as tx:
        row = tx.execute(sa.select(cases).where(cases.c.id == case)).one()
        keys = tx.execute(sa.select(case_keys.c.key).where(case_keys.c.case_id == case)).all()
    assert (row.state, row.because, row.language, row.channels, row.same) == (
        "decided",
        [],
        None,
        [],
        None,
    )
    assert keys == []
    person = visitor(api, "reviewer")
    assert items(person) == ["copy"]
    (gone,) = listed(person, "?state=decided")["cases"]
    assert gone["excerpt"] == "The content is gone"


def test_a_filter_is_saved_for_oneself_or_by_who_leads_for_all(api: Api) -> None:
    rita, sue = visitor(api, "reviewer"), visitor(api, "senior")
    mine = {"name": " Arabic  first ", "filter": "lang=ar&band=0,2"}
    assert rita.send("/cases/filters", mine).status_code == 303
    before = api.count("saved_filters")
    assert rita.send("/cases/filters", mine | {"shared": "yes"}).status_code == 403
    assert rita.send("/cases/filters", mine | {"filter": "band=9"}).status_code == 422
    assert rita.send("/cases/filters", mine | {"name": " "}).status_code == 422
    assert api.count("saved_filters") == before
    for_all = {"name": "Reports", "filter": "queue=reports", "shared": "yes"}
    assert sue.send("/cases/filters", for_all).status_code == 303
    saved = listed(rita)["saved"]
    assert [(one["name"], one["query"], one["shared"]) for one in saved] == [
        ("Arabic first", "band=0%2C2&lang=ar", False), ("Reports", "queue=reports", True),
    ]  # fmt: skip
    assert [one["name"] for one in listed(sue)["saved"]] == ["Reports"]
    own, shared = (one["id"] for one in saved)
    page = rita.get("/cases").text
    check_html(page)
    assert "/cases?band=0%2C2&amp;lang=ar" in page
    assert sue.send(f"/cases/filters/{own}/delete").status_code == 404
    assert rita.send(f"/cases/filters/{shared}/delete").status_code == 403
    assert api.count("saved_filters") == 2
    assert rita.send("/cases/filters", mine | {"filter": "lang=ar"}).status_code == 303
    assert api.count("saved_filters") == 2, "one of the same name is replaced"
    assert rita.send(f"/cases/filters/{own}/delete").status_code == 303
    assert sue.send(f"/cases/filters/{shared}/delete").status_code == 303
    assert api.count("saved_filters") == 0


def test_who_only_reads_has_nothing_to_select(api: Api) -> None:
    reported(api, "post", WORDS)
    auditor = visitor(api, "auditor").get("/cases").text
    assert 'data-testid="row"' in auditor
    assert 'data-testid="select"' not in auditor
    assert 'data-testid="next"' not in auditor
    assert "bulk" not in auditor
    assert 'data-testid="select"' in visitor(api, "reviewer").get("/cases").text


@pytest.mark.parametrize("filter", ["band=9", "since=never"])
def test_the_next_case_of_what_is_no_filter_is_refused(api: Api, filter: str) -> None:
    reported(api, "post", WORDS)
    person = visitor(api, "reviewer")
    assert person.send("/cases/next", {"filter": filter}).status_code == 422
    assert listed(person)["cases"][0]["state"] == "open"


def test_the_oldest_come_first_where_that_is_asked_for(api: Api, clock: FakeClock) -> None:
    cases = []
    for n, reason in enumerate(("spam", "threat_to_life", "spam")):
        api.submit(f"post-{n}", text=f"words of {n}")
        body = {"id": f"r{n}", "item_id": f"post-{n}", "channel": "user", "reason": reason,
                "created_at": "2025-12-31T23:30:00Z"}  # fmt: skip
        cases.append(api.post("/v1/reports", body).json()["case"])
        clock.advance(60)
    person = Visitor(api.instance, api.client, "reviewer")

    def listed(query: str) -> list[str]:
        return [one["id"] for one in person.get(f"/cases.json?{query}").json()["cases"]]

    assert listed("order=oldest") == cases
    assert listed("order=priority")[0] == cases[1] == listed("")[0]
    assert "oldest first" in person.get("/cases?order=oldest").text
    assert "order" not in person.get("/cases.json?order=priority").json()["filters"]
    assert person.get("/cases?order=priority&state=decided").status_code == 200
    assert person.get(f"/cases/{cases[0]}?order=oldest").status_code == 200
    assert person.get("/cases?order=loudest").status_code == 422


def test_a_queue_of_ones_own_is_called_as_it_is_written() -> None:
    assert queue_name("reports") == "reports"
    with speaking(languages()["de"]):
        assert queue_name("reports") == "Meldungen"
        assert queue_name("spam_tips") == "spam_tips"
        assert queue_name("tip") == "tip"
        assert queue_name("report") == "report"
