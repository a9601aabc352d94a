"""The page of a case: in its order, whatever there is of it; what is typed there, and what others did."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.api import Api
from tests.web.test_pages import KNOWN, case_of, check_html, visitor
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.pipeline.decide import release_case
from tidegate.review.drafts import drop_old_drafts
from tidegate.review.notes import mentions_of
from tidegate.review.rows import Row
from tidegate.web.pages.case_parts import read

PARTS = ["strip", "content", "why", "match", "before", "notes", "history", "decide"]


def report(api: Api, number: int = 1, item: str = "post-1", **fields: Any) -> str:
    """Report an item; the id of its case."""
    body = {"id": f"report-{number}", "item_id": item, "channel": "user", "reason": "terrorism",
            "reporter": f"reporter-{number}", "created_at": "2025-12-31T23:30:00Z"}  # fmt: skip
    answer = api.post("/v1/reports", body | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["case"]


def reported(api: Api, **fields: Any) -> str:
    api.submit("post-1", **({"text": "hello to all of you"} | fields))
    return report(api)


def twin(person: Visitor, case: str, query: str = "") -> dict[str, Any]:
    answer = person.get(f"/cases/{case}.json{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def words(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub("<[^>]*>", "", page).split())


def test_a_case_is_shown_in_its_order_and_never_by_its_id(api: Api) -> None:
    api.submit("older", text="An older post by the same person")
    case = case_of(api)["case"]
    page = visitor(api, "reviewer").get(f"/cases/{case}").text
    check_html(page)
    places = [page.index(f'data-testid="{part}"') for part in PARTS]
    assert places == sorted(places)
    assert f'data-testid="case" data-id="{case}"' in page
    assert page.count("<h1") == 1
    title = re.search("<title[^>]*>(.*?)</title>", page, re.S)
    assert title
    assert "alert(1)" in title[1]
    above = page[: page.index('class="card details"')]
    told = words(above[above.index("<h1") :])
    assert case not in told
    assert "post-1" not in told


def test_the_twin_says_what_the_page_says(api: Api) -> None:
    api.submit("older", text="An older post by the same person")
    case = case_of(api)["case"]
    person = visitor(api, "reviewer")
    person.send(f"/cases/{case}/note", {"text": "looks like a play"})
    said = twin(person, case)
    assert (said["id"], said["item"], said["platform"]) == (case, "post-1", "default")
    assert (said["state"], said["queue"], said["dir"]) == ("open", "default", "ltr")
    assert said["excerpt"].startswith("<script>alert(1)")
    assert said["media"] == {"image": 0, "video": 0, "other": 0}
    assert said["content"]["content"]["text"].endswith(KNOWN)
    assert {"channel", "reason", "comment", "count"} <= said["reports"][0].keys()
    assert (said["reports"][0]["comment"], said["reports"][0]["count"]) == ("<b>look</b>", 1)
    assert [one["bank"] for one in said["matches"]] == ["known"]
    assert [one["excerpt"] for one in said["before"]["author"]] == [
        "An older post by the same person"
    ]
    assert [(one["by"], one["text"]) for one in said["notes"]] == [
        ("user:reviewer", "looks like a play")
    ]
    assert [one["kind"] for one in said["history"]] == ["reported", "opened"]
    assert (said["draft"], said["decision"]) == (None, None)
    assert said["may"] == ["decide", "claim", "skip", "note"]
    assert all(one["text"] for one in said["why"])
    assert twin(visitor(api, "auditor"), case)["may"] == []


def test_media_are_what_a_case_without_a_text_is_called_by(api: Api) -> None:
    files = [{"filename": f"{n}.png", "content_type": "image/png", "data": "AAAA"} for n in "ab"]
    api.submit("post-1", text=None, media=files)
    page = visitor(api, "reviewer").get(f"/cases/{report(api)}").text
    assert "2 pictures" in words(page[page.index("<h1") : page.index("</h1>")])


# Reports


def test_reports_that_say_the_same_are_one(api: Api) -> None:
    api.submit("post-1", text="hello")
    for number in range(30):
        report(api, number, reason="threat")
    for number in range(30, 40):
        report(api, number, reason="threat", comment=" the same words ")
    report(api, 40, reason="threat", comment="other words")
    case = report(api, 41, reason="threat_to_life", comment="he is on his way")
    person = visitor(api, "reviewer")
    said = twin(person, case)
    groups = [(one["reason"], one["comment"], one["count"]) for one in said["reports"]]
    assert groups == [
        ("threat_to_life", "he is on his way", 1),
        ("threat", None, 30),
        ("threat", "the same words", 10),
        ("threat", "other words", 1),
    ]
    assert (said["voices"], said["reports_total"]) == (42, 42)
    page = person.get(f"/cases/{case}").text
    assert page.count('data-testid="report-group"') == 4
    assert "30 × threat, no comment" in words(page)
    assert "Reported, and again since" in words(page), "their number stands with them alone"


def test_many_reports_make_the_page_no_longer(api: Api) -> None:
    api.submit("post-1", text="hello")
    case = report(api, 0, comment="words 0")
    for number in range(1, 10):
        report(api, number, comment=f"words {number}")
    person = visitor(api, "reviewer")
    few = person.get(f"/cases/{case}").text
    for number in range(10, 112):
        report(api, number, comment=f"words {number}")
    many = person.get(f"/cases/{case}").text
    folded = many[many.index('<ul class="groups">') : many.index("more that say something else")]
    assert few.count('data-testid="report-group"') == 10
    assert folded.count('data-testid="report-group"') == 10, "the others are folded"
    assert many.count('data-testid="report-group"') == 100, "or on a page of their own"
    assert "?reports=2#reports" in many
    later = person.get(f"/cases/{case}?reports=2").text
    assert later.count('data-testid="report-group"') == 12
    check_html(many)


def test_who_reported_is_not_on_the_page(api: Api) -> None:
    case = reported(api)
    person = visitor(api, "reviewer")
    whole = person.get(f"/cases/{case}").text + person.get(f"/cases/{case}.json").text
    pseudonym = api.get(f"/v1/cases/{case}").json()["reported"][0]["reporter"]
    assert pseudonym not in whole


# Content


def test_a_thread_is_shown_as_posts(api: Api) -> None:
    context = {
        "thread": [{"author": "ayşe", "text": "was für ein Tag"}, {"user": {"name": "علي"}, "body": "مرحبا"}],
        "replies": ["nein!"],
        "room": {"name": "#général"},
    }  # fmt: skip
    case = reported(api, context=context)
    page = visitor(api, "reviewer").get(f"/cases/{case}").text
    assert "\\u" not in page
    shown = words(page[page.index('data-testid="content"') :])
    assert shown.index("ayşe") < shown.index("علي") < shown.index("hello to all of you")
    assert shown.index("hello to all of you") < shown.index("nein!")
    assert "#général" in shown


def test_a_long_text_is_folded_at_what_matters(api: Api) -> None:
    api.bank("known", labels=["threat"])
    api.entry(f"{KNOWN} and more of what they always say in there", confirmed=False)
    filler = [f"Line {n} is about nothing in particular, and goes on." for n in range(60)]
    text = "\n".join([*filler[:30], "He wrote: burn it all down tonight.", *filler[30:]])
    api.submit("post-1", text=text)
    case = report(api, comment='look at "burn it all down" in there')
    page = visitor(api, "reviewer").get(f"/cases/{case}").text
    assert "<mark>burn it all down</mark>" in page
    body = page[page.index('data-testid="content"') : page.index('data-testid="why"')]
    assert body.count('<details class="fold">') == 2
    open_ = re.sub(r"<details.*?</details>", "", body, flags=re.S)
    assert "Line 0 is" in open_
    assert "Line 29 is" in open_
    assert "Line 20 is" not in open_


def test_addresses_in_a_text_are_no_links(api: Api) -> None:
    case = reported(api, text="see https://user@evil.example:80/path now")
    page = visitor(api, "reviewer").get(f"/cases/{case}").text
    assert 'https://user@<span class="host">evil.example</span>:80/path' in page
    assert 'href="https://' not in page


# Before


def test_what_went_before_is_told_with_what_was_decided(api: Api) -> None:
    data = {"filename": "a.png", "content_type": "image/png", "data": "AAAA"}
    for number in range(3):
        api.submit(f"copy-{number}", text="copy", author=f"author-{number + 5}", media=[data])
    api.post("/v1/items/copy-0/decisions", {"outcome": "pass", "reason": "It is news, really."})
    api.submit("earlier", text="what I said before")
    api.post("/v1/items/earlier/decisions", {"outcome": "pass", "reason": "Nothing in it at all."})
    case = reported(api, text="and now this", media=[data])
    api.post("/v1/items/post-1/decisions", {"outcome": "escalate", "reason": "For the authority."})
    said = twin(visitor(api, "reviewer"), case)["before"]
    assert [(one["excerpt"], one["decision"]["outcome"]) for one in said["author"]] == [
        ("what I said before", "pass")
    ]
    assert said["copies_total"] == 3
    assert said["copies_decided"] == {"": 2, "pass": 1}
    assert {one["item"] for one in said["copies"]} == {"copy-0", "copy-1", "copy-2"}


def test_a_long_post_of_before_ends_with_dots_and_apart_from_what_was_found(api: Api) -> None:
    api.submit("earlier", text="word " * 60)
    case = reported(api, text="and now this")
    page = visitor(api, "reviewer").get(f"/cases/{case}").text
    assert re.search(r'word ?…</a>\s+<span class="muted">nothing was found', page)


@pytest.mark.parametrize(("length", "ends"), [(139, "w"), (140, "w"), (141, "…")])
def test_dots_say_that_more_follows(api: Api, length: int, ends: str) -> None:
    api.submit("earlier", text="w" * length)
    case = reported(api, text="and now this")
    (said,) = twin(visitor(api, "reviewer"), case)["before"]["author"]
    assert (said["excerpt"][-1], len(said["excerpt"].rstrip("…"))) == (ends, min(length, 140))


def test_before_says_nothing_of_other_platforms(api: Api) -> None:
    data = {"filename": "a.png", "content_type": "image/png", "data": "AAAA"}
    api.submit("elsewhere", text="copy", platform="other", media=[data])
    case = reported(api, media=[data])
    bound = Visitor(api.instance, api.client, "reviewer", "default")
    assert twin(bound, case)["before"]["copies_total"] == 0
    assert twin(visitor(api, "reviewer"), case)["before"]["copies_total"] == 1


def test_an_entry_says_how_it_has_fared(api: Api) -> None:
    api.bank("known", labels=["threat"])
    entry = api.entry(KNOWN, confirmed=False)["id"]
    restrict = {"outcome": "restrict", "label": "threat", "reason": "It is a threat."}
    for number, body in enumerate([restrict, restrict, {"outcome": "pass", "reason": "A play."}]):
        case = api.submit(f"post-{number}", text=KNOWN, author=f"a-{number}").json()["case"]
        assert api.post(f"/v1/cases/{case}/decide", body).status_code == 200
    case = api.submit("post-9", text=KNOWN, author="a-9").json()["case"]
    person = visitor(api, "reviewer")
    fared = twin(person, case)["fared"][entry]
    assert (fared["upheld"], fared["overturned"]) == (2, 1)
    assert "upheld 2 times, overturned once" in words(person.get(f"/cases/{case}").text)


# Notes


def test_a_note_asks_somebody_to_look_until_they_have(api: Api) -> None:
    case = reported(api)
    rita, ada = visitor(api, "reviewer"), visitor(api, "admin")
    version = api.get(f"/v1/cases/{case}").json()["version"]
    text = f"What do you think, @admin? @nobody, {rita.email}"
    assert rita.send(f"/cases/{case}/note", {"text": text}).status_code == 303
    assert api.get(f"/v1/cases/{case}").json()["version"] > version
    with api.instance.database.begin() as tx:
        (asked,) = mentions_of(tx, f"user:{ada.email}")
        assert (str(asked.case), asked.text) == (case, text)
        assert mentions_of(tx, f"user:{rita.email}") == []
    rita.get(f"/cases/{case}")
    assert api.count("mentions") == 1
    assert text in ada.get(f"/cases/{case}").text
    assert api.count("mentions") == 0


def test_nobody_is_asked_to_look_at_a_platform_that_they_do_not_see(api: Api) -> None:
    case = reported(api)
    elsewhere = Visitor(api.instance, api.client, "curator", "other")
    person = visitor(api, "reviewer")
    person.send(f"/cases/{case}/note", {"text": f"@{elsewhere.email} look"})
    assert (api.count("case_notes"), api.count("mentions")) == (1, 0)


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_a_note_that_is_none_is_refused(api: Api, text: str) -> None:
    case = reported(api)
    answer = visitor(api, "reviewer").send(f"/cases/{case}/note", {"text": text})
    assert answer.status_code == 422
    assert 'id="error-text"' in answer.text
    assert api.count("case_notes") == 0


def test_notes_drafts_and_mentions_are_erased_with_the_item(api: Api) -> None:
    case = reported(api)
    visitor(api, "admin")
    person = visitor(api, "reviewer")
    person.send(f"/cases/{case}/note", {"text": "@admin the words of the post"})
    person.send(f"/cases/{case}/draft", {"reason": "quotes the words of the post"})
    assert [api.count(name) for name in ("case_notes", "mentions", "drafts")] == [1, 1, 1]
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    assert [api.count(name) for name in ("case_notes", "mentions", "drafts")] == [0, 0, 0]
    page = person.get(f"/cases/{case}").text
    assert 'data-testid="erased"' in page
    assert 'data-testid="decide"' not in page
    assert "hello to all of you" not in page
    check_html(page)
    assert person.send(f"/cases/{case}/note", {"text": "too late"}).status_code == 410
    assert api.count("case_notes") == 0


# Drafts


def test_a_draft_comes_back_and_goes_with_the_decision(api: Api) -> None:
    case = reported(api)
    rita, ada = visitor(api, "reviewer"), visitor(api, "admin")
    form = {"outcome": "restrict", "label": "threat", "reason": "half a sent", "revision": "1",
            "undo_seconds": "10", "filter": "queue=reports", "then": "next"}  # fmt: skip
    assert rita.send(f"/cases/{case}/draft", form).status_code == 204
    page = rita.get(f"/cases/{case}").text
    assert ">half a sent</textarea>" in page
    assert re.search('value="restrict" data-testid="outcome-restrict"[^>]* checked', page)
    assert "half a sent" not in ada.get(f"/cases/{case}").text
    kept = twin(rita, case)["draft"]["fields"]
    assert kept == {"outcome": ["restrict"], "label": ["threat"], "reason": ["half a sent"],
                    "revision": ["1"]}  # fmt: skip
    decided = {"outcome": "pass", "reason": "A greeting, and nothing else", "undo_seconds": "0"}
    assert rita.send(f"/cases/{case}/decide", decided).status_code == 303
    assert api.count("drafts") == 0
    assert rita.send(f"/cases/{case}/draft", form).status_code == 204
    assert api.count("drafts") == 0, "what arrives after the decision is none"


def test_a_draft_of_nothing_is_none(api: Api) -> None:
    case = reported(api)
    person = visitor(api, "reviewer")
    person.send(f"/cases/{case}/draft", {"reason": "some words"})
    empty = {"reason": "", "revision": "1", "scope": "item", "ground_kind": "terms"}
    assert person.send(f"/cases/{case}/draft", empty).status_code == 204
    assert api.count("drafts") == 0
    assert person.send(f"/cases/{uuid4()}/draft", {"reason": "x"}).status_code == 404


def test_a_draft_is_no_longer_than_what_a_decision_takes(api: Api) -> None:
    case = reported(api)
    person = visitor(api, "reviewer")
    kept = {"outcome": "pass", "reason": "x" * 4000}
    assert person.send(f"/cases/{case}/draft", kept).status_code == 204
    for name in ("reason", "territory", "ground_reference", "outcome"):
        refused = person.send(f"/cases/{case}/draft", kept | {name: "x" * 300_000})
        assert refused.status_code == 422, name
    many = {"outcome": "lift", "lifts": [str(uuid4()) for _ in range(201)]}
    assert person.send(f"/cases/{case}/draft", many).status_code == 422
    too_long = person.send(f"/cases/{case}/decide", kept | {"reason": "x" * 4001})
    assert too_long.status_code == 422
    assert api.count("decisions") == 0
    assert twin(person, case)["draft"]["fields"]["reason"] == ["x" * 4000]


def test_drafts_go_after_a_week(api: Api, clock: FakeClock) -> None:
    case = reported(api)
    visitor(api, "reviewer").send(f"/cases/{case}/draft", {"reason": "some words"})
    clock.advance(timedelta(days=6, hours=23).total_seconds())
    with api.instance.database.begin() as tx:
        assert drop_old_drafts(tx) == 0
    clock.advance(timedelta(hours=2).total_seconds())
    with api.instance.database.begin() as tx:
        assert drop_old_drafts(tx) == 1
    assert api.count("drafts") == 0


# What others did

MINE = {"outcome": "restrict", "label": "incitement", "exemption": "news", "ground_kind": "law",
        "ground_reference": "Art. 5", "scope": "account", "territory": "DE, FR",
        "until": "2027-01-01T10:00"}  # fmt: skip


def test_who_loses_a_race_keeps_what_they_wrote(api: Api) -> None:
    case = reported(api)
    rita, ada = visitor(api, "reviewer"), visitor(api, "admin")
    rita.send(f"/cases/{case}/draft", {"outcome": "restrict", "reason": "what I had in mind"})
    won = {"outcome": "pass", "reason": "A greeting, and nothing else"}
    assert ada.send(f"/cases/{case}/decide", won).status_code == 303
    mine = MINE | {"reason": "what I have in mind"}
    lost = rita.send(f"/cases/{case}/decide", mine)
    assert lost.status_code == 409
    conflict = lost.text[lost.text.index('data-testid="conflict"') :]
    assert ">admin<" in conflict
    assert ada.email not in conflict
    assert ">what I have in mind</textarea>" in conflict
    assert "autofocus" in conflict[: conflict.index("</section>")]
    check_html(lost.text)
    assert api.count("decisions") == 1
    later = rita.get(f"/cases/{case}").text
    assert ">what I have in mind</textarea>" in later, "what was refused is a draft"
    for text in (lost.text, later):
        told = dict(re.findall(r'data-field="(\w+)"><bdi[^>]*>([^<]*)<', text))
        assert told == {
            "outcome": "restrict", "label": "incitement", "exemption": "news",
            "ground_kind": "Law", "ground_reference": "Art. 5", "scope": "the account",
            "territory": "DE, FR", "until": "2027-01-01T10:00",
        }  # fmt: skip
    assert 'data-testid="conflict"' not in ada.get(f"/cases/{case}").text


def test_a_case_that_was_taken_meanwhile_says_by_whom(api: Api) -> None:
    case = reported(api)
    rita, ada = visitor(api, "reviewer"), visitor(api, "admin")
    ada.send(f"/cases/{case}/claim")
    refused = rita.send(f"/cases/{case}/decide", {"outcome": "pass", "reason": "my own words"})
    assert refused.status_code == 409
    assert 'data-testid="conflict"' in refused.text
    assert "my own words" in refused.text
    assert "my own words" in rita.get(f"/cases/{case}").text, "also when it is loaded anew"
    assert 'data-testid="decide"' not in refused.text
    assert api.count("decisions") == 0
    asked = rita.get(f"/cases/{case}?looked=1").text
    assert 'data-testid="conflict"' in asked, "a page that is open asks how things stand"
    assert twin(rita, case, "?looked=1")["conflict"]["by"] == "user:admin"


def test_a_new_revision_is_shown_as_what_changed(api: Api) -> None:
    case = reported(api, text="The march is on Monday at noon")
    person = visitor(api, "reviewer")
    form = MINE | {"reason": "A march, and lawful", "revision": "1"}
    person.send(f"/cases/{case}/draft", form)
    api.submit("post-1", text="The attack is on Monday at noon")
    report(api, 2)
    refused = person.send(f"/cases/{case}/decide", form)
    assert refused.status_code == 409
    moved = refused.text[refused.text.index('data-testid="moved"') :]
    assert re.search(r"<del>.*?removed:.*?march.*?</del>", moved, re.S)
    assert re.search(r"<ins>.*?added:.*?attack.*?</ins>", moved, re.S)
    assert ">A march, and lawful</textarea>" in refused.text
    assert 'name="revision" value="2"' in refused.text
    assert not re.search('data-testid="outcome-[^>]* checked', refused.text), "to be made anew"
    for kept in ("label-incitement", "exemption-news"):
        assert re.search(f'data-testid="{kept}"[^>]* checked', refused.text), kept
    for kept in ("Art. 5", "DE, FR", "2027-01-01T10:00"):
        assert f'value="{kept}"' in refused.text
    assert api.count("decisions") == 0
    assert 'data-testid="moved"' in person.get(f"/cases/{case}").text, "the draft is of before"
    check_html(refused.text)


def test_the_page_stays_within_the_list_that_it_was_opened_from(api: Api) -> None:
    case = reported(api)
    person = visitor(api, "reviewer")
    page = person.get(f"/cases/{case}?queue=reports").text
    assert page.count('name="filter" value="queue=reports"') >= 3
    form = {"outcome": "restrict", "reason": "no label", "filter": "queue=reports"}
    refused = person.send(f"/cases/{case}/decide", form)
    assert refused.status_code == 422
    assert 'name="filter" value="queue=reports"' in refused.text
    note = person.send(f"/cases/{case}/note", {"text": "hm", "filter": "queue=reports"})
    assert note.headers["location"] == f"/cases/{case}?queue=reports#notes"


def test_labels_and_exemptions_are_choices_with_digits(api: Api) -> None:
    case = case_of(api)["case"]
    page = visitor(api, "reviewer").get(f"/cases/{case}").text
    assert "<select" not in page[page.index('id="panel"') :]
    assert re.search('value="threat" data-testid="label-threat"[^>]* checked', page)
    assert re.search('data-testid="label-incitement"[^>]* data-asks data-digit="1"', page)
    assert re.search('data-testid="exemption-none" data-digit="0"', page)
    assert not re.search('data-testid="exemption-[^>]* checked', page), "no default answer"
    assert "Ground: <bdi data-content>Terms of service: threats of terrorist acts</bdi>" in page


def test_who_holds_it_is_of_one_reading_also_where_it_is_given_back_meanwhile(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, person = reported(api), visitor(api, "reviewer")
    person.send(f"/cases/{case}/claim")
    person.get(
        f"/cases/{case}"
    )  # the first reading is noted, and holds off whoever would change it
    row_of = read.row_of

    def after_it_was_given_back(tx: Tx, case_id: UUID) -> Row:
        with api.instance.database.begin() as other:
            release_case(other, case_id, force=True)
        return row_of(tx, case_id)

    monkeypatch.setattr(read, "row_of", after_it_was_given_back)
    page = person.get(f"/cases/{case}")
    assert page.status_code == 200
    assert "Yours until" in page.text
