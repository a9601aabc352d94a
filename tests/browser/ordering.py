"""The instance of a desk in a browser, opened beside its server: orders that come to it, and whose hours run."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import httpx
from playwright.sync_api import Page
from tests.browser.desk import Desk
from tests.orders.desk import Desk as OrdersDesk
from tests.orders.desk import annex

from tidegate.infra.clock import FakeClock, SystemClock
from tidegate.infra.settings import Settings
from tidegate.orders.jws import MEDIA_TYPE
from tidegate.pipeline.instance import opened

_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((one) => { const { left, right } = one.getBoundingClientRect(); return left < 0 || right > innerWidth; })
  .slice(-3).map((one) => one.outerHTML.slice(0, 120))"""


@contextmanager
def ordering(desk: Desk) -> Generator[OrdersDesk]:
    """A platform that knows an authority; both desks are of one instance."""
    settings = Settings(data_dir=desk.served.data_dir, media_workers=1)
    url, clock = desk.served.cli("doctor", "--database-url"), SystemClock()
    with opened(settings, url, clock) as instance:
        yield OrdersDesk(
            instance, cast(FakeClock, clock)
        )  # which tells the time, and is not turned


def comes(desk: Desk, orders: OrdersDesk, url: str, name: str) -> str:
    """An order comes to the server's own inbox; its id here."""
    body = annex(orders.sender, orders.now, [url], reference=name)
    answer = httpx.post(
        f"{desk.served.url}/public/orders/inbox",
        content=orders.sender.message(orders.now, "order.issued", order=name, body=body),
        headers={"content-type": MEDIA_TYPE},
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    rows = desk.api.get("/v1/orders").json()["data"]
    (found,) = [one["id"] for one in rows if one["order"] == name]
    return found


def wide(page: Page) -> list[str]:
    """What of a page is wider than the window; nothing where that does not scroll."""
    return page.evaluate(_WIDE)
