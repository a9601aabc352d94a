"""Whether the ledger explains which entries of banks are confirmed."""

from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard

# What each entry was made as, and what judgements changed of it: independent of the order in which two
# of them were sealed. `blind`: judged by 0.1, which did not say what it was before.
_ROWS = """
    WITH heard AS (
      SELECT entry, bool_or(what = 'added') AS added, bool_or(confirmed) AS ever,
        bool_or(what = 'deleted') AS deleted,
        count(*) FILTER (WHERE what = 'added' AND confirmed) AS began,
        count(*) FILTER (WHERE what = 'judged' AND confirmed)
          - count(*) FILTER (WHERE what = 'judged' AND before) AS changed,
        bool_or(what = 'judged' AND before IS NULL) AS blind
      FROM heard_entries GROUP BY entry
    ), found AS (
      SELECT e.id, b.name AS bank, e.created_at, (e.state = 'confirmed')::int AS now,
        coalesce(h.added, false) AS added, h.ever, coalesce(h.deleted, false) AS deleted, h.began,
        coalesce(h.changed, 0) AS changed, coalesce(h.blind, false) AS blind
      FROM entries e JOIN banks b ON b.id = e.bank_id LEFT JOIN heard h ON h.entry = e.id
      WHERE e.deleted_at IS NULL AND b.deleted_at IS NULL
    )
"""
_WRONG = sa.text(
    f"""{_ROWS}
    SELECT id, bank, now, deleted FROM found
    WHERE deleted
      OR (added AND NOT blind AND now <> began + changed)
      OR (added AND blind AND now = 1 AND NOT ever)
      OR (NOT added AND NOT blind AND now - changed NOT IN (0, 1))
    ORDER BY created_at, id
"""  # noqa: S608
)
# Of lists only the numbers are in the ledger: how many of those that came in one moment were confirmed.
_IMPORTED = sa.text(
    f"""{_ROWS}
    , came AS (
      SELECT bank, created_at, sum(now - changed) AS confirmed, min(id::text) AS one
      FROM found WHERE NOT added AND NOT blind AND now - changed = 1 GROUP BY bank, created_at
    ), moments AS (
      SELECT created_at, sum(confirmed) AS confirmed, min(bank) AS bank, min(one) AS one
      FROM came GROUP BY created_at
    )
    SELECT m.created_at::text AS moment, m.confirmed, m.bank, m.one,
      coalesce(i.confirmed, 0) AS said FROM moments m
    LEFT JOIN (SELECT at, sum(confirmed) AS confirmed FROM heard_imports GROUP BY at) i
      ON i.at = m.created_at
    WHERE m.confirmed > coalesce(i.confirmed, 0) ORDER BY m.created_at
"""  # noqa: S608
)


class EntryWitness:
    """Confirmed entries, which alone may restrict: each by a word of somebody that the ledger has."""

    kinds = (
        "entry.added",
        "entry.confirmed",
        "entry.refuted",
        "entry.deleted",
        "entries.imported",
    )

    def __init__(self, tx: Tx) -> None:
        columns = "what text, entry uuid, confirmed boolean, before boolean"
        self._entries = Scratch(tx, "heard_entries", columns)
        self._imports = Scratch(tx, "heard_imports", "at timestamptz, confirmed bigint")

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return
        if entry.kind == "entries.imported":
            self._imports.add(entry.at, said["confirmed"])
        elif entry.kind == "entry.added":
            self._entries.add("added", said["entry"], said["confirmed"], None)
        elif entry.kind == "entry.deleted":
            self._entries.add("deleted", said["entry"], None, None)
        else:
            before = said["previous"] == "confirmed" if "previous" in said else None
            self._entries.add("judged", said["entry"], entry.kind == "entry.confirmed", before)

    def say(self, tx: Tx) -> Iterator[str]:
        self._entries.flush()
        self._imports.flush()
        for row in tx.execute(_WRONG):
            named = f"the entry {row.id} of the bank {row.bank}"
            if row.deleted:
                yield f"{named} was deleted, and is there again without an entry of the ledger"
            elif row.now:
                yield f"{named} is confirmed, and no entry of the ledger explains it. Judge it anew"
            else:
                yield f"{named} is no longer confirmed, and no entry of the ledger explains it"
        for row in tx.execute(_IMPORTED):
            yield (
                f"of the entries that came into banks at {row.moment}"
                f" {row.confirmed} are confirmed, and the ledger explains {row.said}: among them is"
                f" {row.one} of the bank {row.bank}"
            )
