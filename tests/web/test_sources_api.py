"""Who told us is kept apart from what they told: encrypted, seen for a purpose, each sight on the record."""

import json
from base64 import b64encode
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests.api import Api
from tests.test_house import everything, holding
from tests.web.test_audit import told
from tests.web.test_holds_api import WHY, hold
from tests.web.visitor import Visitor

from tidegate.access.actions import create_key
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database
from tidegate.pipeline.erase import expire
from tidegate.pipeline.house import SCOPES

NAME, CONTACT, RELATION = "Wiebke Zwergkaninchen", "0555 773 1290", "his neighbour for years"
SOURCE = {"name": NAME, "contact": CONTACT, "relation": RELATION}
PLAIN = {
    **{"id": "r1", "item_id": "post-1", "channel": "tip", "reason": "terrorism"},
    "created_at": "2025-12-31T23:30:00Z",
}
REPORT: dict[str, Any] = PLAIN | {"comment": "he said he would do it", "source": SOURCE}
FOLLOW_UP = {"purpose": "follow_up", "justification": "We call back to ask for the street."}
AT = "/v1/reports/r1/source"


@pytest.fixture
def reported(api: Api) -> bytes:
    """A post and the answer to a report on it that has a source."""
    api.submit(text="what was posted")
    answer = api.post("/v1/reports", REPORT)
    assert answer.status_code == 201, answer.text
    return answer.content


def kept(api: Api) -> dict[str, str]:
    with api.instance.database.begin() as tx:
        return everything(tx)


def of_person(api: Api, role: str, *scopes: str) -> str:
    """A key of a person of that role."""
    person = Visitor(api.instance, api.client, role, email=f"{role}@example.org")
    with api.instance.database.begin() as tx:
        return create_key(tx, SCOPES, f"key of {role}", scopes, user_email=person.email)[1]


def test_it_is_seen_for_a_purpose_and_that_is_told(api: Api, reported: bytes) -> None:
    anna = of_person(api, "admin", "sources:read")
    seen = api.post(AT, FOLLOW_UP, key=anna)
    assert (seen.status_code, seen.json()) == (200, {"report": "r1"} | SOURCE)
    assert seen.headers["cache-control"] == "no-store"
    system = api.key("sources:read", name="dispatch")
    assert api.post(AT, {"purpose": "threat_to_life"}, key=system).status_code == 200
    (second, machine), (first, person) = sorted(
        told(api, "source.read"), key=lambda entry: entry[1]["actor"]
    )
    with api.instance.database.begin() as tx:
        (found,) = tx.execute(sa.text("SELECT id, item_id FROM reports")).all()
    assert first == second == found.item_id
    assert person["report"] == machine["report"] == str(found.id)
    known = {name: person[name] for name in ("purpose", "justification", "actor")}
    assert known == FOLLOW_UP | {"actor": "user:admin@example.org"}
    assert (machine["purpose"], machine["justification"]) == ("threat_to_life", None)
    assert machine["actor"] == "key:dispatch"
    api.post(AT, FOLLOW_UP, key=anna)
    assert len(told(api, "source.read")) == 3, "each sight is an entry"


def test_one_field_is_enough(api: Api) -> None:
    api.submit(text="what was posted")
    assert api.post("/v1/reports", REPORT | {"source": {"contact": CONTACT}}).status_code == 201
    nothing = {"name": None, "relation": None}
    assert api.post(AT, FOLLOW_UP).json() == {"report": "r1", "contact": CONTACT} | nothing


