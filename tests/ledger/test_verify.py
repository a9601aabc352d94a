"""Verification: every tampering is found and named, and nothing else is."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from tampering import tamper
from tests.erased import erased_item

from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx
from tidegate.ledger.actions import append_many, forget
from tidegate.ledger.intervals import cut_out
from tidegate.ledger.model import Head, NewEntry, chain_hash, microseconds, sign_head
from tidegate.ledger.sequencer import read_head, seal
from tidegate.ledger.tables import ledger, ledger_heads
from tidegate.ledger.verify import Fault, Verification, exit_code, verify

Check = Callable[..., Verification]

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
SIZE = 30
HEADS = (7, 8, 15, 29, 30)
SUBJECT = UUID(int=7)
ERASURE = 20  # the number of the entry that says that SUBJECT was erased


@pytest.fixture
def head(database: Database, clock: FakeClock, tmp_path: Path) -> Head:
    """A ledger of 30 entries under five heads, one of them an erasure; returns the exported one."""
    path, done = tmp_path / "ledger-head.json", 0
    for until in HEADS:
        for seq in range(done + 1, until + 1):
            clock.advance(1)  # so that they are sealed in this order
            kind = "item.erased" if seq == ERASURE else "test.entry"
            with database.begin("key:test", "r") as tx:
                append_many(tx, [NewEntry(kind, {"n": seq}, SUBJECT if seq % 3 else None)])
        assert seal(database, KEY, path) == until - done
        done = until
    exported = read_head(path)
    assert exported
    return exported


@pytest.fixture
def check(database: Database, owner: Database, head: Head) -> Callable[..., Verification]:
    """Tamper, verify, and take it back."""

    def run(*statements: str, exported: Head | None = head) -> Verification:
        with owner.engine.connect() as connection, connection.begin() as transaction:
            tx = Tx(connection, database.clock.now())
            tamper(tx, statements)
            found = verify(tx, KEY.public_key(), exported)
            transaction.rollback()
        return found

    return run


def named(found: Verification) -> set[tuple[str, int, int]]:
    return {(fault.kind, fault.seq, fault.last) for fault in found.faults}


def test_an_untouched_ledger_is_intact(database: Database, head: Head, check: Check) -> None:
    found = check()
    assert (found.entries, found.forgotten, found.unsealed, found.faults) == (SIZE, 0, 0, [])
    assert exit_code(found) == 0
    with database.begin() as tx:
        append_many(tx, [NewEntry("waits", {})] * 3)
    assert check().unsealed == 3
    assert check().intact


def test_an_empty_ledger_is_intact(database: Database) -> None:
    with database.begin() as tx:
        assert verify(tx, KEY.public_key()).faults == []


def test_erased_entries_leave_the_ledger_intact(
    database: Database, head: Head, check: Check, tmp_path: Path
) -> None:
    with database.begin() as tx:
        assert forget(tx, erased_item(tx, SUBJECT), {}) == 19
    found = check()
    assert (found.forgotten, found.unsealed, found.faults) == (19, 1, [])
    assert seal(database, KEY, tmp_path / "ledger-head.json") == 1
    found = check()
    assert (found.forgotten, found.unsealed, found.faults) == (19, 0, [])
    # Of another subject, after its erasure, or of none: nothing says why.
    later = append_sealed(database, tmp_path, NewEntry("after", {}, SUBJECT))
    other = append_sealed(database, tmp_path, NewEntry("other", {}, uuid4()))
    for seq in (3, later, other):
        assert named(check(BLANK.format(seq), exported=None)) == {("blanked", seq, seq)}


BLANK = "UPDATE ledger SET salt = NULL, record = NULL WHERE seq = {}"


def append_sealed(database: Database, tmp_path: Path, entry: NewEntry) -> int:
    """Its number."""
    with database.begin() as tx:
        append_many(tx, [entry])
    assert seal(database, KEY, tmp_path / "ledger-head.json") == 1
    with database.begin() as tx:
        return tx.execute(sa.select(sa.func.max(ledger.c.seq))).scalar_one()


def test_blanked_records_that_no_erasure_explains_are_named_with_what_to_do(check: Check) -> None:
    assert check(BLANK.format(2)).intact  # the erasure is entry 20
    found = check("UPDATE ledger SET salt = NULL, record = NULL WHERE seq BETWEEN 20 AND 24")
    assert named(found) == {("blanked", 20, 20), ("blanked", 21, 21), ("blanked", 22, 23),
                            ("blanked", 24, 24)}  # fmt: skip
    assert all("backup" in fault.detail for fault in found.faults)
    gone = check(BLANK.format(2), f"DELETE FROM ledger WHERE seq = {ERASURE}")
    assert named(gone) == {("blanked", 2, 2), ("missing", ERASURE, ERASURE)}


def test_an_erasure_of_the_first_release_explains_what_was_sealed_in_its_moments(
    database: Database, owner: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """It had no subject of its own, and of one moment either could be sealed first."""
    subject, path = uuid4(), tmp_path / "ledger-head.json"
    for kind, record, about in (
        ("before", {}, subject),
        ("item.erased", {"item": str(subject)}, None),
        ("same moment", {}, subject),
    ):
        append_sealed(database, tmp_path, NewEntry(kind, record, about))
    clock.advance(3600)
    append_sealed(database, tmp_path, NewEntry("long after", {}, subject))
    blank = [BLANK.format(seq) for seq in (1, 3)]
    with owner.engine.connect() as connection, connection.begin():
        tx = Tx(connection, clock.now())
        tamper(tx, blank)
        assert verify(tx, KEY.public_key(), read_head(path)).intact
        tamper(tx, [BLANK.format(4)])
        found = verify(tx, KEY.public_key(), read_head(path))
        assert named(found) == {("blanked", 4, 4)}


def test_an_older_exported_head_is_no_fault(database: Database, head: Head, check: Check) -> None:
    with database.begin() as tx:
        row = tx.execute(sa.select(ledger).where(ledger.c.seq == 8)).one()
    assert check(exported=sign_head(KEY, 8, row.hash, row.at)).intact
    assert check(exported=None).intact


CHANGES = [
    "kind = 'other'",
    "at = at + interval '1 microsecond'",
    "at = 'infinity'",
    "at = '294276-12-31'",
    "id = gen_random_uuid()",
    f"subject = '{uuid4()}'",
    "commitment = sha256('x')",
    "prev = sha256('x')",
    "hash = sha256('x')",
    "hash = ''",
    "salt = '\\x00'",
    "salt = NULL",
    "record = '{}'",
    "record = NULL",
    "kind = repeat('x', 70000)",
]


def test_a_changed_row_is_named(check: Check) -> None:
    for change in CHANGES:
        for seq in (1, 7, 8, 20, 30):
            found = check(f"UPDATE ledger SET {change} WHERE seq = {seq}")
            assert ("changed", seq, seq) in named(found), change
            assert all(fault.seq == seq for fault in found.faults), change
            assert exit_code(found) == 1


def test_a_missing_row_is_named(check: Check) -> None:
    assert named(check("DELETE FROM ledger WHERE seq = 1")) == {("missing", 1, 1)}
    assert named(check("DELETE FROM ledger WHERE seq BETWEEN 5 AND 9")) == {("missing", 5, 9)}


def test_a_missing_row_is_named_though_the_others_close_up(check: Check) -> None:
    found = check(
        "DELETE FROM ledger WHERE seq = 12",
        "UPDATE ledger SET seq = -seq WHERE seq > 12",
        "UPDATE ledger SET seq = -seq - 1 WHERE seq < 0",
    )
    assert named(found) == {("missing", 12, 12), ("reordered", 12, 29)}


def test_a_cut_tail_is_named(check: Check) -> None:
    cut = "DELETE FROM ledger WHERE seq > 28"
    assert named(check(cut)) == {("cut", 29, 30)}
    assert named(check(cut, exported=None)) == {("cut", 29, 30)}
    with_heads = [cut, "DELETE FROM ledger_heads WHERE seq > 28"]
    assert named(check(*with_heads)) == {("cut", 29, 30)}
    everything = ["DELETE FROM ledger", "DELETE FROM ledger_heads"]
    assert named(check(*everything)) == {("cut", 1, 30)}


def test_an_added_row_is_named(database: Database, check: Check) -> None:
    for place in (31, 40):
        copy = (
            f"INSERT INTO ledger SELECT {place}, id, at, kind, subject, commitment, prev, hash,"
            " salt, record FROM ledger WHERE seq = 5"
        )
        assert ("added", 31, place) in named(check(copy))
    assert ("added", 0, 0) in named(check("UPDATE ledger SET seq = 0 WHERE seq = 5"))


def test_a_forged_row_that_continues_the_chain_is_named(database: Database, check: Check) -> None:
    with database.begin() as tx:
        last = tx.execute(sa.select(ledger).where(ledger.c.seq == SIZE)).one()
    forged = insert(SIZE + 1, last.hash)
    assert named(check(forged)) == {("added", 31, 31), ("blanked", 31, 31)}


def test_a_row_added_in_the_middle_is_named(database: Database, check: Check) -> None:
    with database.begin() as tx:
        before = tx.execute(sa.select(ledger).where(ledger.c.seq == 11)).one()
    found = check(
        "UPDATE ledger SET seq = -seq WHERE seq > 11",
        "UPDATE ledger SET seq = -seq + 1 WHERE seq < 0",
        insert(12, before.hash),
    )
    assert named(found) == {("added", 12, 12), ("blanked", 12, 12), ("reordered", 13, 31)}


def insert(seq: int, prev: bytes) -> str:
    """A forged row that is right in itself and names the one before."""
    id, at, commitment = UUID(int=1), "2026-01-01T00:00:00+00:00", b"c" * 32
    micro = microseconds(datetime.fromisoformat(at))
    hash = chain_hash(prev, seq, id.bytes, micro, "forged", None, commitment)
    return (
        f"INSERT INTO ledger VALUES ({seq}, '{id}', '{at}', 'forged', NULL,"
        f" '\\x{commitment.hex()}', '\\x{prev.hex()}', '\\x{hash.hex()}', NULL, NULL)"
    )


def test_reordered_rows_are_named(check: Check) -> None:
    for one, two in [(3, 4), (1, 2), (5, 25), (1, 30), (29, 30), (7, 15)]:
        found = check(
            f"UPDATE ledger SET seq = 99 WHERE seq = {one}",
            f"UPDATE ledger SET seq = {one} WHERE seq = {two}",
            f"UPDATE ledger SET seq = {two} WHERE seq = 99",
        )
        assert named(found) == {("reordered", one, one), ("reordered", two, two)}


def rewrite(database: Database, start: int) -> Iterator[str]:
    """Change entry `start` and chain everything after it anew, as only the key's owner may."""
    with database.begin() as tx:
        rows = tx.execute(sa.select(ledger).order_by(ledger.c.seq)).all()
    prev = rows[start - 1].prev
    for row in rows[start - 1 :]:
        kind = "forged" if row.seq == start else row.kind
        subject = row.subject and row.subject.bytes
        hash = chain_hash(
            prev, row.seq, row.id.bytes, microseconds(row.at), kind, subject, row.commitment
        )
        yield (
            f"UPDATE ledger SET kind = '{kind}', prev = '\\x{prev.hex()}',"
            f" hash = '\\x{hash.hex()}' WHERE seq = {row.seq}"
        )
        prev = hash


