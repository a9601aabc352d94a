"""Checking the ledger from its first entry to its last, and naming what was done to it.

Reads the chain once, in order and in constant memory. Needs the public key and, to see a cut
tail, the head that was exported outside the database.
"""

import base64
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
import psycopg
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tidegate.infra.columns import unseal
from tidegate.infra.db import Tx
from tidegate.infra.slices import Witness
from tidegate.ledger.blanked import Erasures, unexplained
from tidegate.ledger.intervals import Span, cut_out
from tidegate.ledger.model import GENESIS, Head, chain_hash, commit, head_is_signed
from tidegate.ledger.queries import unsealed
from tidegate.ledger.tables import ledger
from tidegate.ledger.telling import Telling

FaultKind = Literal[
    "changed", "missing", "added", "reordered", "cut", "signature", "blanked", "unexplained"
]

HashOf = Callable[[int], bytes | None]  # the hash in the row that has a number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 1000  # faults of one sort that are named one by one
_NEAR = (1, -1, 2, -2, 3, -3)  # how far rows are looked for before the end
_END = 2**63 - 1

# Only times that the chain can hold are read as numbers; others are a change in any case.
_MICROSECONDS = (
    "CASE WHEN {0}.at BETWEEN '0001-01-02+00' AND '9999-12-30+00'"
    " THEN (extract(epoch FROM {0}.at) * 1000000)::bigint END"
)
_HEAD = f"h.seq, h.hash, {_MICROSECONDS.format('h')}, h.key, h.signature"
# One statement, so that one snapshot holds the entries and the heads that belong to them.
_ENTRIES = (
    f"SELECT l.seq, uuid_send(l.id), {_MICROSECONDS.format('l')}, l.kind, uuid_send(l.subject),"  # noqa: S608
    f" l.commitment, l.prev, l.hash, l.salt, l.record, {_HEAD}"
    " FROM ledger l LEFT JOIN ledger_heads h ON h.seq = l.seq ORDER BY l.seq"
)
_HEADS_WITHOUT_ENTRY = (
    f"SELECT {_HEAD} FROM ledger_heads h"  # noqa: S608
    " WHERE NOT EXISTS (SELECT FROM ledger l WHERE l.seq = h.seq) ORDER BY h.seq"
)


class Fault(msgspec.Struct, frozen=True):
    """What was done to the entries `seq` to `last`, and how that shows; of what is not in the chain but
    in other tables, both are 0."""

    kind: FaultKind
    seq: int
    last: int
    detail: str


class Verification(msgspec.Struct, frozen=True):
    """What a check found. Entries that wait to be sealed are no fault."""

    entries: int
    forgotten: int  # of these, erased ones: proven to have been, but no longer readable
    unsealed: int
    faults: list[Fault]  # by place; at most a thousand of each sort

    @property
    def intact(self) -> bool:
        return not self.faults


def exit_code(outcome: Verification | Exception) -> int:
    """What the command line answers: 0 intact, 1 tampered with, 2 could not be read."""
    if isinstance(outcome, Exception):
        return 2
    return 0 if outcome.intact else 1


def verify(
    tx: Tx,
    public_key: Ed25519PublicKey,
    exported: Head | None = None,
    witnesses: Sequence[Witness] = (),
) -> Verification:
    """Check every entry, every signed head, that the chain reaches `exported`, and what the witnesses
    find that other tables say otherwise.

    Read `exported` before opening the transaction. What it cannot see: entries that were taken
    away or added before they were sealed, and, without `exported`, a tail that was cut together
    with its heads.
    """
    walk, erasures, telling = _Walk(public_key, exported), Erasures(), Telling(witnesses)
    connection: psycopg.Connection[Any] = tx.connection.connection.driver_connection  # pyright: ignore[reportAssignmentType]
    with connection.cursor(binary=True) as cursor:
        for row in cursor.execute(_HEADS_WITHOUT_ENTRY):
            walk.head(row)
    with connection.cursor("ledger_verify", binary=True) as cursor:
        cursor.itersize = 2000
        for row in cursor.execute(_ENTRIES):
            entry = (*row[:8], unseal(row[8]), unseal(row[9]))
            walk.entry(entry)
            erasures.hear(entry)
            telling.tell(entry)
            if row[10] is not None:
                walk.head(row[10:])

    def hash_of(seq: int) -> bytes | None:
        return tx.execute(sa.select(ledger.c.hash).where(ledger.c.seq == seq)).scalar()

    telling.tell_waiting(connection)
    for sentence in telling.heard(tx, _MOST):
        walk.fault("unexplained", 0, sentence)
    for span in unexplained(connection, erasures, _MOST):
        walk.fault("blanked", span.first, span.why, span.last)
    return Verification(walk.entries, walk.forgotten, unsealed(tx), list(walk.faults(hash_of)))


