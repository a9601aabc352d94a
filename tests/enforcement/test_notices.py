"""Messages that instruct nobody, and targets that are told nothing by which an ordered item could be known."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.decisions.disclosure import disclosure_of, release, withhold
from tidegate.decisions.restrictions import Effective
from tidegate.decisions.told import FREE, Disclosure
from tidegate.enforcement.actions import forget_payloads, issue
from tidegate.enforcement.model import PLAIN_TYPES
from tidegate.enforcement.notices import notify
from tidegate.enforcement.outbox import claim
from tidegate.enforcement.queries import list_webhooks
from tidegate.enforcement.tables import deliveries, messages, webhooks
from tidegate.enforcement.webhooks import create_webhook
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.house import MESSAGE_TYPES

NewItem = Callable[[Tx], ItemRow]
NewDecision = Callable[..., dict[str, Any]]
NewWebhook = Callable[..., UUID]

DOWN = Effective(True, "item", ["DE", "FR"], None, None)
HOUR = timedelta(hours=1)


def made(tx: Tx, **how: Any) -> UUID:
    url = "https://platform.example/hook"
    return create_webhook(tx, url, enforce=True, known=MESSAGE_TYPES, **how).id


def sent(tx: Tx, target: UUID) -> list[dict[str, Any]]:
    found = claim(tx, target, 100, HOUR)
    return [] if found is None else [msgspec.json.decode(one.body) for one in found[1]]


def count(tx: Tx, table: sa.Table) -> int:
    return tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_every_new_target_gets_what_orders_and_clocks_say(tx: Tx) -> None:
    made(tx)
    (target,) = list_webhooks(tx)
    types = {"order.received", "order.undelivered", "order.author_information"}
    assert {*target.events} >= types | {"clock.warning", "clock.expired", "case.opened"}


def test_a_target_of_before_keeps_its_list(tx: Tx, new_webhook: NewWebhook) -> None:
    old = new_webhook(tx, events=("action.restrict",))
    notify(tx, "order.received", {"order": None, "state": "refused", "due_at": None})
    assert count(tx, messages) == 0
    assert sent(tx, old) == []


def test_a_notice_says_what_it_was_given(tx: Tx) -> None:
    target = made(tx)
    data = {"order": uuid4(), "state": "open", "due_at": tx.now + HOUR}
    notify(tx, "order.received", data)
    (message,) = sent(tx, target)
    assert message == {
        "type": "order.received",
        "timestamp": "2026-01-01T00:00:00Z",
        "data": {
            "version": 1,
            "order": str(data["order"]),
            "state": "open",
            "due_at": "2026-01-01T01:00:00Z",
        },
    }


def test_a_target_that_observes_is_sent_nothing(tx: Tx) -> None:
    create_webhook(tx, "https://platform.example/hook", known=MESSAGE_TYPES)
    notify(tx, "clock.expired", {"clock": {}, "order": None, "minutes_left": -3})
    assert tx.execute(sa.select(deliveries.c.state)).scalars().all() == ["observed"]


def test_what_is_about_an_item_is_erased_with_it(tx: Tx, new_item: NewItem) -> None:
    target, item = made(tx, plain=True), new_item(tx)
    data = {"item": item.external_id, "order": uuid4(), "document": {"reason": "by order"}}
    notify(tx, "order.author_information", data, item_id=item.id)
    (row,) = tx.execute(sa.select(messages)).all()
    assert row.item_id == item.id
    (message,) = sent(tx, target)
    assert message["data"]["disclosure"] == {"author": "free", "until": None}
    assert forget_payloads(tx, item.id) == 1
    assert tx.execute(sa.select(messages.c.body)).scalar_one() is None


def test_a_plain_target_gets_actions_and_what_authors_are_told_alone(
    tx: Tx, new_item: NewItem
) -> None:
    plain = made(tx, plain=True)
    (view,) = list_webhooks(tx)
    assert (view.plain, tuple(view.events)) == (True, PLAIN_TYPES)
    notify(tx, "order.received", {"order": uuid4(), "state": "open", "due_at": tx.now})
    assert sent(tx, plain) == []


@pytest.mark.parametrize(
    ("how", "pointer"),
    [
        ({"plain": True, "alerts": True}, "/plain"),
        ({"plain": True, "events": ["action.lift", "case.opened"]}, "/events/1"),
        ({"events": ["order.executed"]}, "/events/0"),
    ],
)
def test_what_is_no_target_is_refused(tx: Tx, how: dict[str, Any], pointer: str) -> None:
    before = count(tx, ledger_pending)
    with pytest.raises(Refusal) as refusal:
        made(tx, **how)
    assert [one.pointer for one in refusal.value.errors] == [pointer]
    assert (count(tx, webhooks), count(tx, ledger_pending)) == (0, before)


def test_to_a_plain_target_every_decision_says_as_little(
    tx: Tx, new_item: NewItem, new_decision: NewDecision
) -> None:
    plain, desk = made(tx, plain=True), made(tx)
    item, decision = new_item(tx), new_decision(tx)
    issue(tx, kind="restrict", item=item, revision=1, decision=decision, effective=DOWN)
    (full,), (bare,) = sent(tx, desk), sent(tx, plain)
    assert full["data"]["decision"]["reason"] == "known content"
    told, whole = bare["data"]["decision"], full["data"]["decision"]
    hidden = {"ground", "label", "exemption", "reason", "decided_by"}
    assert {name for name in whole if told[name] != whole[name]} == hidden - {"exemption"}
    assert {told[name] for name in hidden} == {None}
    assert bare["data"]["effective"] == full["data"]["effective"]


def test_what_is_sent_later_says_what_is_so_then(
    tx: Tx, new_item: NewItem, new_decision: NewDecision
) -> None:
    desk, item, order = made(tx), new_item(tx), uuid4()
    decision = new_decision(tx) | {"order": order}
    issue(tx, kind="restrict", item=item, revision=1, decision=decision, effective=DOWN)
    withhold(tx, item.id, order, tx.now + HOUR)
    found = claim(tx, desk, 10, timedelta())
    assert found is not None
    (first,) = found[1]
    data = msgspec.json.decode(first.body)["data"]
    assert data["disclosure"] == {"author": "withheld", "until": "2026-01-01T01:00:00Z"}
    assert (data["decision"]["reason"], data["decision"]["order"]) == (None, None)
    assert release(tx, item.id, order)
    found = claim(tx, desk, 10, HOUR)
    assert found is not None
    (second,) = found[1]
    assert second.message_id == first.message_id
    data = msgspec.json.decode(second.body)["data"]
    assert data["disclosure"] == {"author": "free", "until": None}
    assert data["decision"]["reason"] == "known content"


def test_an_author_may_be_told_when_every_order_lets_it(tx: Tx, new_item: NewItem) -> None:
    one, two = new_item(tx), new_item(tx)
    first, second = uuid4(), uuid4()
    withhold(tx, one.id, first, tx.now + HOUR)
    withhold(tx, one.id, second, tx.now + 3 * HOUR)
    withheld = Disclosure("withheld", tx.now + 3 * HOUR)
    assert disclosure_of(tx, [one.id, two.id]) == {one.id: withheld, two.id: FREE}
    assert release(tx, one.id, second)
    assert not release(tx, one.id, second)
    assert disclosure_of(tx, [one.id])[one.id] == Disclosure("withheld", tx.now + HOUR)
    withhold(tx, one.id, first, tx.now + 2 * HOUR)
    assert disclosure_of(tx, [one.id])[one.id].until == tx.now + 2 * HOUR
    assert release(tx, one.id, first)
    assert disclosure_of(tx, [one.id])[one.id] == FREE
    assert disclosure_of(tx, []) == {}


def test_it_is_not_over_by_itself(tx: Tx, new_item: NewItem) -> None:
    """Early is the harm: somebody has to say that it is over."""
    item = new_item(tx)
    withhold(tx, item.id, uuid4(), tx.now)
    later = Tx(tx.connection, tx.now + 10 * HOUR)
    assert disclosure_of(later, [item.id])[item.id].author == "withheld"
