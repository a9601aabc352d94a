"""While an order forbids it, nothing but what reads orders tells an ordered item from another that is down."""

import json
import logging
from typing import Any

import pytest
from tests.api import Api, item
from tests.web.ordered import (
    EVERYWHERE,
    KEPT,
    LEGAL,
    TELLING,
    UNTIL,
    WORDS,
    Order,
    alike,
    lift,
    person,
    restrict,
    sent,
    stored,
    target,
    twins,
)
from tests.web.visitor import Visitor

from tidegate.content.holds.actions import end_due
from tidegate.infra.clock import FakeClock
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.erase import expire

DAY = 86400.0
WITHHELD = {"author": "withheld", "until": f"{UNTIL:%Y-%m-%dT%H:%M:%SZ}"}
FREE = {"author": "free", "until": None}
ACTING = ("items:write", "actions:read")
HIDDEN = ("ground", "label", "exemption", "reason", "decided_by", "order")


class Pair:
    """Two posts that are down in the whole Union: one by an order, one by a person."""

    def __init__(self, api: Api, clock: FakeClock) -> None:
        self.api, self.clock = api, clock
        self.ordered, self.other = twins(api, clock)
        self.acts = api.key(*ACTING)
        self.plain = target(api, plain=True)
        self.desk = target(api)
        self.order = Order(api)
        self.order.execute(self.ordered)
        clock.advance(60)
        restrict(api, self.other)

    def record(self, name: str, key: str | None = None) -> dict[str, Any]:
        return self.api.get(f"/v1/items/{name}", key=key or self.acts).json()

    def both(self, path: str, key: str | None = None) -> tuple[str, str]:
        said = [
            self.api.get(path.format(name), key=key or self.acts)
            for name in (self.ordered, self.other)
        ]
        assert [one.status_code for one in said] == [200, 200]
        first, second = (alike(one.text, self.ordered, self.other) for one in said)
        return first, second


@pytest.fixture
def pair(api: Api, clock: FakeClock) -> Pair:
    return Pair(api, clock)


def test_to_a_system_that_acts_both_records_are_the_same(pair: Pair) -> None:
    ordered, other = pair.both("/v1/items/{}")
    assert ordered == other
    record = pair.record(pair.ordered)
    assert record["disclosure"] == WITHHELD
    assert pair.record(pair.other)["disclosure"] == FREE
    assert record["effective"]["territory"] == EVERYWHERE
    (decision,) = record["decisions"]
    assert [decision[name] for name in HIDDEN] == [None] * len(HIDDEN)
    (restriction,) = record["restrictions"]
    assert (restriction["source"], restriction["order"]) == (None, None)
    assert (record["held"], record["holds"], record["kept_by_hold"]) == (False, [], False)
    assert record["revisions"][0]["content"]["text"] == WORDS, "a machine reads its items as ever"


def test_it_stays_so_when_orders_and_restrictions_end(pair: Pair) -> None:
    pair.clock.advance(60)
    pair.order.over(pair.ordered)
    lift(pair.api, pair.other)
    ordered, other = pair.both("/v1/items/{}")
    assert ordered == other
    assert [one["outcome"] for one in pair.record(pair.ordered)["decisions"]] == [
        "restrict",
        "lift",
    ]


def test_it_stays_so_when_the_time_for_which_content_is_kept_is_over(pair: Pair) -> None:
    instance = pair.api.instance
    pair.clock.advance((instance.settings.keep_public_pass_days + 1) * DAY)
    with instance.database.begin() as tx:
        end_due(tx)
        expire(tx, instance.settings)
    ordered, other = pair.both("/v1/items/{}")
    assert ordered == other
    assert pair.record(pair.ordered)["revisions"][0]["content"] is None
    assert pair.api.count("openings") == 0


def test_actions_are_the_same(pair: Pair) -> None:
    pair.clock.advance(60)
    pair.order.over(pair.ordered)
    lift(pair.api, pair.other)
    answer = pair.api.get("/v1/actions", key=pair.acts)
    each: dict[str, list[str]] = {pair.ordered: [], pair.other: []}
    for one in answer.json()["data"]:
        each[one["item"]].append(alike(json.dumps(one, separators=(",", ":")), one["item"]))
    assert each[pair.ordered] == each[pair.other]
    assert len(each[pair.ordered]) == 2
    assert not [word for word in (*TELLING, str(pair.order.id)) if word in answer.text]