def test_a_rewritten_chain_does_not_agree_with_its_heads(
    database: Database, head: Head, check: Check
) -> None:
    forgery = list(rewrite(database, 20))
    assert named(check(*forgery)) == {("changed", 16, 29)}
    assert named(check(*forgery, exported=None)) == {("changed", 16, 29)}
    # Heads removed, too: the exported one speaks, or else that nothing is signed any more.
    forgery.append("DELETE FROM ledger_heads WHERE seq > 15")
    assert ("changed", 16, 30) in named(check(*forgery))
    assert named(check(*forgery, exported=None)) == {("added", 16, 30)}


def test_a_tampered_head_is_named(head: Head, check: Check) -> None:
    for change in ("signature = '\\x00'", "hash = sha256('x')", "at = now()", "key = 'x'",
                   "at = 'infinity'"):  # fmt: skip
        found = check(f"UPDATE ledger_heads SET {change} WHERE seq = 15")
        assert named(found) == {("signature", 15, 15)}
    assert named(check("DELETE FROM ledger_heads WHERE seq = 30")) == {("signature", 30, 30)}
    assert named(check("UPDATE ledger_heads SET seq = 31 WHERE seq = 30", exported=None)) == {
        ("signature", 31, 31),
        ("added", 30, 30),
    }


