"""One decision for many cases: previewed, carried out case by case, undone as one."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.bulk import carry_on
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.leave import leave_due
from tidegate.review.bulk import drop_previews
from tidegate.review.tables import bulks, cases

WRITTEN = ("decisions", "bulks", "bulk_cases", "case_events", "ledger_pending", "actions")
PASS = {"outcome": "pass", "template": "harmless"}
COPY = "join us on friday at the old bridge and bring all the others along with you"


@pytest.fixture
def person(api: Api) -> Visitor:
    return Visitor(api.instance, api.client, "reviewer")


@pytest.fixture
def reported(api: Api) -> Callable[..., list[str]]:
    """So many reported posts; their cases."""

    def make(count: int, text: str = "post number {}", name: str = "post") -> list[str]:
        made: list[str] = []
        for number in range(count):
            id = f"{name}-{number}"
            api.submit(id, text=text.format(number))
            said = {"id": f"r-{id}", "item_id": id, "channel": "user", "reason": "terrorism"}
            said["created_at"] = "2025-12-31T23:00:00Z"
            made.append(api.post("/v1/reports", said).json()["case"])
        return made

    return make


def written(api: Api) -> list[int]:
    return [api.count(table) for table in WRITTEN]


def previewed(person: Visitor, form: dict[str, Any]) -> str:
    answer = person.send("/cases/bulk/preview", form)
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["location"]).path.removeprefix("/bulk/")


def shown(person: Visitor, bulk: str) -> dict[str, Any]:
    page = person.get(f"/bulk/{bulk}")
    assert page.status_code == 200, page.text
    return person.get(f"/bulk/{bulk}.json").json()


def applied(person: Visitor, bulk: str, **form: str) -> None:
    answer = person.send("/cases/bulk/apply", {"preview": bulk} | form)
    assert answer.status_code == 303, answer.text


def work(api: Api) -> None:
    while carry_on(api.instance, api.instance.pack):
        pass


def turn(api: Api, seconds: float) -> None:
    assert isinstance(api.instance.clock, FakeClock)
    api.instance.clock.advance(seconds)
    leave_due(api.instance)


def outcomes(api: Api, ids: list[str]) -> list[str]:
    """What became of the cases' last decisions."""
    told: list[str] = []
    for id in ids:
        made = api.get(f"/v1/cases/{id}").json()["decisions"]
        told.append(f"{made[-1]['outcome']} {made[-1]['state']}" if made else "none")
    return told


def left_out(page: dict[str, Any]) -> dict[str, int]:
    return {one["why"]: one["count"] for one in page["left_out"]}


def test_a_selection_passes_case_by_case_and_leaves_together(
    api: Api, person: Visitor, reported: Any
) -> None:
    ids = reported(5)
    bulk = previewed(person, PASS | {"case": ids})
    page = shown(person, bulk)
    assert (page["state"], page["total"], page["waiting"]) == ("previewed", 5, 5)
    assert len(page["samples"]) == 5
    assert outcomes(api, ids) == ["none"] * 5
    applied(person, bulk, **PASS)
    work(api)
    assert outcomes(api, ids) == ["pass held"] * 5
    page = shown(person, bulk)
    assert (page["state"], page["decided"], page["undoable"]) == ("done", 5, True)
    made = api.get(f"/v1/cases/{ids[0]}").json()["decisions"][0]
    assert made["decided_by"] == f"user:{person.email}"
    assert made["reason"] == "Looked at by a person: nothing in it is against the rules."
    turn(api, 9)
    assert outcomes(api, ids) == ["pass held"] * 5
    turn(api, 1)
    assert outcomes(api, ids) == ["pass left"] * 5
    assert shown(person, bulk)["undoable"] is False


def test_a_filter_selects_all_that_it_lets_through(
    api: Api, person: Visitor, reported: Any
) -> None:
    reported(3)
    bulk = previewed(person, PASS | {"filter": "queue=reports"})
    assert shown(person, bulk)["total"] == 3
    refused = person.send("/cases/bulk/preview", PASS | {"filter": "queue=nothing"})
    assert refused.status_code == 422


