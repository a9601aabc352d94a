"""What rings about an order that came is silenced by who could execute it, and by nobody who only reads it."""

from typing import Any

import pytest
from tests.api import Api
from tests.orders.test_orders_api import URL, Platform
from tests.web.ordered import person
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.ringing import ring_due


@pytest.fixture
def platform(api: Api, clock: FakeClock) -> Platform:
    return Platform(api, clock)


def ringing(platform: Platform) -> tuple[str, str, str]:
    """An order whose hour rings: its id, that of its clock and that of its ring."""
    platform.api.submit("post-1", text="hello", url=URL)
    order = platform.ordered(URL)
    platform.clock.advance(50 * 60)
    with platform.api.instance.database.begin() as tx:
        ring_due(tx, platform.api.instance.settings)
    key = platform.legal
    (clock,) = platform.api.get("/v1/clocks?name=tco.remove&ringing=true", key=key).json()["data"]
    (ring,) = platform.api.get("/v1/rings", key=key).json()["data"]
    return order, clock["id"], ring["id"]


def state(platform: Platform) -> list[Any]:
    api, key = platform.api, platform.legal
    rings = [api.get(path, key=key).json()["data"] for path in ("/v1/clocks", "/v1/rings")]
    with api.instance.database.begin() as tx:
        told = "SELECT count(*) FROM ledger_pending WHERE kind LIKE '%%.acknowledged'"
        entries = tx.connection.exec_driver_sql(told).scalar_one()
    return [*rings, entries]


def test_who_only_reads_orders_silences_nothing(platform: Platform) -> None:
    order, clock, ring = ringing(platform)
    before = state(platform)
    for name, scope in (
        ("legal", "orders:read"),
        ("officer", "orders:draft"),
        ("analyst", "oversight:read"),
    ):
        key = person(platform.api, name, scope)
        for path in (f"clocks/{clock}", f"rings/{ring}", f"orders/{order}"):
            refused = platform.api.post(f"/v1/{path}/acknowledge", key=key)
            assert refused.status_code == 403, (name, path)
            assert refused.json()["type"] == "/problems/scope-missing"
    by_nobody = platform.api.post(f"/v1/clocks/{clock}/acknowledge", key=platform.api.admin)
    assert by_nobody.json()["type"] == "/problems/person-needed"
    assert state(platform) == before
    done = platform.api.post(f"/v1/clocks/{clock}/acknowledge", key=platform.legal)
    assert (done.status_code, done.json()["ringing"]) == (200, False)
    assert platform.api.get("/v1/rings", key=platform.legal).json()["data"] == []


def test_an_auditor_sees_what_rings_and_has_no_button(platform: Platform) -> None:
    order, clock, _ = ringing(platform)
    before = state(platform)[:2]
    auditor = Visitor(platform.api.instance, platform.api.client, "auditor")
    for path in ("/", "/clocks?ringing=yes", f"/orders/{order}"):
        shown = auditor.get(path).text
        assert 'data-testid="order-rings"' in shown
        assert "/acknowledge" not in shown
    for path in (f"/clocks/{clock}/acknowledge", f"/orders/{order}/acknowledge"):
        assert auditor.send(path, {"back": "/clocks"}).status_code == 403
    assert state(platform)[:2] == before
    legal = Visitor(platform.api.instance, platform.api.client, "legal")
    assert f'action="/orders/{order}/acknowledge"' in legal.get("/").text