def test_an_exported_head_of_somebody_else_is_named(
    database: Database, head: Head, check: Check
) -> None:
    other = Ed25519PrivateKey.generate()
    forged = sign_head(other, head.seq, bytes.fromhex(head.hash), head.at)
    assert named(check(exported=forged)) == {("signature", 30, 30)}
    fork = sign_head(KEY, 20, b"f" * 32, head.at)
    assert ("changed", 20, 20) in named(check(exported=fork))
    ahead = sign_head(KEY, 35, b"f" * 32, head.at)
    assert named(check(exported=ahead)) == {("cut", 31, 35)}


def test_what_cannot_be_read_is_neither_intact_nor_tampered() -> None:
    assert exit_code(ValueError("no head")) == 2
    assert exit_code(Verification(0, 0, 0, [Fault("cut", 1, 1, "")])) == 1


def test_a_great_many_faults_stay_bounded(
    database: Database, owner: Database, tmp_path: Path
) -> None:
    with database.begin() as tx:
        append_many(tx, [NewEntry("k", {"n": n}) for n in range(3000)])
    seal(database, KEY, tmp_path / "head")
    with owner.begin() as tx:
        tamper(tx, ["UPDATE ledger SET kind = 'x'"])
        found = verify(tx, KEY.public_key())
    assert found.entries == 3000
    assert len(found.faults) == 1000


