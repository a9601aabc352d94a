"""Whether the items of which the ledger says that they were erased are so."""

from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

_STANDING = sa.text(
    "SELECT i.id, h.entry FROM heard_erasures h JOIN items i ON i.id = h.item"
    " WHERE i.erased_at IS NULL ORDER BY i.id"
)


class ErasureWitness:
    """Erased items: an entry that says so of one that stands was made to blank its records."""

    kinds = ("item.erased",)

    def __init__(self, tx: Tx) -> None:
        self._heard = Scratch(tx, "heard_erasures", "item uuid, entry text")

    def hear(self, entry: Heard) -> None:
        if entry.record is not None:
            self._heard.add(entry.subject or entry.record["item"], entry.name)

    def say(self, tx: Tx) -> Iterator[str]:
        self._heard.flush()
        for row in tx.execute(_STANDING):
            yield f"the item {row.id} stands, although {row.entry} says that it was erased"
