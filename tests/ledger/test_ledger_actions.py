"""Appending to the ledger and forgetting."""

from uuid import uuid4

import msgspec
import pytest
import sqlalchemy as sa
from tests.erased import erased_item

from tidegate.infra.db import Database, Tx
from tidegate.ledger.actions import append, append_many, forget
from tidegate.ledger.model import NewEntry, commit
from tidegate.ledger.tables import ledger_pending


def pending(tx: Tx) -> list[sa.Row]:
    return list(tx.execute(sa.select(ledger_pending).order_by(ledger_pending.c.kind)))


def test_an_entry_commits_to_its_record_with_actor_and_request(tx: Tx) -> None:
    subject = uuid4()
    id = append(tx, "decision.made", {"outcome": "pass", "label": "ümlaut"}, subject)
    (row,) = pending(tx)
    assert (row.id, row.kind, row.subject, row.at) == (id, "decision.made", subject, tx.now)
    assert msgspec.json.decode(row.record) == {
        "outcome": "pass",
        "label": "ümlaut",
        "actor": tx.actor,
        "request_id": tx.request_id,
    }
    assert row.commitment == commit(row.salt, row.record)


def test_the_record_is_canonical(tx: Tx) -> None:
    append(tx, "a", {"b": 1, "a": {"d": 1, "c": 2}})
    append(tx, "b", {"a": {"c": 2, "d": 1}, "b": 1})
    one, two = pending(tx)
    assert one.record == two.record
    assert one.commitment != two.commitment  # salted: equal records do not show


def test_many_at_once_are_as_one_by_one(tx: Tx) -> None:
    subject = uuid4()
    append_many(
        tx, [NewEntry(f"k{n:04}", {"n": n}, subject if n % 2 else None) for n in range(500)]
    )
    rows = pending(tx)
    assert [msgspec.json.decode(row.record)["n"] for row in rows] == list(range(500))
    assert {row.subject for row in rows} == {None, subject}
    assert len({row.id for row in rows}) == len({row.salt for row in rows}) == 500
    assert all(row.id.version == 7 and row.id.variant == uuid4().variant for row in rows)
    assert all(row.at == tx.now and row.commitment == commit(row.salt, row.record) for row in rows)
    append_many(tx, [])


def test_a_rolled_back_change_leaves_no_entry(database: Database) -> None:
    def broken() -> None:
        with database.begin() as tx:
            append(tx, "x", {})
            append_many(tx, [NewEntry("y", {})])
            raise LookupError

    with pytest.raises(LookupError):
        broken()
    with database.begin() as tx:
        assert pending(tx) == []


def test_forgetting_leaves_nothing_readable(tx: Tx) -> None:
    gone, kept = erased_item(tx, uuid4()), uuid4()
    append(tx, "a", {"name": "somebody"}, gone)
    append(tx, "b", {"name": "else"}, kept)
    assert forget(tx, gone, {"because": "asked"}) == 1
    one, two, ending = pending(tx)
    assert (one.salt, one.record) == (None, None)
    assert two.record is not None
    assert (ending.kind, ending.subject) == ("item.erased", gone)
    assert msgspec.json.decode(ending.record)["because"] == "asked"


def test_what_says_so_comes_after_all_that_it_blanked(tx: Tx) -> None:
    """Of the ids of one millisecond none is the last by itself."""
    gone = erased_item(tx, uuid4())
    for number in range(30):
        append(tx, "a", {"n": number}, gone)
    assert forget(tx, gone, {}) == 30
    rows = sorted(pending(tx), key=lambda row: row.id.int)
    assert [row.kind for row in rows] == ["a"] * 30 + ["item.erased"]
