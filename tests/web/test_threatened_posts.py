"""Posts are screened for threats where a pack says so, and what runs in shadow is kept beside what was said."""

from typing import Any

import pytest
from tests.api import Api
from tests.intake.threat_packs import WHOLE

from tidegate.intake.threats.actions import (
    live_threat_pack,
    shadow_threat_pack,
    store_threat_pack,
)
from tidegate.intake.threats.trials import list_trials, sweep_trials

POSTS = WHOLE.replace("window = 1", "window = 1\nitems = true")
SECOND = WHOLE.replace("version = 1", "version = 2").replace('"shoot"', '"shoot", "wug"')
WORDS = "I will wug them"


def live(api: Api, source: str) -> None:
    with api.instance.database.begin() as tx:
        store_threat_pack(tx, source)
        live_threat_pack(tx, "trial", 1, now=True)


def alerts(api: Api) -> list[dict[str, Any]]:
    return api.get("/v1/alerts").json()["data"]


def test_a_post_that_threatens_rings_and_is_first(api: Api) -> None:
    live(api, POSTS)
    api.post("/v1/reports", told("old"))
    answer = api.submit("post-1", text="I will wombat, then kill them with my gun").json()
    assert answer["verdict"] == "pass", "a pattern is no verdict"
    (alert,) = alerts(api)
    assert (alert["item"], alert["case"], alert["level"]) == (
        "post-1",
        answer["case"],
        "high_unspecific",
    )
    first = api.get("/v1/cases").json()["data"][0]
    assert (first["id"], first["band"]) == (answer["case"], 0)


@pytest.mark.parametrize(
    ("source", "publicness", "text"),
    [
        (WHOLE, "public", "I will kill them with my gun"),
        (POSTS, "private", "I will kill them with my gun"),
        (POSTS, "public", "I will not kill them"),
        (POSTS, "public", "my gun"),
    ],
    ids=["no pack reads posts", "private", "no threat", "low"],
)
def test_others_call_nobody(api: Api, source: str, publicness: str, text: str) -> None:
    live(api, source)
    answer = api.submit("post-1", text=text, publicness=publicness).json()
    assert answer["case"] is None
    assert alerts(api) == []
    assert api.count("alerts") == 0


def test_a_post_that_threatens_since_it_was_edited_rings(api: Api) -> None:
    live(api, POSTS)
    api.submit("post-1", text="good morning")
    assert alerts(api) == []
    answer = api.submit("post-1", text="I will kill them").json()
    assert answer["revision"] == 2
    (alert,) = alerts(api)
    assert alert["case"] == answer["case"] is not None
    again = api.submit("post-1", text="I will kill them").json()
    assert (again, len(alerts(api))) == (answer, 1), "a retry calls nobody"


def told(id: str, **fields: Any) -> dict[str, Any]:
    said = {"id": id, "channel": "tip", "reason": "other", "created_at": "2025-12-31T23:30:00Z"}
    return said | {"text": "something else"} | fields


def test_what_is_in_shadow_is_kept_and_nothing_acts_on_it(api: Api) -> None:
    live(api, WHOLE)
    with api.instance.database.begin() as tx:
        store_threat_pack(tx, SECOND)
        shadow_threat_pack(tx, "trial", 2)
    for id, text in (("r1", WORDS), ("r2", "I will kill them"), ("r3", "good morning")):
        assert api.post("/v1/reports", told(id, text=text)).status_code == 201
    api.submit("post-1", text="a post")
    about = told("r4", item_id="post-1", comment=WORDS)
    del about["text"]
    assert api.post("/v1/reports", about).status_code == 201
    assert [one["level"] for one in alerts(api)] == ["medium"]  # of r2, by what is live
    with api.instance.database.begin() as tx:
        found = list_trials(tx, "trial@2")
        assert list_trials(tx, "trial@3") == []
    assert [(one.report, one.field, one.live, one.level) for one in found] == [
        ("r4", "comment", None, "medium"),
        ("r1", "text", None, "medium"),
    ]
    assert "trial/will-kill" in found[0].patterns


def test_what_was_tried_goes_with_its_item_and_with_time(api: Api, clock: Any) -> None:
    live(api, WHOLE)
    with api.instance.database.begin() as tx:
        store_threat_pack(tx, SECOND)
        shadow_threat_pack(tx, "trial", 2)
    items = [api.post("/v1/reports", told(id, text=WORDS)).json()["item"] for id in ("r1", "r2")]
    assert api.count("threat_trials") == 2
    assert api.call("DELETE", f"/v1/items/{items[0]}").status_code in (200, 204)
    assert api.count("threat_trials") == 1
    with api.instance.database.begin() as tx:
        assert sweep_trials(tx) == 0
    clock.advance(91 * 86_400)
    with api.instance.database.begin() as tx:
        assert sweep_trials(tx) == 1
    assert api.count("threat_trials") == 0