def test_plain_targets_get_the_same(pair: Pair) -> None:
    pair.clock.advance(60)
    pair.order.over(pair.ordered)
    lift(pair.api, pair.other)
    bodies = [one.decode() for one in sent(pair.api, pair.plain)]
    ordered, other = ([one for one in bodies if f'"{name}"' in one] for name in twin_names(pair))
    for first, second in zip(ordered, other, strict=True):
        assert alike(first, pair.ordered) == alike(second, pair.other)
    assert len(ordered) == 2
    told = json.loads(ordered[0])["data"]
    assert told["disclosure"] == WITHHELD
    assert json.loads(other[0])["data"]["disclosure"] == FREE
    assert told["effective"]["territory"] == EVERYWHERE
    assert [told["decision"][name] for name in HIDDEN] == [None] * len(HIDDEN)


def twin_names(pair: Pair) -> tuple[str, str]:
    return pair.ordered, pair.other


def test_other_targets_are_not_told_of_what_is_withheld_alone(pair: Pair) -> None:
    ordered, other = (json.loads(one)["data"] for one in sent(pair.api, pair.desk))
    assert [ordered["decision"][name] for name in HIDDEN] == [None] * len(HIDDEN)
    assert ordered["disclosure"] == WITHHELD
    assert other["decision"]["reason"] == "against our terms"
    assert other["decision"]["label"] == "propaganda"


def test_once_the_author_may_be_told_so_are_they(pair: Pair) -> None:
    pair.order.speak(pair.ordered)
    ordered, _ = (json.loads(one)["data"] for one in sent(pair.api, pair.desk))
    assert ordered["disclosure"] == FREE
    assert ordered["decision"]["ground"] == {"kind": "order", "reference": TELLING[1]}
    assert pair.record(pair.ordered)["disclosure"] == FREE
    reads = pair.api.key("items:read", "cases:read")
    (decision,) = pair.record(pair.ordered, reads)["decisions"]
    assert decision["order"] == str(pair.order.id)
    # A system that acts needs no such thing, now as before.
    ordered, other = pair.both("/v1/items/{}")
    assert ordered == other


def test_who_reads_orders_is_told_all(pair: Pair) -> None:
    key = pair.api.key("items:read", "orders:read", "actions:read")
    record = pair.record(pair.ordered, key)
    (decision,) = record["decisions"]
    assert decision["ground"] == {"kind": "order", "reference": TELLING[1]}
    assert (decision["order"], decision["exemption"]) == (str(pair.order.id), None)
    assert (record["restrictions"][0]["source"], record["held"]) == ("order", True)
    (hold,) = record["holds"]
    assert (hold["id"], hold["order"]) == (str(pair.order.hold), str(pair.order.id))
    assert hold["until"] == f"{KEPT:%Y-%m-%dT%H:%M:%SZ}"
    action = pair.api.get("/v1/actions", key=key).json()["data"][0]
    assert action["decision"]["order"] == str(pair.order.id)


def test_who_reads_cases_is_told_of_all_but_what_is_withheld(pair: Pair) -> None:
    key = pair.api.key("items:read", "cases:read", "holds:write")
    record = pair.record(pair.ordered, key)
    (decision,) = record["decisions"]
    assert [decision[name] for name in HIDDEN] == [None] * len(HIDDEN)
    assert (record["restrictions"][0]["source"], record["holds"]) == (None, [])
    assert pair.record(pair.other, key)["decisions"][0]["reason"] == "against our terms"


def test_whoever_reported_is_told_what_they_would_be_without_the_order(
    api: Api, clock: FakeClock
) -> None:
    names = twins(api, clock)
    about = {"channel": "notice", "reason": "other", "created_at": "2025-12-31T23:30:00Z"}
    for place, name in enumerate(names):
        given = about | {"id": f"r{place}", "item_id": name, "reporter": f"reporter-{place}"}
        assert api.post("/v1/reports", given).status_code == 201
    Order(api).execute(names[0])
    said = [api.get(f"/v1/reports/r{place}").json() for place in (0, 1)]
    for one in said:
        assert one.pop("reporter")
        assert one.pop("reference")
    ordered, other = (alike(json.dumps(one), *names, "r0", "r1") for one in said)
    assert ordered == other
    assert not [word for word in TELLING if word in ordered]