# --- random tampering against the plain comparison of before and after ---

Rows = dict[int, tuple[object, ...]]
places = st.integers(1, SIZE)
edits = st.one_of(
    st.tuples(st.just("delete"), places, st.just("")),
    st.tuples(
        st.just("update"),
        places,
        st.sampled_from(
            ["kind = kind || '!'", "at = at - interval '1 hour'", "subject = gen_random_uuid()",
             "commitment = sha256(commitment)", "prev = sha256(prev)", "hash = sha256(hash)",
             "record = record || '!'", "salt = sha256(salt)"]
        ),
    ),
    st.tuples(st.just("move"), places, st.integers(1, 60).map(str)),
    st.tuples(st.just("swap"), places, places.map(str)),
    st.tuples(st.just("copy"), places, st.integers(1, 60).map(str)),
    st.tuples(st.just("forget"), places, st.just("")),
)  # fmt: skip


def statements(edit: tuple[str, int, str]) -> list[str]:
    kind, seq, more = edit
    columns = "id, at, kind, subject, commitment, prev, hash, salt, record"
    return {
        "delete": [f"DELETE FROM ledger WHERE seq = {seq}"],
        "update": [f"UPDATE ledger SET {more} WHERE seq = {seq}"],
        "move": [
            f"UPDATE ledger SET seq = {more} WHERE seq = {seq}"
            f" AND NOT EXISTS (SELECT FROM ledger WHERE seq = {more})"
        ],
        "swap": [
            f"UPDATE ledger SET seq = -1 WHERE seq = {seq}",
            f"UPDATE ledger SET seq = {seq} WHERE seq = {more}",
            f"UPDATE ledger SET seq = {more} WHERE seq = -1",
        ],
        "copy": [
            f"INSERT INTO ledger SELECT {more}, {columns} FROM ledger WHERE seq = {seq}"
            " ON CONFLICT DO NOTHING"
        ],
        "forget": [f"UPDATE ledger SET salt = NULL, record = NULL WHERE seq = {seq}"],
    }[kind]


