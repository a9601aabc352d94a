"""Whether the author of an item may be told, as the ledger says."""

from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

_DIFFERENT = sa.text("""
    SELECT coalesce(h.item, d.item_id) AS item, coalesce(h.legal_order, d.order_id) AS by_order, h.entry
    FROM (SELECT DISTINCT ON (item, legal_order) * FROM heard_disclosures
          ORDER BY item, legal_order, place DESC) h
    FULL JOIN disclosures d ON d.item_id = h.item AND d.order_id = h.legal_order
    WHERE (h.entry IS NULL OR d.item_id IS NULL
           OR (h.until IS NULL) <> (d.released_at IS NOT NULL)
           OR (h.until IS NOT NULL AND h.until <> d.until))
      AND coalesce(h.item, d.item_id) NOT IN
          (SELECT item FROM heard_disclosures WHERE legal_order IS NULL)
    ORDER BY item, by_order
""")


class DisclosureWitness:
    """What an order forbids to tell: forbidden by an entry of the ledger, until another ends it. Of an erased
    item these can no longer be read."""

    kinds = ("disclosure.withheld", "disclosure.released")

    def __init__(self, tx: Tx) -> None:
        columns = "place bigint, item uuid, legal_order uuid, until timestamptz, entry text"
        self._heard = Scratch(tx, "heard_disclosures", columns)
        self._place = 0

    def hear(self, entry: Heard) -> None:
        self._place += 1
        said = entry.record
        about = (entry.subject, None) if said is None else (said["item"], said["order"])
        self._heard.add(self._place, *about, said and said.get("until"), entry.name)

    def say(self, tx: Tx) -> Iterator[str]:
        self._heard.flush()
        for row in tx.execute(_DIFFERENT):
            named = f"what the author of item {row.item} may be told of the order {row.by_order}"
            yield f"{named} is not as {row.entry or 'any entry'} says. Look at the item"
