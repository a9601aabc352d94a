"""Messages on their way to a receiver's inbox on a real server, until it signs that it has them."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from tests.conftest import cloned
from tests.orders.letters import OURS, Sender, found_ours, payload_sha256, read_signed, unb64

from tidegate.clocks.actions import acknowledge_order
from tidegate.clocks.rings import list_rings
from tidegate.enforcement.deliver import LEASE
from tidegate.enforcement.model import GIVE_UP_AFTER
from tidegate.exchange.actions import revoke_key
from tidegate.exchange.keys import OwnKey
from tidegate.infra.clock import FakeClock
from tidegate.infra.courier import place_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.settings import Settings
from tidegate.infra.times import in_full
from tidegate.ledger.tables import ledger_pending
from tidegate.orders.messages.actions import carry, replay, send
from tidegate.orders.messages.model import Receipt, StoredMessage
from tidegate.orders.messages.outbox import claim
from tidegate.orders.messages.queries import message_jws, messages_of, receipt_of, stored_message
from tidegate.orders.messages.tables import order_messages
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.orders.outgoing import Postman, tell_undelivered
from tidegate.pipeline.orders.sides import RECEIPTS
from tidegate.pipeline.own import own_of
from tidegate.web.app import create_app

ORDER = UUID(int=14)
NOTE = "test.note"
Answer = Callable[[bytes], tuple[int, bytes, dict[str, str]]]


class Inbox:
    """The receiver: a server on a port of this machine, and the organisation that runs it."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.got: list[bytes] = []
        self.answer: Answer = self.receive
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                assert self.headers["content-type"] == "application/jose+json"
                inbox.got.append(body)
                status, answer, headers = inbox.answer(body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{port}/public/orders/inbox"
        self.owner = Sender(inbox=self.url)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def receipt(self, raw: bytes, **other: Any) -> dict[str, Any]:
        said = json.loads(unb64(json.loads(raw)["payload"]))
        return {
            "protocol": "tidegate-orders/1",
            "type": "receipt",
            "from": self.owner.id,
            "to": said["from"],
            "message": said["id"],
            "sha256": payload_sha256(raw),
            "received_at": in_full(self.clock.now() + timedelta(microseconds=7)),
            "verified": True,
            "problems": [],
            "order": "theirs",
        } | other

    def receive(self, raw: bytes) -> tuple[int, bytes, dict[str, str]]:
        return 202, self.owner.sign(self.receipt(raw)), {}

    def refuse(self, status: int, **headers: str) -> None:
        problem = b'{"type": "/problems/busy", "detail": "Not now."}'
        self.answer = lambda _: (status, problem, headers)


@pytest.fixture
def instance(database_url: str, clock: FakeClock, tmp_path: Path) -> Iterator[Instance]:
    """One that may reach this machine."""
    settings = Settings(data_dir=tmp_path, media_workers=1, allowed_addresses=["127.0.0.1/32"])
    with opened(settings, database_url, clock) as instance:
        found_ours(instance)
        yield instance


@pytest.fixture
def inbox(instance: Instance, clock: FakeClock) -> Iterator[Inbox]:
    inbox = Inbox(clock)
    inbox.owner.register(instance.database)
    yield inbox
    inbox.server.shutdown()
    inbox.server.server_close()


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[StoredMessage, Receipt]]:
    """What followed from receipts of a type that only these tests have."""
    seen: list[tuple[StoredMessage, Receipt]] = []

    def hook(tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt) -> None:
        seen.append((message, receipt))

    monkeypatch.setitem(RECEIPTS["platform"], NOTE, hook)
    return seen


def queue(instance: Instance, to: str = "bka.example", **more: Any) -> StoredMessage:
    with instance.database.begin() as tx:
        given: dict[str, Any] = {
            "type": NOTE,
            "order": "order-1",
            "order_id": ORDER,
            "body": {},
        } | more
        return send(tx, own_of(tx, instance), to=to, **given)


