"""People appear to each other by a name, never by an address, wherever something can be printed or
exported; within, in `/v1` and in the ledger, they are who they were."""

import re
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.api import Api
from tests.web.test_audit import report
from tests.web.two_platforms import seal_all
from tests.web.visitor import Visitor

import tidegate
from tidegate.access.names import rename
from tidegate.infra.errors import Refusal
from tidegate.web.pages.called import ACTORS, Names
from tidegate.web.permissions import permissions

RITA, SAM = "rita@example.org", "sam@example.org"
DECISION = {"outcome": "pass", "reason": "nothing is wrong with it"}
# Made for scripts, for admins, and a stream that would go on.
LEFT_OUT = ("/v1/", "/people", "/metrics", "/events")


@pytest.fixture
def rita(api: Api) -> Visitor:
    person = Visitor(api.instance, api.client, "senior", email=RITA)
    with api.instance.database.begin() as tx:
        rename(tx, RITA, "Rita R.")
    return person


@pytest.fixture
def sam(api: Api) -> Visitor:
    return Visitor(api.instance, api.client, "admin", email=SAM)


def test_pages_and_their_twins_name_nobody_by_their_address(
    api: Api, rita: Visitor, sam: Visitor
) -> None:
    api.submit(text="a post")
    case = report(api)
    item = api.get("/v1/items/post-1").json()
    assert rita.send(f"/cases/{case}/claim").status_code == 303
    pages = [f"/cases/{case}", "/cases", "/"]
    twins = [f"/cases/{case}.json", "/cases.json", "/index.json"]
    for where in (*pages, *twins):
        said = sam.get(where)
        assert said.status_code == 200
        assert RITA not in said.text, where
    assert "Rita R." in sam.get(f"/cases/{case}").text
    assert sam.get(f"/cases/{case}.json").json()["case"]["claimed_by"] == "user:Rita R."
    refused = sam.send(f"/cases/{case}/claim")
    assert refused.status_code == 409
    assert RITA not in refused.text
    script = sam.send(f"/cases/{case}/claim", headers={"accept": "application/json"})
    assert script.json()["claimed_by"] == "user:Rita R."
    assert "Rita R. holds it until" in script.json()["detail"]
    # For programs, and on the record, they are who they are.
    assert api.get(f"/v1/cases/{case}").json()["claimed_by"] == f"user:{RITA}"
    assert rita.send(f"/cases/{case}/decide", DECISION).status_code == 303
    assert item["id"] == "post-1"
    for where in (*pages, *twins):
        assert RITA not in sam.get(where).text, where
    decided = api.get(f"/v1/cases/{case}").json()["decisions"]
    assert decided[0]["decided_by"] == f"user:{RITA}"


def test_the_ledger_s_page_has_names_and_its_api_what_the_hashes_commit_to(
    api: Api, rita: Visitor, sam: Visitor
) -> None:
    seal_all(api)
    page, twin = sam.get("/ledger").text, sam.get("/ledger.json")
    assert RITA not in page + twin.text
    assert "Rita R." in page
    made = [one for one in twin.json()["entries"] if one["kind"] == "user.created"]
    assert {one["record"]["email"] for one in made} == {"Rita R.", "sam"}
    signed_in = [one for one in twin.json()["entries"] if one["kind"] == "session.opened"]
    assert {one["record"]["email"] for one in signed_in} == {"Rita R.", "sam"}
    assert RITA in api.get("/v1/ledger").text


def test_ones_own_page_and_the_list_of_people_have_addresses(
    api: Api, rita: Visitor, sam: Visitor
) -> None:
    assert RITA in rita.get("/account").text
    assert "<bdi data-content>Rita R.</bdi></a>" in rita.get("/").text
    assert RITA in sam.get("/people.json").text


