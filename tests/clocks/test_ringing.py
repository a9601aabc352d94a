"""Clocks and rings call people: webhooks in the outbox, the command on call, and who has it, by the API."""

import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.clocks.conftest import NIGHT, ORDER, start, subject
from tests.waiting import until

from tidegate.access.actions import create_key, create_user
from tidegate.clocks import actions
from tidegate.clocks.calls import Calling, call, claim_call
from tidegate.clocks.model import Clock
from tidegate.clocks.rings import ring
from tidegate.enforcement.notices import notify_all
from tidegate.enforcement.outbox import claim, due_targets
from tidegate.enforcement.tables import deliveries
from tidegate.enforcement.webhooks import create_webhook
from tidegate.infra.clock import FakeClock
from tidegate.infra.courier import place_of
from tidegate.infra.db import Database
from tidegate.infra.settings import Settings
from tidegate.pipeline import ringing
from tidegate.pipeline.duties import urgent_of
from tidegate.pipeline.house import MESSAGE_TYPES, SCOPES
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.ringing import CALL_LEASE, make_call, ring_due

MINUTE = timedelta(minutes=1)
Told = Callable[[], list[tuple[str, dict[str, Any]]]]


@pytest.fixture
def told(instance: Instance) -> Told:
    """Makes a target, and reads what is new in its outbox."""
    with instance.database.begin() as tx:
        url = "https://pager.example/hook"
        create_webhook(tx, url, False, True, known=MESSAGE_TYPES)
    seen: set[str] = set()

    def read() -> list[tuple[str, dict[str, Any]]]:
        with instance.database.begin() as tx:
            rows = tx.execute(
                sa.text("SELECT id, type, body FROM messages ORDER BY created_at, id")
            )
            new = [row for row in rows if row.id not in seen]
        seen.update(row.id for row in new)
        return [(row.type, json.loads(row.body)["data"]) for row in new]

    return read


def made(instance: Instance, **more: Any) -> Clock:
    with instance.database.begin() as tx:
        return start(tx, instance.clocks, subject(), **more)


def turn(instance: Instance, clock: FakeClock, seconds: float = 0, **settings: Any) -> int:
    clock.advance(seconds)
    known = msgspec.structs.replace(instance.settings, **settings)
    with instance.database.begin() as tx:
        return ring_due(tx, known)


def person_key(instance: Instance, *scopes: str) -> str:
    email = f"{uuid4().hex[:8]}@example.org"
    with instance.database.begin() as tx:
        create_user(tx, email, "legal")
        return create_key(tx, SCOPES, f"of {email}", scopes, user_email=email)[1]


def test_webhooks_hear_warnings_and_ends(instance: Instance, clock: FakeClock, told: Told) -> None:
    one = made(instance, order=ORDER)
    assert turn(instance, clock, 30 * 60, on_call=["anna", "ben"]) == 1
    ((type, data),) = told()
    assert type == "clock.warning"
    assert (data["order"], data["minutes_left"], data["step"]) == (str(ORDER), 30, 0)
    assert data["called"] == ["anna"]
    assert data["clock"]["id"] == str(one.id)
    assert data["clock"]["due_at"] == "2026-03-02T02:13:07.123456Z"
    assert data["clock"]["remaining_s"] == 1800
    turn(instance, clock, 10 * 60, on_call=["anna", "ben"])
    assert [data["called"] for _, data in told()] == [["anna", "ben"]]
    turn(instance, clock, 20 * 60)
    ((type, data),) = told()
    assert (type, data["clock"]["state"], data["minutes_left"]) == ("clock.expired", "missed", 0)


