"""What an authority asks about what a platform keeps under its order: to keep it for longer, within the law, and to
see it; a person at the platform sees the request, and nothing opens by it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.orders.authority.test_answers_heard import tell, theirs
from tests.orders.authority.test_order_drafts_page import people, person
from tests.orders.drafting_by import begun, clocks, delivered, moment, refused
from tests.orders.letters import Sender
from tests.orders.sides import Side

from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full
from tidegate.orders.annex_rules import kept_longest

SEE = {"purpose": "An inquiry into the attack.", "case": "7 Js 1/26"}


def executed(bka: Side, forum: Side) -> str:
    """The authority's id of an order that was executed, and of which it has the Annex II."""
    forum.post_item("post-1", "https://forum.example/p/1")
    id = delivered(bka)
    tell(forum, "execute", {})
    assert bka.get(f"/v1/orders/{id}")["state"] == "executed"
    return id


def at_forum(forum: Side) -> dict[str, Any]:
    return forum.get(f"/v1/orders/{theirs(forum)}", forum.legal)


def held_until(forum: Side) -> datetime:
    return moment(at_forum(forum)["items"][0]["hold"]["until"])


def keep(until: datetime) -> dict[str, str]:
    return {"until": in_full(until), "reason": "An action is pending before the court."}


def test_what_is_held_is_held_for_longer_on_request(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    id = executed(bka, forum)
    first = held_until(forum)
    longest = kept_longest(first)
    assert (first.month, longest.month) == (7, 1)
    order = bka.post(f"/v1/orders/{id}/preserve", bka.officer, keep(longest))
    assert order["state"] == "executed"
    assert order["draft"]["preserved_until"] == in_full(longest)
    bka.deliver()
    assert held_until(forum) == longest
    there = at_forum(forum)
    assert not there["contradictory"]
    (clock_there,) = clocks(there, "tco.preserve", "hold")
    assert moment(clock_there["due_at"]) == longest
    (asked,) = there["requests"]
    assert (asked["type"], asked["until"]) == ("preservation.extended", in_full(longest))
    assert asked["reason"] == keep(longest)["reason"]
    # Once more, from the end that runs now.
    clock.advance((first - clock.now()).total_seconds())
    again = kept_longest(longest)
    bka.post(f"/v1/orders/{id}/preserve", bka.officer, keep(again))
    bka.deliver()
    assert held_until(forum) == again


def test_no_request_goes_beyond_six_months_more_or_back(bka: Side, forum: Side) -> None:
    id = executed(bka, forum)
    first = held_until(forum)
    path, second = f"/v1/orders/{id}/preserve", timedelta(seconds=1)
    for until in (kept_longest(first) + second, first, first - second):
        said = refused(bka, path, bka.officer, keep(until), "invalid-body", 422)
        assert said["errors"][0]["pointer"] == "/until"
    blank = keep(first + second) | {"reason": " \n"}
    refused(bka, path, bka.officer, blank, "invalid-body", 422)
    assert bka.get(f"/v1/orders/{id}")["draft"]["preserved_until"] is None


def test_only_what_was_executed_is_kept(bka: Side, forum: Side, clock: FakeClock) -> None:
    later = clock.now() + timedelta(days=200)
    draft = begun(bka)
    out = delivered(bka)
    for id in (draft, out):
        for verb, body in (("preserve", keep(later)), ("access", SEE)):
            refused(bka, f"/v1/orders/{id}/{verb}", bka.officer, body, "not-executed", 409)
    refused(bka, f"/v1/orders/{out}/preserve", bka.admin, keep(later), "person-needed", 403)
    refused(bka, f"/v1/orders/{out}/access", bka.admin, SEE, "person-needed", 403)


def test_what_is_kept_no_longer_is_not_asked_for(bka: Side, forum: Side, clock: FakeClock) -> None:
    id = executed(bka, forum)
    first = held_until(forum)
    clock.advance((first - clock.now()).total_seconds())
    for verb, body in (("preserve", keep(first + timedelta(days=30))), ("access", SEE)):
        path = f"/v1/orders/{id}/{verb}"
        said = refused(bka, path, bka.officer, body, "preservation-over", 409)
        assert said["until"] == in_full(first)


def test_what_a_void_order_took_down_can_be_kept(bka: Side, forum: Side) -> None:
    id = executed(bka, forum)
    bka.post(f"/v1/orders/{id}/revoke", bka.officer, {"reason": "It was another post."})
    until = kept_longest(held_until(forum))
    assert bka.post(f"/v1/orders/{id}/preserve", bka.officer, keep(until))["state"] == "revoked"
    bka.deliver()
    there = at_forum(forum)
    assert (there["state"], there["contradictory"]) == ("void", False)
    assert held_until(forum) == until


@pytest.mark.parametrize("beyond", [timedelta(0), timedelta(seconds=1)])
def test_a_platform_keeps_nothing_for_longer_than_it_may_be_asked(
    bka: Side, forum: Side, clock: FakeClock, beyond: timedelta
) -> None:
    """An authority with another program asks for more: people see that, and nothing changes."""
    executed(bka, forum)
    there, first = at_forum(forum), held_until(forum)
    said = Sender()
    said.private, said.key = bka.instance.secrets.organisation_key, bka.own.key
    until = kept_longest(first) + beyond
    raw = said.message(clock.now(), "preservation.extended", order=there["order"], body=keep(until))
    headers = {"content-type": "application/jose+json"}
    assert forum.client.post("/public/orders/inbox", content=raw, headers=headers).is_success
    assert at_forum(forum)["contradictory"] == bool(beyond)
    assert held_until(forum) == (first if beyond else until)


def test_a_request_to_see_opens_nothing_and_a_person_does(bka: Side, forum: Side) -> None:
    id = executed(bka, forum)
    hold = at_forum(forum)["items"][0]["hold"]["id"]
    rung = forum.count("rings")
    for name in SEE:
        blank = SEE | {name: " \n"}
        refused(bka, f"/v1/orders/{id}/access", bka.officer, blank, "invalid-body", 422)
    assert bka.post(f"/v1/orders/{id}/access", bka.officer, SEE)["state"] == "executed"
    bka.deliver()
    there = at_forum(forum)
    (asked,) = there["requests"]
    assert asked["type"] == "preservation.access"
    assert {name: asked[name] for name in SEE} == SEE
    assert forum.count("rings") == rung + 1
    assert forum.count("openings") == 0
    assert forum.get(f"/v1/holds/{hold}", forum.legal)["opened"] == []
    legal = person(forum, "legal", "mira@forum.example")
    page = legal.get(f"/orders/{there['id']}").text
    assert 'data-testid="request" data-type="preservation.access"' in page
    assert SEE["case"] in page
    why = {"purpose": "investigation", "case": SEE["case"], "justification": "They asked for it."}
    forum.post(f"/v1/holds/{hold}/open", forum.legal, why)
    (opened,) = forum.get(f"/v1/holds/{hold}", forum.legal)["opened"]
    assert (opened["purpose"], opened["case"]) == ("investigation", SEE["case"])


def test_a_request_that_nobody_proved_is_shown_as_none(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    executed(bka, forum)
    there = at_forum(forum)
    rung = forum.count("rings")
    raw = Sender().message(clock.now(), "preservation.access", order=there["order"], body=SEE)
    headers = {"content-type": "application/jose+json"}
    assert forum.client.post("/public/orders/inbox", content=raw, headers=headers).is_success
    after = at_forum(forum)
    assert len(after["messages"]) == len(there["messages"]) + 1
    assert (after["requests"], forum.count("rings")) == ([], rung)


def test_both_are_asked_from_the_page(bka: Side, forum: Side) -> None:
    id = executed(bka, forum)
    officer, approver = people(bka)
    page = officer.get(f"/orders/{id}").text
    assert 'data-testid="preserve"' in page
    assert 'data-testid="access"' in page
    assert 'data-testid="preserve"' not in approver.get(f"/orders/{id}").text
    late = officer.send(f"/orders/{id}/preserve", {"preserve_until": "2036-01-01T00:00:00Z"})
    assert late.status_code == 422
    assert 'id="error-preserve_reason"' in late.text
    form = {f"preserve_{name}": value for name, value in keep(held_until(forum)).items()}
    form["preserve_until"] = in_full(held_until(forum) + timedelta(days=60))
    assert officer.send(f"/orders/{id}/preserve", form).status_code == 303
    asked = {f"access_{name}": value for name, value in SEE.items()}
    done = officer.send(f"/orders/{id}/access", asked)
    assert done.headers["location"] == f"/orders/{id}?done=order-access"
    bka.deliver()
    shown = {one["type"] for one in at_forum(forum)["requests"]}
    assert shown == {"preservation.extended", "preservation.access"}
    assert SEE["case"] in officer.get(f"/orders/{id}").text