def test_who_is_left_out_is_told_and_why(api: Api, person: Visitor, reported: Any) -> None:
    ids = reported(5)
    other = Visitor(api.instance, api.client, "senior")
    assert other.send(f"/cases/{ids[0]}/claim").status_code == 303
    api.post(f"/v1/cases/{ids[1]}/decide", {"outcome": "pass", "reason": "x"})
    bulk = previewed(person, PASS | {"case": ids})
    assert left_out(shown(person, bulk)) == {"held": 1, "decided": 1}
    applied(person, bulk, **PASS)
    # What happens between the preview and its turn counts, too.
    assert other.send(f"/cases/{ids[2]}/claim").status_code == 303
    with api.instance.database.begin() as tx:
        erase_item(tx, "default", "post-3")
    work(api)
    page = shown(person, bulk)
    assert page["decided"] == 1
    assert left_out(page) == {"held": 2, "decided": 1, "erased": 1}
    assert outcomes(api, ids[4:]) == ["pass held"]


def test_what_was_edited_since_the_preview_is_left_out(
    api: Api, person: Visitor, reported: Any
) -> None:
    ids = reported(2)
    bulk = previewed(person, PASS | {"case": ids})
    api.submit("post-0", text="something else")
    applied(person, bulk, **PASS)
    work(api)
    assert left_out(shown(person, bulk)) == {"changed": 1}


def test_what_another_took_since_the_preview_is_left_out_as_theirs(
    api: Api, person: Visitor, reported: Any
) -> None:
    ids = reported(3)
    bulk = previewed(person, PASS | {"case": ids})
    other = Visitor(api.instance, api.client, "senior")
    assert other.send(f"/cases/{ids[0]}/claim").status_code == 303
    theirs = {"outcome": "pass", "reason": "A greeting, and nothing else"}
    assert other.send(f"/cases/{ids[1]}/decide", theirs).status_code == 303
    applied(person, bulk, **PASS)
    work(api)
    assert left_out(shown(person, bulk)) == {"held": 1, "decided": 1}


def together(api: Api, ids: list[str]) -> None:
    """As the ranking finds copies."""
    from uuid import UUID, uuid4

    with api.instance.database.begin() as tx:
        these = cases.c.id.in_([UUID(id) for id in ids])
        tx.execute(sa.update(cases).where(these).values(same=uuid4()))


def test_only_copies_are_restricted_together(api: Api, person: Visitor, reported: Any) -> None:
    ids = reported(4, COPY, "copy")
    others = reported(2)
    together(api, ids)
    form = {"outcome": "restrict", "label": "propaganda"}
    bulk = previewed(person, form | {"case": ids + others})
    assert left_out(shown(person, bulk)) == {"not-same": 2}
    applied(person, bulk, template="against-the-rules")
    work(api)
    assert outcomes(api, ids) == ["restrict held"] * 4
    assert outcomes(api, others) == ["none"] * 2
    turn(api, 10)
    assert len(api.get("/v1/actions").json()["data"]) == 4
    alone = previewed(person, form | {"case": others})
    assert left_out(shown(person, alone)) == {"not-same": 2}


def test_a_confirmed_exact_match_makes_them_the_same(
    api: Api, person: Visitor, reported: Any
) -> None:
    api.bank()
    api.entry(COPY)
    made: list[str] = []
    for number in range(3):
        api.submit(f"m-{number}", text=COPY, publicness="restricted")
        case = api.get("/v1/items/" + f"m-{number}").json()["cases"][0]
        made.append(case)
    with api.instance.database.begin() as tx:
        tx.execute(sa.update(cases).values(same=None))
    bulk = previewed(person, {"outcome": "restrict", "label": "propaganda", "case": made})
    assert shown(person, bulk)["waiting"] == 3


def test_the_exemption_is_asked_once_for_all(api: Api, person: Visitor, reported: Any) -> None:
    ids = reported(3, COPY)
    together(api, ids)
    bulk = previewed(person, {"outcome": "restrict", "label": "incitement", "case": ids})
    before = written(api)
    form = {"preview": bulk, "template": "against-the-rules"}
    for more in ({}, {"exemption": "news"}, {"label": "no-such"}, {"reason": "x", "template": ""},
                 {"outcome": "pass"}):  # fmt: skip
        assert person.send("/cases/bulk/apply", form | more).status_code == 422, more
    assert written(api) == before
    applied(person, bulk, template="against-the-rules", exemption="none")
    work(api)
    assert outcomes(api, ids) == ["restrict held"] * 3