def test_no_page_nor_twin_has_anybody_s_address(api: Api, rita: Visitor, sam: Visitor) -> None:
    """Of all pages but those on which administrators administer people, after somebody did all sorts of
    things."""
    bank = Visitor(api.instance, api.client, "curator", email="curt@example.org")
    assert bank.send("/banks", {"name": "known", "stance": "known"}).status_code == 303
    form = {"text": "a text that is known", "labels": "propaganda"}
    assert bank.send("/banks/known/entries", form).status_code == 303
    entry = api.get("/v1/banks/known/entries").json()["data"][0]["id"]
    assert (
        bank.send(f"/banks/known/entries/{entry}/confirm", {"undo_seconds": "0"}).status_code == 303
    )
    for id in ("post-1", "post-2"):
        api.submit(id, text=f"a post {id}")
    held, decided = report(api), report(api, "report-2", item_id="post-2")
    assert rita.send(f"/cases/{held}/note", {"text": "@sam look"}).status_code == 303
    assert rita.send(f"/cases/{held}/claim").status_code == 303
    escalated = {"outcome": "escalate", "reason": "somebody has to look at it now"}
    assert rita.send(f"/cases/{decided}/decide", escalated).status_code == 303
    alert = sam.get("/alerts.json").json()["ringing"][0]["id"]
    assert rita.send(f"/alerts/{alert}/acknowledge").status_code == 303
    assert (
        rita.send("/cases/filters", {"name": "mine", "query": "queue=reports"}).status_code == 303
    )
    seal_all(api)
    with api.instance.database.begin() as tx:
        items = tx.connection.exec_driver_sql("SELECT id FROM items").scalars().all()
    ids = {
        "case": [held, decided],
        "item": list(map(str, items)),
        "bank": ["known"],
        "entry": [entry],
    }
    looked = 0
    for one in permissions():
        named = re.findall(r"\{(\w+)\}", one.path)
        if one.method != "GET" or one.path.startswith(LEFT_OUT):
            continue
        if not set(named) <= ids.keys():
            continue
        for values in product(*(ids[name] for name in named)):
            path = one.path.format(**dict(zip(named, values, strict=True)))
            for where in (path, "/index.json" if path == "/" else f"{path}.json"):
                said = sam.get(where).text
                assert RITA not in said, where
                assert bank.email not in said, where
                looked += 1
    assert looked > 40


def test_whoever_did_something_is_known_as_somebody_in_every_twin() -> None:
    """A new field for who did something says so in `called.ACTORS`."""
    not_people = {"restricted_by", "began_by", "known_by", "noted_by", "ended_by", "group_by"}
    modules = Path(tidegate.__file__).parent.rglob("*.py")
    fields = re.compile(r"^    (\w+_by): (?:str|list\[str\])", re.MULTILINE)
    found = {name for path in modules for name in fields.findall(path.read_text())}
    assert found - not_people <= ACTORS


def test_what_was_posted_is_not_taken_for_somebody(api: Api, rita: Visitor) -> None:
    attributes = {"by": f"user:{RITA}", "note": "x"}
    api.submit(text=f"user:{RITA}", attributes=attributes)
    case = report(api)
    twin = rita.get(f"/cases/{case}.json").json()
    assert twin["content"]["content"]["text"] == f"user:{RITA}"
    assert twin["content"]["content"]["attributes"] == attributes


def names(api: Api) -> Names:
    return Names(api.instance.database.begin)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"claimed_by": f"user:{RITA}"}, {"claimed_by": "user:Rita R."}),
        ({"readers": [f"user:{RITA}", "key:x"]}, {"readers": ["user:Rita R.", "key:x"]}),
        ([{"detail": {"from": f"user:{RITA}"}}], [{"detail": {"from": "user:Rita R."}}]),
        ({"text": f"user:{RITA}"}, {"text": f"user:{RITA}"}),
        ({"content": {"by": f"user:{RITA}"}}, {"content": {"by": f"user:{RITA}"}}),
        ({"by": "user:gone@example.org"}, {"by": "user:gone"}),
        ({"by": "rule:tvec/known"}, {"by": "rule:tvec/known"}),
        ({"by": None, "n": 1}, {"by": None, "n": 1}),
    ],
)
def test_names_stand_where_somebody_is_named(
    api: Api, rita: Visitor, value: Any, said: Any
) -> None:
    assert names(api).within(value) == said


def test_a_refusal_says_names_in_its_sentences(api: Api, rita: Visitor) -> None:
    given = Refusal(
        "x",
        409,
        "x",
        f"user:{RITA} holds it, (user:{RITA}) too, and so does user:{RITA}.",
        case=uuid4(),
        claimed_by=f"user:{RITA}",
    )
    said = names(api).refused(given)
    assert said.detail == "Rita R. holds it, (Rita R.) too, and so does Rita R.."
    assert said.extra["claimed_by"] == "user:Rita R."
    plain = Refusal("x", 409, "x", "somebody@example.org said so")
    assert names(api).refused(plain) is plain
