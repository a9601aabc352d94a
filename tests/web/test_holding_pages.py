"""Holding a case at the console: by forms and by scripts, within the filter that one works in."""

import msgspec
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock

SCRIPT = {"Accept": "application/json"}


def person(api: Api, role: str = "reviewer", name: str = "rita") -> Visitor:
    return Visitor(api.instance, api.client, role, email=f"{name}@example.org")


def reported(api: Api, clock: FakeClock, count: int = 1) -> list[str]:
    """So many cases that wait, in this order."""
    found: list[str] = []
    for _ in range(count):
        clock.advance(1)
        number = api.count("cases")
        api.submit(f"said-{number}", text=f"What is said in post {number}")
        report = {"id": f"r-{number}", "channel": "user", "reason": "terrorism"}
        report |= {"item_id": f"said-{number}", "created_at": "2026-01-01T10:00:00Z"}
        found.append(api.post("/v1/reports", report).json()["case"])
    return found


def case(api: Api, id: str) -> dict[str, object]:
    return api.get(f"/v1/cases/{id}").json()


def test_reading_holds_nothing_and_a_script_claims(api: Api, clock: FakeClock) -> None:
    (id,) = reported(api, clock)
    rita = person(api)
    assert rita.get(f"/cases/{id}").status_code == 200
    assert case(api, id)["state"] == "open"
    answer = rita.send(f"/cases/{id}/claim", {"filter": "queue=reports"}, headers=SCRIPT)
    assert answer.status_code == 200
    told = answer.json()
    assert told["location"] == f"/cases/{id}?queue=reports"
    assert told["held_by"] == "rita"
    clock.advance(60)
    later = rita.send(f"/cases/{id}/here", {"used": "1"}, headers=SCRIPT).json()
    assert later["held_until"] > told["held_until"]
    still = rita.send(f"/cases/{id}/here", headers=SCRIPT).json()
    assert still["held_until"] == later["held_until"], "it was not used meanwhile"
    assert [one["kind"] for one in case(api, id)["events"]].count("claimed") == 1  # type: ignore[union-attr]


def test_a_claim_that_cannot_be_had_is_told_to_the_script(api: Api, clock: FakeClock) -> None:
    (id,) = reported(api, clock)
    rita, sam = person(api), person(api, "reviewer", "sam")
    sam.send(f"/cases/{id}/claim")
    refused = rita.send(f"/cases/{id}/claim", headers=SCRIPT)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/case-claimed")
    assert refused.json()["claimed_by"] == "user:sam"


def test_too_many_claims_are_refused_by_name_and_next_leads_to_ones_own(
    api: Api, clock: FakeClock
) -> None:
    api.instance.settings = msgspec.structs.replace(api.instance.settings, claims_per_person=1)
    first, second = reported(api, clock, 2)
    rita = person(api)
    rita.send(f"/cases/{first}/claim")
    refused = rita.send(f"/cases/{second}/claim", headers=SCRIPT)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many-claims")
    assert refused.json()["held"] == [{"case": first, "item": "said-0", "platform": "default"}]
    page = rita.send(f"/cases/{second}/claim")
    assert page.status_code == 409
    assert "said-0" in page.text
    assert case(api, second)["state"] == "open"


def test_next_stays_within_the_filter_and_goes_past_what_was_read(
    api: Api, clock: FakeClock
) -> None:
    first, second = reported(api, clock, 2)
    rita = person(api)
    form = {"filter": "queue=reports", "from": first}
    to = rita.send("/cases/next", form).headers["location"]
    assert to == f"/cases/{second}?queue=reports&done=claimed"
    assert rita.get(to).status_code == 200
    to = rita.send("/cases/next", {"filter": "queue=entries"}).headers["location"]
    assert to == "/cases?queue=entries&done=none-left"
    assert case(api, second)["state"] == "open", "it was given back"
    assert rita.send("/cases/next", {"from": "nonsense"}).status_code == 422


