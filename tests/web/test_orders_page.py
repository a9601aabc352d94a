"""Legal orders on the desk: what rings on every page, the list, one order, and each verb from its form."""

import re
from typing import Any
from uuid import UUID

import pytest
from tests.api import Api
from tests.orders.desk import Desk, annex
from tests.orders.letters import Sender
from tests.web.two_platforms import seal_all
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.instance import Instance

URL = "https://forum.example/p/1"


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


@pytest.fixture
def legal(instance: Instance, api: Api, desk: Desk) -> Visitor:
    return Visitor(instance, api.client, "legal")


def test_an_order_rings_on_every_page_until_somebody_has_it(desk: Desk, legal: Visitor) -> None:
    desk.post("post-1", url=URL)
    assert 'data-testid="order-rings"' not in legal.get("/").text
    order = desk.ordered(URL)
    home = legal.get("/").text
    assert 'data-testid="order-rings"' in home
    assert "60:00 left" in re.sub(r"<[^>]+>", "", home) or "1:00:00 left" in re.sub(
        r"<[^>]+>", "", home
    )
    done = legal.send(f"/orders/{order}/acknowledge", {"back": "/"})
    assert (done.status_code, done.headers["location"]) == (303, "/?done=order-heard")
    assert 'data-testid="order-rings"' not in legal.get("/").text


def test_nobody_without_the_scope_sees_that_one_rings(
    desk: Desk, instance: Instance, api: Api
) -> None:
    desk.post("post-1", url=URL)
    desk.ordered(URL)
    reviewer = Visitor(instance, api.client, "reviewer")
    assert "order" not in reviewer.get("/").text.replace("border", "").lower().split("<main")[0]
    assert reviewer.get("/orders").status_code == 403


def test_the_list_has_the_first_end_first_and_three_keys_execute(
    desk: Desk, legal: Visitor
) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    listed = legal.get("/orders").text
    assert f'href="/orders/{order}" data-row autofocus' in listed
    shown = legal.get(f"/orders/{order}").text
    assert 'data-key="d"' in shown
    done = legal.send(f"/orders/{order}/execute")
    assert done.headers["location"] == f"/orders/{order}?done=order-execute"
    assert desk.order(order).state == "executed"
    assert 'data-key="d"' not in legal.get(f"/orders/{order}").text


def test_the_page_leads_to_the_post_that_an_order_is_about(desk: Desk, legal: Visitor) -> None:
    desk.post("post/1 ?", url=URL)
    shown = legal.get(f"/orders/{desk.ordered(URL)}").text
    (link,) = re.findall(r'href="(/items\?[^"]*)"', shown)
    found = legal.get(link.replace("&amp;", "&"))
    assert found.status_code == 200
    assert re.search(r'href="/items/[0-9a-f-]{36}"', found.text)


def test_a_form_that_is_refused_says_so_at_its_field(desk: Desk, legal: Visitor) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    answer = legal.send(f"/orders/{order}/impede", {"impede_explanation": ""})
    assert answer.status_code == 422
    assert 'id="error-impede_ground"' in answer.text
    assert 'id="error-impede_explanation"' in answer.text
    assert desk.order(order).state == "open"


@pytest.mark.parametrize("garbled", ["1x", "one", "-1", "1_0", "٣", "9999999999"])
@pytest.mark.parametrize("urls", [[URL], [URL, "https://forum.example/p/2"]])
def test_a_garbled_number_is_not_all_of_them(
    desk: Desk, legal: Visitor, urls: list[str], garbled: str
) -> None:
    for n, url in enumerate(urls):
        desk.post(f"post-{n}", url=url)
    order = desk.ordered(*urls)
    before = desk.everything()
    answer = legal.send(f"/orders/{order}/execute", {"execute_n": garbled})
    assert answer.status_code == 422
    assert 'id="error-execute_n"' in answer.text
    assert desk.everything() == before
    legal.send(f"/orders/{order}/execute", {"execute_n": ""})
    assert set(desk.states(order)) == {"executed"}


@pytest.mark.parametrize(
    ("verb", "form", "state"),
    [
        ("impede", {"impede_ground": "impossible", "impede_explanation": "A fire."}, "impeded"),
        ("ask", {"ask_ground": "manifest_error", "ask_needed": "Which of two."}, "asking"),
    ],
)
def test_what_stands_in_the_way_is_said_by_a_form(
    desk: Desk, legal: Visitor, verb: str, form: dict[str, str], state: str
) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    assert legal.send(f"/orders/{order}/{verb}", form).status_code == 303
    assert desk.order(order).state == state


def test_turning_down_needs_a_second_person(
    desk: Desk, legal: Visitor, instance: Instance, api: Api
) -> None:
    desk.post("post-1", url=URL)
    stranger = Sender("stranger.example")
    receipt = desk.says("order.issued", annex(stranger, desk.now, [URL]), sender=stranger)
    order = UUID(receipt["order"])
    path, form = f"/orders/{order}/reject", {"reject_reason": "forged"}
    assert legal.send(path, form).headers["location"].endswith("done=order-proposed")
    assert legal.send(path, form).status_code == 409
    assert desk.order(order).state == "doubtful"
    other = Visitor(instance, api.client, "legal", email="other@example.org")
    assert 'data-testid="order-proposed"' in other.get(f"/orders/{order}").text
    assert other.send(path, form).headers["location"].endswith("done=order-reject")
    assert desk.order(order).state == "rejected"


def test_html_in_an_order_is_shown_as_it_is_written(desk: Desk, legal: Visitor) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL, reasons="<script>alert(1)</script> " + "It praises an attack. " * 5)
    page = legal.get(f"/orders/{order}").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("name", ["types", "issuing", "redress", "reasons", "non_disclosure"])
@pytest.mark.parametrize("value", [None, 5, "words", [], {}, [[]]])
def test_whatever_an_order_says_its_page_is_there(
    desk: Desk, legal: Visitor, name: str, value: Any
) -> None:
    order = desk.ordered(URL, **{name: value})
    for path in (f"/orders/{order}", f"/orders/{order}.json", "/orders"):
        assert legal.get(path).status_code == 200


def test_an_order_and_the_case_about_its_post_show_each_other(
    desk: Desk, legal: Visitor, instance: Instance, api: Api
) -> None:
    desk.post("post-1", url=URL)
    report = {"id": "r", "channel": "user", "reason": "spam", "item_id": "post-1"}
    report |= {"created_at": "2025-12-31T23:30:00Z"}
    case = api.post("/v1/reports?platform=forum", report).json()["case"]
    order = desk.ordered(URL)
    assert desk.shown(order)["items"][0]["case"] == case
    admin = Visitor(instance, api.client, "admin")
    assert f'href="/cases/{case}"' in admin.get(f"/orders/{order}").text
    assert f'href="/orders/{order}"' in admin.get(f"/cases/{case}").text.split("<main")[1]
    senior = Visitor(instance, api.client, "senior", email="senior@example.org")
    assert str(order) not in senior.get(f"/cases/{case}").text
    assert senior.get(f"/cases/{case}.json").json()["orders"] == []


def test_an_order_names_the_entries_of_the_ledger_about_it(desk: Desk, api: Api) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.execute(order)
    kinds = [one["kind"] for one in desk.shown(order)["ledger"]]
    assert "order.kept" in kinds
    assert "order.moved" in kinds
    seal_all(api)
    sealed = desk.shown(order)["ledger"]
    assert sorted(one["kind"] for one in sealed) == sorted(kinds)
    assert [one["at"] for one in sealed] == sorted(one["at"] for one in sealed)