def snapshot(tx: Tx) -> Rows:
    """Each row's lasting fields, and whether its record can be read."""
    rows = tx.execute(sa.select(ledger).order_by(ledger.c.seq))
    return {row.seq: tuple(row) for row in rows}


def named_by(fault: Fault) -> list[tuple[int, int]]:
    """The numbers that a fault names: where entries stand, and where they were moved from."""
    moved = re.match(r"sealed as (\d+)(?: to (\d+))?$", fault.detail)
    from_there = [(int(moved[1]), int(moved[2] or moved[1]))] if moved else []
    return [(fault.seq, fault.last), *from_there]


def touched(before: Rows, after: Rows) -> set[int]:
    """The numbers at which something other than an erasure's forgetting was done."""

    def same(seq: int) -> bool:
        if seq not in before or seq not in after:
            return False
        old, new = before[seq], after[seq]
        return old[:8] == new[:8] and (new[8:10] == old[8:10] or erased(new))

    def erased(row: tuple[object, ...]) -> bool:
        return row[8:10] == (None, None) and row[3] != "item.erased" and any(
            other[3] == "item.erased" and other[4] == row[4] and other[0] > row[0]  # pyright: ignore[reportOperatorIssue]
            for other in after.values()
        )  # fmt: skip

    return {seq for seq in before.keys() | after.keys() if not same(seq)}


def test_random_tampering_is_found_where_it_was_done(owner: Database, head: Head) -> None:
    with owner.engine.connect() as connection, connection.begin():
        tamper_at_random(connection, owner, head)


def tamper_at_random(connection: sa.Connection, database: Database, head: Head) -> None:
    tx = Tx(connection, database.clock.now())
    before = snapshot(tx)

    @settings(
        max_examples=100,
        deadline=None,
        suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
    )
    @given(st.lists(edits, min_size=1, max_size=5), st.booleans())
    def try_one(done: list[tuple[str, int, str]], cut_heads: bool) -> None:
        point = connection.begin_nested()
        try:
            tamper(tx, [line for edit in done for line in statements(edit)])
            after = snapshot(tx)
            if cut_heads and after:
                tx.execute(sa.delete(ledger_heads).where(ledger_heads.c.seq > max(after)))
            found = verify(tx, KEY.public_key(), head)
        finally:
            point.rollback()
        wrong = touched(before, after)
        note(f"{done} {wrong} {found.faults}")
        assert bool(found.faults) == bool(wrong)
        spans = [span for fault in found.faults for span in named_by(fault)]
        unnamed = {seq for seq in wrong if not any(a <= seq <= b for a, b in spans)}
        assert unnamed == set()
        # Nothing is blamed but what was touched: gaps, tails and additions included.
        blamed = {
            seq for fault in found.faults for seq in range(fault.seq, min(fault.last, 70) + 1)
        }
        assert blamed - wrong <= set(range(SIZE + 1, 70))
        for seq in wrong:
            kinds = {
                fault.kind
                for fault in found.faults
                if any(a <= seq <= b for a, b in named_by(fault))
            }
            if seq not in after:
                assert kinds & {"missing", "cut", "reordered"}, (seq, kinds)
            elif seq not in before:
                assert kinds & {"added", "reordered"}, (seq, kinds)

    try_one()


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(-2, 8)), max_size=6),
    st.lists(st.tuples(st.integers(0, 30), st.integers(-2, 8)), max_size=6),
)
def test_spans_are_sets_of_numbers(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    spans = [(first, first + more) for first, more in some]
    holes = [(first, first + more) for first, more in others]
    left = cut_out(spans, holes)

    def numbers(of: list[tuple[int, int]]) -> set[int]:
        return {number for first, last in of for number in range(first, last + 1)}

    assert numbers(left) == numbers(spans) - numbers(holes)
    assert all(first <= last for first, last in left)
    assert all(one[1] < two[0] for one, two in pairwise(left))