def test_the_whole_database_has_it_nowhere_in_the_clear(
    api: Api, reported: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not after it was sent, sent again, read, refused or damaged; nor in any log line."""
    case = json.loads(reported)["case"]
    said = [reported.decode()]
    wrong = REPORT | {"source": SOURCE | {"shoe": 43}}
    said += [api.post("/v1/reports", body).text for body in (REPORT, wrong, REPORT | {"id": "."})]
    assert api.post(AT, FOLLOW_UP).json()["name"] == NAME
    visitor = Visitor(api.instance, api.client)
    for path in (f"/v1/cases/{case}", f"/v1/cases/{case}/reports", "/v1/items/post-1"):
        said.append(api.get(path).text)
    for path in (f"/cases/{case}", f"/cases/{case}.json", "/cases", "/ledger"):
        said.append(visitor.get(path).text)
    tables = kept(api)
    with api.instance.database.begin() as tx:
        tx.execute(sa.text("UPDATE report_sources SET sealed = sealed || 'x'::bytea"))
    damaged = api.post(AT, FOLLOW_UP)
    assert (damaged.status_code, damaged.json()["type"]) == (500, "/problems/source-damaged")
    assert len(told(api, "source.read")) == 1
    printed = capfd.readouterr()
    said += [damaged.text, printed.out, printed.err]
    for word in (*SOURCE.values(), *NAME.split(), "Wiebke Z"):
        assert holding(tables, word) == set(), word
        base64 = b64encode(word.encode()).decode().rstrip("=")[:-1]
        assert holding(tables, base64) == set(), word
        assert [text for text in said if word in text] == [], word


def test_no_log_line_has_it(
    api: Api, owner: Database, reported: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even one about a fault of the database while it is written."""
    assert api.post(AT, FOLLOW_UP).json()["name"] == NAME
    with owner.begin() as tx:
        tx.execute(sa.text("ALTER TABLE report_sources ADD CHECK (false) NOT VALID"))
    quiet = TestClient(api.client.app, base_url="http://tidegate", raise_server_exceptions=False)
    answer = Api(api.instance, quiet).post("/v1/reports", REPORT | {"id": "r2"})
    assert answer.status_code == 500
    printed = capfd.readouterr()
    assert "request.failed" in printed.out + printed.err, "the fault is logged"
    for text in (printed.out, printed.err, answer.text):
        assert [word for word in (*SOURCE.values(), *NAME.split()) if word in text] == []


@pytest.mark.parametrize(
    ("ask", "pointer"),
    [
        ({"purpose": "follow_up"}, "/justification"),
        (FOLLOW_UP | {"justification": "too short"}, "/justification"),
        (FOLLOW_UP | {"justification": " " * 40}, "/justification"),
        (FOLLOW_UP | {"justification": "x" * 2001}, "/justification"),
        (FOLLOW_UP | {"purpose": "curiosity"}, "/purpose"),
        ({"justification": FOLLOW_UP["justification"]}, "/purpose"),
        (FOLLOW_UP | {"case": "7"}, "/case"),
    ],
)
def test_a_person_who_does_not_say_what_for_sees_nothing(
    api: Api, reported: bytes, ask: dict[str, str], pointer: str
) -> None:
    anna = of_person(api, "admin", "sources:read")
    before = kept(api)
    answer = api.post(AT, ask, key=anna)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert NAME not in answer.text
    assert kept(api) == before


def test_who_may_not_learns_nothing_of_whether_there_is_one(api: Api, reported: bytes) -> None:
    api.post("/v1/reports", PLAIN | {"id": "plain"})
    api.post(
        "/v1/reports?platform=b",
        PLAIN | {"id": "of-b", "item_id": None, "url": "https://b.example/"},
    )
    keys = [api.key("reports:write", "cases:read", "cases:decide", "items:read", "ledger:read")]
    keys += [of_person(api, role, "cases:read") for role in ("auditor", "compliance", "reviewer")]
    bound = api.key("sources:read", platform="b")
    reader = api.key("sources:read")
    before = kept(api)
    for key in keys:
        refused = [api.post(f"/v1/reports/{id}/source", FOLLOW_UP, key=key) for id in ("r1", "no")]
        assert [one.status_code for one in refused] == [403, 403]
        assert {one.json()["type"] for one in refused} == {"/problems/scope-missing"}
    # A report without a source, none at all, another platform's: the same answer to the letter.
    unknown = [
        api.post(f"/v1/reports/{id}/source", FOLLOW_UP, key=reader) for id in ("plain", "no")
    ]
    unknown += [api.post(f"/v1/reports/{id}/source", FOLLOW_UP, key=bound) for id in ("r1", "of-b")]
    unknown += [api.post(f"{AT}?platform=b", FOLLOW_UP, key=reader)]
    assert [one.status_code for one in unknown] == [404] * 5
    told_apart = {json.dumps(one.json() | {"request_id": ""}) for one in unknown}
    assert len(told_apart) == 1
    assert "source-unknown" in told_apart.pop()
    assert kept(api) == before


@pytest.mark.parametrize("role", ["auditor", "compliance", "reviewer", "senior", "intake"])
def test_no_key_of_such_a_person_is_given_the_scope(api: Api, role: str) -> None:
    from tidegate.infra.errors import Refusal

    with pytest.raises(Refusal, match="role"):
        of_person(api, role, "sources:read")


@pytest.mark.parametrize(
    ("source", "pointer"),
    [
        ({}, "/source"),
        ({"name": "  \u200b "}, "/source"),
        ({"name": ""}, "/source/name"),
        ({"name": NAME * 20}, "/source/name"),
        ({"contact": NAME * 40}, "/source/contact"),
        ({"relation": NAME * 40}, "/source/relation"),
        ({"name": 7}, "/source/name"),
        ({"name": NAME, "age": NAME}, "/source/age"),
        (NAME, "/source"),
        ([NAME], "/source"),
    ],
)
def test_a_source_that_cannot_be_taken_is_refused_and_not_repeated(
    api: Api, source: Any, pointer: str
) -> None:
    api.submit(text="what was posted")
    before = kept(api)
    answer = api.post("/v1/reports", PLAIN | {"source": source})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert "Wiebke" not in answer.text
    assert kept(api) == before


def test_a_retry_has_the_same_source(api: Api, reported: bytes) -> None:
    before = kept(api)
    assert api.post("/v1/reports", REPORT).content == reported
    for other in (SOURCE | {"name": "somebody else"}, {"name": NAME}, None):
        answer = api.post("/v1/reports", REPORT | {"source": other})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/report-changed")
    assert kept(api) == before


def sources(api: Api) -> int:
    return api.count("report_sources")


def test_erasure_takes_it(api: Api, reported: bytes) -> None:
    assert sources(api) == 1
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    assert sources(api) == 0
    assert api.post(AT, FOLLOW_UP).status_code == 404


def long_after(api: Api, clock: FakeClock) -> None:
    clock.advance(366 * 86400)
    with api.instance.database.begin() as tx:
        expire(tx, api.instance.settings)


def test_the_end_of_retention_takes_it(api: Api, reported: bytes, clock: FakeClock) -> None:
    long_after(api, clock)
    assert sources(api) == 0
    assert api.post(AT, FOLLOW_UP).json()["type"] == "/problems/source-unknown"


def test_one_about_what_was_gone_already_goes_in_its_time(
    api: Api, reported: bytes, clock: FakeClock
) -> None:
    long_after(api, clock)
    assert api.post("/v1/reports", REPORT | {"id": "late"}).status_code == 201
    with api.instance.database.begin() as tx:
        expire(tx, api.instance.settings)
    assert api.post("/v1/reports/late/source", FOLLOW_UP).json()["name"] == NAME
    long_after(api, clock)
    assert sources(api) == 0


def test_what_only_a_hold_keeps_is_closed(api: Api, reported: bytes, clock: FakeClock) -> None:
    standing = hold(api).json()["id"]
    long_after(api, clock)
    before = kept(api)
    answer = api.post(AT, FOLLOW_UP)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/source-closed")
    assert kept(api) == before
    assert api.post(f"/v1/holds/{standing}/open", WHY).status_code == 201
    assert api.post(AT, FOLLOW_UP).json()["name"] == NAME