class _Walk:
    """One pass over the chain. An entry is whole when its own fields give its hash; then it stands
    where it was sealed. One that is whole only under another number was moved from there."""

    def __init__(self, key: Ed25519PublicKey, exported: Head | None) -> None:
        self._key = key
        self._exported = exported
        self.entries = 0
        self.forgotten = 0
        self._found: list[Fault] = []
        self._counts: Counter[FaultKind] = Counter()
        self._gaps: list[Span] = []  # numbers that no row has
        self._moved: list[tuple[Span, int]] = []  # where rows stand, how far from where sealed
        self._strange: list[tuple[Any, ...]] = []  # whole nowhere, so far
        self._seq = 0  # of the row before
        self._continues: tuple[bytes, ...] = (GENESIS,)  # what the next row may name as `prev`
        self._in_place = True  # the row before is whole and stands where it was sealed
        self._hash = b""  # of the row before, if in place
        self._signed = 0  # the furthest entry under a valid head
        self._agreed = 0  # the furthest entry whose head names its hash
        self._disagreed = False
        self._exported_hash: bytes | None = None
        self._exported_in_database = False

    def entry(self, row: tuple[Any, ...]) -> None:
        seq, prev, hash = row[0], row[6], row[7]
        self.entries += 1
        self._check_record(row)
        if seq < 1:
            self.fault("added", seq, "numbers begin at 1")
            return
        follows = seq == self._seq + 1
        if not follows and len(self._gaps) < _MOST:
            self._gaps.append((self._seq + 1, seq - 1))
        computed = _hash_at(row, seq)
        whole = computed == hash
        if not whole:
            self._displaced(row)
        elif follows and self._in_place and prev not in self._continues:
            if seq == 1:
                self.fault("changed", 1, "it names an entry before the first")
            else:
                self.fault("changed", seq - 1, f"its hash is not the one that entry {seq} names")
        self._seq, self._in_place = seq, whole
        self._continues = (hash, computed)
        self._hash = hash if whole else b""
        if self._exported and seq == self._exported.seq:
            self._exported_hash = self._hash

    def head(self, row: tuple[Any, ...]) -> None:
        """A signed head, right after the entry that it names, or one whose entry is not there."""
        seq, hash, at, key, signature = row
        moment = _EPOCH if at is None else _EPOCH + timedelta(microseconds=at)
        head = Head(seq, hash.hex(), moment, key, base64.b64encode(signature).decode())
        if at is None or not head_is_signed(head, self._key):
            self.fault("signature", seq, "its signed head does not carry a valid signature")
            return
        if self._exported and seq == self._exported.seq:
            self._exported_in_database = True
        self._signed = max(self._signed, seq)
        if seq == self._seq and self._hash:
            self._compare(seq, hash, "its signed head names another hash")

    def faults(self, hash_of: HashOf) -> Iterator[Fault]:
        """Everything that was found, by place. Call it once, after the last row."""
        self._check_exported()
        self._look_for_strange()
        stands = [span for span, _ in self._moved]
        sealed = [(first + by, last + by) for (first, last), by in self._moved]
        for first, last in cut_out(self._gaps, sealed):
            self.fault("missing", first, "no row has this number", last)
        for first, last in cut_out(cut_out(stands, sealed), [(self._signed + 1, _END)]):
            self.fault("missing", first, "another entry was moved to this number", last)
        for first, last in cut_out([(self._seq + 1, self._signed)], sealed):
            self.fault("cut", first, f"entries up to {self._signed} were signed", last)
        for first, last in cut_out([(self._signed + 1, self._seq)], stands):
            self.fault("added", first, "no signed head covers it", last)
        for (first, last), by in self._moved:
            text = f"sealed as {first + by}" + (f" to {last + by}" if last > first else "")
            self.fault("reordered", first, text, last)
        self._name_doubles(stands, sealed, hash_of)
        yield from sorted(self._found, key=lambda fault: (fault.seq, fault.kind))

    def _check_record(self, row: tuple[Any, ...]) -> None:
        seq, commitment, salt, record = row[0], row[5], row[8], row[9]
        if salt is None and record is None:
            self.forgotten += 1
        elif salt is None or record is None:
            self.fault("changed", seq, "of salt and record only one is left")
        elif commit(salt, record) != commitment:
            self.fault("changed", seq, "its record is not what it commits to")

    def _displaced(self, row: tuple[Any, ...]) -> None:
        """A row that is not whole where it stands: find where it was sealed, first nearby."""
        steps = (self._moved[-1][1], *_NEAR) if self._moved else _NEAR
        for by in steps:
            if _hash_at(row, row[0] + by) == row[7]:
                self._move(row[0], by)
                return
        if len(self._strange) < _MOST:
            self._strange.append(row[:8])

    def _move(self, seq: int, by: int) -> None:
        if self._moved and self._moved[-1][1] == by and self._moved[-1][0][1] == seq - 1:
            (first, _), _ = self._moved.pop()
            self._moved.append(((first, seq), by))
        elif len(self._moved) < _MOST:
            self._moved.append(((seq, seq), by))

    def _look_for_strange(self) -> None:
        """Try the rest in each other's places and in the gaps; what fits nowhere was changed."""
        empty = [
            seq
            for first, last in self._gaps[:50]
            for seq in range(first, min(last, first + 50) + 1)
        ]
        places = [row[0] for row in self._strange[:300]] + empty
        for row in self._strange:
            seq = row[0]
            home = next((place for place in places if _hash_at(row, place) == row[7]), None)
            if home is not None:
                self._move(seq, home - seq)
            elif seq <= self._signed:
                self.fault("changed", seq, "its fields do not give its hash")

    def _name_doubles(self, stands: list[Span], sealed: list[Span], hash_of: HashOf) -> None:
        """Numbers that two rows claim, one standing there and one elsewhere: one was added."""
        nobody = [*self._gaps, (self._seq + 1, _END)]
        for first, last in cut_out(cut_out(sealed, stands), nobody):
            by = next(by for (a, b), by in self._moved if a + by <= first <= b + by)
            if hash_of(first) == hash_of(first - by):
                self.fault("added", first - by, f"a copy of entry {first}", last - by)
            else:
                self.fault("added", first, "another entry was sealed under this number", last)

    def _check_exported(self) -> None:
        head = self._exported
        if head is None:
            return
        if not head_is_signed(head, self._key):
            self.fault("signature", head.seq, "the exported head carries no valid signature")
            return
        self._signed = max(self._signed, head.seq)
        if self._exported_hash:
            self._compare(head.seq, bytes.fromhex(head.hash), "the exported head names another")
        if self._exported_hash is not None and not self._exported_in_database:
            self.fault("signature", head.seq, "the database has lost its signed head")

    def _compare(self, seq: int, signed: bytes, detail: str) -> None:
        """Whether the entry that a valid head names still has the hash that was signed."""
        hash = self._hash if seq == self._seq else self._exported_hash
        if hash == signed:
            self._agreed = max(self._agreed, seq)
        elif not self._disagreed:
            self._disagreed = True
            self.fault("changed", min(self._agreed + 1, seq), f"up to entry {seq}: {detail}", seq)

    def fault(self, kind: FaultKind, seq: int, detail: str, last: int | None = None) -> None:
        """Note a fault, unless there are too many of its sort already."""
        self._counts[kind] += 1
        if self._counts[kind] <= _MOST:
            self._found.append(Fault(kind, seq, seq if last is None else last, detail))


def _hash_at(row: tuple[Any, ...], seq: int) -> bytes:
    """The hash that a row's fields give under the number `seq`; empty if no chain can hold them."""
    try:
        return chain_hash(row[6], seq, *row[1:6])
    except (struct.error, TypeError, UnicodeError):
        return b""
