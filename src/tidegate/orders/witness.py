"""Whether the ledger explains the orders, those that came and ours: each state that an item of one was in, the one
that it is in, and whether it was taken down without a person."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

_COLUMNS = "legal_order uuid, n bigint, state text, event text, entry text"
# The same may happen to an item several times: they are counted.
_STAYS = sa.text("""
    SELECT coalesce(s.order_id, h.legal_order) AS id, coalesce(s.n, h.n) AS n,
        coalesce(s.state, h.state) AS state, h.entry FROM (
      SELECT t.order_id, t.n, t.state, t.event, row_number() OVER (
          PARTITION BY t.order_id, t.n, t.state, t.event ORDER BY t.entered_at, t.id) AS k
      FROM order_item_states t) s
    FULL JOIN (
      SELECT *, row_number() OVER (
          PARTITION BY legal_order, n, state, event ORDER BY entry) AS k
      FROM heard_orders) h
    ON (h.legal_order, h.n, h.state, h.event, h.k) = (s.order_id, s.n, s.state, s.event, s.k)
    WHERE s.order_id IS NULL OR h.legal_order IS NULL
    ORDER BY 1, 2, 3
""")
_STATES = sa.text("""
    SELECT i.order_id AS id, i.n, i.state FROM order_items i
    LEFT JOIN order_item_states s
        ON s.order_id = i.order_id AND s.n = i.n AND s.left_at IS NULL
    WHERE i.state IS DISTINCT FROM s.state
    ORDER BY 1, 2
""")
_PROVISIONAL = sa.text("SELECT order_id, n FROM order_items WHERE provisional ORDER BY 1, 2")

# What an item's first state comes by.
_BEGINS = {"order.kept": "received", "order.proved": "received", "order.issued": "issued"}


class OrderWitness:
    """The items of orders: their states are those that the ledger tells."""

    kinds = (*_BEGINS, "order.moved", "order.confirmed")

    def __init__(self, tx: Tx) -> None:
        self._heard = Scratch(tx, "heard_orders", _COLUMNS)
        # Items that were taken down without a person, and those that a person took over.
        self._provisional: set[tuple[str, int]] = set()
        self._confirmed: set[tuple[str, int]] = set()

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return
        if entry.kind == "order.confirmed":
            self._confirmed.add((said["order"], said["n"]))
            return
        if entry.kind == "order.moved":
            given: dict[str, Any] = said["given"] or {}
            if given.get("provisional"):
                self._provisional.add((said["order"], said["n"]))
            self._heard.add(said["order"], said["n"], said["state"], said["event"], entry.name)
            return
        begins = _BEGINS[entry.kind]
        for one in said["items"]:
            self._heard.add(said["order"], one["n"], one["state"], begins, entry.name)

    def say(self, tx: Tx) -> Iterator[str]:
        self._heard.flush()
        for row in tx.execute(_STAYS):
            named = f"that item {row.n} of the order {row.id} was {row.state}"
            if row.entry is None:
                yield f"{named} is written, and no entry of the ledger tells it"
            else:
                yield f"{named} is told by {row.entry}, and not written"
        for row in tx.execute(_STATES):
            yield f"item {row.n} of the order {row.id} is {row.state}, and never came to be so"
        written = {(str(row.order_id), row.n) for row in tx.execute(_PROVISIONAL)}
        told = self._provisional - self._confirmed
        for order, n in sorted(written - told):
            yield f"item {n} of the order {order} is provisional, and no entry of the ledger tells it"
        for order, n in sorted(told - written):
            yield f"item {n} of the order {order} was taken down without a person, and is not marked so"
