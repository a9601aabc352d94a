"""What somebody with the rights of the database's owner can do to the ledger."""

from collections.abc import Iterable

import sqlalchemy as sa

from tidegate.infra.db import Tx


def tamper(tx: Tx, statements: Iterable[str]) -> None:
    """Run statements that no program of ours runs."""
    for statement in statements:
        tx.execute(sa.text(statement))
