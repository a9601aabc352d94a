"""Reading the sealed ledger, as the API and the pages show it: who is bound to a platform reads what
is its own."""

import base64
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.ledger.model import EntryName, EntryView, Head
from tidegate.ledger.tables import ledger, ledger_heads, ledger_pending


def list_entries(tx: Tx, after: int = 0, limit: int = 100) -> list[EntryView]:
    """Sealed entries in order, from the one after number `after`."""
    return _views(tx, sa.select(ledger).where(ledger.c.seq > after).order_by(ledger.c.seq), limit)


def latest_entries(tx: Tx, before: int | None, limit: int) -> list[EntryView]:
    """Sealed entries, the latest first, from the one before number `before`."""
    query = sa.select(ledger).order_by(ledger.c.seq.desc())
    return _views(tx, query if before is None else query.where(ledger.c.seq < before), limit)


def entries_about(tx: Tx, subject: UUID, limit: int = 100) -> list[EntryView]:
    """The sealed entries about one item, oldest first."""
    query = sa.select(ledger).where(ledger.c.subject == subject).order_by(ledger.c.seq)
    return _views(tx, query, limit)


def names_about(tx: Tx, subject: UUID, limit: int = 500) -> list[EntryName]:
    """What the newest entries about something are, sealed or not yet, the newest last."""
    kept = sa.union_all(
        *(
            sa.select(one.c.id, one.c.kind, one.c.at).where(
                one.c.subject == subject, tx.within(one.c.platform)
            )
            for one in (ledger, ledger_pending)
        )
    ).subquery()
    query = sa.select(kept).order_by(kept.c.at.desc(), kept.c.id.desc()).limit(limit)
    return [EntryName(row.id, row.kind, row.at) for row in tx.execute(query)][::-1]


def _views(tx: Tx, statement: sa.Select[tuple[object, ...]], limit: int) -> list[EntryView]:
    return [
        EntryView(
            seq=row.seq,
            id=row.id,
            at=row.at,
            kind=row.kind,
            subject=row.subject,
            commitment=row.commitment.hex(),
            hash=row.hash.hex(),
            record=None if row.record is None else msgspec.json.decode(row.record),
        )
        for row in tx.execute(statement.where(tx.within(ledger.c.platform)).limit(limit))
    ]


def head(tx: Tx) -> Head | None:
    """The newest signed head; None while nothing is sealed."""
    row = tx.execute(sa.select(ledger_heads).order_by(ledger_heads.c.seq.desc()).limit(1)).first()
    return None if row is None else to_head(row)


def to_head(row: sa.Row[tuple[object, ...]]) -> Head:
    """A row of `ledger_heads` as a Head."""
    signature = base64.b64encode(row.signature).decode()
    return Head(row.seq, row.hash.hex(), row.at, row.key, signature)


def unsealed_since(tx: Tx) -> datetime | None:
    """When the first of the entries was written that wait to be sealed; None when none does. Their ids
    are in the order of their times."""
    query = sa.select(ledger_pending.c.at).order_by(ledger_pending.c.id).limit(1)
    return tx.execute(query).scalar_one_or_none()


def unsealed(tx: Tx) -> int:
    """How many entries wait to be sealed."""
    count = sa.select(sa.func.count()).select_from(ledger_pending)
    return int(tx.execute(count.where(tx.within(ledger_pending.c.platform))).scalar_one())
