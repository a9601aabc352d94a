"""The page of figures: none of few, one's own for oneself, those of people for seniors, and never ranked."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from tests.api import Api
from tests.web.test_deciding import reported
from tests.web.test_find_page import walk
from tests.web.test_second_eyes_http import ACCOUNT, PASS, SECRET, Three, told
from tests.web.visitor import Visitor

from tidegate.decisions.looks import ask, change
from tidegate.decisions.second import Answer, Choice
from tidegate.decisions.tables import looks
from tidegate.infra.db import Tx
from tidegate.pipeline.blind import ask_again
from tidegate.policy.actions import activate_pack, default_source, store_pack

ANNA, BERT = "user:anna@example.org", "user:bert@example.org"


def seed(api: Api, case: str, pairs: list[tuple[str, str]]) -> None:
    """Blind looks that were answered so, by Anna and Bert."""

    def keep(tx: Tx) -> None:
        item = tx.execute(sa.text("SELECT id FROM items")).scalar_one()
        for pair in pairs:
            answers = [
                Answer(
                    by=BERT,
                    at=tx.now,
                    choice=Choice(outcome=word),
                    reason="x",
                    given={},
                    revision=1,
                )
                for word in pair
            ]
            look = ask(
                tx,
                "double",
                "agreed",
                case_id=UUID(case),
                item_id=item,
                revision=1,
                answers=answers,
                people=[ANNA, BERT],
                label="propaganda",
                language="de",
            )
            assert look is not None
            change(tx, look, ended_at=tx.now)

    with api.instance.database.begin() as tx:
        keep(tx)


def test_of_few_nothing_is_said(api: Api) -> None:
    team, case = Three(api), reported(api)
    seed(api, case, [("pass", "escalate")] * 49)
    page = told(team.bert, "/quality.json")
    for group in (page["all"], page["own"], *page["labels"]):
        assert group["agreement"] == {"n": 49, "value": None, "low": None, "high": None}
    assert (page["double_rate"], page["gold_rate"], page["people"]) == (0.05, 0.01, None)
    shown = team.bert.get("/quality").text
    assert "too few: 49 of 50" in shown
    assert 'data-testid="chart"' not in shown


def test_seniors_see_people_by_name_and_with_an_interval(api: Api) -> None:
    team, case = Three(api), reported(api)
    seed(api, case, [("pass", "pass")] * 30 + [("escalate", "pass")] * 10)
    seed(api, case, [("escalate", "escalate")] * 20)
    page = told(team.sara, "/quality.json")
    assert [one["name"] for one in page["people"]] == ["anna", "bert"]
    for group in (page["all"], *page["people"], *page["labels"], *page["languages"]):
        figure = group["agreement"]
        assert figure["n"] == 60
        assert figure["low"] < figure["value"] < figure["high"]
    assert [one["name"] for one in page["labels"]] == ["propaganda"]
    assert [one["name"] for one in page["languages"]] == ["de"]
    shown = team.sara.get("/quality").text
    assert 'data-testid="quality-people"' in shown
    assert shown.count('data-testid="chart"') == 2
    assert shown.count('data-testid="chart-table"') == 3
    assert 'data-testid="quality-people"' not in team.anna.get("/quality").text
    assert "user:" not in shown


def test_others_platforms_are_not_in_it(api: Api) -> None:
    team, case = Three(api), reported(api)
    seed(api, case, [("pass", "pass")] * 60)
    far = Visitor(api.instance, api.client, "senior", "elsewhere")
    page = told(far, "/quality.json")
    assert (page["all"]["agreement"]["n"], page["people"], page["labels"]) == (0, [], [])
    assert team


def test_a_pack_may_ask_keys_too(api: Api) -> None:
    case = reported(api)
    source = default_source().replace('name = "tvec"\nversion = 3', 'name = "mine"\nversion = 1')
    with api.instance.database.begin() as tx:
        store_pack(tx, source + "\n[second_eyes]\napi = true\n")
        activate_pack(tx, "mine", 1)
    body = {"outcome": "restrict", "label": "propaganda", "reason": "all of it",
            "restriction": {"scope": "account"}}  # fmt: skip
    first = api.post(f"/v1/cases/{case}/decide", body)
    assert (first.status_code, first.json()["state"]) == (202, "proposed")
    said = api.client.get("/openapi.json").json()
    answers = said["paths"]["/v1/cases/{id}/decide"]["post"]["responses"]
    name = answers["202"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert said["components"]["schemas"][name]["properties"].keys() == first.json().keys()
    again = api.post(f"/v1/cases/{case}/decide", body)
    assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (409, "same-person")
    assert api.get("/v1/actions").json()["data"] == []
    second = api.post(f"/v1/cases/{case}/decide", body, key=api.key("cases:decide"))
    assert (second.status_code, second.json()["state"]) == (200, "decided")
    assert len(api.get("/v1/actions").json()["data"]) == 1


def test_a_blind_look_s_page_says_nothing_of_the_first(api: Api) -> None:
    team, case = Three(api), reported(api)
    before = team.bert.get(f"/cases/{case}").text
    form = ACCOUNT | {"scope": "item", "undo_seconds": "0"}
    assert team.anna.send(f"/cases/{case}/decide", form).status_code == 303
    _ask(api)
    (row,) = told(team.bert, "/cases.json")["cases"]
    assert row["id"] != case
    assert told(team.anna, "/cases.json")["cases"] == []
    assert told(team.anna, "/cases.json?state=decided")["total"] == 1
    page = told(team.bert, f"/cases/{row['id']}.json")
    assert (page["second"], page["before"]["decisions"], page["restrictions"]) == (None, [], [])
    assert "lift" not in page["panel"]["outcomes"]
    item = page["item_id"]
    for path in (f"/cases/{row['id']}", f"/items/{item}", f"/items/{item}.json", "/cases",
                 "/cases.json?state=decided", "/"):  # fmt: skip
        said = team.bert.get(path).text
        assert SECRET not in said, path
        assert "anna" not in said, path
    assert team.bert.get(f"/cases/{case}").status_code == 404
    assert 'data-testid="decide"' in before
    assert team.bert.send(f"/cases/{row['id']}/decide", PASS).status_code == 303
    assert team.bert.get(f"/cases/{case}").status_code == 404  # it can still be undone
    assert api.get(f"/v1/cases/{row['id']}").status_code == 404


def test_looking_for_it_tells_a_blind_look_nothing(api: Api) -> None:
    team, case = Three(api), reported(api)
    form = ACCOUNT | {"scope": "item", "undo_seconds": "0"}
    assert team.anna.send(f"/cases/{case}/decide", form).status_code == 303
    _ask(api)
    asked = ("outcome:restrict", f"by:{team.anna.email}", "label:propaganda", "after:7d")
    walk(api)
    known = {q: _found_by(team.bert, q) for q in asked}
    assert known["outcome:restrict"]["decisions"] == 1
    (row,) = told(team.bert, "/cases.json")["cases"]
    page = told(team.bert, f"/cases/{row['id']}.json")  # from here on, they have it before them
    for q in asked:
        said = _found_by(team.bert, q)
        assert said["decisions"] == 0, q
        assert said["items"] == (1 if q == "after:7d" else 0), q
    said = told(team.bert, "/find.json?q=after:7d")
    assert [one["restricted"] for one in said["items"]] == [False]
    assert told(team.bert, f"/items.json?id={page['item']}")["item"]["restricted_by"] is None
    assert (
        team.bert.send(f"/cases/{row['id']}/decide", PASS | {"undo_seconds": "0"}).status_code
        == 303
    )
    assert (
        _found_by(team.bert, "outcome:restrict")["decisions"] == 1
    )  # answered: no secret any more


def test_a_threat_to_life_ends_a_blind_look(api: Api) -> None:
    team, case = Three(api), reported(api)
    form = ACCOUNT | {"scope": "item", "undo_seconds": "0"}
    assert team.anna.send(f"/cases/{case}/decide", form).status_code == 303
    _ask(api)
    report = {
        "id": "threat",
        "channel": "user",
        "reason": "threat_to_life",
        "item_id": told(team.bert, f"/cases/{case}.json")["item"],
    }
    report["created_at"] = "2025-12-31T23:30:00Z"
    answer = api.post("/v1/reports", report)
    assert answer.status_code == 201, answer.text
    with api.instance.database.begin() as tx:
        assert tx.execute(sa.select(looks.c.state)).scalars().all() == ["withdrawn"]
    rows = told(team.bert, "/cases.json")["cases"]
    assert [(row["id"], row["band"]) for row in rows] == [(answer.json()["case"], 0)]


def _found_by(person: Visitor, q: str) -> dict[str, int]:
    tabs = told(person, f"/find.json?q={q}")["tabs"]
    return {one["name"]: one["count"] for one in tabs}


def _ask(api: Api) -> None:
    clock: Any = api.instance.clock
    clock.advance(3700)
    with api.instance.database.begin() as tx:
        key = api.instance.secrets.terms_key
        assert ask_again(tx, key, double_rate=1, gold_rate=0) == 1
        assert tx.execute(sa.select(looks.c.state)).scalars().all() == ["open"]
