"""Trusted flaggers are registered and looked at; who floods us with nonsense is warned, then not heard."""

from typing import Any
from uuid import uuid4

import pytest
from tests.api import Api
from tests.test_house import everything
from tests.web.test_audit import told

from tidegate.access.actions import create_key
from tidegate.access.bounds import Bounds
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.intake.flaggers import bind_key
from tidegate.intake.notifiers import sweep_measures
from tidegate.pipeline.house import SCOPES

ORG = {"name": "Hotline e. V.", "contact": "desk@hotline.example", "areas": ["terrorism", "hate"]}
WHY = {"reason": "four notices in May were about nothing"}
UNTIL = "2026-01-31T00:00:00Z"


def kept(api: Api) -> dict[str, str]:
    with api.instance.database.begin() as tx:
        return everything(tx)


def report(api: Api, id: str, key: str | None = None, **fields: Any) -> Any:
    body: dict[str, Any] = {
        **{"id": id, "channel": "notice", "reason": "hate", "reporter": "bert"},
        "created_at": "2025-12-31T23:30:00Z",
    }
    if "item_id" not in fields:
        body["url"] = f"https://example.org/{id}"
    return api.post("/v1/reports", body | fields, key=key)


@pytest.fixture
def flagger(api: Api) -> str:
    answer = api.post("/v1/flaggers", ORG)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def key_of(api: Api, flagger: str, platform: str | None = None) -> str:
    from uuid import UUID

    with api.instance.database.begin() as tx:
        bounds = Bounds(channels=("trusted_flagger",))
        name = f"of a flagger {uuid4().hex[:6]}"
        id, token = create_key(tx, SCOPES, name, ["reports:write"], platform, bounds=bounds)
        bind_key(tx, id, platform, UUID(flagger))
    return token


def test_a_flagger_is_registered_and_read(api: Api, flagger: str) -> None:
    found = api.get(f"/v1/flaggers/{flagger}").json()
    assert {name: found[name] for name in ORG} == ORG
    assert (found["state"], found["platform"], found["suspended_reason"]) == ("active", None, None)
    nothing = {"n": 0, "value": None, "low": None, "high": None}
    assert found["quality"] == {"reports": 0, "decided": 0, "acted": 0, "precision": nothing}
    assert [one["id"] for one in api.get("/v1/flaggers").json()["data"]] == [flagger]
    other = api.post("/v1/flaggers", {"name": "Another", "platform": "b"}).json()
    page = api.get("/v1/flaggers?limit=1").json()
    rest = api.get(f"/v1/flaggers?limit=1&cursor={page['next']}").json()
    assert {page["data"][0]["id"], rest["data"][0]["id"]} == {flagger, other["id"]}
    assert rest["next"] is None
    (created, _) = (record for _, record in told(api, "flagger.created"))
    assert "hotline" not in str(created).lower()


@pytest.mark.parametrize(
    ("fields", "status", "what"),
    [
        ({"name": ""}, 422, "/name"),
        ({"name": " Hotline"}, 422, "/name"),
        ({"name": "x" * 201}, 422, "/name"),
        ({"areas": ["x"] * 51}, 422, "/areas"),
        ({"areas": [""]}, 422, "/areas/0"),
        ({"platform": "b c"}, 422, "/platform"),
        ({"contact": "x" * 501}, 422, "/contact"),
        ({"key": "x"}, 422, "/key"),
        ({}, 409, "flagger-exists"),
        ({"name": "HOTLINE E. V."}, 409, "flagger-exists"),
    ],
)
def test_what_cannot_be_registered_is_refused(
    api: Api, flagger: str, fields: dict[str, Any], status: int, what: str
) -> None:
    before = kept(api)
    answer = api.post("/v1/flaggers", ORG | fields)
    assert answer.status_code == status, answer.text
    assert what in answer.text
    assert kept(api) == before


