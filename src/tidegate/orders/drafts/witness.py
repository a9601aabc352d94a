"""Whether the ledger explains the states of orders of ours: each that one was in, and the one that it is in."""

from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

_COLUMNS = "legal_order uuid, state text, event text, entry text"
_STAYS = sa.text("""
    SELECT coalesce(s.order_id, h.legal_order) AS id, coalesce(s.state, h.state) AS state, h.entry
    FROM (
      SELECT order_id, state, event, row_number() OVER (
          PARTITION BY order_id, state, event ORDER BY n) AS k
      FROM order_states) s
    FULL JOIN (
      SELECT *, row_number() OVER (PARTITION BY legal_order, state, event ORDER BY entry) AS k
      FROM heard_drafts) h
    ON (h.legal_order, h.state, h.event, h.k) = (s.order_id, s.state, s.event, s.k)
    WHERE s.order_id IS NULL OR h.legal_order IS NULL
    ORDER BY 1, 2
""")
_STATES = sa.text("""
    SELECT o.id, o.state FROM orders o
    LEFT JOIN order_states s ON s.order_id = o.id AND s.left_at IS NULL
    WHERE o.direction = 'out' AND o.state IS DISTINCT FROM s.state
    ORDER BY 1
""")


class DraftWitness:
    """Orders of ours: their states are those that the ledger tells."""

    kinds = ("order.drafted", "order.stepped")

    def __init__(self, tx: Tx) -> None:
        self._heard = Scratch(tx, "heard_drafts", _COLUMNS)

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None or said.get("from") == said["state"]:
            return
        self._heard.add(said["order"], said["state"], said.get("event", "draft"), entry.name)

    def say(self, tx: Tx) -> Iterator[str]:
        self._heard.flush()
        for row in tx.execute(_STAYS):
            named = f"that the order {row.id} was {row.state}"
            if row.entry is None:
                yield f"{named} is written, and no entry of the ledger tells it"
            else:
                yield f"{named} is told by {row.entry}, and not written"
        for row in tx.execute(_STATES):
            yield f"the order {row.id} is {row.state}, and never came to be so"
