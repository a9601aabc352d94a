"""An order outlives the kill of everything between its receipt and its ring: it is there, its hour ends when it
would have, and it rings soon after the restart.

TIDEGATE_ORDER_SEED says when in each of the twenty rounds all is killed.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random, SystemRandom
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.api import item
from tests.journeys.processes_of import descendants, postmaster, send
from tests.journeys.receiving import Receiver
from tests.orders.desk import annex
from tests.orders.letters import OURS, Sender, read_signed
from tests.serving import Served, serving
from tests.waiting import lasts, now, until

from tidegate.exchange.actions import set_organisation
from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database
from tidegate.orders.jws import MEDIA_TYPE

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif("TIDEGATE_TEST_DATABASE_URL" in os.environ, reason="kills its database"),
]

ROUNDS = 20
ON_ITS_WAY = 1.5  # seconds in which a ring is swept, written, claimed and sent
RINGS_WITHIN = 5.0
URL = "https://forum.example/p/1"
SILENT, TAKES = '{"silent": true, "status": 204}', '{"status": 204}'


class Platform:
    """An instance whose legal person and authority are there, and how it is killed."""

    def __init__(self, served: Served, receiver: Receiver) -> None:
        self.served, self.receiver, self.sender = served, receiver, Sender()
        database = Database(served.cli("doctor", "--database-url"), SystemClock(), pool_size=1)
        with database.begin("system:cli") as tx:
            set_organisation(tx, OURS)
        self.sender.register(database)
        database.close()
        served.cli("users", "create", "--email", "mira@forum.example", "--role", "legal")
        legal = served.key("orders:read,orders:execute", user="mira@forum.example")
        self.api = self._client(legal)
        with self._client(served.key("items:write")) as systems:
            systems.post("/v1/items", json=item("post-1", text="x", url=URL)).raise_for_status()
        words = ["webhooks", "create", "--url", receiver.url, "--allow-private", "--enforce"]
        receiver.start(served.cli(*words))
        self._x = self.api.get("/.well-known/tidegate.json").json()["keys"][0]["x"]

    def _client(self, key: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.served.url, headers=headers, timeout=60)

    def take(self) -> dict[str, Any]:
        """An order comes to the inbox; what its receipt says, which is on the disk before it is sent."""
        name, at = uuid4().hex, SystemClock().now()
        body = annex(self.sender, at, [URL], reference=name)
        answer = self.api.post(
            "/public/orders/inbox",
            content=self.sender.message(at, "order.issued", order=name, body=body),
            headers={"content-type": MEDIA_TYPE},
        )
        assert answer.status_code == 202, answer.text
        receipt = read_signed(answer.content, self._x)
        assert receipt["verified"]
        return receipt

    def stands(self, order: str) -> Any:
        """What is there of an order, but for how long is left of it."""
        answer = self.api.get(f"/v1/orders/{order}")
        answer.raise_for_status()
        found = answer.json()
        clocks = {one["id"]: (one["started_at"], one["due_at"]) for one in found["clocks"]}
        return found["received_at"], found["state"], found["messages"], clocks

    def kill(self) -> None:
        """`kill -9` of the server, of what it has started, and of its database."""
        assert self.served.process is not None
        everybody = [self.served.process.pid, *descendants(self.served.process.pid)]
        main = postmaster(self.served.data_dir)
        assert main is not None
        send(signal.SIGKILL, [main, *descendants(main), *everybody])
        self.served.kill()

    def rang(self, order: str) -> bool:
        told = [one["body"] for one in self.receiver.got() if one["verified"]]
        return any(
            one["type"] == "order.received" and one["data"]["order"] == order for one in told
        )


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    receiver = Receiver(tmp_path / "receiver")
    with serving(tmp_path / "instance") as served:
        found = Platform(served, receiver)
        yield found
        found.api.close()
    receiver.kill()


def test_an_order_that_is_received_rings_after_a_kill(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("TIDEGATE_ORDER_SEED") or SystemRandom().randrange(1 << 32))
    served, mode = platform.served, platform.receiver.directory / "mode.json"
    figures: list[tuple[float, float, float]] = []
    for round in range(ROUNDS):
        mode.write_text(SILENT)  # a ring that is on its way arrives nowhere
        receipt = platform.take()
        order = receipt["order"]
        before = platform.stands(order)
        lasts(Random(seed + round).uniform(0, ON_ITS_WAY), lambda: None)
        platform.kill()
        assert not platform.rang(order)
        mode.write_text(TAKES)

        began = now()
        served.start()
        up = now()
        until(lambda order=order: platform.rang(order), "the ring", shown=served.tail)
        figures.append((up - began, now() - up, os.getloadavg()[0]))
        assert platform.stands(order) == before
        assert before[0] == receipt["received_at"]
        platform.api.post(f"/v1/orders/{order}/acknowledge", json={}).raise_for_status()
    with capsys.disabled():
        print(f"\nTIDEGATE_ORDER_SEED={seed}: up after, rung after that, load")
        for figure in figures:
            print("  {:5.1f} s  {:5.2f} s  {:5.1f}".format(*figure))
    late = [rung for _, rung, _ in figures if rung > RINGS_WITHIN]
    assert late == []
