"""A brigade: very many reports by coordinated accounts about one lawful post. It does not stand higher than what
five independent people say, and a real threat stays before it."""

from random import Random
from typing import Any

import pytest
from tests.api import Api

from tidegate.infra.clock import FakeClock
from tidegate.intake.model import ReportIn
from tidegate.pipeline.ranking import rank_waiting
from tidegate.pipeline.report import submit_report

WORDS = "this is vile and must be taken down at once, it breaks every rule there is"
FEW, MANY = 30, pytest.param(1000, marks=pytest.mark.long)


class Crowd:
    """People who report, one after the other."""

    def __init__(self, api: Api, seed: int = 1) -> None:
        self.api = api
        self.random = Random(seed)
        self.sent = 0
        clock = api.instance.clock
        assert isinstance(clock, FakeClock)
        self.clock = clock

    def say(self, item: str, reporter: str | None, seconds: float = 0.0, **more: Any) -> None:
        self.clock.advance(seconds)
        self.sent += 1
        with self.api.instance.database.begin("key:reports") as tx:
            report = ReportIn(
                id=f"report-{self.sent}",
                channel="user",
                reason=more.pop("reason", "terrorism"),
                created_at=tx.now,
                item_id=item,
                reporter=reporter,
                **more,
            )
            submit_report(tx, self.api.instance, report, platform="default")

    def words(self) -> str:
        """Something of one's own."""
        return " ".join(self.random.choice("abcdefghij") * 4 + str(n) for n in range(8))

    def score(self, item: str) -> dict[str, Any]:
        """The case, with what its waiting is worth taken out of its score."""
        while True:
            with self.api.instance.database.begin() as tx:
                if not rank_waiting(tx, self.api.instance):
                    break
        found = self.api.get("/v1/cases?limit=500").json()["data"]
        case = next(one for one in found if one["item"] == item)
        parts = {part["name"]: part for part in case["priority"]["parts"]}
        static = case["priority"]["score"] - parts["age"]["points"]
        return case | {"static": static, "parts": parts, "place": found.index(case)}


@pytest.mark.parametrize("number", [FEW, MANY])
@pytest.mark.parametrize(
    ("between", "own_words"),
    [(0.0, False), (0.5, True), (3700.0, True)],
    ids=["at once, by one template", "in an hour, in words of their own", "for weeks"],
)
def test_a_brigade_stands_no_higher_than_five_independent_people(
    api: Api, number: int, between: float, own_words: bool
) -> None:
    crowd = Crowd(api)
    for item in ("lawful", "five", "threat"):
        assert api.submit(item, text=f"a post that is {item}, and says so").status_code == 200
    for n in range(5):
        crowd.say("five", f"person-{n}", 3700, comment=crowd.words())
    crowd.say("threat", "nobody-knows-them", reason="threat_to_life")
    for n in range(number):
        crowd.say("lawful", f"troll-{n}", between, comment=crowd.words() if own_words else WORDS)
    five, lawful, threat = (crowd.score(item) for item in ("five", "lawful", "threat"))
    assert lawful["static"] <= 1.02 * five["static"]
    assert lawful["band"] >= five["band"]
    assert lawful["parts"]["corroboration"]["because"]["value"]["reports"] == number
    assert (threat["band"], threat["place"]) == (0, 0), "nor does it hide what matters"


def test_who_cried_wolf_before_is_hardly_heard(api: Api) -> None:
    """What five said whose reports were never borne out is worth less than what five newcomers say."""
    from tidegate.pipeline.learning import learn_outcomes

    crowd = Crowd(api)
    for n in range(3):
        assert api.submit(f"earlier-{n}", text=f"an earlier post, number {n}").status_code == 200
        for troll in range(5):
            crowd.say(f"earlier-{n}", f"troll-{troll}", 700, comment=crowd.words())
        found = api.get("/v1/cases?state=waiting").json()["data"]
        case = next(one for one in found if one["item"] == f"earlier-{n}")
        body = {"outcome": "pass", "reason": "there is nothing in it"}
        assert api.post(f"/v1/cases/{case['id']}/decide", body).status_code == 200
    crowd.clock.advance(600)
    with api.instance.database.begin() as tx:
        assert learn_outcomes(tx, api.instance) == 3
    for item in ("lawful", "five"):
        assert api.submit(item, text=f"a post that is {item}, and says so").status_code == 200
    for n in range(5):
        crowd.say("five", f"person-{n}", 700, comment=crowd.words())
        crowd.say("lawful", f"troll-{n}", 700, comment=crowd.words())
    five, lawful = crowd.score("five"), crowd.score("lawful")
    assert lawful["static"] < five["static"]
    told = lawful["parts"]["reliability"]
    assert told["because"] == {"code": "reliability", "value": {"percent": 29, "judged": 3}}
    assert five["parts"]["reliability"]["because"]["code"] == "reliability_unknown"
