"""In one digest, what decides how a bank or an entry acts: by it the ledger tells whether the one or the
other is still as it was left.

Made by the database alone, so that the one who writes it and the one who compares it cannot differ.
"""

from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.signals.banks.tables import banks, entries


def _digest(table: str, *facets: str) -> str:
    until = f"CAST(extract(epoch FROM {table}.disabled_until) AS text)"
    listed = ", ".join((*facets, f"{table}.enabled", until))
    text = f"CAST(jsonb_build_array({listed}) AS text)"
    return f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"


ENTRY_SEAL = _digest(
    "entries", "entries.bank_id", "encode(entries.digest, 'hex')", "entries.labels"
)
BANK_SEAL = _digest("banks", "name", "stance", "platform", "radius", "banks.labels")

_OF_IMPORT = sa.text(
    "SELECT encode(sha256(string_agg(convert_to(seal, 'UTF8'), '' ORDER BY number)), 'hex') FROM"  # noqa: S608
    f" (SELECT number, {ENTRY_SEAL} AS seal FROM entries"
    " WHERE bank_id = :bank AND version BETWEEN :first AND :last) AS added"
)


def seal_of_entry(tx: Tx, id: UUID) -> str:
    """An entry's as it is now."""
    return _read(tx, ENTRY_SEAL, entries, id)


def seal_of_bank(tx: Tx, id: UUID) -> str:
    """A bank's as it is now."""
    return _read(tx, BANK_SEAL, banks, id)


def seal_of_import(tx: Tx, bank: UUID, first: int, last: int) -> str:
    """SHA-256 of those of a batch of entries, by the bank versions that made them, in the order in which
    they came."""
    wanted = {"bank": bank, "first": first, "last": last}
    return tx.execute(_OF_IMPORT, wanted).scalar_one()


def _read(tx: Tx, seal: str, table: sa.Table, id: UUID) -> str:
    query = sa.select(sa.literal_column(seal, sa.Text)).select_from(table).where(table.c.id == id)
    return tx.execute(query).scalar_one()
