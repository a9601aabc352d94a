"""The one writer of the chain: numbers what has committed, chains it, signs the head.

Any number of processes may call `seal`; one at a time gets to work. It moves whatever it finds in
`ledger_pending`, by presence and not by id, so an entry that commits late is sealed late, not lost.
"""

import fcntl
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.infra.db import Database, Tx
from tidegate.infra.times import within_calendar
from tidegate.infra.traces import span
from tidegate.ledger.model import (
    GENESIS,
    Head,
    chain_hash,
    head_is_signed,
    kind_that_fits,
    microseconds,
    sign_head,
    signature_bytes,
)
from tidegate.ledger.queries import head
from tidegate.ledger.tables import ledger, ledger_heads, ledger_pending

# Any number, the same in every process: whoever holds this advisory lock seals.
_LOCK = 0x7464_6C67
BATCH = 5000  # entries that are sealed at once, at most
_COLUMNS = (
    "seq",
    "id",
    "at",
    "kind",
    "subject",
    "commitment",
    "prev",
    "hash",
    "salt",
    "record",
    "platform",
)


class LedgerBroken(Exception):
    """The chain does not continue the head that was signed last, so nothing is sealed on top.

    `tidegate ledger verify --head FILE` says what is wrong. Entries wait unsealed meanwhile.
    """


def seal(database: Database, key: Ed25519PrivateKey, head_path: Path, limit: int = BATCH) -> int:
    """Seal up to `limit` waiting entries and write the signed head to `head_path`.

    Returns how many were sealed: 0 when none waited, or when another process is sealing. Raises
    LedgerBroken. A crash between the commit and the file leaves an older head in the file, which
    is as true; the next call brings it up to date.
    """
    known = read_head(head_path)
    with database.begin() as tx:
        locked = tx.execute(sa.text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK})
        if not locked.scalar_one():
            return 0
        last = head(tx)
        _check(tx, last, known, key)
        sealed = _seal_batch(tx, last, key, limit)
        newest = sealed[1] if sealed else last
    if newest and (known is None or known.seq < newest.seq):
        _write_head(head_path, newest)
    return sealed[0] if sealed else 0


def read_head(path: Path) -> Head | None:
    """The head in a file; None when there is no file. Raises ValueError for what is no head."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Head)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path} holds no ledger head: {error}") from error


def _check(tx: Tx, last: Head | None, known: Head | None, key: Ed25519PrivateKey) -> None:
    """Refuse to seal on top of a chain that was tampered with: it would bury the traces."""
    if last and not head_is_signed(last, key.public_key()):
        raise LedgerBroken(f"Head {last.seq} does not carry this instance's signature.")
    end = tx.execute(
        sa.select(ledger.c.seq, ledger.c.hash).order_by(ledger.c.seq.desc()).limit(1)
    ).first()
    found = (end.seq, end.hash.hex()) if end else None
    if found != ((last.seq, last.hash) if last else None):
        raise LedgerBroken("The last entry is not the one that the last head was signed for.")
    if known:
        hash = tx.execute(sa.select(ledger.c.hash).where(ledger.c.seq == known.seq)).scalar()
        if hash is None or hash.hex() != known.hash:
            raise LedgerBroken(f"The exported head {known.seq} is not a part of the chain.")


def _seal_batch(
    tx: Tx, last: Head | None, key: Ed25519PrivateKey, limit: int
) -> tuple[int, Head] | None:
    picked = (
        sa.select(ledger_pending.c.id)
        .order_by(ledger_pending.c.id)
        .limit(limit)
        # A row that is being erased is left for the next batch, rather than waited for.
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    moved = tx.execute(
        sa.delete(ledger_pending)
        .where(ledger_pending.c.id == picked.c.id)
        .returning(*ledger_pending.c)
    )
    entries = sorted(moved.all(), key=lambda row: row.id.int)
    if not entries:
        return None
    seq, hash = (last.seq, bytes.fromhex(last.hash)) if last else (0, GENESIS)
    rows = list(_chain(entries, seq, hash))
    with span("ledger.seal", first=seq + 1, entries=len(rows)):
        tx.copy(ledger, _COLUMNS, rows)
    newest = sign_head(key, seq + len(rows), rows[-1][_COLUMNS.index("hash")], tx.now)
    tx.execute(
        sa.insert(ledger_heads).values(
            seq=newest.seq,
            hash=bytes.fromhex(newest.hash),
            at=newest.at,
            key=newest.key,
            signature=signature_bytes(newest),
        )
    )
    return len(rows), newest


def _chain(entries: Sequence[sa.Row[Any]], seq: int, hash: bytes) -> Iterator[tuple[Any, ...]]:
    """The entries as rows of `ledger`, after number `seq` with hash `hash`."""
    for row in entries:
        seq, prev = seq + 1, hash
        # Somebody may have written what no chain can hold; all that came after it is sealed all the same.
        at, kind = within_calendar(row.at), kind_that_fits(row.kind)
        hash = chain_hash(
            prev,
            seq,
            row.id.bytes,
            microseconds(at),
            kind,
            row.subject and row.subject.bytes,
            row.commitment,
        )
        yield (
            seq,
            row.id,
            at,
            kind,
            row.subject,
            row.commitment,
            prev,
            hash,
            row.salt,
            row.record,
            row.platform,
        )


def _write_head(path: Path, newest: Head) -> None:
    """Replace the file by rename, unless another process has written a newer head meanwhile."""
    with _locked(path.with_suffix(".lock")):
        known = read_head(path)
        if known and known.seq >= newest.seq:
            return
        draft = path.with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(newest)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
