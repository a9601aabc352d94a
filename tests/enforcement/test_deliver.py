"""Delivery to a receiver in another process: signed, at least once, through outages."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.waiting import until_async
from typer.testing import CliRunner

from tidegate.cli.webhooks import app
from tidegate.content.model import ItemRow
from tidegate.decisions.restrictions import Effective
from tidegate.enforcement.actions import forget_payloads, issue, replay
from tidegate.enforcement.deliver import BATCH, LEASE, Deliverer
from tidegate.enforcement.model import GIVE_UP_AFTER, LONGEST_ASKED, Action, asked_delay
from tidegate.enforcement.outbox import claim
from tidegate.enforcement.queries import (
    dead_letters,
    deliveries_of_action,
    list_webhooks,
    outbox_counts,
)
from tidegate.enforcement.slice import ENFORCEMENT
from tidegate.enforcement.tables import actions, deliveries, messages
from tidegate.enforcement.webhooks import (
    create_webhook,
    disable_webhook,
    rotate_webhook,
    set_enforce,
)
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx

Act = Callable[..., list[Action]]
NewDecision = Callable[[Tx], dict[str, Any]]
NewItem = Callable[[Tx], ItemRow]
NewReceiver = Callable[[], "Receiver"]
NewWebhook = Callable[..., UUID]


@pytest.fixture
def clock() -> FakeClock:
    """Starts at the real time, which receivers compare signatures with."""
    return FakeClock(datetime.now(UTC))


class Receiver:
    def __init__(self, directory: Path) -> None:
        self.directory, self.port, self.secret = directory, 0, "whsec_" + "A" * 32
        self.process: subprocess.Popen[bytes] | None = None
        self.answer(200)
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def answer(self, status: int, **more: Any) -> None:
        draft = self.directory / "mode.draft"
        draft.write_text(json.dumps({"status": status, **more}))
        draft.rename(self.directory / "mode.json")

    def start(self, secret: str | None = None) -> None:
        self.stop()
        self.secret = secret or self.secret
        script = Path(__file__).with_name("receiver.py")
        self.process = subprocess.Popen(
            [sys.executable, script, str(self.port), self.directory, self.secret],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout
            self.process.stdout.close()
            self.process = None

    @property
    def got(self) -> list[dict[str, Any]]:
        path = self.directory / "got.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def new_receiver(tmp_path: Path) -> Iterator[Callable[[], Receiver]]:
    started: list[Receiver] = []

    def start() -> Receiver:
        directory = tmp_path / f"receiver{len(started)}"
        directory.mkdir()
        started.append(Receiver(directory))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def receiver(new_receiver: Callable[[], Receiver]) -> Receiver:
    return new_receiver()


def connect(database: Database, receiver: Receiver, *, enforce: bool = True) -> UUID:
    """A webhook of the receiver's, which learns its secret."""
    with database.begin() as tx:
        made = create_webhook(tx, receiver.url, True, enforce, known=ENFORCEMENT.messages)
    receiver.start(made.secret)
    return made.id


@pytest.fixture
def act(
    database: Database, new_item: NewItem, new_decision: NewDecision
) -> Callable[..., list[Action]]:
    """Issue `count` restrictions, each of an item of its own."""

    def do(count: int = 1) -> list[Action]:
        with database.begin("user:m@example.org") as tx:
            return [
                issue(
                    tx,
                    kind="restrict",
                    item=new_item(tx),
                    revision=1,
                    decision=new_decision(tx),
                    effective=Effective(True, "item", None, None, None),
                )
                for _ in range(count)
            ]

    return do


def deliver(database: Database, clock: FakeClock, **more: Any) -> int:
    async def once() -> int:
        deliverer = Deliverer(database, clock, **more)
        try:
            return await deliverer.run_once()
        finally:
            await deliverer.aclose()

    return asyncio.run(once())


def states(database: Database) -> dict[str, int]:
    with database.begin() as tx:
        query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
        return dict(tuple(row) for row in tx.execute(query))


