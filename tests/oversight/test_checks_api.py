"""`/v1/checks`: looks follow from a receipt, once; what is stated stands beside what was seen; one more is asked for
by a person, and only where an order or a referral of ours names the address."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.orders.authority.test_referrals import URLS, referred
from tests.orders.drafting_by import begun, delivered, issued, moment
from tests.orders.sides import FORUM, Side, drafted
from tests.orders.test_messages_witness import faults

from tidegate.infra.clock import FakeClock
from tidegate.orders.queries import items_of, order_of
from tidegate.oversight.checks.actions import EACH, ONE_HOST
from tidegate.oversight.checks.queries import checks_of
from tidegate.pipeline.oversight.checking import watch_order
from tidegate.pipeline.oversight.looking import Looker

AFTER = [timedelta(hours=1), timedelta(hours=24), timedelta(days=7), timedelta(days=30)]
WHOLE = {
    "id",
    "order",
    "referral",
    "n",
    "url",
    "due_at",
    "done_at",
    "outcome",
    "status",
    "evidence",
    "vantage",
    "stated",
    "second_look_at",
}


@pytest.fixture
def analyst(bka: Side) -> str:
    """A key of a person who oversees."""
    return bka.person("analyst")


def listed(bka: Side, analyst: str, query: str = "") -> list[dict[str, Any]]:
    return bka.get(f"/v1/checks{query}", analyst)["data"]


def received_at(bka: Side, id: str) -> datetime:
    return moment(bka.get(f"/v1/orders/{id}")["received_at"])


def test_looks_follow_from_the_receipt_of_an_order(
    bka: Side, forum: Side, analyst: str, clock: FakeClock
) -> None:
    id = issued(bka)
    assert listed(bka, analyst) == []
    clock.advance(77)
    bka.deliver()
    looks = listed(bka, analyst, f"?order={id}")
    at = received_at(bka, id)
    assert [moment(one["due_at"]) for one in looks] == [at + after for after in reversed(AFTER)]
    for one in looks:
        assert set(one) == WHOLE
        assert (one["order"], one["referral"], one["n"]) == (id, None, 1)
        assert one["url"] == drafted()["items"][0]["url"]
        assert one["outcome"] is one["done_at"] is one["stated"] is None
    assert listed(bka, analyst, f"?referral={id}") == []
    assert listed(bka, analyst, f"?organisation={FORUM.id}") == looks
    assert listed(bka, analyst, "?organisation=other.example") == []
    assert forum.count("checks") == 0


def test_looks_are_due_once_however_often_it_is_said(bka: Side, forum: Side) -> None:
    id = UUID(delivered(bka))
    with bka.instance.database.begin() as tx:
        order = order_of(tx, id)
        assert order.received_at is not None
        watch_order(tx, order, items_of(tx, id), order.received_at)
        found = checks_of(tx, [id])
    assert list(found) == [(id, 1)]
    assert [one.due_at - order.received_at for one in found[id, 1]] == AFTER


def test_looks_follow_from_the_receipt_of_a_referral(bka: Side, forum: Side, analyst: str) -> None:
    sent = referred(bka)
    bka.deliver()
    looks = listed(bka, analyst, f"?referral={sent['id']}")
    assert sorted((one["n"], one["url"]) for one in looks) == sorted([*enumerate(URLS, 1)] * 4)
    assert {one["order"] for one in looks} == {None}


def test_what_is_no_address_of_the_web_or_holds_a_password_is_never_looked_at(
    bka: Side, forum: Side, analyst: str
) -> None:
    urls = ["ftp://forum.example/p", "https://me:secret@forum.example/p", URLS[0]]
    sent = referred(bka, urls=urls)
    bka.deliver()
    looks = listed(bka, analyst, f"?referral={sent['id']}")
    assert {one["url"] for one in looks} == {URLS[0]}
    assert len(looks) == 4


def test_the_list_goes_on_page_after_page(bka: Side, forum: Side, analyst: str) -> None:
    delivered(bka)
    whole = listed(bka, analyst)
    first = bka.get("/v1/checks?limit=3", analyst)
    rest = bka.get(f"/v1/checks?limit=3&cursor={first['next']}", analyst)
    assert first["data"] + rest["data"] == whole
    assert rest["next"] is None
    for query in ("cursor=x", "order=x", f"order={UUID(int=1)}&referral={UUID(int=1)}"):
        assert bka.call("GET", f"/v1/checks?{query}", analyst).status_code == 422


def test_what_the_provider_states_stands_beside_what_was_seen(
    bka: Side, forum: Side, analyst: str, clock: FakeClock
) -> None:
    sent = referred(bka)
    bka.deliver()
    path = f"/v1/referrals/{sent['id']}/claimed"
    said = {"state": "gone, says their desk", "at": clock.now().isoformat()}
    bka.post(path, bka.officer, said)
    looks = listed(bka, analyst, f"?referral={sent['id']}")
    assert {one["stated"]["state"] for one in looks} == {"gone, says their desk"}
    assert {one["stated"]["signed"] for one in looks} == {False}
    (line,) = forum.get("/v1/referrals", forum.legal)["data"]
    clock.advance(60)
    for n, outcome in enumerate(("removed", "not_found"), 1):
        body = {"outcome": outcome}
        forum.post(f"/v1/referrals/{line['id']}/items/{n}/answer", forum.legal, body)
    forum.deliver()
    looks = listed(bka, analyst, f"?referral={sent['id']}")
    stated = {(one["n"], one["stated"]["state"], one["stated"]["signed"]) for one in looks}
    assert stated == {(1, "removed", True), (2, "not_found", True)}
    assert {one["outcome"] for one in looks} == {None}


def test_what_cannot_be_reached_is_told_as_seen(
    bka: Side, forum: Side, analyst: str, clock: FakeClock
) -> None:
    """forum.example is a name that nobody has."""
    id = delivered(bka)
    clock.advance(3600)

    async def run() -> None:
        looker = Looker(bka.instance)
        await looker.run_once()
        await looker.aclose()

    asyncio.run(run())
    *_, first = listed(bka, analyst, f"?order={id}")
    assert first["outcome"] == "unreachable"
    assert first["vantage"] == f"{bka.id} direct"
    assert moment(first["done_at"]) == clock.now()
    assert first["status"] is first["evidence"] is first["second_look_at"] is None


def test_a_person_asks_for_one_more(bka: Side, forum: Side, analyst: str, clock: FakeClock) -> None:
    id = delivered(bka)
    url = drafted()["items"][0]["url"]
    one = bka.post("/v1/checks", analyst, {"url": f"{url}#part"}, status=201)
    assert set(one) == WHOLE
    assert (one["order"], one["n"], one["url"]) == (id, 1, url)
    assert moment(one["due_at"]) == clock.now()
    at = clock.now() + timedelta(days=2)
    later = bka.post("/v1/checks", analyst, {"url": url, "at": at.isoformat()}, status=201)
    assert moment(later["due_at"]) == at
    assert len(listed(bka, analyst)) == 6
    assert faults(bka.instance) == []


def test_who_reads_no_orders_is_not_told_by_the_ledger_that_one_is_looked_at(
    bka: Side, forum: Side, analyst: str
) -> None:
    id = delivered(bka)
    bka.post("/v1/checks", analyst, {"url": drafted()["items"][0]["url"]}, status=201)
    assert faults(bka.instance) == []
    told = [
        bka.get("/v1/ledger?limit=1000", bka.person("auditor", f"auditor{n}", scopes=scopes))[
            "data"
        ]
        for n, scopes in enumerate((["ledger:read"], ["ledger:read", "orders:read"]))
    ]
    assert [[one["kind"] for one in data].count("check.asked") for data in told] == [0, 1]
    assert id not in str(told[0])


def nothing(bka: Side, key: str, body: Any, status: int, type: str) -> dict[str, Any]:
    """A refusal, which leaves nothing written."""
    before = bka.entries(), bka.count("checks")
    answer = bka.call("POST", "/v1/checks", key, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{type}"
    assert (bka.entries(), bka.count("checks")) == before
    return answer.json()


@pytest.mark.parametrize(
    "url",
    [
        "https://victim.example/",
        "https://forum.example/p/2",
        "https://forum.example/",
        "http://127.0.0.1/",
        "ftp://forum.example/p/1",
        "https://me:secret@forum.example/p/1",
        "",
    ],
)
def test_the_checker_is_pointed_at_nothing_that_we_do_not_name(
    bka: Side, forum: Side, analyst: str, url: str
) -> None:
    delivered(bka)
    told = nothing(bka, analyst, {"url": url}, 422, "invalid-body")
    assert "secret" not in str(told)


def test_a_draft_names_nothing_yet(bka: Side, forum: Side, analyst: str) -> None:
    begun(bka)
    url = drafted()["items"][0]["url"]
    nothing(bka, analyst, {"url": url}, 422, "invalid-body")


def test_who_may_ask(bka: Side, forum: Side, analyst: str, clock: FakeClock) -> None:
    delivered(bka)
    body = {"url": drafted()["items"][0]["url"]}
    nothing(bka, bka.admin, body, 403, "person-needed")
    nothing(bka, bka.officer, body, 403, "scope-missing")
    assert bka.call("GET", "/v1/checks", bka.officer).status_code == 403
    past, far = clock.now() - timedelta(seconds=1), clock.now() + timedelta(days=367)
    for at in (past, far):
        nothing(bka, analyst, body | {"at": at.isoformat()}, 422, "invalid-body")


def test_nobody_asks_without_end(bka: Side, forum: Side, analyst: str, clock: FakeClock) -> None:
    delivered(bka)
    body = {"url": drafted()["items"][0]["url"]}
    others = [bka.person("analyst", f"analyst{n}") for n in range(ONE_HOST // EACH)]
    for _ in range(EACH):
        bka.post("/v1/checks", analyst, body, status=201)
    told = nothing(bka, analyst, body, 429, "too-many")
    assert "by you" in told["detail"]
    for _ in range(ONE_HOST - EACH):
        bka.post("/v1/checks", others[0], body, status=201)
    assert "at this host" in nothing(bka, others[1], body, 429, "too-many")["detail"]
    clock.advance(3601)
    bka.post("/v1/checks", analyst, body, status=201)
