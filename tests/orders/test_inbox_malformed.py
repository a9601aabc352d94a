"""What is no message, or too much of one: refused with where, and nothing is written; but what names a key that
we know is noted, and rings."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.orders.conftest import JOSE, NOTE, PATH, post, receipt, refused, written
from tests.orders.letters import Sender, flat, found_ours

from tidegate.clocks.tables import rings
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.orders.jws import MOST_BYTES
from tidegate.orders.messages.flood import HEAD_BYTES
from tidegate.orders.messages.model import Incoming
from tidegate.orders.messages.tables import order_refusals
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.handling import Handled
from tidegate.pipeline.orders.sides import HANDLERS
from tidegate.web.app import create_app

Forge = Callable[[Sender, dict[str, Any]], bytes]


# What is no message.


def _without(sender: Sender, said: dict[str, Any], name: str) -> bytes:
    return sender.sign({key: one for key, one in said.items() if key != name})


_DEEP: list[Any] = json.loads("[" * 100 + "]" * 100)

_UNSIGNED = flat(b"{}", b'{"alg":"none"}', b"")

NO_MESSAGES: dict[str, tuple[Forge, str]] = {
    "no JSON": (lambda *_: b"order!", ""),
    "empty": (lambda *_: b"", ""),
    "no UTF-8": (lambda *_: b'{"payload": "\xff"}', ""),
    "a list": (lambda *_: b"[]", ""),
    "no object": (lambda *_: b'"text"', ""),
    "compact": (lambda *_: b"e30.e30.e30", ""),
    "no payload": (lambda *_: b'{"protected":"e30","signature":""}', "/payload"),
    "no signature": (lambda *_: b'{"payload":"e30","protected":"e30"}', "/signature"),
    "a number": (lambda *_: b'{"payload":1,"protected":"e30","signature":""}', "/payload"),
    "a member twice": (
        lambda s, said: s.sign(said).replace(b'{"payload"', b'{"payload":"e30","payload"'),
        "/payload",
    ),
    "padded": (lambda *_: _UNSIGNED.replace(b'"e30"', b'"e30="'), "/payload"),
    "not base64url": (lambda *_: _UNSIGNED.replace(b'"e30"', b'"e3+0"'), "/payload"),
    "left over bits": (lambda *_: _UNSIGNED.replace(b'"e30"', b'"e31"'), "/payload"),
    "protected is no JSON": (lambda *_: flat(b"{}", b"{", b""), "/protected"),
    "protected is a list": (lambda *_: flat(b"{}", b"[]", b""), "/protected"),
    "no alg": (lambda *_: flat(b"{}", b"{}", b""), "/protected/alg"),
    "kid a number": (lambda *_: flat(b"{}", b'{"alg":"EdDSA","kid":1}', b""), "/protected/kid"),
    "alg twice": (
        lambda *_: flat(b"{}", b'{"alg":"EdDSA","alg":"none"}', b""),
        "/protected/alg",
    ),
    "payload no JSON": (lambda s, said: s.sign(b"\xff\xfe"), "/payload"),
    "payload a list": (lambda s, said: s.sign([said]), "/payload"),
    "a field twice": (
        lambda s, said: s.sign(json.dumps(said).replace("{", '{"id":"two",', 1).encode()),
        "/payload/id",
    ),
    "twice within": (
        lambda s, said: s.sign(
            json.dumps(said | {"body": 1})
            .replace('"body": 1', '"body": {"a": [{"b": 1, "b": 2}]}')
            .encode()
        ),
        "/payload/body/a/0/b",
    ),
    "another protocol": (
        lambda s, said: s.sign(said | {"protocol": "tidegate-orders/2"}),
        "/payload/protocol",
    ),
    "a long id": (lambda s, said: s.sign(said | {"id": "i" * 101}), "/payload/id"),
    "a long order": (lambda s, said: s.sign(said | {"order": "i" * 101}), "/payload/order"),
    "id a number": (lambda s, said: s.sign(said | {"id": 1}), "/payload/id"),
    "body a list": (lambda s, said: s.sign(said | {"body": []}), "/payload/body"),
    "body null": (lambda s, said: s.sign(said | {"body": None}), "/payload/body"),
    "synthetic a word": (lambda s, said: s.sign(said | {"synthetic": "no"}), "/payload/synthetic"),
    "no offset": (
        lambda s, said: s.sign(said | {"sent_at": "2026-01-01T00:00:00"}),
        "/payload/sent_at",
    ),
    "no time": (lambda s, said: s.sign(said | {"sent_at": "now"}), "/payload/sent_at"),
    "no time in UTC": (
        lambda s, said: s.sign(said | {"sent_at": "0001-01-01T00:00:00+14:00"}),
        "/payload/sent_at",
    ),
    "deep": (lambda s, said: s.sign(said | {"body": {"a": _DEEP}}), "/payload/body/a" + "/0" * 63),
    "deeper than Python": (
        lambda s, said: s.sign(
            json.dumps(said | {"body": {"a": 1}})
            .replace('{"a": 1}', '{"a":' + "[" * 50_000 + "]" * 50_000 + "}")
            .encode()
        ),
        "/payload",
    ),
    "NUL": (lambda s, said: s.sign(said | {"body": {"a": ["\0"]}}), "/payload/body/a/0"),
    "NUL in a name": (lambda s, said: s.sign(said | {"body": {"a\0": 1}}), "/payload/body"),
    "half a character": (
        lambda s, said: s.sign(said | {"body": {"a": "\ud800"}}),
        "/payload/body/a",
    ),
    "1,001 items": (
        lambda s, said: s.sign(said | {"type": "order.issued", "body": {"items": [{}] * 1001}}),
        "/payload/body/items",
    ),
    **{
        f"no {name}": (
            lambda s, said, name=name: _without(s, said, name),
            f"/payload/{name}",
        )
        for name in (
            ["protocol", "type", "id", "order", "from", "to", "sent_at", "synthetic", "body"]
        )
    },
}


@pytest.mark.parametrize("what", NO_MESSAGES)
def test_what_is_no_message_is_refused_with_where_and_leaves_nothing(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming], what: str
) -> None:
    forge, pointer = NO_MESSAGES[what]
    # By a stranger, whose key nobody knows: else that it came would be kept.
    stranger = Sender(sender.id)
    before = written(api)
    problem = refused(
        api, post(api, forge(stranger, sender.says(clock.now(), NOTE))), 422, "invalid-body"
    )
    assert [one["pointer"] for one in problem["errors"]][:1] == [pointer]
    assert written(api) == before
    assert handled == []


def refusals(api: Api) -> list[sa.Row[Any]]:
    with api.instance.database.begin() as tx:
        return [*tx.execute(sa.select(order_refusals).order_by(order_refusals.c.received_at))]


def rung(api: Api) -> list[dict[str, Any]]:
    with api.instance.database.begin() as tx:
        return [*tx.execute(sa.select(rings.c.data)).scalars()]


def _large(sender: Sender, now: Any) -> bytes:
    """Over the limit, with the key at the very end, as RFC 7515 writes a message."""
    raw = sender.message(now, NOTE, body={"words": "x" * 2_000_000})
    assert raw.index(b'"protected"') > 2_000_000
    return raw


def test_what_is_too_much_is_noted_and_rings_under_a_known_key(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    raw = _large(sender, clock.now())
    problem = refused(api, post(api, raw), 413, "body-too-large")
    assert problem["limit"] == MOST_BYTES
    (noted,) = refusals(api)
    assert (noted.kid, noted.size, noted.head) == (sender.key.kid, len(raw), raw[:HEAD_BYTES])
    assert noted.digest == hashlib.sha256(raw).digest()
    assert noted.received_at == clock.now()
    said = {"order": None, "state": "refused", "due_at": None, "refusal": str(noted.id)}
    assert rung(api) == [said]
    # Once: the same again rings no second time.
    refused(api, post(api, raw), 413, "body-too-large")
    assert (len(refusals(api)), len(rung(api))) == (1, 1)
    assert (api.count("order_messages"), handled) == (0, [])


def test_what_is_too_much_is_noted_where_the_key_comes_first(
    api: Api, sender: Sender, clock: FakeClock
) -> None:
    outer = json.loads(_large(sender, clock.now()))
    raw = json.dumps({name: outer[name] for name in ("protected", "signature", "payload")})
    refused(api, post(api, raw.encode()), 413, "body-too-large")
    assert [one.kid for one in refusals(api)] == [sender.key.kid]


def test_a_body_without_end_is_read_so_far_and_noted(
    api: Api, sender: Sender, clock: FakeClock
) -> None:
    outer = json.loads(sender.message(clock.now(), NOTE))
    head = b'{"protected":"%s","payload":"' % outer["protected"].encode()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield head
        while True:
            sent += 1
            yield b"x" * (1 << 20)

    async def ask() -> int:
        transport = httpx.ASGITransport(create_app(api.instance))
        async with httpx.AsyncClient(transport=transport, base_url="http://tidegate") as client:
            return (await client.post(PATH, content=endless(), headers=JOSE)).status_code

    assert asyncio.run(ask()) == 413
    assert sent <= 17
    (noted,) = refusals(api)
    assert noted.kid == sender.key.kid
    assert noted.head == (head + b"x" * HEAD_BYTES)[:HEAD_BYTES]


@pytest.mark.parametrize("what", ["1,001 items", "NUL", "deeper than Python", "no body"])
def test_what_is_no_message_is_noted_and_rings_under_a_known_key(
    api: Api, sender: Sender, clock: FakeClock, what: str
) -> None:
    forge, _ = NO_MESSAGES[what]
    raw = forge(sender, sender.says(clock.now(), NOTE))
    refused(api, post(api, raw), 422, "invalid-body")
    (noted,) = refusals(api)
    assert (noted.kid, noted.refused_as) == (sender.key.kid, "invalid-body")
    assert [one["state"] for one in rung(api)] == ["refused"]
    assert api.count("order_messages") == 0


def test_what_a_handler_refuses_leaves_nothing_of_it(
    api: Api, sender: Sender, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
        tx.execute(sa.delete(order_refusals))
        raise bad_field("/payload/body/urls", "at most 1000", "1001")

    monkeypatch.setitem(HANDLERS["platform"], NOTE, refuse)
    refused(api, post(api, sender.message(clock.now(), NOTE)), 422, "invalid-body")
    assert api.count("order_messages") == 0
    assert [one.kid for one in refusals(api)] == [sender.key.kid]


def test_too_many_values_are_refused_before_they_are_read(
    api: Api, sender: Sender, clock: FakeClock
) -> None:
    said = json.dumps(sender.says(clock.now(), NOTE)).encode()
    many = said.replace(b'"body": {}', b'"body": {"a": [' + b"1," * 300_000 + b"1]}")
    stranger = Sender(sender.id)
    refused(api, post(api, stranger.sign(many)), 413, "too-many-values")
    assert refusals(api) == []


def test_before_it_was_said_whom_we_speak_for_there_is_no_inbox(
    api: Api, instance: Instance, clock: FakeClock
) -> None:
    before = written(api)
    raw = Sender().message(clock.now(), NOTE)
    refused(api, post(api, raw), 503, "organisation-unset")
    assert written(api) == before
    found_ours(instance)
    assert receipt(api, post(api, raw))["problems"] == ["key-unknown", "issuer-unknown"]


def test_another_media_type_is_refused(api: Api, sender: Sender, clock: FakeClock) -> None:
    raw = sender.message(clock.now(), NOTE)
    answer = post(api, raw, **{"content-type": "text/html"})
    assert answer.status_code == 415
    assert api.count("order_messages") == 0