def test_a_message_arrives_signed_once(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    (action,) = act()
    assert deliver(database, clock) == 1
    assert deliver(database, clock) == 0
    (got,) = receiver.got
    assert (got["id"], got["verified"]) == (action.message_id, True)
    assert got["body"]["type"] == "action.restrict"
    assert got["body"]["data"]["action"] == str(action.id)
    with database.begin() as tx:
        (view,) = deliveries_of_action(tx, action.id)
    assert (view.state, view.attempts, view.last_status) == ("delivered", 1, 200)


def test_while_a_secret_is_rotated_messages_are_signed_with_both(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    """The receiver changes over at any time within the overlap; after it the old secret signs no more,
    and neither does one that was rotated out twice."""
    webhook = connect(database, receiver)
    first = receiver.secret

    def verified(secret: str) -> bool:
        receiver.start(secret)
        act()
        assert deliver(database, clock) == 1
        return receiver.got[-1]["verified"]

    def rotate(seconds: int) -> str:
        with database.begin() as tx:
            return rotate_webhook(tx, webhook, timedelta(seconds=seconds)).secret

    second = rotate(30)
    assert [verified(one) for one in (first, second)] == [True, True]
    clock.advance(30)
    assert [verified(one) for one in (first, second)] == [False, True]
    third, fourth = rotate(30), rotate(30)
    assert [verified(one) for one in (second, third, fourth)] == [False, True, True]
    fifth = rotate(0)
    assert [verified(one) for one in (fourth, fifth)] == [False, True]


def test_a_refused_message_comes_again_under_the_same_id(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    receiver.answer(500)
    (action,) = act()
    assert deliver(database, clock) == 1
    assert deliver(database, clock) == 0, "not before its time"
    clock.advance(1)
    assert deliver(database, clock) == 1
    receiver.answer(204)
    clock.advance(60)
    assert deliver(database, clock) == 1
    assert [got["id"] for got in receiver.got] == [action.message_id] * 3
    assert [got["status"] for got in receiver.got] == [500, 500, 204]
    assert states(database) == {"delivered": 1}


def test_in_the_first_hour_no_attempt_waits_over_a_minute(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    receiver.answer(503)
    act()
    tried = 0
    for _ in range(20):
        tried += deliver(database, clock)
        clock.advance(60)
    assert tried >= 20


@pytest.mark.parametrize("status", [429, 503])
def test_a_target_that_asks_to_be_left_alone_is_left_alone(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act, status: int
) -> None:
    """Neither what it refused nor what comes meanwhile is sent before its time; then all is."""
    connect(database, receiver)
    receiver.answer(status, **{"retry-after": "90"})
    act()
    assert deliver(database, clock) == 1
    act()
    receiver.answer(200)
    with database.begin() as tx:
        (view,) = list_webhooks(tx)
    assert view.paused_until == clock.now() + timedelta(seconds=90)
    for seconds in (30, 30, 29):
        clock.advance(seconds)
        assert deliver(database, clock) == 0
    clock.advance(1)
    assert deliver(database, clock) == 2
    assert states(database) == {"delivered": 2}


def test_how_long_it_may_ask_for_is_bounded(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    receiver.answer(429, **{"retry-after": "9999999"})
    act()
    deliver(database, clock)
    clock.advance(LONGEST_ASKED.total_seconds() - 1)
    assert deliver(database, clock) == 0
    clock.advance(1)
    assert deliver(database, clock) == 1


def test_who_asks_with_another_answer_is_not_waited_for(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    receiver.answer(500, **{"retry-after": "90"})
    act()
    deliver(database, clock)
    clock.advance(1)
    assert deliver(database, clock) == 1


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("90", 90),
        (" 7 ", 7),
        ("Wed, 01 Jul 2026 12:02:00 GMT", 120),
        ("Wednesday, 01-Jul-26 12:00:05 GMT", 5),
        ("Wed, 01 Jul 2026 20:00:00 GMT", 3600),
        ("9" * 40, 3600),
        ("0", None),
        ("-5", None),
        ("Wed, 01 Jul 2026 11:00:00 GMT", None),
        ("soon", None),
        ("1.5", None),
        ("\u0667", None),
        ("", None),
        (None, None),
    ],
)
def test_what_retry_after_says(said: str | None, seconds: int | None) -> None:
    asked = asked_delay(said, datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert asked == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text(max_size=30) | st.from_regex(r"[A-Z][a-z]{2}, \d+ Jul \d+ \d+:\d+:\d+ ?[-+A-Z0-9]*"))
def test_no_retry_after_is_a_fault(said: str) -> None:
    asked = asked_delay(said, datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert asked is None or timedelta() < asked <= LONGEST_ASKED


def test_after_three_days_it_is_dead_and_can_be_replayed(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    webhook_id = connect(database, receiver)
    receiver.answer(500)
    (action,) = act()
    began, tries = clock.now(), 0
    with database.begin() as tx:
        while not (dead := dead_letters(tx)):
            clock.advance(1800)
            with database.begin() as other:
                due = other.execute(sa.select(deliveries.c.next_at)).scalar_one()
            clock.advance(max(0, (due - clock.now()).total_seconds()))
            tries += deliver(database, clock)
            assert clock.now() - began < timedelta(days=4)
        assert outbox_counts(tx).dead == 1
    assert clock.now() - began >= GIVE_UP_AFTER
    assert tries > 20
    assert (dead[0].action_id, dead[0].webhook_id) == (action.id, webhook_id)
    assert dead[0].last_error == "the target answered 500"
    clock.advance(86400)
    assert deliver(database, clock) == 0, "dead is dead"
    receiver.answer(200)
    with database.begin() as tx:
        assert replay(tx, action.id) == 1
    assert deliver(database, clock) == 1
    assert states(database) == {"delivered": 1}
    assert {got["id"] for got in receiver.got} == {action.message_id}


def test_when_a_target_is_back_all_that_waits_comes_at_once(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    receiver.stop()
    waiting = act(BATCH * 2 + 3)
    for minutes in (1, 10, 40, 60, 60):  # the waits are long by now
        clock.advance(60 * minutes)
        deliver(database, clock)
    assert states(database) == {"pending": len(waiting)}
    receiver.start()
    (fresh,) = act()
    deliver(database, clock)  # the clock stands still
    assert states(database) == {"delivered": len(waiting) + 1}
    expected = {action.message_id for action in [*waiting, fresh]}
    assert {got["id"] for got in receiver.got} == expected


def test_a_message_that_is_refused_does_not_ride_on_the_others(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    """The target takes all but one: that one is not tried again with each of the others."""
    connect(database, receiver)
    (refused,) = act()
    receiver.answer(200, refuse=refused.message_id)
    for _ in range(40):
        deliver(database, clock)  # the refused one alone, if due: the target seems to fail
        act()
        deliver(database, clock)  # another one: the target accepts again
        clock.advance(1)
    got = [got["id"] for got in receiver.got]
    assert len(got) - len(set(got)) < 20
    assert len(set(got)) == 41


def test_observing_sends_nothing_until_switched_and_replayed(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    webhook_id = connect(database, receiver, enforce=False)
    (seen,) = act()
    assert deliver(database, clock) == 0
    assert states(database) == {"observed": 1}
    with database.begin() as tx:
        set_enforce(tx, webhook_id, True)
    assert deliver(database, clock) == 0
    (sent,) = act()
    assert deliver(database, clock) == 1
    with database.begin() as tx:
        replay(tx, seen.id)
    assert deliver(database, clock) == 1
    assert [got["id"] for got in receiver.got] == [sent.message_id, seen.message_id]


def test_going_back_to_observing_stops_what_waits(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    webhook_id = connect(database, receiver)
    act(2)
    with database.begin() as tx:
        set_enforce(tx, webhook_id, False)
    assert deliver(database, clock) == 0
    assert states(database) == {"observed": 2}


def test_a_dead_target_delays_no_other(
    database: Database, clock: FakeClock, new_receiver: NewReceiver, act: Act
) -> None:
    dead, quick = new_receiver(), new_receiver()
    connect(database, dead)
    connect(database, quick)
    dead.answer(200, silent=True)
    act(BATCH * 2)

    async def watch() -> None:
        deliverer, stop = Deliverer(database, clock, timeout=3600), asyncio.Event()
        running = asyncio.create_task(deliverer.run(stop, grace=0.1))
        await until_async(lambda: len(quick.got) == BATCH * 2, "all messages at the quick one")
        stop.set()
        await running

    asyncio.run(watch())
    with database.begin() as tx:  # what was in flight to the dead one was handed back
        leased = sa.select(deliveries).where(deliveries.c.leased_until.isnot(None))
        assert tx.execute(leased).all() == []
    assert states(database) == {"delivered": BATCH * 2, "pending": BATCH * 2}


def test_no_answer_in_time_is_a_failed_attempt(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    receiver.answer(200, silent=True)
    (action,) = act()
    assert deliver(database, clock, timeout=0.2) == 1
    with database.begin() as tx:
        (view,) = deliveries_of_action(tx, action.id)
    assert (view.state, view.last_status) == ("pending", None)
    assert "did not answer within 0.2 s" in (view.last_error or "")


def test_a_killed_workers_claims_come_back(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    webhook_id = connect(database, receiver)
    act(3)
    with database.begin() as tx:
        assert claim(tx, webhook_id, 10, LEASE)  # and is never heard of again
    assert deliver(database, clock) == 0
    clock.advance(LEASE.total_seconds())
    assert deliver(database, clock) == 3


def test_what_a_killed_worker_had_is_sent_once_it_is_started_again(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    """And at once; what is leased at another place stays there."""
    webhook_id = connect(database, receiver)
    act(3)
    with database.begin() as tx:
        assert claim(tx, webhook_id, 2, LEASE, "here")
        assert claim(tx, webhook_id, 1, LEASE, "elsewhere")

    async def start_again() -> None:
        deliverer, stop = Deliverer(database, clock, place="here"), asyncio.Event()
        running = asyncio.create_task(deliverer.run(stop))
        await until_async(lambda: len(receiver.got) == 2, "what was claimed here")
        stop.set()
        await running

    asyncio.run(start_again())
    assert states(database) == {"delivered": 2, "pending": 1}
    assert deliver(database, clock) == 0
    clock.advance(LEASE.total_seconds())
    assert deliver(database, clock) == 1


def test_two_workers_side_by_side_lose_nothing_and_send_once(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    issued = act(100)

    async def both() -> int:
        workers = [Deliverer(database, clock) for _ in range(2)]
        done = await asyncio.gather(*(worker.run_once() for worker in workers))
        for worker in workers:
            await worker.aclose()
        return sum(done)

    assert asyncio.run(both()) == 100
    ids = [got["id"] for got in receiver.got]
    assert len(ids) == len(set(ids)) == 100
    assert set(ids) == {action.message_id for action in issued}


def test_a_gone_target_is_disabled_for_all_to_see(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    webhook_id = connect(database, receiver)
    receiver.answer(410)
    act(2)
    deliver(database, clock)
    assert states(database) == {"dead": 2}
    with database.begin() as tx:
        (view,) = list_webhooks(tx)
    assert (view.id, view.disabled_because) == (webhook_id, "it answered 410 Gone")
    act()
    assert states(database) == {"dead": 2}


def test_a_list_of_targets_says_why_one_is_disabled(
    database_url: str,
    database: Database,
    clock: FakeClock,
    receiver: Receiver,
    act: Act,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    connect(database, receiver)
    receiver.answer(410)
    act()
    deliver(database, clock)
    clock.advance(1)
    with database.begin() as tx:
        other = create_webhook(tx, receiver.url, True, True, known=ENFORCEMENT.messages)
        disable_webhook(tx, other.id)
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    listed = CliRunner().invoke(app, ["list", "--data-dir", str(tmp_path)]).stdout.splitlines()
    assert "disabled: it answered 410 Gone (" in listed[0]
    assert "disabled: by hand (" in listed[1]


def test_a_redirect_to_the_inside_is_not_followed(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    receiver.answer(307, location="http://169.254.169.254/latest/meta-data")
    (action,) = act()
    deliver(database, clock)
    with database.begin() as tx:
        (view,) = deliveries_of_action(tx, action.id)
    assert view.state == "pending"
    assert "169.254.169.254" in (view.last_error or "")


def test_a_message_that_cannot_be_sent_does_not_hold_up_the_next(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)
    spoilt, _ = act(2)
    with database.begin() as tx:
        spoil = sa.update(messages).where(messages.c.id == actions.c.message_id)
        tx.execute(spoil.where(actions.c.id == spoilt.id).values(body=b"\xff"))
    deliver(database, clock)
    assert len(receiver.got) == 1
    assert states(database) == {"delivered": 1, "pending": 1}


def test_a_private_target_that_was_not_allowed_is_not_reached(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act, new_webhook: NewWebhook
) -> None:
    with database.begin() as tx:
        new_webhook(tx, receiver.url)
        tx.execute(sa.text("UPDATE webhooks SET allow_private = false"))
    (action,) = act()
    deliver(database, clock)
    assert receiver.got == []
    with database.begin() as tx:
        (view,) = deliveries_of_action(tx, action.id)
    assert "not a public address" in (view.last_error or "")
    clock.advance(60)
    assert deliver(database, clock, allowed_addresses=["127.0.0.0/8"]) == 1
    assert states(database) == {"delivered": 1}


def test_what_was_erased_or_cancelled_is_not_sent(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    webhook_id = connect(database, receiver)
    erased, _ = act(2)
    with database.begin() as tx:
        forget_payloads(tx, erased.item_id)
    assert deliver(database, clock) == 1
    act()
    with database.begin() as tx:
        disable_webhook(tx, webhook_id)
    assert deliver(database, clock) == 0
    assert len(receiver.got) == 1


def test_a_running_worker_sends_what_comes_and_stops_when_told(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    connect(database, receiver)

    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(Deliverer(database, clock).run(stop))
        await asyncio.to_thread(act)
        await until_async(lambda: len(receiver.got) == 1, "the first message")
        await asyncio.to_thread(act, 2)
        await until_async(lambda: len(receiver.got) == 3, "those that came while it ran")
        stop.set()
        await running

    asyncio.run(scene())


def test_the_outbox_counts_what_waits(
    database: Database, clock: FakeClock, receiver: Receiver, act: Act
) -> None:
    webhook_id = connect(database, receiver)
    receiver.answer(500)
    act(3)
    clock.advance(30)
    deliver(database, clock)
    with database.begin() as tx:
        counts = outbox_counts(tx)
    assert (counts.pending, counts.dead, counts.oldest_pending_seconds) == (3, 0, 30)
    (target,) = counts.targets
    assert (target.webhook_id, target.pending) == (webhook_id, 3)
    assert target.failing_since == clock.now()
