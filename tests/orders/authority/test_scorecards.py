"""Scorecards from outside: what orders and referrals record, as figures with their rows, and nothing below ten."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.orders.drafting_by import HOURS, issued, moment
from tests.orders.sides import FORUM, Side

from tidegate.exchange.queries import get_organisation
from tidegate.infra.clock import FakeClock
from tidegate.oversight.checks.actions import claim, record
from tidegate.oversight.checks.model import Outcome, Saw
from tidegate.oversight.checks.queries import ControlSeen
from tidegate.pipeline.oversight.cards import Asked, rows_asked, rows_of

PATH = f"/v1/scorecards/{FORUM.id}"
YEAR = "from=2026-01-01&to=2027-01-01"
REFERRALS = f"{YEAR}&channel=referral"
ORDERS = f"{YEAR}&channel=order"


@pytest.fixture
def analyst(bka: Side) -> str:
    return bka.person("analyst")


def referred(bka: Side, n: int) -> str:
    """A referral of one address, which they have."""
    given = {
        "to": FORUM.id,
        "urls": [f"https://forum.example/p/{n}"],
        "terms_cited": "Your section 4.",
        "reasons": "It praises an attack.",
        "language": "de",
    }
    id = bka.post("/v1/referrals", bka.officer, given, status=201)["id"]
    bka.deliver()
    return id


def answer(forum: Side, outcome: str = "removed", reason: str | None = None) -> None:
    """What the platform answers to the one that waits."""
    (line,) = forum.get("/v1/referrals?state=waiting", forum.legal)["data"]
    said = {"outcome": outcome} | ({} if reason is None else {"reason": reason})
    forum.post(f"/v1/referrals/{line['id']}/items/1/answer", forum.legal, said)
    forum.deliver()


def ordered(bka: Side, forum: Side, n: int) -> str:
    """An order about one post, which they have."""
    url = f"https://forum.example/p/{n}"
    forum.post_item(f"post-{n}", url, f"This is number {n}.")
    id = issued(bka, items=[{"url": url}])
    bka.deliver()
    return id


def execute(forum: Side) -> None:
    theirs = forum.get("/v1/orders?state=open", forum.legal)["data"][0]["id"]
    forum.post(f"/v1/orders/{theirs}/execute", forum.legal, {})
    forum.deliver()


def table(side: Side, path: str, key: str) -> list[dict[str, str]]:
    answer = side.call("GET", path, key)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_nine_answered_referrals_give_no_figure_and_the_tenth_gives_all(
    bka: Side, forum: Side, clock: FakeClock, analyst: str
) -> None:
    for n in range(9):
        referred(bka, n)
        clock.advance(600)
        answer(forum)
    clock.advance(48 * HOURS)
    card = bka.get(f"{PATH}?{REFERRALS}", analyst)
    rows = card.pop("rows")
    assert card == {
        "organisation": FORUM.id,
        "from": "2026-01-01T00:00:00.000000Z",
        "to": "2027-01-01T00:00:00.000000Z",
        "channel": "referral",
        "n": None,
        "suppressed": True,
        "note": "fewer than 10",
        "acknowledged": None,
        "effective": None,
        "shares": None,
        "replies": [],
        "contests": [],
        "authority": None,
        "received_at": None,
        "sent": None,
    }
    assert len(bka.get(rows, analyst)["data"]) == 9
    (line,) = table(bka, f"{PATH}.csv?{REFERRALS}", analyst)
    assert line["note"] == "fewer than 10"
    figures = ("t_s", "value", "low", "high", "n", "censored")
    assert all(line[name] == "" for name in figures)
    (listed,) = bka.get(f"/v1/scorecards?{REFERRALS}", analyst)["data"]
    assert (listed["n"], listed["note"], listed["effective"]) == (None, "fewer than 10", None)
    (line,) = table(bka, f"/v1/scorecards.csv?{REFERRALS}", analyst)
    assert all(line[name] == "" for name in figures)

    referred(bka, 9)
    clock.advance(600)
    answer(forum)
    clock.advance(48 * HOURS)
    card = bka.get(f"{PATH}?{REFERRALS}", analyst)
    assert (card["n"], card["suppressed"], card["note"]) == (10, False, None)
    assert card["effective"]["median_s"]["value"] == 600
    assert (card["effective"]["n"], card["effective"]["censored"]) == (10, 0)
    assert (card["shares"]["answered"]["value"], card["shares"]["answered"]["n"]) == (1, 10)
    lines = table(bka, f"{PATH}.csv?{REFERRALS}", analyst)
    (median,) = [
        one for one in lines if (one["figure"], one["measure"]) == ("effective", "median_s")
    ]
    assert (float(median["value"]), median["n"]) == (600, "10")
    (listed,) = bka.get(f"/v1/scorecards?{REFERRALS}", analyst)["data"]
    assert listed["effective"]["times"]["median_s"]["value"] == 600
    assert (listed["effective"]["times"]["curve"], listed["effective"]["flag"]) == (None, None)


def test_what_is_quick_and_void_later_shows_both(
    bka: Side, forum: Side, clock: FakeClock, analyst: str
) -> None:
    ids: list[str] = []
    for n in range(10):
        ids.append(ordered(bka, forum, n))
        clock.advance(300)
        execute(forum)
    for id in ids[:4]:
        bka.post(f"/v1/orders/{id}/revoke", bka.officer, {"reason": "It was another post."})
        bka.deliver()
        forum.deliver()
    clock.advance(48 * HOURS)
    card = bka.get(f"{PATH}?{ORDERS}", analyst)
    assert card["effective"]["median_s"]["value"] == 300
    assert card["shares"]["executed_by_due_at"]["value"] == 1
    undone = card["shares"]["void_or_reinstated"]
    assert (undone["value"], undone["n"]) == (0.4, 10)
    rows = bka.get(f"{card['rows']}&figure=void_or_reinstated", analyst)["data"]
    assert len(rows) == 10
    counted = {one["id"]: one for one in rows if one["counted"]}
    assert set(counted) == {f"{id}/1" for id in ids[:4]}
    for one in counted.values():
        assert one["ended"] == "revoked"
        assert moment(one["reinstated_at"]) >= moment(one["effective_at"])
        assert moment(one["effective_at"]) - moment(one["received_at"]) == timedelta(minutes=5)
        assert one["url"].startswith("https://forum.example/p/")


def test_the_platform_sees_the_authority_by_the_same_figures(
    bka: Side, forum: Side, clock: FakeClock, analyst: str
) -> None:
    for n in range(10):
        id = ordered(bka, forum, n)
        clock.advance(300)
        execute(forum)
        if n < 3:
            bka.post(f"/v1/orders/{id}/revoke", bka.officer, {"reason": "It was another post."})
            bka.deliver()
            forum.deliver()
    clock.advance(48 * HOURS)
    theirs = bka.get(f"{PATH}?{ORDERS}", analyst)
    key = forum.person("analyst")
    ours = forum.get(f"/v1/scorecards/{bka.id}?{ORDERS}", key)
    for name in ("n", "acknowledged", "effective", "shares"):
        assert ours[name] == theirs[name]
    assert ours["shares"]["void_or_reinstated"]["value"] == 0.3


def test_delays_and_what_is_open_are_what_the_clock_says(
    bka: Side, forum: Side, clock: FakeClock, analyst: str
) -> None:
    """Twelve orders: acknowledged after 0 to 110 s; eight executed, two impeded, one asked about, one left open."""
    delays = [60, 120, 180, 240, 300, 360, 420, 3700]
    began: list[datetime] = []
    for n in range(12):
        url = f"https://forum.example/p/{n}"
        forum.post_item(f"post-{n}", url, f"This is number {n}.")
        issued(bka, items=[{"url": url}])
        clock.advance(10 * n)
        bka.deliver()
        began.append(clock.now())
        theirs = forum.get("/v1/orders?state=open", forum.legal)["data"][-1]["id"]
        if n < 8:
            clock.advance(delays[n])
            forum.post(f"/v1/orders/{theirs}/execute", forum.legal, {})
        elif n < 10:
            said = {"ground": "force_majeure", "explanation": "The data centre is under water."}
            forum.post(f"/v1/orders/{theirs}/impede", forum.legal, said)
        elif n == 10:
            said = {"ground": "insufficient_information", "needed": "Which of the posts?"}
            forum.post(f"/v1/orders/{theirs}/ask", forum.legal, said)
        forum.deliver()
    clock.advance(24 * HOURS)
    card = bka.get(f"{PATH}?{ORDERS}", analyst)
    acknowledged, effective = card["acknowledged"], card["effective"]
    assert (acknowledged["n"], acknowledged["censored"]) == (12, 0)
    assert [one["t_s"] for one in acknowledged["curve"][1:]] == [10.0 * n for n in range(12)]
    assert (effective["n"], effective["censored"]) == (12, 4)
    steps = effective["curve"][1:]
    assert [one["t_s"] for one in steps] == delays
    assert [one["s"] for one in steps] == pytest.approx([(11 - n) / 12 for n in range(8)])
    assert all(one["low"] <= one["s"] <= one["high"] for one in steps)
    assert (effective["median_s"]["value"], effective["p90_s"]["value"]) == (360, None)
    rows = bka.get(f"{card['rows']}&figure=effective", analyst)["data"]
    assert [one["seconds"] for one in rows if one["counted"]] == delays
    impeded = bka.get(f"{card['rows']}&figure=answered", analyst)["data"]
    assert [one["impeded"] for one in impeded if one["impeded"]] == ["force_majeure"] * 2
    (late,) = [one for one in rows if one["seconds"] == 3700]
    assert moment(late["effective_at"]) > moment(late["due_at"])


def test_what_somebody_brought_by_hand_is_in_the_rows_and_in_no_figure(
    bka: Side, forum: Side, clock: FakeClock, analyst: str
) -> None:
    forum.away = True
    id = issued(bka)
    brought = {"channel": "the firm's portal", "at": "2026-01-01T00:00:00Z"}
    bka.post(f"/v1/orders/{id}/carried", bka.officer, brought)
    card = bka.get(f"{PATH}?{ORDERS}", analyst)
    (row,) = bka.get(card["rows"], analyst)["data"]
    assert (row["id"], row["claimed"], row["received_at"]) == (f"{id}/1", True, None)
    assert bka.get(f"{card['rows']}&figure=acknowledged", analyst)["data"] == []


def test_rows_come_in_pages_and_as_a_table(
    bka: Side, forum: Side, clock: FakeClock, analyst: str
) -> None:
    for n in range(3):
        referred(bka, n)
        answer(forum, "kept", "=It is a report.")
        clock.advance(60)
    path = f"{PATH}/rows?{REFERRALS}&limit=2"
    first = bka.get(path, analyst)
    rest = bka.get(f"{path}&cursor={first['next']}", analyst)
    assert (len(first["data"]), len(rest["data"]), rest["next"]) == (2, 1, None)
    lines = table(bka, f"{PATH}/rows.csv?{REFERRALS}", analyst)
    assert [one["row"] for one in lines] == [one["id"] for one in first["data"] + rest["data"]]
    assert {one["kept"] for one in lines} == {"'=It is a report."}  # no formula
    for wrong in ("cursor=bm9uZQ", "figure=impeded", "figure=rank", "from=2027-01-01", "to=soon"):
        refused = bka.call("GET", f"{PATH}/rows?channel=referral&{wrong}", analyst)
        assert refused.status_code == 422, wrong


@pytest.mark.parametrize("path", [PATH, f"{PATH}.csv", f"{PATH}/rows", f"{PATH}/card.json"])
def test_who_may_not_oversee_is_told_nothing(bka: Side, forum: Side, path: str) -> None:
    assert bka.call("GET", path, bka.officer).status_code == 403


def test_only_the_other_side_is_overseen(
    bka: Side, ireland: tuple[Side, Side], analyst: str
) -> None:
    garda, board = ireland
    listed: list[dict[str, Any]] = bka.get("/v1/scorecards", analyst)["data"]
    assert [one["organisation"] for one in listed] == [board.id]
    for other in (garda.id, bka.id, "nobody.example"):
        answer = bka.call("GET", f"/v1/scorecards/{other}", analyst)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/party-unknown")


@pytest.mark.parametrize(
    ("outcome", "again"),
    [("up", True), ("removed", False), ("unknown", None), ("login_wall", None)],
)
def test_a_row_is_seen_again_by_a_look_after_its_removal_alone(
    bka: Side, forum: Side, clock: FakeClock, analyst: str, outcome: Outcome, again: bool | None
) -> None:
    ordered(bka, forum, 1)
    clock.advance(1.5 * HOURS)
    looked(bka, clock, "up")
    execute(forum)
    (row,) = bka.get(f"{PATH}/rows?{ORDERS}", analyst)["data"]
    assert row["seen_again"] is None  # it was looked at before
    clock.advance(24 * HOURS)
    looked(bka, clock, outcome)
    (row,) = bka.get(f"{PATH}/rows?{ORDERS}", analyst)["data"]
    assert row["seen_again"] is again
    assert [one["outcome"] for one in row["checks"]] == ["up", outcome]
    clock.advance(6 * 24 * HOURS)
    looked(bka, clock, "unknown")
    (row,) = bka.get(f"{PATH}/rows?{ORDERS}", analyst)["data"]
    assert row["seen_again"] is again  # what tells nothing changes nothing


def test_the_rows_of_a_long_period_are_read_in_parts_and_the_same(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    for n in range(4):
        ordered(bka, forum, n)
        clock.advance(60 * 24 * HOURS)
    with bka.instance.database.begin() as tx:
        ours = get_organisation(tx)
        since = tx.now - timedelta(days=240)
        asked = Asked(organisation=FORUM.id, since=since, until=tx.now, channel="order")
        told: list[tuple[int, int]] = []
        found = rows_asked(tx, ours, asked, lambda done, total: told.append((done, total)))
        assert found == rows_of(tx, ours, "order", since, tx.now, FORUM.id)
    assert len(found) == 4
    assert told == [(1, 3), (2, 3), (3, 3)]


def looked(side: Side, clock: FakeClock, outcome: Outcome) -> None:
    """What a look that is due comes to; what is believed only twice is looked at twice."""
    control = ControlSeen(clock.now(), True, 200)
    for _ in range(2):
        with side.instance.database.begin() as tx:
            if (claimed := claim(tx, FORUM.hosts[0], tx.now)) is not None:
                url = claimed.check.url
                saw = Saw(asked=url, at=tx.now, url=url, status=200)
                record(tx, claimed, saw, outcome, control, "here")
        clock.advance(11 * 60)
