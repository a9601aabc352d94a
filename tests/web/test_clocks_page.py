"""The clocks on the desk: what is due first stands first, whose duty it is, and who has what rings."""

import re

import pytest
from tests.api import Api
from tests.orders.desk import Desk
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.ringing import ring_due

URLS = ["https://forum.example/p/1", "https://forum.example/p/2"]


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


@pytest.fixture
def legal(instance: Instance, api: Api, desk: Desk) -> Visitor:
    return Visitor(instance, api.client, "legal")


def orders_of(html: str) -> list[str]:
    """The orders that its rows lead to."""
    return re.findall(r'<a href="/orders/([0-9a-f-]{36})" aria-label', html.split("<main")[1])


def test_what_is_due_first_stands_first(desk: Desk, legal: Visitor) -> None:
    for number, url in enumerate(URLS):
        desk.post(f"post-{number}", url=url)
    first = desk.ordered(URLS[0], order="one", reference="one")
    desk.wait(minutes=5)
    second = desk.ordered(URLS[1], order="two", reference="two")
    shown = legal.get("/clocks").text
    assert list(dict.fromkeys(orders_of(shown))) == [str(first), str(second)]
    row = shown.split('data-name="tco.remove"')[1].split("</tr>")[0]
    assert "Remove or disable" in row
    assert "Regulation (EU) 2021/784, Article 3(3)" in row
    assert "tco.remove" in row
    german = legal.get("/clocks", headers={"Accept-Language": "de"}).text
    assert "Entfernen oder sperren" in german
    assert "Verordnung (EU) 2021/784, Artikel 3(3)" in german
    assert legal.get("/clocks.json?bearer=them").json()["bearer"] == "them"
    ours = legal.get("/clocks.json?bearer=us").json()["clocks"]
    assert {one["bearer"] for one in ours} == {"us"}
    desk.execute(first)
    met = legal.get("/clocks?state=met").text
    assert orders_of(met)[0] == str(first)


def test_whoever_has_it_silences_what_rings(desk: Desk, legal: Visitor) -> None:
    desk.post("post-1", url=URLS[0])
    desk.ordered(URLS[0])
    assert 'data-testid="clock-acknowledge"' not in legal.get("/clocks").text
    desk.wait(minutes=50)
    desk.tx(lambda tx: ring_due(tx, desk.instance.settings))
    shown = legal.get("/clocks?ringing=yes").text
    assert 'data-testid="clock-rings"' in shown
    path = re.findall(r'action="(/clocks/[^"]+/acknowledge)"', shown)[0]
    done = legal.send(path, {"back": "/clocks?ringing=yes"})
    assert done.headers["location"] == "/clocks?ringing=yes&done=clock-heard"
    assert 'data-testid="clock-rings"' not in legal.get("/clocks?ringing=yes").text


def test_a_clock_that_is_none_is_not_found(desk: Desk, legal: Visitor) -> None:
    assert legal.send("/clocks/none/acknowledge", {"back": "/clocks"}).status_code == 404


def test_who_may_read_no_orders_sees_none(api: Api, instance: Instance) -> None:
    reviewer = Visitor(instance, api.client, "reviewer")
    assert reviewer.get("/clocks").status_code == 403
    assert 'href="/clocks"' not in reviewer.get("/").text
