"""Sealing: numbering, chaining and signing what has committed."""

import threading
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tampering import tamper
from tests.erased import erased_item

from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database
from tidegate.ledger.actions import append, append_many, forget
from tidegate.ledger.model import (
    GENESIS,
    NewEntry,
    chain_hash,
    commit,
    head_is_signed,
    microseconds,
)
from tidegate.ledger.queries import entries_about, head, list_entries, unsealed
from tidegate.ledger.sequencer import LedgerBroken, read_head, seal
from tidegate.ledger.tables import ledger
from tidegate.ledger.verify import verify

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger-head.json"


def write(database: Database, count: int = 1) -> None:
    with database.begin("key:test", "r1") as tx:
        append_many(tx, [NewEntry("test.entry", {"n": n}) for n in range(count)])


def test_entries_are_numbered_and_chained_in_batches(database: Database, path: Path) -> None:
    write(database, 25)
    assert [seal(database, KEY, path, limit=10) for _ in range(4)] == [10, 10, 5, 0]
    with database.begin() as tx:
        rows = tx.execute(sa.select(ledger).order_by(ledger.c.seq)).all()
        newest = head(tx)
        assert unsealed(tx) == 0
    assert [row.seq for row in rows] == list(range(1, 26))
    prev = GENESIS
    for row in rows:
        at = microseconds(row.at)
        expected = chain_hash(prev, row.seq, row.id.bytes, at, row.kind, None, row.commitment)
        assert (row.prev, row.hash) == (prev, expected)
        prev = row.hash
    assert newest
    assert (newest.seq, newest.hash) == (25, prev.hex())
    assert head_is_signed(newest, KEY.public_key())
    assert not head_is_signed(newest, Ed25519PrivateKey.generate().public_key())
    assert read_head(path) == newest


def test_what_commits_late_is_sealed_late(database: Database, path: Path, clock: FakeClock) -> None:
    with database.begin() as late:
        append(late, "late", {})
        clock.advance(5)
        write(database)
        assert seal(database, KEY, path) == 1
    assert seal(database, KEY, path) == 1
    with database.begin() as tx:
        assert [entry.kind for entry in list_entries(tx)] == ["test.entry", "late"]


def test_a_row_under_erasure_is_not_waited_for(database: Database, path: Path) -> None:
    subject = uuid4()
    with database.begin() as tx:
        append(tx, "about", {"name": "somebody"}, subject)
        append(tx, "other", {})
    with database.begin() as tx:
        assert forget(tx, erased_item(tx, subject), {}) == 1
        assert seal(database, KEY, path) == 1
    assert seal(database, KEY, path) == 2
    with database.begin() as tx:
        about, ending = entries_about(tx, subject)
        assert (about.record, ending.kind) == (None, "item.erased")


def test_erasure_of_a_sealed_entry_leaves_the_chain(database: Database, path: Path) -> None:
    subject = uuid4()
    with database.begin("user:m@example.org", "r9") as tx:
        append(tx, "about", {"name": "somebody"}, subject)
    seal(database, KEY, path)
    with database.begin() as tx:
        (before,) = list_entries(tx)
        assert before.record == {
            "name": "somebody",
            "actor": "user:m@example.org",
            "request_id": "r9",
        }
        assert forget(tx, erased_item(tx, subject), {}) == 1
        (after,) = list_entries(tx)
    assert after.record is None
    assert (after.hash, after.commitment) == (before.hash, before.commitment)


def test_two_sequencers_make_one_chain(database: Database, path: Path) -> None:
    write(database, 300)
    sealed: list[int] = []

    def work() -> None:
        while sum(sealed) < 300 and len(sealed) < 10_000:
            sealed.append(seal(database, KEY, path, limit=10))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sealed) == 300
    with database.begin() as tx:
        assert [entry.seq for entry in list_entries(tx, limit=999)] == list(range(1, 301))
        assert read_head(path) == head(tx)


def test_a_head_that_did_not_reach_the_file_is_written_next_time(
    database: Database, path: Path
) -> None:
    write(database)
    seal(database, KEY, path)
    old = path.read_bytes()
    write(database)
    seal(database, KEY, path)
    path.write_bytes(old)  # as if the process had died before the rename
    assert seal(database, KEY, path) == 0
    with database.begin() as tx:
        assert read_head(path) == head(tx)


@pytest.mark.parametrize(
    "tampering",
    [
        ["DELETE FROM ledger WHERE seq = 3"],
        ["DELETE FROM ledger WHERE seq = 3", "DELETE FROM ledger_heads WHERE seq = 3"],
        ["DELETE FROM ledger", "DELETE FROM ledger_heads"],
        ["UPDATE ledger SET hash = '\\x00' WHERE seq = 3"],
        ["UPDATE ledger_heads SET signature = '\\x00'"],
        ["INSERT INTO ledger SELECT 4,id,at,kind,subject,commitment,prev,hash FROM ledger LIMIT 1"],
    ],
)
def test_nothing_is_sealed_on_top_of_a_tampered_chain(
    database: Database, owner: Database, path: Path, tampering: list[str]
) -> None:
    for _ in range(3):
        write(database)
        seal(database, KEY, path)
    with owner.begin() as tx:
        tamper(tx, tampering)
    exported = path.read_bytes()
    write(database)
    with pytest.raises(LedgerBroken):
        seal(database, KEY, path)
    assert path.read_bytes() == exported
    with database.begin() as tx:
        assert unsealed(tx) == 1


def test_a_head_file_that_is_none_is_told(database: Database, path: Path) -> None:
    path.write_text("{}")
    with pytest.raises(ValueError, match="no ledger head"):
        read_head(path)


@pytest.mark.parametrize(
    ("at", "kind"),
    [("infinity", "k"), ("-infinity", "k"), ("4000-01-01 BC", "k"), ("9999-12-31 23:59+00", "k"),
     ("2026-01-01", "ü" * 70_000)],
)  # fmt: skip
def test_what_no_chain_can_hold_stops_no_sealing(
    database: Database, path: Path, at: str, kind: str
) -> None:
    salt = b"s" * 16
    said = {"at": at, "kind": kind, "commitment": commit(salt, b"{}"), "salt": salt}
    with database.begin() as tx:
        tx.execute(sa.text(
            "INSERT INTO ledger_pending (id, at, kind, commitment, salt, record)"
            " VALUES (gen_random_uuid(), CAST(:at AS timestamptz), :kind, :commitment, :salt, '{}')"
        ), said)  # fmt: skip
    write(database, 2)
    assert seal(database, KEY, path) == 3
    with database.begin() as tx:
        found = verify(tx, KEY.public_key(), read_head(path))
    assert (found.entries, found.unsealed, found.faults) == (3, 0, [])