def test_no_page_of_who_reads_no_orders_says_more(pair: Pair) -> None:
    reviewer = Visitor(pair.api.instance, pair.api.client, "senior", email="rita@example.org")
    item = stored(pair.api, pair.ordered)
    paths = (
        f"/items/{item.id}",
        f"/items?id={pair.ordered}&platform=default",
        "/cases",
        "/actions",
        "/",
        "/find?q=outcome:restrict&tab=decisions",
        "/find?q=label:propaganda&tab=decisions",
        f"/find?q={pair.ordered}",
    )
    for path in paths:
        at, mark, query = path.partition("?")
        for where in (path, f"{at}.json{mark}{query}" if at != "/" else path):
            answer = reviewer.get(where)
            assert answer.status_code == 200, where
            said = answer.text
            found = [word for word in (*TELLING, str(pair.order.id)) if word in said]
            assert found == [], where
            assert str(pair.order.hold) not in said, where
    assert "against our terms" in reviewer.get(f"/items/{stored(pair.api, pair.other).id}").text
    lawyer = Visitor(pair.api.instance, pair.api.client, "legal")
    assert TELLING[0] in lawyer.get(f"/items/{item.id}").text


def test_what_is_withheld_is_found_by_nothing_that_it_says(pair: Pair) -> None:
    reviewer = Visitor(pair.api.instance, pair.api.client, "senior", email="rita@example.org")
    admin = Visitor(pair.api.instance, pair.api.client, "admin")
    for who, count in ((reviewer, 0), (admin, 1)):
        found = who.get("/find.json?q=by:lena.legal&tab=decisions").json()
        assert len(found["decisions"]) == count


def test_the_ledger_keeps_the_records_from_who_reads_no_orders(pair: Pair) -> None:
    instance = pair.api.instance
    head = instance.settings.data_dir / HEAD_FILE
    while seal(instance.database, instance.secrets.ledger_key, head):
        pass
    told = {
        scopes: pair.api.get("/v1/ledger?limit=500", key=pair.api.key(*scopes)).text
        for scopes in (("ledger:read",), ("ledger:read", "orders:read"))
    }
    hidden, whole = told.values()
    assert not [word for word in (*TELLING[:2], str(pair.order.id)) if word in hidden]
    assert f'"actor":"user:{LEGAL}"' not in hidden
    # What people decided meanwhile is told no otherwise than what the order did.
    ours, theirs = (str(stored(pair.api, name).id) for name in (pair.ordered, pair.other))
    for name in (ours, theirs):
        kinds = [one["kind"] for one in json.loads(hidden)["data"] if one["subject"] == name]
        assert kinds == ["item.judged"]
    assert str(pair.order.id) in whole
    # What the chain commits to is there for both.
    assert [one["hash"] for one in json.loads(hidden)["data"]] == [
        one["hash"] for one in json.loads(whole)["data"]
    ]


def test_no_log_line_says_it(api: Api, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    pair = Pair(api, clock)
    pair.both("/v1/items/{}")
    pair.clock.advance(60)
    pair.order.over(pair.ordered)
    said = "\n".join(f"{one.name} {one.getMessage()} {one.__dict__}" for one in caplog.records)
    assert not [word for word in (*TELLING, str(pair.order.id)) if word in said]


def test_a_lift_of_what_an_order_holds_down_names_no_order(pair: Pair) -> None:
    given = {"outcome": "lift", "reason": "it was wrong"}
    for key, told in (
        (person(pair.api, "senior", "cases:decide", "items:read"), None),
        (person(pair.api, "legal", "cases:decide", "orders:read"), str(pair.order.id)),
    ):
        before = pair.api.count("ledger_pending")
        answer = pair.api.post(f"/v1/items/{pair.ordered}/decisions", given, key=key)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/order-stands")
        assert answer.json()["order"] == told
        assert pair.api.count("ledger_pending") == before


def test_what_people_decide_of_it_needs_no_less_eyes(api: Api, clock: FakeClock) -> None:
    """Its content is closed to them, and that it is news is asked all the same."""
    api.post("/v1/items", item("news", text=WORDS, attributes={"news": "yes"}))
    Order(api).execute("news")
    key = person(api, "senior", "items:read", "cases:decide", "cases:read")
    assert api.get("/v1/items/news", key=key).json()["revisions"][0]["content"] is None
    before = api.count("decisions")
    reviewer = Visitor(api.instance, api.client, "senior", email="rita@example.org")
    report = {"id": "r", "channel": "notice", "reason": "other", "item_id": "news"}
    report |= {"reporter": "reporter-1", "created_at": "2025-12-31T23:30:00Z"}
    case = api.post("/v1/reports", report).json()["case"]
    form = {"outcome": "restrict", "label": "propaganda", "exemption": "none"}
    form["reason"] = "It is against our terms."
    answer = reviewer.send(f"/cases/{case}/decide", form | {"revision": "1"})
    assert "done=proposed" in answer.headers.get("location", "")
    assert api.count("decisions") == before