def test_an_order_rings_at_once_and_each_minute(
    instance: Instance, clock: FakeClock, told: Told
) -> None:
    with instance.database.begin() as tx:
        said = {"order": ORDER, "state": "open", "due_at": NIGHT}
        ring(tx, "order.received", said, order=ORDER)
    assert turn(instance, clock) == 1
    ((type, data),) = told()
    assert type == "order.received"
    assert {name: data[name] for name in said} == {
        "order": str(ORDER),
        "state": "open",
        "due_at": "2026-03-02T01:13:07.123456Z",
    }
    assert turn(instance, clock, 59.9) == 0
    assert turn(instance, clock, 0.1) == 1
    assert turn(instance, clock, 14.9, ring_seconds=15) == 0  # of the ring before this was set
    assert turn(instance, clock, 45.1, ring_seconds=15) == 1
    assert turn(instance, clock, 14.9, ring_seconds=15) == 0
    assert turn(instance, clock, 0.1, ring_seconds=15) == 1
    with instance.database.begin() as tx:
        actions.acknowledge_order(tx, ORDER)
    assert turn(instance, clock, 3600) == 0
    assert len(told()) == 3


def test_what_rings_first_goes_before_all_that_waits(
    instance: Instance, clock: FakeClock, told: Told
) -> None:
    again = made(instance, order=ORDER)
    turn(instance, clock, 30 * 60)
    with instance.database.begin() as tx:
        (target,) = due_targets(tx)
        _, claims = claim(tx, target, 100, timedelta(minutes=1)) or pytest.fail("nothing rang")
        tx.execute(sa.delete(deliveries))
        notify_all(tx, [("clock.expired", {"n": n}, None) for n in range(50)])
    assert [json.loads(one.body)["data"]["clock"]["id"] for one in claims] == [str(again.id)]
    first = made(instance, order=ORDER, at=clock.now() - timedelta(minutes=31))
    assert turn(instance, clock, 60) == 2
    with instance.database.begin() as tx:
        _, claims = claim(tx, target, 1, timedelta(minutes=1)) or pytest.fail("nothing rang")
        assert json.loads(claims[0].body)["data"]["clock"]["id"] == str(first.id)
        _, claims = claim(tx, target, 50, timedelta(minutes=1)) or pytest.fail("nothing waits")
        assert {json.loads(one.body)["data"].get("n") for one in claims} == set(range(50))
        _, claims = claim(tx, target, 50, timedelta(minutes=1)) or pytest.fail("it rang once")
        assert json.loads(claims[0].body)["data"]["clock"]["id"] == str(again.id)


def test_the_command_on_call_gets_the_message(
    instance: Instance, clock: FakeClock, tmp_path: Path
) -> None:
    out = tmp_path / "called; rm -rf x"
    write = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"
    command = [sys.executable, "-c", write, str(out)]
    settings = Settings(data_dir=tmp_path, on_call_command=command, on_call=["anna"])
    made(instance)
    turn(instance, clock, 30 * 60, on_call_command=command, on_call=["anna"])
    turn(instance, clock, 60, on_call_command=command, on_call=["anna"])  # overtakes the first
    assert make_call(instance.database, settings) == 1
    assert make_call(instance.database, settings) == 0
    (line,) = out.read_text().splitlines()
    message = json.loads(line)
    assert message["type"] == "clock.warning"
    assert message["data"]["minutes_left"] == 29
    assert message["data"]["called"] == ["anna"]


@pytest.mark.parametrize("command", [["/no/such/program"], [sys.executable, "-c", "exit(3)"]])
def test_a_command_that_fails_is_called_at_the_next_ring(
    instance: Instance, clock: FakeClock, tmp_path: Path, command: list[str]
) -> None:
    settings = Settings(data_dir=tmp_path, on_call_command=command)
    made(instance)
    for _ in range(2):
        clock.advance(1800)
        turn(instance, clock, on_call_command=command)
        assert make_call(instance.database, settings) == 1
        assert make_call(instance.database, settings) == 0


def test_who_dies_while_they_call_has_called_nobody(
    instance: Instance, clock: FakeClock, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, on_call_command=["/bin/true"])
    made(instance)
    turn(instance, clock, 1800, on_call_command=["/bin/true"])
    with instance.database.begin() as tx:
        assert claim_call(tx, CALL_LEASE, "elsewhere") is not None
    assert make_call(instance.database, settings) == 0, "somebody does it"
    # Meanwhile it rings again, and nobody waits for the command.
    clock.advance(CALL_LEASE.total_seconds())
    assert make_call(instance.database, settings) == 1


