"""That somebody has looked at a file: where only a likeness speaks, whoever restricts by it has seen both.

Kept for a day, as digests under the instance's own key: whether a person has seen a file can be asked of one that
is named, and nobody can list who has seen what.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.infra.digests import keyed
from tidegate.review.sight import in_sight
from tidegate.review.tables import cases, seen_files

KEPT = timedelta(days=1)


def note_look(tx: Tx, key: bytes, file: str) -> None:
    """The actor looks at a file, or the file of an entry, by whatever it is known again."""
    row = insert(seen_files).values(mark=_mark(tx, key, file), at=tx.now)
    tx.execute(row.on_conflict_do_update(index_elements=["mark"], set_={"at": tx.now}))


def unseen(tx: Tx, key: bytes, files: Mapping[str, str]) -> list[str]:
    """The parts, out of these with their files, that the actor has not looked at."""
    marks = {part: _mark(tx, key, file) for part, file in files.items()}
    query = sa.select(seen_files.c.mark).where(seen_files.c.mark.in_(list(marks.values())))
    seen = set(tx.execute(query.where(seen_files.c.at > tx.now - KEPT)).scalars())
    return [part for part, mark in marks.items() if mark not in seen]


def item_in_case(tx: Tx, case_id: UUID) -> tuple[UUID, int] | None:
    """The item that a case is about, and its revision; None where it is about none, or is not there."""
    query = sa.select(cases.c.item_id, cases.c.revision).where(cases.c.id == case_id, in_sight(tx))
    row = tx.execute(query).one_or_none()
    return None if row is None or None in row else (row.item_id, row.revision)


def sweep_seen(tx: Tx) -> int:
    """Forget those of before. For the worker; returns how many."""
    return tx.execute(sa.delete(seen_files).where(seen_files.c.at <= tx.now - KEPT)).rowcount


def _mark(tx: Tx, key: bytes, file: str) -> bytes:
    said = hashlib.sha256(f"{tx.identity}\n{file}".encode()).digest()
    return keyed(key, "seen_files", said)