def bring(instance: Instance, **more: Any) -> int:
    async def run() -> int:
        postman = Postman(instance, rng=Random(1), **more)
        try:
            return await postman.run_once()
        finally:
            await postman.aclose()

    return asyncio.run(run())


def now_of(instance: Instance, message: StoredMessage) -> StoredMessage:
    with instance.database.begin() as tx:
        return stored_message(tx, message.id)


def told(instance: Instance, kind: str) -> list[dict[str, Any]]:
    with instance.database.begin() as tx:
        rows = tx.execute(sa.select(ledger_pending.c.record).where(ledger_pending.c.kind == kind))
        return [json.loads(row.record) for row in rows]


def ringing(instance: Instance) -> list[str]:
    with instance.database.begin() as tx:
        return [ring.type for ring in list_rings(tx)]


def sweep(instance: Instance) -> int:
    with instance.database.begin() as tx:
        return tell_undelivered(tx)


def test_it_is_signed_brought_and_receipted(
    instance: Instance, inbox: Inbox, clock: FakeClock, hooked: list[Any]
) -> None:
    at = clock.now()
    queued = queue(instance, body={"at": at, "items": [{"url": "https://forum.example/ü"}]})
    assert (queued.state, queued.attempts, queued.sent_at) == ("pending", 0, at)
    clock.advance(2)
    assert bring(instance) == 1
    (raw,) = inbox.got
    assert read_signed(raw, OwnKey.of(instance.secrets).x) == {
        "protocol": "tidegate-orders/1",
        "type": NOTE,
        "id": str(queued.id),
        "order": "order-1",
        "from": OURS.id,
        "to": "bka.example",
        "sent_at": "2026-01-01T00:00:00.000000Z",
        "synthetic": False,
        "body": {
            "at": "2026-01-01T00:00:00.000000Z",
            "items": [{"url": "https://forum.example/ü"}],
        },
    }
    after = now_of(instance, queued)
    received_at = clock.now() + timedelta(microseconds=7)
    assert (after.state, after.attempts) == ("delivered", 1)
    assert (after.received_at, after.delivered_at) == (received_at, clock.now())
    ((message, receipt),) = hooked
    assert message == after
    assert (receipt.received_at, receipt.order) == (received_at, "theirs")
    with instance.database.begin() as tx:
        assert message_jws(tx, queued.id) == raw
        kept = receipt_of(tx, queued.id)
        assert kept is not None
        assert read_signed(kept, inbox.owner.key.x)["message"] == queued.message
        assert messages_of(tx, ORDER) == [after]
    (entry,) = told(instance, "order.message_delivered")
    assert entry["received_at"] == msgspec.to_builtins(received_at)
    assert bring(instance) == 0


def test_it_commits_with_what_it_tells_of(instance: Instance, inbox: Inbox) -> None:
    def tell_and_fail() -> None:
        with instance.database.begin() as tx:
            own = own_of(tx, instance)
            send(tx, own, type=NOTE, order="x", order_id=None, to="bka.example", body={})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        tell_and_fail()
    assert bring(instance) == 0
    assert told(instance, "order.message_sent") == []


def test_under_one_id_it_is_one_message(instance: Instance, inbox: Inbox) -> None:
    first = queue(instance, id="annex-1")
    assert queue(instance, id="annex-1", body={"another": 1}) == first
    assert queue(instance, id="annex-1", order="order-2") != first
    assert bring(instance) == 2


def test_who_is_away_is_asked_again_and_gets_all_at_once(
    instance: Instance, inbox: Inbox, clock: FakeClock, hooked: list[Any]
) -> None:
    first = queue(instance)
    inbox.refuse(500)
    for _ in range(3):
        bring(instance)
        clock.advance(60)
    second = queue(instance)
    bring(instance)
    failed = now_of(instance, first)
    assert (failed.state, failed.last_error) == ("pending", "it answered 500: busy Not now.")
    assert failed.attempts == 4
    assert failed.next_at is not None
    assert failed.next_at > clock.now()
    clock.advance(26 * 3600)
    inbox.answer = inbox.receive
    bring(instance)
    assert {now_of(instance, one).state for one in (first, second)} == {"delivered"}
    # The hour runs from the receiver's receipt, not from when it was written.
    assert now_of(instance, first).received_at == clock.now() + timedelta(microseconds=7)
    assert [message.id for message, _ in hooked] == [first.id, second.id]