def test_who_starts_again_at_the_same_place_calls_at_once(
    instance: Instance, clock: FakeClock, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, on_call_command=["/bin/true"])
    made(instance)
    turn(instance, clock, 1800, on_call_command=["/bin/true"])
    with instance.database.begin() as tx:
        assert claim_call(tx, CALL_LEASE, place_of(tmp_path)) is not None
    assert make_call(instance.database, settings) == 1
    assert make_call(instance.database, settings) == 0


def test_no_transaction_is_open_while_the_command_runs(
    instance: Instance,
    clock: FakeClock,
    tmp_path: Path,
    owner: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may hang: then it holds up no more than other calls. What rings meanwhile is enough."""
    monkeypatch.setattr(ringing, "CALL_SECONDS", 3600)  # here it is no matter of time
    begun, go = tmp_path / "begun", tmp_path / "go"
    os.mkfifo(go)
    going = os.open(go, os.O_RDWR)  # which waits for nobody, nor does writing to it
    code = "import sys; open(sys.argv[1], 'w').close(); open(sys.argv[2], 'rb').read(1)"
    command = [sys.executable, "-c", code, str(begun), str(go)]
    settings = Settings(data_dir=tmp_path, on_call_command=command)
    one = made(instance)
    turn(instance, clock, 1800, on_call_command=command)
    with ThreadPoolExecutor(1) as pool:
        calling = pool.submit(make_call, instance.database, settings)
        try:
            until(lambda: begun.exists() or calling.done(), "the command")
            with owner.begin() as tx:
                tx.execute(sa.text("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE NOWAIT"))
            with instance.database.begin() as tx:
                call(tx, Calling(one.id, "clock.warning", {}, True, None))
        finally:
            os.write(going, b".")
        assert calling.result() == 1
    os.close(going)
    assert make_call(instance.database, settings) == 0


def test_the_proven_come_first_then_what_ends_first(instance: Instance, clock: FakeClock) -> None:
    def waiting(name: str, proven: bool, minutes: int | None) -> None:
        clock.advance(1)
        ends_at = None if minutes is None else NIGHT + minutes * MINUTE
        with instance.database.begin() as tx:
            call(tx, Calling(uuid4(), name, {}, proven, ends_at))

    def told() -> str | None:
        with instance.database.begin() as tx:
            one = claim_call(tx, CALL_LEASE, f"place {clock.now()}")
            clock.advance(0.001)
        return None if one is None else one.type

    waiting("forged", False, 5)
    waiting("not an order", False, None)
    waiting("later", True, 50)
    waiting("without an end", True, None)
    waiting("first", True, 40)
    waiting("forged, later", False, 6)
    order = ["first", "later", "without an end", "forged", "forged, later", "not an order", None]
    assert [told() for _ in order] == order


def test_somebody_has_it_before_the_command_ran(
    instance: Instance, clock: FakeClock, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, on_call_command=["/bin/true"])
    one = made(instance)
    turn(instance, clock, 1800, on_call_command=["/bin/true"])
    with instance.database.begin() as tx:
        actions.acknowledge(tx, one.id)
    assert make_call(instance.database, settings) == 0


def test_the_worker_rings(instance: Instance) -> None:
    assert {"ring", "on-call"} <= {duty.name for duty in urgent_of(instance)}


def test_a_person_acknowledges_by_the_api(api: Api, clock: FakeClock) -> None:
    one = made(api.instance, order=ORDER)
    turn(api.instance, clock, 1800)
    path = f"/v1/clocks/{one.id}"
    read = api.key("orders:read")
    seen = api.get(path, key=read).json()
    assert (seen["name"], seen["bearer"], seen["state"]) == ("tco.remove", "us", "running")
    assert seen["subject"] == {"kind": "order_item", "id": one.subject.id}
    assert (seen["law"], seen["article"], seen["pack"]) == (
        "Regulation (EU) 2021/784",
        "3(3)",
        "eu-tco@1",
    )
    assert seen["due_at"] == "2026-03-02T02:13:07.123456Z"
    assert seen["warned"] == ["2026-03-02T01:43:07.123456Z"]
    assert (seen["remaining_s"], seen["ringing"], seen["stopped_at"]) == (1800, True, None)
    reader = person_key(api.instance, "orders:read")
    for key, type in ((reader, "scope-missing"), (api.admin, "person-needed")):
        refused = api.post(f"{path}/acknowledge", key=key)
        assert (refused.status_code, refused.json()["type"]) == (403, f"/problems/{type}")
    assert api.get(path).json()["ringing"], "nothing was written"
    key = person_key(api.instance, "orders:read", "orders:execute")
    heard = api.post(f"{path}/acknowledge", key=key)
    assert heard.status_code == 200, heard.text
    assert not heard.json()["ringing"]
    assert heard.json()["acknowledged_by"]
    assert turn(api.instance, clock, 60) == 0


def test_clocks_are_listed_to_who_may_read_their_subjects(api: Api) -> None:
    one, two = made(api.instance), made(api.instance, at=NIGHT - MINUTE)
    for scope in ("orders:read", "oversight:read"):
        listed = api.get("/v1/clocks?bearer=us&state=running", key=api.key(scope)).json()
        assert [row["id"] for row in listed["data"]] == [str(two.id), str(one.id)]
        assert listed["next"] is None
    refused = api.get("/v1/clocks", key=api.key("items:read"))
    assert refused.status_code == 403
    first = api.get("/v1/clocks?limit=1").json()
    rest = api.get(f"/v1/clocks?limit=1&cursor={first['next']}").json()
    assert [first["data"][0]["id"], rest["data"][0]["id"]] == [str(two.id), str(one.id)]
    by_subject = api.get("/v1/clocks", params={"subject": one.subject.id, "name": "tco.remove"})
    assert [row["id"] for row in by_subject.json()["data"]] == [str(one.id)]
    assert api.get("/v1/clocks?name=tco.preserve").json()["data"] == []
    early = api.get("/v1/clocks", params={"due_before": "2026-03-02T02:13:00Z"}).json()["data"]
    assert [row["id"] for row in early] == [str(two.id)]
    assert api.get("/v1/clocks?cursor=nonsense").status_code == 422


@pytest.mark.parametrize("id", ["nothing", str(UUID(int=1))])
def test_no_such_clock_or_ring(api: Api, id: str) -> None:
    key = person_key(api.instance, "orders:read", "orders:execute")
    for method, path, type in (
        ("GET", f"/v1/clocks/{id}", "clock-unknown"),
        ("POST", f"/v1/clocks/{id}/acknowledge", "clock-unknown"),
        ("POST", f"/v1/rings/{id}/acknowledge", "ring-unknown"),
    ):
        before = api.count("ledger_pending") + api.count("ledger")
        refused = api.call(method, path, key=key)
        assert (refused.status_code, refused.json()["type"]) == (404, f"/problems/{type}")
        assert api.count("ledger_pending") + api.count("ledger") == before


def test_what_rings_about_no_order_is_acknowledged_by_itself(api: Api, clock: FakeClock) -> None:
    with api.instance.database.begin() as tx:
        said = {"order": None, "state": "refused", "due_at": None}
        ring_id = ring(tx, "order.received", said, order=None)
    assert turn(api.instance, clock) == 1
    (listed,) = api.get("/v1/rings").json()["data"]
    assert (listed["id"], listed["type"], listed["rung"]) == (str(ring_id), "order.received", 1)
    key = person_key(api.instance, "orders:read", "orders:execute")
    assert api.post(f"/v1/rings/{ring_id}/acknowledge", key=key).status_code == 200
    assert turn(api.instance, clock, 3600) == 0
    assert api.get("/v1/rings").json()["data"] == []
