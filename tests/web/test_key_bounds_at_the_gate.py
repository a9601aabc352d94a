"""A key that ends, rotates, or is bound to networks and channels: looked at with every request."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient
from tests.api import Api, item

from tidegate.access.actions import create_key, rotate_key
from tidegate.access.bounds import Bounds, read_networks
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance
from tidegate.web.app import create_app

REPORT = {"reason": "hate", "item_id": "post-1", "created_at": "2025-12-31T23:30:00Z"}


def make(instance: Instance, *scopes: str, name: str = "desk", **bounds: Any) -> str:
    with instance.database.begin() as tx:
        return create_key(tx, SCOPES, name, scopes, bounds=Bounds(**bounds))[1]


def test_a_key_that_expired_is_refused_also_where_it_is_remembered(
    api: Api, clock: FakeClock
) -> None:
    key = make(api.instance, "admin", expires_at=clock.now() + timedelta(seconds=10))
    assert api.get("/v1/cases", key=key).status_code == 200
    clock.advance(9.9)
    assert api.get("/v1/cases", key=key).status_code == 200
    clock.advance(0.1)
    answer = api.post("/v1/items", item(text="a text"), key=key)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/key-missing")
    assert api.count("items") == 0
    again = make(api.instance, "admin")
    assert api.get("/v1/cases", key=again).status_code == 200, "its name is free again"


def test_the_old_secret_goes_when_its_overlap_ends_also_where_it_is_remembered(
    api: Api, clock: FakeClock
) -> None:
    old = make(api.instance, "admin")
    with api.instance.database.begin() as tx:
        _, new = rotate_key(tx, "desk", timedelta(hours=24))

    def good() -> list[bool]:
        return [api.get("/v1/cases", key=key).status_code == 200 for key in (old, new)]

    clock.advance(24 * 3600 - 0.1)
    assert good() == [True, True]
    clock.advance(0.1)
    assert good() == [False, True]


@contextmanager
def called_from(instance: Instance, peer: str, *proxies: str) -> Generator[Api]:
    settings = msgspec.structs.replace(instance.settings, trusted_proxies=list(proxies))
    instance.settings = settings
    with TestClient(create_app(instance), base_url="http://tidegate", client=(peer, 1)) as client:
        yield Api(instance, client)


@pytest.mark.parametrize(
    ("peer", "proxies", "forwarded", "allowed"),
    [
        ("10.9.8.7", [], None, True),
        ("::ffff:10.9.8.7", [], None, True),
        ("2001:db8::7", [], None, True),
        ("11.0.0.1", [], None, False),
        ("11.0.0.1", [], "10.9.8.7", False),
        ("11.0.0.1", ["11.0.0.0/8"], "10.9.8.7", True),
        ("10.0.0.1", ["10.0.0.1"], "192.0.2.1", False),
        ("nowhere", [], None, False),
    ],
)
def test_a_key_is_used_from_its_networks_alone(
    instance: Instance, peer: str, proxies: list[str], forwarded: str | None, allowed: bool
) -> None:
    networks = read_networks(["10.0.0.0/8", "2001:db8::/32"])
    key = make(instance, "admin", networks=networks)
    with called_from(instance, peer, *proxies) as api:
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
        answer = api.post("/v1/items", item(text="a text"), key=key, headers=headers)
        assert answer.status_code == (200 if allowed else 403)
        assert api.count("items") == int(allowed)
        if not allowed:
            assert answer.json()["type"] == "/problems/network-not-allowed"
        assert api.get("/v1/cases").status_code == 200, "another key is used from anywhere"


@pytest.mark.parametrize("channel", ["trusted_flagger", "referral", "franked"])
def test_who_is_believed_more_needs_a_key_for_it(api: Api, channel: str) -> None:
    api.submit(text="a text")
    others = tuple({"trusted_flagger", "referral", "franked"} - {channel})
    keys = {
        "plain": make(api.instance, "reports:write", name="plain"),
        "other": make(api.instance, "reports:write", name="other", channels=others),
        "given": make(api.instance, "reports:write", name="given", channels=(channel,)),
        "admin": api.admin,
    }
    for name in ("plain", "other"):
        body = REPORT | {"id": "r1", "channel": channel}
        answer = api.post("/v1/reports", body, key=keys[name])
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/channel-not-yours")
        assert answer.json()["channel"] == channel
        assert f"--channels {channel}" in answer.json()["detail"]
    assert api.count("reports") == api.count("cases") == 0
    for name in ("given", "admin"):
        body = REPORT | {"id": f"r-{name}", "channel": channel}
        assert api.post("/v1/reports", body, key=keys[name]).status_code == 201
    # Who may not report so is answered nothing of what is kept either.
    again = api.post(
        "/v1/reports", REPORT | {"id": "r-given", "channel": channel}, key=keys["plain"]
    )
    assert again.status_code == 403


@pytest.mark.parametrize("channel", ["user", "user_report", "notice", "tip"])
def test_the_other_channels_are_open_to_all_who_report(api: Api, channel: str) -> None:
    api.submit(text="a text")
    key = make(api.instance, "reports:write")
    body = REPORT | {"id": "r1", "channel": channel}
    assert api.post("/v1/reports", body, key=key).status_code == 201


def test_a_key_from_elsewhere_is_refused_also_where_it_is_remembered(instance: Instance) -> None:
    key = make(instance, "admin", networks=read_networks(["10.0.0.0/8"]))
    with called_from(instance, "192.0.2.1", "192.0.2.1") as api:
        for address, status in (("10.0.0.1", 200), ("11.0.0.1", 403), ("10.0.0.2", 200)):
            headers = {"X-Forwarded-For": address}
            assert api.get("/v1/cases", key=key, headers=headers).status_code == status