def test_its_key_says_whose_reports_they_are_and_outcomes_say_how_good(
    api: Api, flagger: str, clock: FakeClock
) -> None:
    key = key_of(api, flagger)
    decision = {
        "restrict": {"outcome": "restrict", "label": "propaganda"},
        "pass": {"outcome": "pass"},
    }
    for place, outcome in enumerate(["restrict"] * 3 + ["pass", None]):
        api.submit(f"post-{place}", text=f"words of {place}")
        sent = report(api, f"r{place}", key, channel="trusted_flagger", item_id=f"post-{place}")
        assert sent.status_code == 201, sent.text
        report(api, f"other-{place}", item_id=f"post-{place}", reporter="another")
        clock.advance(1)
        if outcome is not None:
            said = decision[outcome] | {"reason": "as the flagger says, or not"}
            answer = api.post(f"/v1/cases/{sent.json()['case']}/decide", said)
            assert answer.status_code == 200, answer.text
    lifted = {"outcome": "lift", "reason": "it was a museum"}
    assert api.post("/v1/items/post-0/decisions", lifted).status_code == 201
    clock.advance(31 * 86400)
    report(api, "late", key, channel="trusted_flagger")
    found = api.get(f"/v1/flaggers/{flagger}").json()
    counts = {name: found["quality"][name] for name in ("reports", "decided", "acted")}
    assert counts == {"reports": 6, "decided": 4, "acted": 2}
    assert found["quality"]["precision"] == {"n": 4, "value": None, "low": None, "high": None}
    months = [(one["month"], one["reports"], one["acted"]) for one in found["months"]]
    assert months == [("2026-02", 1, 0), ("2026-01", 5, 2)]


def test_a_suspended_flagger_is_no_trusted_one_but_for_a_threat_to_life(
    api: Api, flagger: str
) -> None:
    key = key_of(api, flagger)
    first = report(api, "before", key, channel="trusted_flagger")
    suspended = api.post(f"/v1/flaggers/{flagger}/suspend", WHY).json()
    assert (suspended["state"], suspended["suspended_reason"]) == ("suspended", WHY["reason"])
    before = kept(api)
    refused = report(api, "meanwhile", key, channel="trusted_flagger")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/flagger-suspended")
    assert api.post(f"/v1/flaggers/{flagger}/suspend", WHY).status_code == 409
    again = report(api, "before", key, channel="trusted_flagger")
    assert again.content == first.content
    assert kept(api) == before
    threat = {"channel": "trusted_flagger", "reason": "threat_to_life"}
    assert report(api, "threat", key, **threat).status_code == 201
    assert report(api, "as anybody", key).status_code == 201
    assert api.post(f"/v1/flaggers/{flagger}/resume", WHY).json()["state"] == "active"
    assert api.post(f"/v1/flaggers/{flagger}/resume", WHY).status_code == 409
    assert report(api, "meanwhile", key, channel="trusted_flagger").status_code == 201
    assert [one["reason"] for _, one in told(api, "flagger.suspended", "flagger.resumed")] == [
        WHY["reason"]
    ] * 2


def test_a_key_is_of_the_flaggers_platform(api: Api) -> None:
    of_b = api.post("/v1/flaggers", ORG | {"platform": "b"}).json()["id"]
    before = kept(api)
    for platform in ("a", None):
        with pytest.raises(Refusal, match="registered for b"):
            key_of(api, of_b, platform)
    with pytest.raises(Refusal, match="GET /v1/flaggers"):
        key_of(api, str(uuid4()))
    assert kept(api) == before
    bound = api.key("flaggers:write", platform="a")
    answers = [api.post(f"/v1/flaggers/{of_b}/suspend", WHY, key=bound)]
    everybodys = api.post("/v1/flaggers", {"name": "of all"}).json()["id"]
    answers.append(api.post(f"/v1/flaggers/{everybodys}/suspend", WHY, key=bound))
    answers.append(api.post("/v1/flaggers", ORG | {"platform": "b"}, key=bound))
    assert [one.status_code for one in answers] == [404, 403, 403]
    own = api.post("/v1/flaggers", {"name": "of a"}, key=bound).json()
    assert own["platform"] == "a"
    assert {one["name"] for one in api.get("/v1/flaggers", key=bound).json()["data"]} == {
        "of all",
        "of a",
    }


@pytest.fixture
def bert(api: Api) -> str:
    """The pseudonym of somebody who reported."""
    case = report(api, "r1").json()["case"]
    (first,) = api.get(f"/v1/cases/{case}/reports").json()["data"]
    return first["reporter"]


