"""The pages of oversight: by name and never ranked, no figure below ten, what was undone beside what was quick, every
number a link to its rows, and what the firm says beside all of them."""

import re

from tests.orders.authority.test_order_drafts_page import person
from tests.orders.authority.test_scorecards import (
    ORDERS,
    REFERRALS,
    answer,
    execute,
    ordered,
    referred,
)
from tests.orders.drafting_by import HOURS
from tests.orders.sides import FORUM, Side
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock

PATH = f"/oversight/{FORUM.id}"
DIGITS = re.compile(r"\d+(?:\.\d+)? (?:%|s|min|h|d)\b|of \d+")


def analyst_of(bka: Side, name: str = "three") -> Visitor:
    """Somebody who oversees, and signs in now."""
    return person(bka, "analyst", f"{name}@bka.example")


def main(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


def test_below_ten_no_page_shows_a_figure(bka: Side, forum: Side, clock: FakeClock) -> None:
    for n in range(9):
        referred(bka, n)
        clock.advance(600)
        answer(forum)
    clock.advance(48 * HOURS)
    analyst = analyst_of(bka)
    for path in (f"/oversight?{REFERRALS}", f"{PATH}?{REFERRALS}"):
        shown = main(analyst.get(path).text)
        assert "fewer than 10" in shown
        assert not DIGITS.search(re.sub(r"<time.*?</time>", "", shown))
        assert "<svg" not in shown
    twin = analyst.get(f"{PATH}.json?{REFERRALS}").json()
    assert (twin["card"]["n"], twin["acknowledged"], twin["effective"]) == (None, None, None)
    csv = analyst.get(f"{PATH}.csv?{REFERRALS}").text.splitlines()
    assert [line.rpartition(",")[2] for line in csv] == ["note", "fewer than 10"]

    referred(bka, 9)
    clock.advance(600)
    answer(forum)
    clock.advance(48 * HOURS)
    analyst = analyst_of(bka, "four")
    shown = main(analyst.get(f"{PATH}?{REFERRALS}").text)
    assert "10 min" in shown
    assert 'role="img"' in shown
    assert "<title" in shown
    assert 'data-testid="curve-table"' in shown
    assert "10 min" in main(analyst.get(f"/oversight?{REFERRALS}").text)


def test_what_was_undone_stands_beside_what_was_quick_in_one_size(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    ids: list[str] = []
    for n in range(10):
        ids.append(ordered(bka, forum, n))
        clock.advance(300)
        execute(forum)
    bka.post(f"/v1/orders/{ids[0]}/revoke", bka.officer, {"reason": "It was another post."})
    bka.deliver()
    forum.deliver()
    clock.advance(48 * HOURS)
    analyst = analyst_of(bka)
    shown = main(analyst.get(f"{PATH}?{ORDERS}").text)
    quick = re.search(r'<a class="figure" href="([^"]+)">5 min</a>', shown)
    undone = re.search(r'<a class="figure" href="([^"]+)">10.0 %</a>', shown)
    assert quick
    assert undone
    listed = main(analyst.get(f"/oversight?{ORDERS}").text)
    assert listed.count('class="figure"') == 3
    rows = main(analyst.get(undone[1].replace("&amp;", "&")).text)
    assert rows.count('data-testid="row"') == 10
    assert "revoked" in rows
    for number in re.findall(r'<a (?:class="figure" )?href="(/oversight/[^"]+/rows[^"]+)"', shown):
        assert analyst.get(number.replace("&amp;", "&")).status_code == 200


def test_organisations_stand_by_name_whatever_their_figures(
    bka: Side, forum: Side, ireland: tuple[Side, Side]
) -> None:
    shown = main(analyst_of(bka).get("/oversight").text)
    assert re.findall(r'data-testid="organisation" data-id="([^"]+)"', shown) == [
        "board.example",  # "A board in Ireland"
        "forum.example",
    ]
    assert "rank" not in re.sub("Nobody is ranked", "", shown)


def test_replies_stand_beside_every_figure_and_contests_are_settled_by_two_on_the_page(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    for n in range(10):
        referred(bka, n)
        clock.advance(600)
        answer(forum)
    clock.advance(48 * HOURS)
    analyst = analyst_of(bka)
    period = {"from": "2026-01-01", "to": "2027-01-01", "channel": "referral"}
    assert analyst.send(f"{PATH}/send", period).headers["location"].startswith(f"{PATH}?")
    bka.deliver()
    theirs = person(forum, "analyst", "three@forum.example")
    own = f"/oversight/{FORUM.id}"
    assert f'href="{own}"' in theirs.get("/oversight").text
    page = theirs.get(own).text
    assert 'data-testid="whose"' in page
    (row, *_) = theirs.get(f"{own}/rows.json").json()["rows"]
    sent = theirs.send(f"{own}/reply", {"reply": "Our moderators were on strike."})
    assert sent.status_code == 303
    contested = {"row": row["row"]["id"], "contest": "We answered within a minute."}
    assert theirs.send(f"{own}/contest", contested).status_code == 303
    refused = theirs.send(f"{own}/contest", contested | {"row": "x/1"})
    assert (refused.status_code, 'data-testid="field-error"' in refused.text) == (422, True)
    forum.deliver()

    shown = main(analyst.get(f"{PATH}?{REFERRALS}").text)
    assert shown.count("Our moderators were on strike.") == 4  # both times, what was undone, shares
    listed = main(analyst.get(f"/oversight?{REFERRALS}").text)
    assert listed.count("Our moderators were on strike.") == 1
    assert "1 row contested" in listed
    assert "Our moderators" not in main(analyst.get(f"/oversight?{ORDERS}").text)
    rows = analyst.get(f"{PATH}/rows?{REFERRALS}").text
    assert rows.count('data-testid="contested"') == 1
    assert 'data-testid="sent"' in shown
    assert 'data-testid="sent"' not in analyst.get(f"{PATH}?{ORDERS}").text  # of no orders
    (id,) = re.findall(r'data-testid="contest" data-id="([^"]+)"', shown)
    path = f"{PATH}/contests/{id}/settle"
    look = {f"finding:{id}": "rejected", f"reasons:{id}": "The receipt says otherwise."} | period
    assert "row-looked" in analyst.send(path, look).headers["location"]
    waiting = analyst.get(f"{PATH}?{REFERRALS}").text
    assert ('data-testid="another"' in waiting, 'data-testid="settle"' in waiting) == (True, False)
    assert analyst.send(path, look).status_code == 409
    second = analyst_of(bka, "four")
    assert 'data-testid="settle"' in second.get(f"{PATH}?{REFERRALS}").text
    assert "row-settled" in second.send(path, look).headers["location"]
    assert 'data-testid="contested"' not in analyst.get(f"{PATH}/rows?{REFERRALS}").text


def test_who_may_not_oversee_has_no_page_and_no_form(bka: Side, forum: Side) -> None:
    officer = person(bka, "officer", "one@bka.example")
    assert 'data-testid="nav-oversight"' not in officer.get("/orders").text
    assert officer.get("/oversight").status_code == 403
    assert officer.get(f"{PATH}.csv").status_code == 403
    auditor = person(bka, "auditor", "five@bka.example")
    assert 'data-testid="send"' not in auditor.get(PATH).text
    assert auditor.send(f"{PATH}/send", {}).status_code == 403
