"""A new key of one side, and what the other has to do: until then what it signs is doubtful."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.orders.drafting_by import delivered, inform, issued
from tests.orders.sides import Side

from tidegate.exchange.actions import add_party, confirm_party
from tidegate.exchange.keys import add_own_key, revoke_own_key
from tidegate.exchange.model import Party
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.orders.jws import parse
from tidegate.orders.messages.queries import message_jws, messages_of
from tidegate.pipeline.own import published_of

DAY = timedelta(days=1)
FIRST, SECOND = "user:one@here.example", "user:two@here.example"


def new_key(side: Side, after: timedelta) -> str:
    with side.instance.database.begin("system:cli") as tx:
        return add_own_key(tx, side.instance.secrets, tx.now + after).kid


def register(here: Side, there: Side, by: str = FIRST) -> Party:
    """Whoever registers what the other side publishes now."""
    found = there.client.get("/.well-known/tidegate.json").json()
    with there.instance.database.begin() as tx:
        published = published_of(tx, there.instance, f"https://{there.id}")
    assert [one["kid"] for one in found["keys"]] == [one.kid for one in published.keys]
    with here.instance.database.begin(by) as tx:
        return add_party(tx, published, own_kid=here.own.key.kid, synthetic=False)


def confirm(here: Side, there: Side, kid: str, by: str = SECOND) -> Party:
    with here.instance.database.begin(by) as tx:
        return confirm_party(tx, there.id, [kid])


def signed_by(side: Side, order: str) -> list[str | None]:
    """The keys that signed what went out about an order."""
    with side.instance.database.begin() as tx:
        sent = [one for one in messages_of(tx, UUID(order)) if one.direction == "out"]
        return [parse(message_jws(tx, one.id)).kid for one in sent]


def at_forum(forum: Side, order: str) -> dict[str, Any]:
    """An order as the platform has it, by its issuer's id."""
    rows = forum.get("/v1/orders", forum.legal)["data"]
    (id,) = [one["id"] for one in rows if one["order"] == order]
    return forum.get(f"/v1/orders/{id}", forum.legal)


def test_the_old_key_signs_until_the_new_one_is_valid_and_both_are_published(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    old, new = bka.own.key.kid, new_key(bka, DAY)
    keys = bka.client.get("/.well-known/tidegate.json").json()["keys"]
    assert [one["kid"] for one in keys] == [old, new]
    assert [one["revoked_at"] for one in keys] == [None, None]
    inform(bka, forum, clock)
    id = issued(bka)
    assert bka.deliver() == 1
    assert signed_by(bka, id) == [old]
    there = at_forum(forum, id)
    assert (there["state"], there["problems"]) == ("open", [])
    # A key of a known organisation waits for a confirmation of its own, by a second person.
    party = register(forum, bka)
    states = {one.kid: one.state for one in party.keys}
    assert (party.state, states) == ("confirmed", {old: "confirmed", new: "unconfirmed"})
    with pytest.raises(Refusal) as caught:
        confirm(forum, bka, new, FIRST)
    assert caught.value.type == "same-person"
    confirm(forum, bka, new)
    clock.advance(DAY.total_seconds())
    two = issued(bka, items=[{"url": "https://forum.example/p/2"}])
    bka.deliver()
    assert signed_by(bka, two) == [new]
    there = at_forum(forum, two)
    assert (there["state"], there["problems"]) == ("open", [])
    # Receipts too are signed by it: what the platform sends arrives.
    forum.post(f"/v1/orders/{there['id']}/impede", forum.legal, IMPEDE)
    assert forum.deliver() == 1
    assert bka.get(f"/v1/orders/{two}")["state"] == "not_executed"
    sent = [one for one in at_forum(forum, two)["messages"] if one["direction"] == "out"]
    assert [one["state"] for one in sent] == ["delivered"]


IMPEDE = {"ground": "force_majeure", "explanation": "The data centre is under water."}


@pytest.mark.parametrize("registered", [False, True])
def test_what_a_new_key_signs_is_doubtful_until_it_is_confirmed(
    bka: Side, forum: Side, registered: bool
) -> None:
    new = new_key(bka, timedelta(0))
    if registered:
        register(forum, bka)
    id = issued(bka)
    bka.deliver()
    assert signed_by(bka, id) == [new]
    order = at_forum(forum, id)
    assert (order["state"], order["verified"]) == ("doubtful", False)
    assert order["problems"] == ["issuer-unconfirmed" if registered else "key-unknown"]
    register(forum, bka)
    confirm(forum, bka, new)
    issued(bka, items=[{"url": "https://forum.example/p/2"}])
    bka.deliver()
    assert [one["state"] for one in forum.get("/v1/orders", forum.legal)["data"]].count("open") == 1


def test_what_the_old_key_signed_is_judged_by_when_it_was_revoked(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    old = bka.own.key.kid
    first = issued(bka)  # on its way
    clock.advance(60)
    new = new_key(bka, timedelta(0))
    register(forum, bka)
    confirm(forum, bka, new)
    bka.deliver()
    assert signed_by(bka, first) == [old]
    assert at_forum(forum, first)["state"] == "open"  # the old one is good for what it signed
    second = issued(bka, items=[{"url": "https://forum.example/p/2"}])
    assert signed_by(bka, second) == [new]
    with bka.instance.database.begin("system:cli") as tx:
        revoke_own_key(tx, bka.instance.secrets, old, tx.now, "rotated")
    # Its word that a key is revoked takes no second person.
    party = register(forum, bka)
    assert {one.kid: one.state for one in party.keys} == {old: "revoked", new: "confirmed"}
    bka.deliver()
    assert {one["state"] for one in forum.get("/v1/orders", forum.legal)["data"]} == {"open"}


def test_a_receipt_by_a_key_that_nobody_confirmed_is_none(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    delivered(bka)
    new = new_key(forum, timedelta(0))
    id = issued(bka, items=[{"url": "https://forum.example/p/2"}])
    bka.deliver()
    assert bka.get(f"/v1/orders/{id}")["state"] == "issued"
    register(bka, forum)
    confirm(bka, forum, new)
    clock.advance(120)
    bka.deliver()
    # The same bytes again have the same receipt: it counts now.
    assert bka.get(f"/v1/orders/{id}")["state"] == "delivered"
