"""Whether the ledger explains the restrictions that stand, and the end of those that do not."""

from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

_COLUMNS = (
    "what text, decision uuid, item uuid, entry text, scope text, territory text[],"
    " until timestamptz, old boolean, legal_order uuid"
)
# Of an erased item the decisions can no longer be read; that there were some can.
_STANDING = sa.text("""
    SELECT r.id, r.item_id, m.entry, e.entry AS ended, r.copy FROM (
      SELECT *, row_number() OVER (PARTITION BY decision_id ORDER BY since, id) > 1 AS copy
      FROM restrictions) r
    LEFT JOIN heard_decisions m ON m.what = 'made' AND m.decision = r.decision_id
    LEFT JOIN heard_decisions e ON e.what = 'ended' AND e.decision = r.decision_id
    WHERE (r.ended_at IS NULL OR r.copy)
      AND (m.decision IS NULL OR e.decision IS NOT NULL OR r.copy OR
           (m.item, m.scope, m.territory, m.until, m.legal_order)
             IS DISTINCT FROM (r.item_id, r.scope, r.territory, r.until, r.order_id)
           OR (r.source = 'order') <> (m.legal_order IS NOT NULL))
      AND NOT (m.decision IS NULL AND r.item_id IN
               (SELECT item FROM heard_decisions WHERE what = 'unread'))
    ORDER BY r.since, r.id
""")
# Release 0.1 kept one restriction an item: the next replaced it without a word.
_GONE = sa.text("""
    SELECT m.item, m.entry FROM heard_decisions m
    WHERE m.what = 'made' AND NOT m.old
      AND NOT EXISTS (SELECT FROM restrictions r
                      WHERE r.decision_id = m.decision AND r.ended_at IS NULL)
      AND NOT EXISTS (SELECT FROM heard_decisions e
                      WHERE e.what = 'ended' AND e.decision = m.decision)
""")


class RestrictionWitness:
    """Restrictions: each by a decision in the ledger, as that one says, until another ends it."""

    kinds = ("decision.recorded",)

    def __init__(self, tx: Tx) -> None:
        self._heard = Scratch(tx, "heard_decisions", _COLUMNS)

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            self._heard.add("unread", None, entry.subject, entry.name, None, None, None, None, None)
            return
        if restriction := said["restriction"]:
            territory = restriction.get("territory")
            self._heard.add(
                "made",
                said["id"],
                said["item"],
                entry.name,
                restriction["scope"],
                None if territory is None else sorted(territory),
                restriction.get("until"),
                "lifts" not in said,
                said.get("order"),
            )
        for ended in said.get("reversed") or [said["reverses"]]:
            if ended is not None:
                self._heard.add("ended", ended, None, entry.name, None, None, None, None, None)

    def say(self, tx: Tx) -> Iterator[str]:
        self._heard.flush()
        for row in tx.execute(_STANDING):
            named = f"the restriction {row.id} of item {row.item_id}"
            if row.copy:
                yield f"{named} is there a second time, and its decision makes one. Look at the item"
            elif row.entry is None:
                yield f"{named} stands, and no entry of the ledger explains it. Look at the item"
            elif row.ended is not None:
                yield f"{named} stands, although {row.ended} ended it"
            else:
                yield f"{named} is not as {row.entry} says"
        for row in tx.execute(_GONE):
            yield f"the restriction of item {row.item} by {row.entry} is gone, and no entry ends it"