def test_one_that_takes_again_gets_what_waited_at_once(
    instance: Instance, inbox: Inbox, clock: FakeClock
) -> None:
    first = queue(instance)
    inbox.refuse(503)
    for _ in range(8):
        bring(instance)
        clock.advance(30)
    inbox.answer = inbox.receive
    with instance.database.begin() as tx:
        later = {"next_at": tx.now + timedelta(hours=2)}
        tx.execute(sa.update(order_messages).values(later))
    second = queue(instance)
    bring(instance)
    assert {now_of(instance, one).state for one in (first, second)} == {"delivered"}


def test_after_three_days_it_is_dead_and_can_be_sent_once_more(
    instance: Instance, inbox: Inbox, clock: FakeClock, hooked: list[Any]
) -> None:
    queued = queue(instance)
    inbox.refuse(500)
    ended = clock.now() + GIVE_UP_AFTER
    while now_of(instance, queued).state == "pending":
        bring(instance)
        waits = now_of(instance, queued)
        assert waits.next_at is not None
        clock.advance(max(1.0, (waits.next_at - clock.now()).total_seconds()))
    assert ended <= clock.now() <= ended + timedelta(seconds=2)
    assert now_of(instance, queued).state == "dead"
    assert len(told(instance, "order.message_dead")) == 1
    inbox.answer = inbox.receive
    assert bring(instance) == 0
    with instance.database.begin() as tx:
        again = replay(tx, queued.id)
    assert (again.state, again.attempts, again.sha256) == ("pending", 0, queued.sha256)
    assert bring(instance) == 1
    assert now_of(instance, queued).state == "delivered"
    assert inbox.got[-1] == inbox.got[0]
    assert len(hooked) == 1


def test_what_was_delivered_and_is_sent_once_more_keeps_its_first_receipt(
    instance: Instance, inbox: Inbox, clock: FakeClock, hooked: list[Any]
) -> None:
    queued = queue(instance)
    bring(instance)
    first = now_of(instance, queued)
    clock.advance(100)
    with instance.database.begin() as tx:
        replay(tx, queued.id)
    bring(instance)
    after = now_of(instance, queued)
    assert (after.state, after.received_at) == ("delivered", first.received_at)
    assert len(hooked) == 1


# Receipts that are none.

Spoil = Callable[[Inbox, bytes], bytes]


def _other(**fields: Any) -> Spoil:
    return lambda inbox, raw: inbox.owner.sign(inbox.receipt(raw, **fields))


def _unsigned(inbox: Inbox, raw: bytes) -> bytes:
    return json.dumps(json.loads(inbox.owner.sign(inbox.receipt(raw))) | {"signature": ""}).encode()


