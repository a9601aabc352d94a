"""Issuing actions: what commits with a decision."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.decisions.model import Subject
from tidegate.decisions.restrictions import Effective
from tidegate.enforcement.actions import (
    announce_cases,
    forget_payloads,
    issue,
    issue_many,
    replay,
)
from tidegate.enforcement.model import Instruction, OpenedCase
from tidegate.enforcement.tables import actions, deliveries, messages
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending

FREE = {"author": "free", "until": None}
NewDecision = Callable[..., dict[str, Any]]
NewItem = Callable[[Tx], ItemRow]
NewWebhook = Callable[..., UUID]

DOWN = Effective(True, "item", None, None, None)
UP = Effective(False, None, None, None, None)


def rows(tx: Tx, table: sa.Table) -> list[sa.Row]:
    return list(tx.execute(sa.select(table)))


def test_an_action_is_written_with_message_delivery_and_ledger_entry(
    tx: Tx, new_item: NewItem, new_decision: NewDecision, new_webhook: NewWebhook
) -> None:
    sent, observed = new_webhook(tx), new_webhook(tx, enforce=False)
    item, decision = new_item(tx), new_decision(tx)
    action = issue(tx, kind="restrict", item=item, revision=1, decision=decision, effective=DOWN)
    (message,) = rows(tx, messages)
    assert msgspec.json.decode(message.body) == {
        "type": "action.restrict",
        "timestamp": "2026-01-01T00:00:00Z",
        "data": {
            "version": 1,
            "action": str(action.id),
            "item": item.external_id,
            "platform": "forum",
            "revision": 1,
            "sequence": 1,
            "decision": {
                **decision,
                "id": str(decision["id"]),
                "created_at": "2026-01-01T00:00:00Z",
            },
            "disclosure": FREE,
            "effective": {
                "restricted": True,
                "scope": "item",
                "territory": None,
                "until": None,
                "account": None,
            },
        },
    }
    assert {(row.webhook_id, row.state) for row in rows(tx, deliveries)} == {
        (sent, "pending"),
        (observed, "observed"),
    }
    (entry,) = rows(tx, ledger_pending)
    assert (entry.kind, entry.subject) == ("action.issued", item.id)
    record = msgspec.json.decode(entry.record)
    assert (record["action"], record["message"]) == (str(action.id), message.id)


def test_numbers_are_gap_free_and_sequences_count_per_item(
    database: Database, new_item: NewItem, new_decision: NewDecision
) -> None:
    with database.begin() as tx:
        one, two = new_item(tx), new_item(tx)
        issued = issue_many(
            tx,
            [
                Instruction("restrict", one, 1, new_decision(tx), DOWN),
                Instruction("restrict", two, 1, new_decision(tx), DOWN),
                Instruction("lift", one, 1, new_decision(tx, "lift"), UP),
            ],
        )
    assert [(a.number, a.sequence) for a in issued] == [(1, 1), (2, 1), (3, 2)]

    def broken() -> None:
        with database.begin() as tx:
            issue(tx, kind="lift", item=two, revision=1, decision=new_decision(tx), effective=DOWN)
            raise LookupError

    with pytest.raises(LookupError):
        broken()
    with database.begin() as tx:
        again = issue(
            tx, kind="lift", item=two, revision=1, decision=new_decision(tx), effective=DOWN
        )
        assert (again.number, again.sequence) == (4, 2)
        assert len(rows(tx, actions)) == len(rows(tx, messages)) == 4


def test_a_case_is_announced_to_those_who_asked(
    tx: Tx, new_item: NewItem, new_webhook: NewWebhook
) -> None:
    new_webhook(tx)
    item, case_id = new_item(tx), uuid4()
    opened = OpenedCase(case_id, Subject("item", item.id), item, 1)
    announce_cases(tx, [opened])
    assert rows(tx, messages) == []
    desk = new_webhook(tx, events=("case.opened",))
    announce_cases(tx, [opened])
    (message,), (delivery,) = rows(tx, messages), rows(tx, deliveries)
    body = msgspec.json.decode(message.body)
    assert body["type"] == "case.opened"
    assert body["data"] == {
        "version": 1,
        "action": None,
        "item": item.external_id,
        "platform": "forum",
        "revision": 1,
        "sequence": 0,
        "decision": None,
        "disclosure": FREE,
        "case": str(case_id),
        "subject": {"kind": "item", "id": item.external_id},
    }
    assert delivery.webhook_id == desk


def test_a_case_that_is_about_no_item_is_announced_by_its_subject(
    tx: Tx, new_webhook: NewWebhook
) -> None:
    new_webhook(tx, events=("case.opened",))
    entry = uuid4()
    announce_cases(tx, [OpenedCase(uuid4(), Subject("entry", entry))])
    (message,) = rows(tx, messages)
    said = msgspec.json.decode(message.body)["data"]
    assert message.item_id is None
    assert said["subject"] == {"kind": "entry", "id": str(entry)}
    assert {said[name] for name in ("item", "platform", "revision", "sequence")} == {None}


def test_replay_reaches_every_enforcing_target_anew(
    tx: Tx, new_item: NewItem, new_decision: NewDecision, new_webhook: NewWebhook
) -> None:
    action = issue(
        tx,
        kind="restrict",
        item=new_item(tx),
        revision=1,
        decision=new_decision(tx),
        effective=DOWN,
    )
    with pytest.raises(Refusal) as refused:
        replay(tx, action.id)
    assert refused.value.type == "no-target"
    for enforce in (True, True, False):
        new_webhook(tx, enforce=enforce)
    assert replay(tx, action.id) == 2
    tx.execute(sa.update(deliveries).values(state="dead", attempts=9, first_attempt_at=tx.now))
    assert replay(tx, action.id) == 2
    for row in rows(tx, deliveries):
        assert (row.message_id, row.state, row.attempts) == (action.message_id, "pending", 0)
        assert row.first_attempt_at is None
    assert [row.kind for row in rows(tx, ledger_pending)].count("action.replayed") == 2


def test_replay_of_nothing_is_refused(tx: Tx) -> None:
    with pytest.raises(Refusal) as refused:
        replay(tx, uuid4())
    assert (refused.value.type, refused.value.status) == ("action-unknown", 404)
    assert rows(tx, ledger_pending) == []


def test_erasure_blanks_payloads_and_cancels_what_is_on_its_way(
    tx: Tx, new_item: NewItem, new_decision: NewDecision, new_webhook: NewWebhook
) -> None:
    new_webhook(tx)
    gone, kept = new_item(tx), new_item(tx)
    action = issue(
        tx, kind="restrict", item=gone, revision=1, decision=new_decision(tx), effective=DOWN
    )
    other = issue(
        tx, kind="restrict", item=kept, revision=1, decision=new_decision(tx), effective=DOWN
    )
    assert forget_payloads(tx, gone.id) == 1
    bodies = {row.id: row.body for row in rows(tx, messages)}
    assert bodies[action.message_id] is None
    assert bodies[other.message_id] is not None
    states = {row.message_id: row.state for row in rows(tx, deliveries)}
    assert states == {action.message_id: "cancelled", other.message_id: "pending"}
    with pytest.raises(Refusal) as refused:
        replay(tx, action.id)
    assert (refused.value.type, refused.value.status) == ("action-erased", 410)
