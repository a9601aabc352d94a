"""What somebody with the rights of the database's owner can do to the ledger."""

from collections.abc import Iterable

import sqlalchemy as sa

from tidegate.infra.db import Tx


def unguarded(tx: Tx, statements: Iterable[str]) -> None:
    """Run statements behind the back of the append-only triggers."""
    for table in ("ledger", "ledger_heads"):
        tx.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    for statement in statements:
        tx.execute(sa.text(statement))
    for table in ("ledger", "ledger_heads"):
        tx.execute(sa.text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
