"""A flood of what nobody is known to have signed: it ends at the limit, and what is signed passes by it."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from starlette.testclient import TestClient
from tests.api import Api
from tests.orders.conftest import JOSE, NOTE, PATH, post, receipt, refused, written
from tests.orders.letters import OURS, Sender

from tidegate.infra.clock import FakeClock
from tidegate.infra.settings import Settings
from tidegate.orders.messages.flood import ALL, EACH
from tidegate.orders.messages.model import Incoming
from tidegate.orders.messages.tables import order_messages
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.orders.inbox import place_of, take
from tidegate.web.app import create_app

STRANGER = Sender("nobody.example")


def forged(now: datetime) -> bytes:
    return STRANGER.message(now, NOTE)


def fill(instance: Instance, count: int, address: str) -> list[bytes]:
    """So many strangers' messages from an address."""
    raws = [forged(instance.clock.now()) for _ in range(count)]
    for raw in raws:
        with instance.database.begin() as tx:
            take(tx, instance, raw, address)
    return raws


def test_the_thirty_first_of_an_hour_from_an_address_waits(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    raws = [forged(clock.now()) for _ in range(EACH)]
    for raw in raws:
        clock.advance(10)
        assert receipt(api, post(api, raw))["verified"] is False
    before = written(api)
    answer = post(api, forged(clock.now()))
    problem = refused(api, answer, 429, "too-many")
    assert answer.headers["retry-after"] == str(3600 - 10 * (EACH - 1))
    assert problem["contact"] == {"email": OURS.contact_email, "page": "/public/contact"}
    assert OURS.contact_email in problem["detail"]
    assert written(api) == before
    # What is known does not count, nor does what is signed, from that very address.
    assert all(post(api, raw).status_code == 202 for raw in raws)
    for _ in range(EACH + 5):
        assert receipt(api, post(api, sender.message(clock.now(), NOTE)))["verified"]
    # When it said, there is room for one.
    clock.advance(3600 - 10 * (EACH - 1))
    assert post(api, forged(clock.now())).status_code == 202
    refused(api, post(api, forged(clock.now())), 429, "too-many")


def test_fifty_forged_ones_at_once_are_no_more_than_thirty(
    api: Api, sender: Sender, clock: FakeClock
) -> None:
    raws = [forged(clock.now()) for _ in range(50)]
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda raw: post(api, raw).status_code, raws))
    assert sorted(answers) == [202] * EACH + [429] * (50 - EACH)
    assert api.count("order_messages") == EACH


def test_another_address_has_its_own_and_all_together_have_a_limit(
    api: Api, sender: Sender, clock: FakeClock
) -> None:
    instance = api.instance
    for place in range(ALL // EACH):
        fill(instance, EACH, f"192.0.2.{place + 1}")
    refused(api, post(api, forged(clock.now())), 429, "too-many")
    assert receipt(api, post(api, sender.message(clock.now(), NOTE)))["verified"]


def test_an_address_of_ipv6_is_its_network(instance: Instance) -> None:
    one = place_of(instance, "2001:db8:1:1::1")
    assert one == place_of(instance, "2001:db8:1:1:ffff::9")
    assert one != place_of(instance, "2001:db8:1:2::1")
    assert one != place_of(instance, "192.0.2.1")
    assert place_of(instance, None) is None


def test_no_address_can_be_read_from_what_is_kept(
    api: Api, sender: Sender, clock: FakeClock
) -> None:
    post(api, forged(clock.now()))
    post(api, sender.message(clock.now(), NOTE))
    with api.instance.database.begin() as tx:
        rows = tx.execute(sa.select(order_messages.c.verified, order_messages.c.place))
        kept = {row.verified: row.place for row in rows}
    assert kept[True] is None
    assert kept[False] == place_of(api.instance, "testclient")
    assert len(kept[False]) == 32


def test_what_somebody_of_ours_brings_is_not_counted(instance: Instance, sender: Sender) -> None:
    for _ in range(EACH + 1):
        with instance.database.begin() as tx:
            take(tx, instance, forged(instance.clock.now()), None)
    fill(instance, EACH, "192.0.2.1")


def test_the_limit_holds_over_processes(
    api: Api, sender: Sender, clock: FakeClock, database_url: str, tmp_path: Path
) -> None:
    for _ in range(EACH):
        assert post(api, forged(clock.now())).status_code == 202
    settings = Settings(data_dir=tmp_path, media_workers=1)
    with (
        opened(settings, database_url, clock) as another,
        TestClient(create_app(another), base_url="http://tidegate") as client,
    ):
        answer = client.post(PATH, content=forged(clock.now()), headers=JOSE)
        assert answer.status_code == 429
        good = sender.message(clock.now(), NOTE)
        assert client.post(PATH, content=good, headers=JOSE).status_code == 202


def test_what_is_noted_as_refused_counts_too(api: Api, sender: Sender, clock: FakeClock) -> None:
    """A key's name is known to all: whoever writes it is a stranger still."""
    outer = json.loads(sender.message(clock.now(), NOTE))
    for place in range(EACH):
        spoilt = json.dumps(outer | {"payload": place}).encode()
        refused(api, post(api, spoilt), 422, "invalid-body")
    before = written(api)
    refused(api, post(api, json.dumps(outer | {"payload": -1}).encode()), 429, "too-many")
    assert written(api) == before
    assert receipt(api, post(api, sender.message(clock.now(), NOTE)))["verified"]


def test_an_hour_later_all_may_come_again(api: Api, sender: Sender, clock: FakeClock) -> None:
    for _ in range(EACH):
        post(api, forged(clock.now()))
    clock.advance(timedelta(hours=1).total_seconds())
    assert post(api, forged(clock.now())).status_code == 202
