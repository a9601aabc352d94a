"""Whether the items of which the ledger says that they were erased are so."""

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

_STANDING = sa.text(
    "SELECT h.item, i.id IS NOT NULL AS there, h.entry FROM heard_erasures h"
    " LEFT JOIN items i ON i.id = h.item WHERE i.erased_at IS NULL ORDER BY h.item"
)


class ErasureWitness:
    """Erased items: an entry that says so of one that stands, or of what is no item, was made to blank
    its records."""

    kinds = ("item.erased",)

    def __init__(self, tx: Tx) -> None:
        self._heard = Scratch(tx, "heard_erasures", "item uuid, entry text")

    def hear(self, entry: Heard) -> None:
        # In release 0.1 it had no subject, and the record says whose it was.
        said = entry.record or {}
        self._heard.add(entry.subject or UUID(said["item"]), entry.name)

    def say(self, tx: Tx) -> Iterator[str]:
        self._heard.flush()
        for row in tx.execute(_STANDING):
            if row.there:
                yield f"the item {row.item} stands, although {row.entry} says that it was erased"
            else:
                yield f"{row.entry} says that {row.item} was erased, and there is no such item"
