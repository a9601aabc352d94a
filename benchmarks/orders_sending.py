"""Orders sent and executed beside a stream, for `make bench-orders`: when each step was seen from outside."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from multiprocessing import get_context

import httpx
import msgspec

from benchmarks.decide import BATCH, count_items
from benchmarks.hook import Hook
from benchmarks.instance import Instance
from benchmarks.load import Run, in_batches, one_by_one
from benchmarks.material import Posts, text
from benchmarks.orders_authority import Desk, message, url
from tidegate.orders.jws import MEDIA_TYPE, parse

PATIENCE = 120.0  # seconds after which what did not come is missing
ANSWER_SECONDS = 600.0
READS = 1.0  # seconds that a person takes before the order is executed
ENDLESS = 3600.0
Stream = Callable[[Posts, int], Coroutine[object, object, Run]]


def _singly(posts: Posts, port: int) -> Coroutine[object, object, Run]:
    return one_by_one(port, posts.one, seconds=ENDLESS, connections=32)


def _in_batches(posts: Posts, port: int) -> Coroutine[object, object, Run]:
    return in_batches(port, lambda: posts.batch(BATCH), seconds=ENDLESS, connections=4)


STREAMS: dict[str, Stream | None] = {
    "alone": None,
    "one by one": _singly,
    "in batches": _in_batches,
}


@contextmanager
def streaming(instance: Instance, posts: Posts, name: str) -> Generator[Callable[[], float]]:
    """A stream, while the block runs; a call says how many posts a second were kept so far."""
    stream = STREAMS[name]
    if stream is None:
        yield lambda: 0.0
        return
    process = get_context("fork").Process(
        target=lambda: asyncio.run(stream(posts, instance.port)), daemon=True
    )
    process.start()
    try:
        time.sleep(1.0)  # warm up
        before, began = count_items(instance), time.monotonic()
        yield lambda: (count_items(instance) - before) / (time.monotonic() - began)
        if not process.is_alive():
            raise RuntimeError("the stream ended early")
    finally:
        process.kill()
        process.join()


def post_items(instance: Instance, numbers: range) -> None:
    """The posts that are going to be ordered, each at an address of its own."""
    said = {"surface": "post", "publicness": "public", "author": "a"}
    said["created_at"] = "2026-01-01T10:00:00Z"
    lines = [said | {"id": f"p-{n}", "url": url(n), "text": text()} for n in numbers]
    answer = httpx.post(
        f"http://127.0.0.1:{instance.port}/v1/items/batch",
        content=b"\n".join(map(msgspec.json.encode, lines)),
        headers={
            "Authorization": f"Bearer {instance.key}",
            "Content-Type": "application/x-ndjson",
        },
        timeout=60,
    )
    if answer.status_code != 200 or answer.text.count('"verdict"') != len(numbers):
        raise RuntimeError(answer.text[:500])


class Sending:
    """Orders that are sent at their times, whether or not the last one was answered; each is executed once it
    has rung. Moments are seconds since 1970, what was taken are milliseconds."""

    def __init__(self, instance: Instance, hook: Hook, desk: Desk) -> None:
        self._base = f"http://127.0.0.1:{instance.port}"
        self._hook = hook
        self._desk = desk
        self._sent: dict[str, float] = {}  # by our id of the order
        self._rung: dict[str, float] = {}
        self._began: dict[str, float] = {}  # to be executed, by the post
        self._acted: dict[str, float] = {}
        self.receipts: list[float] = []
        self.executed: list[float] = []

    @property
    def rings(self) -> list[float]:
        """From the order's first byte until the receiver has its first ring."""
        return [(self._rung[one] - at) * 1000 for one, at in self._sent.items()]

    @property
    def attempts(self) -> list[float]:
        """From the first byte of `execute` until the receiver has the action."""
        return [(self._acted[one] - at) * 1000 for one, at in self._began.items()]

    async def run(self, orders: list[list[str]], each_second: float) -> None:
        """Send an order of each of these lists of addresses. Raises RuntimeError for any that is refused, and
        for what is not heard of."""
        limits = httpx.Limits(max_connections=100)
        posts, ends = sum(map(len, orders)), time.monotonic() + PATIENCE
        ends += len(orders) / each_second
        async with (
            httpx.AsyncClient(base_url=self._base, timeout=ANSWER_SECONDS, limits=limits) as client,
            asyncio.TaskGroup() as tasks,
        ):
            for n, urls in enumerate(orders):
                tasks.create_task(self._one(client, urls, n / each_second))
            while len(self._began) < posts or not self._began.keys() <= self._acted.keys():
                if time.monotonic() > ends:
                    raise RuntimeError("posts that were ordered stayed up")
                await asyncio.sleep(0.02)
                self._listen()

    async def _one(self, client: httpx.AsyncClient, urls: list[str], after: float) -> None:
        await asyncio.sleep(after)
        id = await self._send(client, urls)
        while id not in self._rung:
            await asyncio.sleep(0.02)
        await asyncio.sleep(READS)
        await self._execute(client, id)

    async def _send(self, client: httpx.AsyncClient, urls: list[str]) -> str:
        raw, headers = message(urls), {"Content-Type": MEDIA_TYPE}
        at, began = time.time(), time.perf_counter()
        answer = await client.post("/public/orders/inbox", content=raw, headers=headers)
        took = time.perf_counter() - began
        if answer.status_code != 202:
            raise RuntimeError(answer.text[:500])
        receipt = msgspec.json.decode(parse(answer.content).payload)
        if not receipt["verified"] or receipt["problems"]:
            raise RuntimeError(f"the receipt says {receipt}")
        self.receipts.append(took * 1000)
        self._sent[receipt["order"]] = at
        return receipt["order"]

    def _listen(self) -> None:
        """Note what rang for the first time, and what was done to posts."""
        for one in self._hook.got():
            type, data = one["message"]["type"], one["message"]["data"]
            if type == "order.received":
                self._rung.setdefault(data["order"], one["at"])
            elif type == "action.restrict":
                self._acted.setdefault(data["item"], one["at"])

    async def _execute(self, client: httpx.AsyncClient, id: str) -> None:
        headers = {"Authorization": f"Bearer {self._desk.key}"}
        at, began = time.time(), time.perf_counter()
        answer = await client.post(f"/v1/orders/{id}/execute", json={}, headers=headers)
        took = time.perf_counter() - began
        if answer.status_code != 200 or answer.json()["state"] != "executed":
            raise RuntimeError(answer.text[:500])
        self.executed.append(took * 1000)
        self._began |= {one["item"]: at for one in answer.json()["items"]}
