"""From decisions to what is learnt, and from that to the places of cases, with everything between them real."""

from typing import Any

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.triage.test_learned import posts

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.learning import learn_outcomes, learn_urgency
from tidegate.pipeline.ranking import rank_waiting
from tidegate.review.tables import cases
from tidegate.triage.models import newest_model, read_learner
from tidegate.triage.records import record_of
from tidegate.triage.tables import learned_models


def turn(api: Api, seconds: float) -> None:
    clock = api.instance.clock
    assert isinstance(clock, FakeClock)
    clock.advance(seconds)


def work(api: Api) -> None:
    """What the worker does."""
    for step in (learn_outcomes, learn_urgency, rank_waiting):
        for _ in range(50):
            with api.instance.database.begin() as tx:
                if not step(tx, api.instance):
                    break


def reported(api: Api, id: str, text: str, **fields: Any) -> str:
    assert api.submit(id, text=text, **fields).status_code == 200
    body = {"id": f"r-{id}", "channel": "user", "reason": "terrorism", "item_id": id,
            "reporter": "somebody", "created_at": "2025-12-31T23:30:00Z"}  # fmt: skip
    answer = api.post("/v1/reports", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["case"]


def decide(api: Api, case: str, *, urgent: bool, **more: Any) -> None:
    body = {"outcome": "restrict", "label": "propaganda"} if urgent else {"outcome": "pass"}
    body |= {"reason": "as people saw it"} | more
    answer = api.post(f"/v1/cases/{case}/decide", body)
    assert answer.status_code == 200, answer.text


def teach(api: Api, number: int = 70) -> None:
    for n, (text, urgent) in enumerate(posts(number)):
        decide(api, reported(api, f"taught-{n}", text, language="en"), urgent=urgent)


def learned(api: Api, item: str) -> dict[str, Any]:
    found = api.get("/v1/cases?state=waiting").json()["data"]
    case = next(one for one in found if one["item"] == item)
    return next(part for part in case["priority"]["parts"] if part["name"] == "learned")


def test_what_people_acted_on_before_comes_first(api: Api) -> None:
    reported(api, "calm", "the game at the square was fine")
    reported(api, "urgent", "we need water, please help")
    assert learned(api, "urgent")["points"] == learned(api, "calm")["points"] == 0
    teach(api)
    work(api)
    assert learned(api, "urgent")["points"] == 0, "what can be undone is not learnt from yet"
    turn(api, 3600)
    work(api)
    with api.instance.database.begin() as tx:
        model = newest_model(tx)
        scored = set(
            tx.execute(sa.select(cases.c.scored_by).where(cases.c.state != "decided")).scalars()
        )
    assert model is not None
    assert model.decisions == 70
    assert len(scored) == 1, "what waits is ranked anew by what was learnt"
    assert learned(api, "urgent")["points"] > learned(api, "calm")["points"] > 0
    waiting = [one["item"] for one in api.get("/v1/cases?state=waiting").json()["data"]]
    assert waiting == ["urgent", "calm"]
    assert {one["band"] for one in api.get("/v1/cases?state=waiting").json()["data"]} == {4}
    # It goes on from where it was.
    decide(api, reported(api, "more", "send a doctor now"), urgent=True)
    turn(api, 3600)
    work(api)
    with api.instance.database.begin() as tx:
        newest = newest_model(tx)
        kept = tx.execute(sa.select(sa.func.count(learned_models.c.replay))).scalar_one()
    assert newest is not None
    assert (newest.decisions, newest.version, kept) == (71, model.version + 1, 1)


def test_an_undone_decision_teaches_nothing_and_an_erased_item_says_nothing(api: Api) -> None:
    case = reported(api, "undone", "we need water")
    body = {"outcome": "restrict", "label": "propaganda", "reason": "too quick", "undo_seconds": 60}
    decision = api.post(f"/v1/cases/{case}/decide", body).json()["decision"]
    assert api.post(f"/v1/decisions/{decision}/undo").status_code == 200
    gone = reported(api, "gone", "please help us")
    decide(api, gone, urgent=True)
    assert api.call("DELETE", "/v1/items/gone").status_code == 204
    turn(api, 3600)
    work(api)
    with api.instance.database.begin() as tx:
        assert read_learner(tx, to_learn=True)[1].decisions == 0


def test_what_can_still_be_undone_is_waited_for(api: Api) -> None:
    """Nothing that came after it is read before it has left."""
    case = reported(api, "held", "we need water")
    body = {"outcome": "pass", "reason": "fine as it is", "undo_seconds": 120}
    assert api.post(f"/v1/cases/{case}/decide", body).status_code == 200
    turn(api, 1)
    decide(api, reported(api, "later", "a film"), urgent=False)
    turn(api, 3600)  # nobody has carried it out
    with api.instance.database.begin() as tx:
        assert learn_outcomes(tx, api.instance) == 0


def test_a_reporter_is_told_right_or_wrong_once_for_each_decision(api: Api) -> None:
    case = reported(api, "post", "something")
    decide(api, case, urgent=False)
    turn(api, 600)
    work(api)
    work(api)
    with api.instance.database.begin() as tx:
        (reporter,) = tx.connection.exec_driver_sql(
            "SELECT DISTINCT reporter FROM reports"
        ).scalars()
        assert (record_of(tx, reporter).upheld, record_of(tx, reporter).rejected) == (0, 1)
    assert api.post(f"/v1/cases/{case}/claim").status_code == 409
    decide(api, reported(api, "other", "something else"), urgent=True)
    turn(api, 600)
    work(api)
    with api.instance.database.begin() as tx:
        assert (record_of(tx, reporter).upheld, record_of(tx, reporter).rejected) == (1, 1)


@pytest.mark.parametrize("step", [learn_outcomes, learn_urgency])
def test_two_processes_learn_from_a_decision_once(api: Api, step: Any) -> None:
    decide(api, reported(api, "post", "something"), urgent=False)
    turn(api, 3600)
    database = api.instance.database
    with database.begin() as first:
        assert step(first, api.instance) == 1
    decide(api, reported(api, "more", "something else"), urgent=False)
    turn(api, 3600)
    with database.begin() as first:
        assert step(first, api.instance) == 1
        with database.begin() as second:
            assert step(second, api.instance) == 0
