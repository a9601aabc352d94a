"""The form for an authority that has no instance of its own: for anybody, and checked by a person."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.api import Api
from tests.orders.desk import Desk
from tests.orders.sides import BKA

from tidegate.exchange.actions import set_organisation
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.instance import Instance

PATH = "/public/orders/submit"
URLS = ["https://forum.example/p/1", "https://forum.example/p/2"]
FORM: dict[str, Any] = {
    "authority": "Prefecture of police",
    "reference": "FR/7",
    "email": "orders@prefecture.example",
    "phone": "",
    "urls": "\r\n".join(URLS),
    "types": ["a", "d"],
    "reasons": "It calls for an attack on a named market.",
}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


def send(api: Api, **changed: Any) -> httpx.Response:
    return api.client.post(f"{PATH}?lang=en", data=FORM | changed, headers=BROWSER)


def test_what_is_sent_by_the_form_is_an_order_that_a_person_checks(api: Api, desk: Desk) -> None:
    shown = api.client.get(PATH, headers=BROWSER)
    assert shown.status_code == 200
    assert 'action="/public/orders/submit?lang=en"' in shown.text
    assert "checked by a person" in shown.text
    answer = send(api)
    assert answer.status_code == 202
    assert "set-cookie" not in answer.headers
    number = answer.text.split('data-testid="order">')[1].split("<")[0]
    order = desk.order(UUID(number))
    assert (order.state, order.channel, order.reference) == ("doubtful", "form", "FR/7")
    assert "2026-01-01T00:00:00" in answer.text
    assert [one["url"] for one in desk.shown(order.id)["items"]] == URLS
    assert order.annex is not None
    assert order.annex["types"] == ["a", "d"]


def test_a_program_is_answered_as_before(api: Api, desk: Desk) -> None:
    answer = api.client.post(PATH, data=FORM)
    assert answer.status_code == 202
    assert answer.json().keys() == {"order", "received_at"}


@pytest.mark.parametrize("field", ["authority", "reference", "email", "urls", "reasons"])
def test_what_is_missing_is_said_at_its_field_and_nothing_is_taken(
    api: Api, desk: Desk, field: str
) -> None:
    before = desk.everything()
    answer = send(api, **{field: " "})
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert "named market" in answer.text or field == "reasons"
    assert desk.everything() == before


def test_the_page_for_authorities_leads_to_it(api: Api, desk: Desk) -> None:
    assert f'href="{PATH}?lang=en"' in api.client.get("/public/contact", headers=BROWSER).text


def test_nobody_orders_an_authority_something(api: Api) -> None:
    assert api.client.get(PATH).status_code == 404
    with api.instance.database.begin() as tx:
        set_organisation(tx, BKA)
    assert api.client.get(PATH).status_code == 404
    assert send(api).status_code == 404
    assert api.count("orders") == 0
    assert PATH not in api.client.get("/public/contact").text
