"""The inbox from outside: what is taken, with which receipt, and what is wrong with it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from tests.api import Api
from tests.orders.conftest import NOTE, post, receipt, refused, written
from tests.orders.letters import OURS, Sender, b64, flat, found_ours, payload_sha256

from tidegate.exchange.actions import revoke_key
from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full
from tidegate.orders.messages.model import Incoming
from tidegate.orders.messages.queries import message_jws
from tidegate.pipeline.instance import Instance

# What is good.


def test_a_good_message_has_a_receipt_that_the_published_key_signed(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    raw = sender.message(clock.now(), NOTE, id="one", order="order-1", body={"a": [1, "é"]})
    assert receipt(api, post(api, raw)) == {
        "protocol": "tidegate-orders/1",
        "type": "receipt",
        "from": OURS.id,
        "to": sender.id,
        "message": "one",
        "sha256": payload_sha256(raw),
        "received_at": "2026-01-01T00:00:00.000000Z",
        "verified": True,
        "problems": [],
        "order": None,
    }
    (incoming,) = handled
    assert incoming.envelope.body == {"a": [1, "é"]}
    assert not incoming.doubtful
    with api.instance.database.begin() as tx:
        assert message_jws(tx, incoming.id) == raw


def test_the_same_bytes_get_the_same_receipt_whatever_came_since(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    raw = sender.message(clock.now(), NOTE)
    first = post(api, raw)
    clock.advance(3 * 86_400)
    with api.instance.database.begin() as tx:
        revoke_key(tx, sender.id, sender.key.kid, tx.now, "it was stolen")
    assert post(api, raw).content == first.content
    spaced = json.dumps(json.loads(raw) | {"header": {}}, indent=4).encode()
    assert post(api, spaced).content == first.content
    assert len(handled) == 1
    assert api.count("order_messages") == 1


def test_fifty_of_the_same_at_once_are_one(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    raw = sender.message(clock.now(), NOTE)
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: post(api, raw), range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert len(handled) == 1
    assert api.count("order_messages") == 1


def test_of_two_contents_under_one_id_at_once_one_stands(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    raws = [sender.message(clock.now(), NOTE, id="one", body={"n": n}) for n in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda raw: post(api, raw), raws))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7
    assert len(handled) == 1


def test_the_name_of_the_algorithm_is_old_or_new(
    api: Api, sender: Sender, clock: FakeClock
) -> None:
    for alg in ("EdDSA", "Ed25519"):
        raw = sender.sign(sender.says(clock.now(), NOTE), alg=alg)
        assert receipt(api, post(api, raw))["verified"]


def test_a_type_that_nobody_knows_is_kept(api: Api, sender: Sender, clock: FakeClock) -> None:
    said = receipt(api, post(api, sender.message(clock.now(), "tea.served")))
    assert (said["verified"], said["problems"]) == (True, ["incomplete"])
    assert api.count("order_messages") == 1


# What is not proven.

Forge = Callable[[Sender, dict[str, Any]], bytes]


def _altered(sender: Sender, said: dict[str, Any]) -> bytes:
    outer = json.loads(sender.sign(said))
    return json.dumps(
        outer | {"payload": b64(json.dumps(said | {"body": {"a": 1}}).encode())}
    ).encode()


def _none(sender: Sender, said: dict[str, Any]) -> bytes:
    return flat(json.dumps(said).encode(), b'{"alg":"none"}', b"")


def _no_signature(sender: Sender, said: dict[str, Any]) -> bytes:
    return json.dumps(json.loads(sender.sign(said)) | {"signature": ""}).encode()


def _by_another(sender: Sender, said: dict[str, Any]) -> bytes:
    return Sender("other.example").sign(said)


def _in_its_name(sender: Sender, said: dict[str, Any]) -> bytes:
    return Sender("other.example").sign(said, kid=sender.key.kid)


@pytest.mark.parametrize(
    ("forge", "problems"),
    [
        (_altered, ["signature-bad"]),
        (_none, ["signature-missing"]),
        (_no_signature, ["signature-missing"]),
        (_by_another, ["key-unknown"]),
        (_in_its_name, ["signature-bad"]),
        (lambda sender, said: sender.sign(said, alg="RS256"), ["signature-missing"]),
        (lambda sender, said: sender.sign(said, alg="HS256"), ["signature-missing"]),
        (lambda sender, said: sender.sign(said, alg="eddsa"), ["signature-missing"]),
        (lambda sender, said: sender.sign(said, crit=["exp"]), ["signature-missing"]),
        (lambda sender, said: sender.sign(said, kid=None), ["key-unknown"]),
        (
            lambda sender, said: sender.sign(said | {"from": "nobody.example"}),
            ["key-unknown", "issuer-unknown"],
        ),
    ],
)
def test_what_is_not_proven_is_taken_and_not_believed(
    api: Api,
    sender: Sender,
    clock: FakeClock,
    handled: list[Incoming],
    forge: Forge,
    problems: list[str],
) -> None:
    raw = forge(sender, sender.says(clock.now(), NOTE))
    answer = post(api, raw)
    said = receipt(api, answer)
    assert (said["verified"], said["problems"]) == (False, problems)
    assert handled[0].doubtful
    assert post(api, raw).content == answer.content
    assert len(handled) == 1


def test_what_is_not_proven_stands_in_nobodys_way(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    said = sender.says(clock.now(), NOTE, id="guessed", order="guessed")
    forged = _in_its_name(sender, said | {"body": {"forged": True}})
    assert not receipt(api, post(api, forged))["verified"]
    good = sender.sign(said)
    assert receipt(api, post(api, good)) | {"verified": True, "problems": []} == receipt(
        api, post(api, good)
    )
    after = _in_its_name(sender, said | {"body": {"forged": "again"}})
    assert receipt(api, post(api, after))["problems"] == ["signature-bad"]
    altered = _altered(sender, said)
    assert receipt(api, post(api, altered))["problems"] == ["signature-bad"]
    assert [one.verified for one in handled] == [False, True, False, False]


def test_who_is_registered_and_not_confirmed_is_not_believed(
    api: Api, instance: Instance, handled: list[Incoming], clock: FakeClock
) -> None:
    found_ours(instance)
    sender = Sender()
    sender.register(instance.database, confirm=False)
    said = receipt(api, post(api, sender.message(clock.now(), NOTE)))
    assert (said["verified"], said["problems"]) == (False, ["issuer-unconfirmed"])
    forged = _in_its_name(sender, sender.says(clock.now(), NOTE))
    assert receipt(api, post(api, forged))["problems"] == ["signature-bad", "issuer-unconfirmed"]


@pytest.mark.parametrize(
    ("revoked", "sent"), [(-7200, -3600), (-60, -3600), (-60, -30), (0, -1), (0, 30)]
)
def test_a_key_that_is_revoked_by_now_proves_nothing(
    api: Api, sender: Sender, clock: FakeClock, revoked: int, sent: int
) -> None:
    now = clock.now()
    with api.instance.database.begin() as tx:
        at = now + timedelta(seconds=revoked)
        revoke_key(tx, sender.id, sender.key.kid, at, "it was stolen")
    raw = sender.message(now + timedelta(seconds=sent), NOTE)
    said = receipt(api, post(api, raw))
    assert (said["verified"], said["problems"]) == (False, ["key-revoked"])


def test_a_key_counts_from_the_day_that_its_owner_names(
    api: Api, sender: Sender, clock: FakeClock
) -> None:
    early = sender.message(clock.now().replace(year=2019), NOTE)
    said = receipt(api, post(api, early))
    assert (said["verified"], said["problems"]) == (False, ["key-unknown", "late"])


# What is proven, and wrong all the same.


def test_what_was_meant_for_another_is_told(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    said = receipt(api, post(api, sender.message(clock.now(), NOTE, to="shop.example", id="one")))
    assert (said["verified"], said["problems"]) == (True, ["not-addressed-to-us"])
    assert handled[0].doubtful
    # It takes nobody's place: what is meant for us under the same id is no change of it.
    own = receipt(api, post(api, sender.message(clock.now(), NOTE, id="one")))
    assert (own["verified"], own["problems"]) == (True, [])


def test_who_is_synthetic_says_so_in_each_message(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    said = receipt(api, post(api, sender.message(clock.now(), NOTE, synthetic=True)))
    assert (said["verified"], said["problems"]) == (True, ["synthetic-differs"])
    assert handled[0].doubtful


@pytest.mark.parametrize(
    ("seconds", "problems", "doubtful"),
    [
        (600, [], False),
        (600.000001, ["clock-skew"], True),
        (660, ["clock-skew"], True),
        (-3600, [], False),
        (-3600.000001, ["late"], False),
        (-3 * 86_400, ["late"], False),
    ],
)
def test_when_it_was_sent_is_compared_with_our_clock(
    api: Api,
    sender: Sender,
    clock: FakeClock,
    handled: list[Incoming],
    seconds: float,
    problems: list[str],
    doubtful: bool,
) -> None:
    sent_at = clock.now() + timedelta(seconds=seconds)
    said = receipt(api, post(api, sender.message(sent_at, NOTE)))
    assert (said["verified"], said["problems"]) == (True, problems)
    assert said["received_at"] == in_full(clock.now())
    assert handled[0].doubtful is doubtful


def test_another_content_under_the_same_id_is_refused_and_the_first_stands(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    first = post(api, raw := sender.message(clock.now(), NOTE, id="one", order="x"))
    before = written(api)
    refused(
        api,
        post(api, sender.message(clock.now(), NOTE, id="one", order="x", body={"a": 1})),
        409,
        "message-changed",
    )
    assert written(api) == before
    assert post(api, raw).content == first.content
    # Another order, or none, is another id.
    assert post(api, sender.message(clock.now(), NOTE, id="one", order="y")).status_code == 202
    assert post(api, sender.message(clock.now(), NOTE, id="one")).status_code == 202
    assert len(handled) == 3


def test_without_an_order_an_id_is_one_too(api: Api, sender: Sender, clock: FakeClock) -> None:
    assert post(api, sender.message(clock.now(), NOTE, id="one")).status_code == 202
    changed = sender.message(clock.now(), NOTE, id="one", body={"a": 1})
    refused(api, post(api, changed), 409, "message-changed")


def test_the_same_signed_with_another_key_is_the_same(
    api: Api, sender: Sender, clock: FakeClock, handled: list[Incoming]
) -> None:
    newer = Sender()
    newer.register(api.instance.database)
    said = sender.says(clock.now(), NOTE)
    first = post(api, sender.sign(said))
    assert post(api, newer.sign(said)).content == first.content
    assert len(handled) == 1