def test_leaving_gives_back_only_ones_own(api: Api, clock: FakeClock) -> None:
    (id,) = reported(api, clock)
    rita, sam = person(api), person(api, "reviewer", "sam")
    rita.send(f"/cases/{id}/claim")
    assert sam.send(f"/cases/{id}/release", {"left": "1"}).status_code == 204
    assert case(api, id)["state"] == "claimed"
    assert rita.send(f"/cases/{id}/release", {"left": "1"}).status_code == 204
    assert case(api, id)["state"] == "open"
    assert rita.send(f"/cases/{id}/release", {"left": "1"}).status_code == 204


def test_skip_goes_on_to_the_next_and_wants_one_of_four_reasons(api: Api, clock: FakeClock) -> None:
    first, second = reported(api, clock, 2)
    rita = person(api)
    rita.send(f"/cases/{first}/claim")
    for reason in ("", "bored"):
        assert rita.send(f"/cases/{first}/skip", {"reason": reason}).status_code == 422
    assert api.count("case_skips") == 0
    assert case(api, first)["state"] == "claimed"
    form = {"reason": "not-for-me", "filter": "queue=reports"}
    answer = rita.send(f"/cases/{first}/skip", form)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/cases/{second}?queue=reports"
    assert case(api, first)["state"] == "open"
    api.post(f"/v1/cases/{first}/decide", {"outcome": "pass", "reason": "x"})
    refused = rita.send(f"/cases/{first}/skip", {"reason": "language"}, headers=SCRIPT)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/case-decided")
    assert api.count("case_skips") == 1


def test_nobody_skips_what_another_holds(api: Api, clock: FakeClock) -> None:
    (id,) = reported(api, clock)
    rita, ada = person(api), person(api, "admin", "ada")
    rita.send(f"/cases/{id}/claim")
    refused = ada.send(f"/cases/{id}/skip", {"reason": "language"})
    assert refused.status_code == 409
    assert 'data-testid="conflict"' in refused.text
    assert (case(api, id)["claimed_by"], case(api, id)["state"]) == (
        "user:rita@example.org",
        "claimed",
    )
    assert api.count("case_skips") == 0
    clock.advance(3600)
    assert ada.send(f"/cases/{id}/skip", {"reason": "language"}).status_code == 303


def test_who_skipped_is_on_no_page(api: Api, clock: FakeClock) -> None:
    (id,) = reported(api, clock)
    rita, ada = person(api), person(api, "admin", "ada")
    assert rita.send(f"/cases/{id}/skip", {"reason": "know-somebody"}).status_code == 303
    for path in (f"/cases/{id}", f"/cases/{id}.json", "/cases", "/ledger", "/"):
        assert "rita@" not in ada.get(path).text, path
    assert "rita@" not in api.get(f"/v1/cases/{id}").text


def test_only_a_senior_takes_over_and_says_why(api: Api, clock: FakeClock) -> None:
    (id,) = reported(api, clock)
    rita, sam, sue = person(api), person(api, "reviewer", "sam"), person(api, "senior", "sue")
    why = {"reason": "The clock is short."}
    assert sue.send(f"/cases/{id}/take-over", why).status_code == 409, "nobody holds it"
    rita.send(f"/cases/{id}/claim")
    assert sam.send(f"/cases/{id}/take-over", why).status_code == 403
    assert sue.send(f"/cases/{id}/take-over").status_code == 422
    assert case(api, id)["claimed_by"] == "user:rita@example.org"
    answer = sue.send(f"/cases/{id}/take-over", why)
    assert answer.headers["location"] == f"/cases/{id}?done=taken-over"
    assert case(api, id)["claimed_by"] == "user:sue@example.org"
    refused = rita.send(f"/cases/{id}/decide", {"outcome": "pass", "reason": "It is a joke."})
    assert refused.status_code == 409


def test_presence_is_bound_to_what_one_may_read(api: Api, clock: FakeClock) -> None:
    (id,) = reported(api, clock)
    bound = Visitor(api.instance, api.client, "reviewer", "elsewhere", email="eve@example.org")
    auditor = person(api, "auditor", "otto")
    assert bound.send(f"/cases/{id}/here", headers=SCRIPT).status_code == 404
    assert bound.get(f"/cases/{id}").status_code == 404
    assert auditor.get(f"/cases/{id}").status_code == 200, "they may not work on it"
    assert api.count("case_readers") == 0
    assert person(api).get(f"/cases/{id}").status_code == 200
    assert api.count("case_readers") == 1