def test_who_was_warned_is_suspended_for_a_while_that_ends(
    api: Api, bert: str, clock: FakeClock
) -> None:
    at = f"/v1/notifiers/{bert}"
    assert api.get(at).json()["state"] == "none"
    before = kept(api)
    early = api.post(f"{at}/suspend", WHY | {"until": UNTIL})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/notifier-not-warned")
    assert api.post(f"{at}/lift", WHY).json()["type"] == "/problems/notifier-free"
    assert kept(api) == before
    assert api.post(f"{at}/warn", WHY).json()["state"] == "warned"
    assert report(api, "r2").status_code == 201, "a warning stops nothing"
    suspended = api.post(f"{at}/suspend", WHY | {"until": UNTIL}).json()
    assert (suspended["state"], suspended["until"]) == ("suspended", UNTIL)
    assert [one["verb"] for one in suspended["measures"]] == ["suspend", "warn"]
    first = api.post("/v1/reports", {})  # what is wrong is told first
    assert first.status_code == 422
    before = kept(api)
    refused = report(api, "r3")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/notifier-suspended")
    assert refused.json()["until"] == UNTIL
    assert report(api, "r2").status_code == 201, "a retry of what was taken is answered"
    assert kept(api) == before
    assert report(api, "r4", reason="threat_to_life").status_code == 201
    assert report(api, "r5", reporter="another").status_code == 201
    assert report(api, "r6", reporter=None).status_code == 201
    on_b = api.post("/v1/reports?platform=b", {**report_of_b(), "reporter": "bert"})
    assert on_b.status_code == 201, "of another platform it is another pseudonym"
    clock.advance(30 * 86400)
    assert report(api, "r3").status_code == 201
    assert api.get(at).json()["state"] == "warned"
    assert api.get(at).json()["quality"]["reports"] == 4


def report_of_b() -> dict[str, Any]:
    return {
        **{"id": "b", "channel": "notice", "reason": "hate", "url": "https://b.example/"},
        "created_at": "2025-12-31T23:30:00Z",
    }


def test_a_lift_ends_all_of_it(api: Api, bert: str) -> None:
    at = f"/v1/notifiers/{bert}"
    api.post(f"{at}/warn", WHY)
    api.post(f"{at}/suspend", WHY | {"until": UNTIL})
    assert api.post(f"{at}/lift", WHY).json()["state"] == "none"
    assert report(api, "r3").status_code == 201
    assert api.post(f"{at}/suspend", WHY | {"until": UNTIL}).status_code == 409
    kinds = ("notifier.warned", "notifier.suspended", "notifier.lifted")
    entries = [record for _, record in told(api, *kinds)]
    assert len(entries) == 3
    assert bert not in str(entries), "the pseudonym is in the table alone"


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("warn", {"reason": " "}, "/reason"),
        ("warn", {}, "/reason"),
        ("lift", {"reason": "\u200b"}, "/reason"),
        ("suspend", WHY, "/until"),
        ("suspend", WHY | {"until": "2025-12-31T23:59:59Z"}, "/until"),
        ("suspend", WHY | {"until": "2027-06-01T00:00:00Z"}, "/until"),
        ("suspend", WHY | {"until": "2026-01-31T00:00:00"}, "/until"),
        ("suspend", {"reason": " ", "until": UNTIL}, "/reason"),
    ],
)
def test_what_is_no_measure_is_refused(
    api: Api, bert: str, verb: str, body: dict[str, str], pointer: str
) -> None:
    api.post(f"/v1/notifiers/{bert}/warn", WHY)
    before = kept(api)
    answer = api.post(f"/v1/notifiers/{bert}/{verb}", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert kept(api) == before


def test_nobody_is_no_notifier(api: Api, bert: str) -> None:
    before = kept(api)
    bodies: dict[str, dict[str, str]] = {
        "warn": WHY,
        "suspend": WHY | {"until": UNTIL},
        "lift": WHY,
    }
    for who, query in (("nobody", ""), (bert, "?platform=b")):
        assert api.get(f"/v1/notifiers/{who}{query}").status_code == 404
        for verb, body in bodies.items():
            answer = api.post(f"/v1/notifiers/{who}/{verb}{query}", body)
            assert answer.json()["type"] == "/problems/notifier-unknown", answer.text
    assert kept(api) == before


def test_measures_are_forgotten_once_they_count_no_more(
    api: Api, bert: str, clock: FakeClock
) -> None:
    at = f"/v1/notifiers/{bert}"
    api.post(f"{at}/warn", WHY)
    clock.advance(366 * 86400)
    with api.instance.database.begin() as tx:
        assert sweep_measures(tx) == 0
    assert api.get(at).json()["state"] == "none"
    clock.advance(366 * 86400)
    with api.instance.database.begin() as tx:
        assert sweep_measures(tx) == 1