SPOILT: dict[str, tuple[Spoil, str]] = {
    "signed by nobody known": (
        lambda inbox, raw: Sender().sign(inbox.receipt(raw)),
        "no confirmed key of the receiver signed the receipt",
    ),
    "signed in its name": (
        lambda inbox, raw: Sender().sign(inbox.receipt(raw), kid=inbox.owner.key.kid),
        "the signature of the receipt is wrong",
    ),
    "unsigned": (_unsigned, "the signature of the receipt is wrong"),
    "of a time to come": (
        _other(received_at="2100-01-01T00:00:00Z"),
        "the receipt is of a time at which it cannot have come",
    ),
    "of a time before it was sent": (
        _other(received_at="2001-01-01T00:00:00Z"),
        "the receipt is of a time at which it cannot have come",
    ),
    "of another message": (_other(message="another"), "the receipt is for another message"),
    "of another content": (_other(sha256="0" * 64), "the receipt is for another message"),
    "for another": (
        _other(to="shop.example"),
        "the receipt is not for us, or of another than the receiver",
    ),
    "by another": (
        _other(**{"from": "shop.example"}),
        "the receipt is not for us, or of another than the receiver",
    ),
    "no receipt": (_other(type=NOTE), "/payload/type: expected"),
    "without a time": (_other(received_at="now"), "/payload/received_at: expected"),
    "the message itself": (lambda _, raw: raw, "no confirmed key of the receiver"),
    "a page": (lambda *_: b"<html>Welcome</html>", "the body: expected JSON"),
    "nothing": (lambda *_: b"", "the body: expected JSON"),
    "too long": (lambda *_: b" " * (1 << 20), "127.0.0.1 sent more than 65536 bytes."),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_receipt_that_does_not_verify_is_none_and_is_told(
    instance: Instance, inbox: Inbox, clock: FakeClock, hooked: list[Any], what: str
) -> None:
    queued = queue(instance)
    spoil, error = SPOILT[what]
    inbox.answer = lambda raw: (202, spoil(inbox, raw), {})
    bring(instance)
    waits = now_of(instance, queued)
    assert (waits.state, waits.received_at, waits.delivered_at) == ("pending", None, None)
    assert (waits.last_error or "").startswith(error)
    assert hooked == []
    clock.advance(15 * 60)
    sweep(instance)
    assert ringing(instance) == ["order.undelivered"]
    inbox.answer = inbox.receive
    bring(instance)
    assert now_of(instance, queued).state == "delivered"
    assert ringing(instance) == []


def test_a_receipt_by_a_revoked_key_is_none(
    instance: Instance, inbox: Inbox, clock: FakeClock
) -> None:
    with instance.database.begin() as tx:
        revoke_key(tx, "bka.example", inbox.owner.key.kid, tx.now, "it was stolen")
    queued = queue(instance)
    bring(instance)
    error = "no confirmed key of the receiver signed the receipt"
    assert now_of(instance, queued).last_error == error


def test_a_receipt_that_says_not_verified_is_one(
    instance: Instance, inbox: Inbox, hooked: list[Any]
) -> None:
    queued = queue(instance)
    doubts = inbox.receipt
    inbox.answer = lambda raw: (
        202,
        inbox.owner.sign(doubts(raw, verified=False, problems=["key-unknown", "of-tomorrow"])),
        {},
    )
    bring(instance)
    after = now_of(instance, queued)
    assert (after.state, after.verified) == ("delivered", False)
    assert after.problems == ["key-unknown", "of-tomorrow"]
    assert len(hooked) == 1


# Where it may go.


@pytest.mark.parametrize("registered", ["nobody", "unconfirmed"])
def test_nothing_goes_to_who_is_not_confirmed(
    instance: Instance, inbox: Inbox, registered: str
) -> None:
    other = Sender("other.example", inbox=inbox.url)
    if registered == "unconfirmed":
        other.register(instance.database, confirm=False)
    queued = queue(instance, to="other.example")
    bring(instance)
    assert inbox.got == []
    error = "The registry knows no inbox of other.example"
    assert now_of(instance, queued).last_error == error


def test_a_private_address_is_reached_only_where_it_is_allowed(
    database_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    with opened(Settings(data_dir=tmp_path, media_workers=1), database_url, clock) as instance:
        found_ours(instance)
        inbox = Inbox(clock)
        inbox.owner.register(instance.database)
        queued = queue(instance)
        bring(instance)
        assert inbox.got == []
        waits = now_of(instance, queued)
        assert waits.state == "pending"
        assert "is not a public address" in (waits.last_error or "")


def test_nobody_is_sent_elsewhere(instance: Instance, inbox: Inbox, clock: FakeClock) -> None:
    elsewhere = Inbox(clock)
    inbox.answer = lambda _: (307, b"", {"location": elsewhere.url})
    queued = queue(instance)
    bring(instance)
    assert elsewhere.got == []
    assert now_of(instance, queued).state == "pending"


def test_who_is_busy_says_for_how_long(instance: Instance, inbox: Inbox, clock: FakeClock) -> None:
    inbox.refuse(429, **{"retry-after": "1800"})
    queued = queue(instance)
    bring(instance)
    assert now_of(instance, queued).next_at == clock.now() + timedelta(seconds=1800)


def test_who_does_not_answer_is_given_up_on(instance: Instance, inbox: Inbox) -> None:
    released = threading.Event()

    def wait(raw: bytes) -> tuple[int, bytes, dict[str, str]]:
        released.wait(30)
        return inbox.receive(raw)

    inbox.answer = wait
    queued = queue(instance)
    bring(instance, timeout=0.2)
    released.set()
    assert now_of(instance, queued).last_error == "127.0.0.1 did not answer within 0.2 s."


# Workers.


def test_what_a_killed_worker_had_comes_back_when_its_lease_ends(
    instance: Instance, inbox: Inbox, clock: FakeClock
) -> None:
    queued = queue(instance)
    with instance.database.begin() as tx:
        (taken,) = claim(tx, "bka.example", 5, LEASE)
        assert taken.message.id == queued.id
    assert bring(instance) == 0
    clock.advance(LEASE.total_seconds())
    assert bring(instance) == 1
    assert now_of(instance, queued).state == "delivered"


def test_workers_side_by_side_bring_each_message_once(
    instance: Instance, inbox: Inbox, hooked: list[Any]
) -> None:
    queued = [queue(instance) for _ in range(20)]

    async def together() -> None:
        postmen = [Postman(instance) for _ in range(4)]
        await asyncio.gather(*(one.run_once() for one in postmen))
        await asyncio.gather(*(one.aclose() for one in postmen))

    asyncio.run(together())
    assert sorted(payload_sha256(raw) for raw in inbox.got) == sorted(m.sha256 for m in queued)
    assert len(hooked) == 20


def test_a_worker_that_stops_hands_back_what_it_had(instance: Instance, inbox: Inbox) -> None:
    asked, released = threading.Event(), threading.Event()

    def wait(raw: bytes) -> tuple[int, bytes, dict[str, str]]:
        asked.set()
        released.wait(30)
        return inbox.receive(raw)

    inbox.answer = wait
    queued = queue(instance)

    async def run() -> None:
        stop = asyncio.Event()
        working = asyncio.create_task(Postman(instance).run(stop, grace=0.0))
        await asyncio.to_thread(asked.wait, 30)
        stop.set()
        await working

    asyncio.run(run())
    released.set()
    with instance.database.begin() as tx:
        row = tx.execute(sa.select(order_messages).where(order_messages.c.id == queued.id)).one()
    assert (row.state, row.leased_until, row.attempts) == ("pending", None, 0)


def test_what_a_killed_worker_had_is_brought_once_it_is_started_again(
    instance: Instance, inbox: Inbox
) -> None:
    for _ in range(2):
        queue(instance)
    brought = threading.Event()
    inbox.answer = lambda raw: (brought.set(), inbox.receive(raw))[1]
    with instance.database.begin() as tx:
        place = place_of(instance.settings.data_dir)
        (taken,) = claim(tx, "bka.example", 1, LEASE, place)
        (others,) = claim(tx, "bka.example", 1, LEASE, "elsewhere")

    async def run() -> None:
        stop = asyncio.Event()
        working = asyncio.create_task(Postman(instance).run(stop))
        assert await asyncio.to_thread(brought.wait, 30)
        stop.set()
        await working

    asyncio.run(run())
    assert now_of(instance, taken.message).state == "delivered"
    assert now_of(instance, others.message).state == "pending"


def test_where_what_follows_fails_it_is_brought_again(
    instance: Instance, inbox: Inbox, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[UUID] = []

    def hook(tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt) -> None:
        seen.append(message.id)
        if len(seen) == 1:
            raise RuntimeError

    monkeypatch.setitem(RECEIPTS["platform"], NOTE, hook)
    queued = queue(instance)
    bring(instance)
    waits = now_of(instance, queued)
    assert (waits.state, waits.received_at, waits.last_error) == ("pending", None, "RuntimeError")
    clock.advance(10)
    bring(instance)
    assert now_of(instance, queued).state == "delivered"
    assert seen == [queued.id] * 2


# What rings.


def test_it_rings_when_a_quarter_of_an_hour_is_over(
    instance: Instance, inbox: Inbox, clock: FakeClock
) -> None:
    inbox.refuse(500)
    queued = queue(instance)
    bring(instance)
    clock.advance(15 * 60 - 0.000001)
    assert sweep(instance) == 0
    clock.advance(0.000001)
    assert sweep(instance) == 1
    with instance.database.begin() as tx:
        (ring,) = list_rings(tx)
    assert (ring.type, ring.order_id) == ("order.undelivered", ORDER)
    assert ring.data == {
        "order": str(ORDER),
        "message": str(queued.id),
        "type": NOTE,
        "to": "bka.example",
        "sent_at": "2026-01-01T00:00:00.000000Z",
    }
    assert sweep(instance) == 0
    with instance.database.begin("user:legal@forum.example") as tx:
        acknowledge_order(tx, ORDER)
    assert ringing(instance) == []
    assert sweep(instance) == 0


def test_what_is_carried_by_hand_is_not_sent_and_rings_no_more(
    instance: Instance, inbox: Inbox, clock: FakeClock
) -> None:
    queued = queue(instance)
    clock.advance(16 * 60)
    sweep(instance)
    with instance.database.begin() as tx:
        assert carry(tx, queued.id).state == "carried"
    assert ringing(instance) == []
    assert (sweep(instance), bring(instance), inbox.got) == (0, 0, [])
    with pytest.raises(Refusal) as refused, instance.database.begin() as tx:
        carry(tx, queued.id)
    assert (refused.value.type, refused.value.status) == ("message-not-waiting", 409)


def test_what_came_in_is_not_sent_back(instance: Instance, inbox: Inbox) -> None:
    with pytest.raises(Refusal) as refused, instance.database.begin() as tx:
        replay(tx, uuid4())
    assert refused.value.status == 404


# Two instances.


def test_two_instances_agree_on_when_it_was_received(
    instance: Instance,
    inbox: Inbox,
    clock: FakeClock,
    server_urls: tuple[str, str],
    template: str,
    tmp_path: Path,
) -> None:
    """What one sends the other takes, and gives a receipt that the first verifies: by what each publishes."""
    settings = Settings(data_dir=tmp_path / "other", media_workers=1)
    with ExitStack() as stack:
        _, url = stack.enter_context(cloned(server_urls, template))
        other = stack.enter_context(opened(settings, url, FakeClock(clock.now())))
        there = Sender("unit.example", inbox=inbox.url)
        found_ours(other, there.organisation)
        there.key = OwnKey.of(other.secrets)
        there.register(instance.database)
        here = Sender("forum.example", kind="platform")
        here.key = OwnKey.of(instance.secrets)
        here.register(other.database)
        client = stack.enter_context(TestClient(create_app(other), base_url="http://unit"))

        def take(raw: bytes) -> tuple[int, bytes, dict[str, str]]:
            answer = client.post("/public/orders/inbox", content=raw)
            return answer.status_code, answer.content, {}

        inbox.answer = take
        queued = queue(instance, to="unit.example")
        assert isinstance(other.clock, FakeClock)
        other.clock.advance(0.123456)
        bring(instance)
        after = now_of(instance, queued)
        assert after.state == "delivered", after.last_error
        assert after.received_at == other.clock.now()
        with other.database.begin() as tx:
            (row,) = tx.execute(sa.select(order_messages)).all()
        assert (row.received_at, row.sha256, row.verified) == (
            after.received_at,
            after.sha256,
            True,
        )
