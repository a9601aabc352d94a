"""Deciding on the pages: what is asked, where it leads, what waits, and how it is undone."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.access.sent_forms import drop_sent_forms
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.leave import leave_due
from tidegate.review.tables import drafts

WRITTEN = (  # the drafts are the sixth
    "decisions",
    "restrictions",
    "actions",
    "ledger_pending",
    "case_events",
    "drafts",
    "sent_forms",
)
PASS = {"outcome": "pass", "template": "harmless", "reason": "", "then": "stay"}
RESTRICT = {
    "outcome": "restrict",
    "label": "propaganda",
    "reason": "It is made by a banned group.",
    "then": "stay",
}


@pytest.fixture
def person(api: Api) -> Visitor:
    return Visitor(api.instance, api.client, "reviewer")


def reported(api: Api, id: str = "post-1", **fields: Any) -> str:
    """A post that somebody reports; its case."""
    api.submit(id, text=f"a text of {id}")
    said = {"id": f"r-{id}", "item_id": id, "channel": "user", "reason": "terrorism"}
    said |= {"created_at": "2025-12-31T23:00:00Z"} | fields
    return api.post("/v1/reports", said).json()["case"]


@pytest.fixture
def case(api: Api) -> str:
    return reported(api)


def turn(api: Api, seconds: float) -> None:
    assert isinstance(api.instance.clock, FakeClock)
    api.instance.clock.advance(seconds)
    leave_due(api.instance)


def written(api: Api) -> list[int]:
    return [api.count(table) for table in WRITTEN]


def undo_of(location: str) -> str:
    (id,) = parse_qs(urlsplit(location).query)["undo"]
    return id


def decisions(api: Api, item: str = "post-1") -> list[dict[str, Any]]:
    return api.get(f"/v1/items/{item}").json()["decisions"]


def test_a_template_is_reason_enough(api: Api, person: Visitor, case: str) -> None:
    answer = person.send(f"/cases/{case}/decide", PASS)
    assert answer.status_code == 303, answer.text
    assert urlsplit(answer.headers["location"]).path == f"/cases/{case}"
    (made,) = decisions(api)
    assert made["reason"] == "Looked at by a person: nothing in it is against the rules."
    assert (made["id"], made["state"]) == (undo_of(answer.headers["location"]), "held")
    assert parse_qs(urlsplit(answer.headers["location"]).query)["done"] == ["decided"]


def test_a_template_is_finished_with_the_label_and_its_ground(
    api: Api, person: Visitor, case: str
) -> None:
    form = RESTRICT | {"reason": "", "template": "against-the-rules"}
    assert person.send(f"/cases/{case}/decide", form).status_code == 303
    assert decisions(api)[0]["reason"] == (
        "A person found it to be propaganda. Ground: Terms of service: propaganda of terrorist and"
        " violent extremist groups."
    )


def test_it_waits_as_long_as_is_usual_or_as_the_form_says(api: Api, person: Visitor) -> None:
    waits: list[Any] = []
    for place, more in enumerate(
        ({}, {"undo_seconds": "3.5"}, {"undo_seconds": "0"}, {"scope": "account"})
    ):
        case = reported(api, f"post-{place}")
        answer = person.send(f"/cases/{case}/decide", RESTRICT | more)
        assert answer.status_code == 303, answer.text
        (made,) = decisions(api, f"post-{place}")
        waits.append(made["leaves_at"])
    assert waits == [
        "2026-01-01T00:00:10Z",
        "2026-01-01T00:00:03.500000Z",
        None,
        "2026-01-01T00:00:30Z",
    ]


def test_what_is_about_a_life_says_that_it_does_not_wait(api: Api, person: Visitor) -> None:
    case = reported(api, "post-1")
    said = "what you decide leaves at once and cannot be taken back"
    assert said not in person.get(f"/cases/{case}").text
    threat = {"id": "t", "item_id": "post-1", "channel": "user", "reason": "threat_to_life"}
    answer = api.post("/v1/reports", threat | {"created_at": "2025-12-31T23:00:00Z"})
    assert answer.status_code == 201, answer.text
    assert said in person.get(f"/cases/{case}").text


def test_next_goes_on_to_the_next_case_within_the_list(api: Api, person: Visitor) -> None:
    first, second = reported(api, "post-1"), reported(api, "post-2")
    form = PASS | {"then": "next", "filter": "queue=reports"}
    location = person.send(f"/cases/{first}/decide", form).headers["location"]
    asked = parse_qs(urlsplit(location).query)
    assert urlsplit(location).path == f"/cases/{second}"
    assert (asked["queue"], asked["done"]) == (["reports"], ["decided"])
    assert asked["undo"] == [decisions(api, "post-1")[0]["id"]]
    assert api.get(f"/v1/cases/{second}").json()["state"] == "claimed"
    assert person.get(location).status_code == 200
    last = person.send(f"/cases/{second}/decide", form).headers["location"]
    assert urlsplit(last).path == "/cases"
    assert person.get(last).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "too short"}, "reason"),
        ({"reason": "x", "template": "harmless"}, "reason"),
        ({"reason": "", "template": "harmless"}, "template"),  # it is one for a pass
        ({"reason": "", "template": "no-such"}, "template"),
        ({"reason": "", "template": "known"}, "template"),  # nothing matched
        ({"label": ""}, "label"),
        ({"label": "incitement"}, "exemption"),
        ({"label": "glorification"}, "exemption"),
        ({"outcome": ""}, "outcome"),
        ({"undo_seconds": "121"}, "undo_seconds"),
        ({"undo_seconds": "soon"}, "undo_seconds"),
        ({"undo_seconds": "nan"}, "undo_seconds"),
        ({"undo_seconds": "1_0"}, "undo_seconds"),
        ({"undo_seconds": "٣"}, "undo_seconds"),
        ({"undo_seconds": "-0"}, "undo_seconds"),
        ({"undo_seconds": "1e1"}, "undo_seconds"),
        ({"revision": "abc"}, "revision"),
        ({"revision": "١"}, "revision"),
        ({"revision": "0"}, "revision"),
        ({"revision": "1000000000000"}, "revision"),
        ({"template": "no-such"}, "template"),  # whatever else was written
    ],
)
def test_what_is_refused_writes_nothing_and_keeps_what_was_typed(
    api: Api, person: Visitor, case: str, change: dict[str, str], field: str
) -> None:
    form = RESTRICT | {"territory": "de, fr"} | change
    before = written(api)
    refused = person.send(f"/cases/{case}/decide", form)
    assert refused.status_code == 422, refused.text
    assert "de, fr" in refused.text
    told = person.send(f"/cases/{case}/decide", form, headers={"Accept": "application/json"})
    assert [one["pointer"] for one in told.json()["errors"]] == [f"/{field}"]
    assert written(api) == [*before[:5], 1, before[6]], "but the draft"
    later = person.get(f"/cases/{case}")
    assert "de, fr" in later.text, "which is there when the page is loaded anew"


def test_a_form_that_comes_again_skips_no_question(api: Api, person: Visitor, case: str) -> None:
    """Whoever replays a decision of another case under another label is asked all the same."""
    form = RESTRICT | {"label": "incitement", "exemption": "none"}
    assert person.send(f"/cases/{case}/decide", form).status_code == 303
    other = reported(api, "post-2")
    del form["exemption"]
    key = {"Idempotency-Key": "k", "Accept": "application/json"}
    before = written(api)
    for _ in range(2):
        assert person.send(f"/cases/{other}/decide", form, headers=key).status_code == 422
    assert written(api) == [*before[:5], before[5] + 1, before[6]]


def test_the_loser_of_a_race_is_told_who_won_and_keeps_the_text(
    api: Api, person: Visitor, case: str
) -> None:
    other = Visitor(api.instance, api.client, "senior")
    assert other.send(f"/cases/{case}/decide", PASS).status_code == 303
    before = written(api)
    lost = person.send(f"/cases/{case}/decide", RESTRICT)
    assert lost.status_code == 409
    assert written(api) == [*before[:5], before[5] + 1, before[6]]


# --- Undo ---


def bar(text: str) -> str | None:
    found = re.search(r'data-testid="undo-bar"[^>]*', text)
    return found and found[0]


def test_the_bar_is_on_every_page_until_it_left(api: Api, person: Visitor, case: str) -> None:
    assert bar(person.get("/cases").text) is None
    person.send(f"/cases/{case}/decide", RESTRICT)
    (made,) = decisions(api)
    for path in ("/", "/cases", f"/cases/{case}", "/account", "/items"):
        page = person.get(path).text
        shown = bar(page)
        assert shown is not None, path
        assert 'data-leaves-at="2026-01-01T00:00:10+00:00"' in shown
        assert f'action="/decisions/{made["id"]}/undo"' in page
        assert "Restricted" in page
    html = {"accept": "text/html"}
    other_case = reported(api, "post-2")
    refused = [
        person.get("/cases/nope", headers=html),
        person.get("/nope", headers=html),
        person.get("/cases?band=9", headers=html),
        person.get("/keys", headers=html),
        person.send(f"/cases/{case}/decide", RESTRICT),
        person.send(f"/cases/{other_case}/decide", RESTRICT | {"reason": "no"}),
        person.send(f"/cases/{other_case}/skip", {"reason": "bored"}),
        person.send(f"/cases/{other_case}/skip", {"reason": "bored"}, csrf=False),
    ]
    assert [one.status_code for one in refused] == [404, 404, 422, 403, 409, 422, 422, 403]
    for page in refused:
        assert bar(page.text) is not None, page.status_code
    other = Visitor(api.instance, api.client, "senior")
    assert bar(other.get("/cases").text) is None
    turn(api, 10)
    assert bar(person.get("/cases").text) is None


def test_undo_leads_back_to_the_case_with_all_that_was_typed(
    api: Api, person: Visitor, case: str
) -> None:
    form = RESTRICT | {"territory": "de, fr", "template": "wins-people"}
    made = undo_of(person.send(f"/cases/{case}/decide", form).headers["location"])
    undone = person.send(f"/decisions/{made}/undo")
    assert undone.status_code == 303, undone.text
    assert undone.headers["location"] == f"/cases/{case}?done=undone"
    assert "Undone." in person.get(undone.headers["location"]).text
    told = person.get(f"/cases/{case}.json").json()
    assert (told["state"], told["decision"]["state"]) == ("claimed", "undone")
    with api.instance.database.begin() as tx:
        kept = tx.execute(sa.select(drafts.c.person, drafts.c.fields)).one()
    assert kept.person == f"user:{person.email}"
    typed = {name: value for name, value in form.items() if name != "then"}
    assert {name: values[-1] for name, values in kept.fields.items()} == typed
    shown = api.get(f"/v1/cases/{case}").json()
    assert (shown["state"], shown["claimed_by"]) == ("claimed", f"user:{person.email}")
    turn(api, 100)
    assert api.get("/v1/actions").json()["data"] == []


def test_what_was_typed_is_forgotten_when_it_leaves(api: Api, person: Visitor, case: str) -> None:
    person.send(f"/cases/{case}/decide", RESTRICT)
    assert api.count("drafts") == 1
    turn(api, 10)
    assert api.count("drafts") == 0
    at_once = reported(api, "post-2")
    person.send(f"/cases/{at_once}/decide", RESTRICT | {"undo_seconds": "0"})
    assert api.count("drafts") == 0


def test_too_late_leads_to_the_form_that_lifts(api: Api, person: Visitor, case: str) -> None:
    made = undo_of(person.send(f"/cases/{case}/decide", RESTRICT).headers["location"])
    turn(api, 10)
    before = written(api)
    late = person.send(f"/decisions/{made}/undo")
    assert late.status_code == 303
    page = person.get(late.headers["location"]).text
    assert "It has left already and cannot be undone any more." in page
    assert '<details id="lift" open>' in page
    assert written(api) == before


def test_nobody_undoes_what_is_not_theirs(api: Api, person: Visitor, case: str) -> None:
    made = undo_of(person.send(f"/cases/{case}/decide", RESTRICT).headers["location"])
    other = Visitor(api.instance, api.client, "senior")
    elsewhere = Visitor(api.instance, api.client, "reviewer", "shop")
    reader = Visitor(api.instance, api.client, "auditor")
    before = written(api)
    assert other.send(f"/decisions/{made}/undo").status_code == 403
    assert elsewhere.send(f"/decisions/{made}/undo").status_code == 404
    assert reader.send(f"/decisions/{made}/undo").status_code == 403
    assert person.send(f"/decisions/{made}/undo", csrf=False).status_code == 403
    assert person.send("/decisions/none/undo").status_code == 404
    assert written(api) == before


# --- Forms that a script sends again ---

SCRIPT = {"Accept": "application/json", "Idempotency-Key": "one"}


def test_the_same_form_again_gets_its_first_answer(api: Api, person: Visitor, case: str) -> None:
    reported(api, "post-2")
    form = PASS | {"then": "next"}
    first = person.send(f"/cases/{case}/decide", form, headers=SCRIPT)
    assert first.status_code == 200, first.text
    before = written(api)
    again = person.send(f"/cases/{case}/decide", form, headers=SCRIPT)
    assert again.json() == first.json()
    assert written(api) == before
    assert len(decisions(api)) == 1


def test_another_form_under_the_key_is_refused(api: Api, person: Visitor, case: str) -> None:
    person.send(f"/cases/{case}/decide", PASS, headers=SCRIPT)
    other = reported(api, "post-2")
    before = written(api)
    for path, form in ((f"/cases/{case}", RESTRICT), (f"/cases/{other}", PASS)):
        refused = person.send(f"{path}/decide", form, headers=SCRIPT)
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "/problems/idempotency-key-reused",
        )
    assert written(api) == before


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_cannot_be_used_is_refused(
    api: Api, person: Visitor, case: str, key: str
) -> None:
    before = written(api)
    headers = SCRIPT | {"Idempotency-Key": key}
    assert person.send(f"/cases/{case}/decide", PASS, headers=headers).status_code == 422
    assert written(api) == before


def test_a_refused_form_is_not_kept(api: Api, person: Visitor, case: str) -> None:
    """Whoever mends it sends another form; whoever was refused for the moment sends the same."""
    other = Visitor(api.instance, api.client, "senior")
    assert other.send(f"/cases/{case}/claim").status_code == 303
    assert person.send(f"/cases/{case}/decide", PASS, headers=SCRIPT).status_code == 409
    assert other.send(f"/cases/{case}/release").status_code == 303
    assert person.send(f"/cases/{case}/decide", PASS, headers=SCRIPT).status_code == 200


def test_each_person_has_keys_of_their_own_for_a_day(api: Api, person: Visitor, case: str) -> None:
    other = Visitor(api.instance, api.client, "senior")
    person.send(f"/cases/{case}/decide", PASS, headers=SCRIPT)
    second = reported(api, "post-2")
    assert other.send(f"/cases/{second}/decide", PASS, headers=SCRIPT).status_code == 200
    assert isinstance(api.instance.clock, FakeClock)
    with api.instance.database.begin() as tx:
        assert drop_sent_forms(tx) == 0
    api.instance.clock.advance(24 * 3600)
    with api.instance.database.begin() as tx:
        assert drop_sent_forms(tx) == 2