def test_a_restriction_without_a_label_is_refused(api: Api, person: Visitor, reported: Any) -> None:
    ids = reported(1)
    bulk = previewed(person, {"outcome": "restrict", "case": ids})
    before = written(api)
    form = {"preview": bulk, "reason": "It is against the rules."}
    refused = person.send("/cases/bulk/apply", form, headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/label")
    assert person.send("/cases/bulk/apply", form).status_code == 422
    assert written(api) == before


@pytest.mark.parametrize("outcome", ["escalate", "lift", "", "x"])
def test_other_outcomes_are_decided_case_by_case(
    api: Api, person: Visitor, reported: Any, outcome: str
) -> None:
    ids = reported(2)
    before = written(api)
    refused = person.send("/cases/bulk/preview", {"outcome": outcome, "case": ids})
    assert refused.status_code == 422
    assert written(api) == before


def test_nobody_sees_or_applies_what_another_has_selected(
    api: Api, person: Visitor, reported: Any
) -> None:
    ids = reported(2)
    bulk = previewed(person, PASS | {"case": ids})
    other = Visitor(api.instance, api.client, "senior")
    bound = Visitor(api.instance, api.client, "reviewer", "shop")
    before = written(api)
    assert other.get(f"/bulk/{bulk}").status_code == 404
    assert other.send("/cases/bulk/apply", PASS | {"preview": bulk}).status_code == 404
    assert other.send(f"/bulk/{bulk}/undo").status_code == 404
    assert person.send("/cases/bulk/apply", PASS | {"preview": "x"}).status_code == 404
    assert bound.send("/cases/bulk/preview", PASS | {"case": ids}).status_code == 422
    assert written(api) == before


def test_one_undo_takes_back_all_of_it(api: Api, person: Visitor, reported: Any) -> None:
    ids = reported(4)
    bulk = previewed(person, PASS | {"case": ids})
    applied(person, bulk, **PASS)
    work(api)
    bar = re.search(r'data-testid="undo-bar"[^>]*>.*?</form>', person.get("/cases").text, re.S)
    assert bar is not None
    assert f'action="/bulk/{bulk}/undo"' in bar[0]
    assert "4 cases decided together" in bar[0]
    turn(api, 9)
    assert person.send(f"/bulk/{bulk}/undo").status_code == 303
    turn(api, 5)  # promised: nothing leaves any more, whenever the worker comes to it
    assert outcomes(api, ids) == ["pass held"] * 4
    work(api)
    assert outcomes(api, ids) == ["pass undone"] * 4
    page = shown(person, bulk)
    assert (page["state"], page["undone"]) == ("undone", 4)
    assert {api.get(f"/v1/cases/{id}").json()["state"] for id in ids} == {"open"}
    turn(api, 7200)
    assert outcomes(api, ids) == ["pass undone"] * 4


def test_what_has_not_begun_never_does(
    api: Api, person: Visitor, reported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker dies after two; then it is undone."""
    ids = reported(5)
    bulk = previewed(person, PASS | {"case": ids})
    applied(person, bulk, **PASS)
    monkeypatch.setattr("tidegate.pipeline.bulk.STEP", 2)
    carry_on(api.instance, api.instance.pack)
    assert sorted(outcomes(api, ids)) == ["none"] * 3 + ["pass held"] * 2
    assert shown(person, bulk)["state"] == "running"
    turn(api, 60)  # what is decided waits for the end
    assert sorted(outcomes(api, ids)) == ["none"] * 3 + ["pass held"] * 2
    assert person.send(f"/bulk/{bulk}/undo").status_code == 303
    work(api)
    assert sorted(outcomes(api, ids)) == ["none"] * 3 + ["pass undone"] * 2
    assert left_out(shown(person, bulk)) == {"stopped": 3}


def test_who_is_shut_out_or_may_less_decides_no_more_by_it(
    api: Api, reported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.pipeline.bulk.STEP", 2)
    for number, (verb, form) in enumerate([("disable", {}), ("role", {"role": "auditor"})]):
        person = Visitor(api.instance, api.client, "reviewer", email=f"r{number}@example.org")
        ids = reported(5, name=f"of-{number}")
        applied(person, previewed(person, PASS | {"case": ids}), **PASS)
        carry_on(api.instance, api.instance.pack)
        assert sorted(outcomes(api, ids)) == ["none"] * 3 + ["pass held"] * 2
        admin = Visitor(api.instance, api.client, email=f"a{number}@example.org")
        at = next(
            one["id"]
            for one in admin.get("/people.json").json()["people"]
            if one["email"] == person.email
        )
        assert admin.send(f"/people/{at}/{verb}", form).status_code == 303
        work(api)
        turn(api, 60)
        assert sorted(outcomes(api, ids)) == ["none"] * 3 + ["pass undone"] * 2
        assert {api.get(f"/v1/cases/{one}").json()["state"] for one in ids} == {"open"}


@pytest.mark.parametrize("filter", ["langg=fr", "lang=fr&foo=bar", "?zz=1"])
def test_a_slip_in_the_filter_selects_nothing(
    api: Api, person: Visitor, reported: Any, filter: str
) -> None:
    reported(2)
    token, before = person.csrf(), written(api)
    form = PASS | {"filter": filter, "csrf": token}
    assert person.send("/cases/bulk/preview", form, csrf=False).status_code == 422
    assert written(api) == before


def test_the_template_of_the_preview_is_the_reason_that_is_applied(
    api: Api, person: Visitor, reported: Any
) -> None:
    ids = reported(2)
    bulk = previewed(person, {"outcome": "pass", "template": "exempt", "case": ids})
    applied(person, bulk)
    work(api)
    reasons = {api.get(f"/v1/cases/{one}").json()["decisions"][-1]["reason"] for one in ids}
    (reason,) = reasons
    assert (
        reason == "It reports, studies, depicts or counters such content, and does not spread it."
    )


def test_what_was_undone_never_leaves_however_long_the_worker_was_away(
    api: Api, person: Visitor, reported: Any
) -> None:
    ids = reported(3)
    bulk = previewed(person, PASS | {"case": ids})
    applied(person, bulk, **PASS)
    work(api)
    assert person.send(f"/bulk/{bulk}/undo").status_code == 303
    turn(api, 3700)
    assert outcomes(api, ids) == ["pass held"] * 3
    work(api)
    assert outcomes(api, ids) == ["pass undone"] * 3


def test_a_bulk_goes_on_where_it_was_killed(
    api: Api, person: Visitor, reported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = reported(5)
    bulk = previewed(person, PASS | {"case": ids})
    applied(person, bulk, **PASS)
    monkeypatch.setattr("tidegate.pipeline.bulk.STEP", 2)
    carry_on(api.instance, api.instance.pack)
    work(api)
    assert outcomes(api, ids) == ["pass held"] * 5
    assert api.count("decisions") == 5


def test_too_late_and_twice_are_refused(api: Api, person: Visitor, reported: Any) -> None:
    ids = reported(2)
    bulk = previewed(person, PASS | {"case": ids})
    assert person.send(f"/bulk/{bulk}/undo").status_code == 409
    applied(person, bulk, **PASS)
    before = written(api)
    assert person.send("/cases/bulk/apply", PASS | {"preview": bulk}).status_code == 409
    assert written(api) == before
    work(api)
    turn(api, 10)
    before = written(api)
    assert person.send(f"/bulk/{bulk}/undo").status_code == 409
    assert written(api) == before


def test_what_was_written_is_forgotten(api: Api, person: Visitor, reported: Any) -> None:
    ids = reported(2)
    reason = {"outcome": "pass", "reason": "words about what anna wrote"}
    waiting = previewed(person, reason | {"case": ids})
    bulk = previewed(person, reason | {"case": ids[:1]})
    applied(person, bulk, **reason)
    work(api)
    with api.instance.database.begin() as tx:
        erase_item(tx, "default", "post-1")
        kept = {str(row.id): row.decision for row in tx.execute(sa.select(bulks))}
    assert kept == {waiting: {"outcome": "pass"}, bulk: {"outcome": "pass"}}
    assert isinstance(api.instance.clock, FakeClock)
    api.instance.clock.advance(24 * 3600)
    with api.instance.database.begin() as tx:
        assert drop_previews(tx) == 1
    assert api.count("bulks") == 1
