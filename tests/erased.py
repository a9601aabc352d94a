"""Items that are erased by now: the ledger forgets what it has of these alone."""

from uuid import UUID

import sqlalchemy as sa

from tidegate.content.tables import items
from tidegate.infra.db import Tx


def erased_item(tx: Tx, id: UUID) -> UUID:
    """An item of that id, without content."""
    values = {"id": id, "platform": "default", "external_id": str(id), "publicness": "public"}
    values |= {"revision": 1, "verdict": "pass", "received_at": tx.now, "erased_at": tx.now}
    tx.execute(sa.insert(items).values(values))
    return id
