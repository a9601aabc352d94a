"""Whether the ledger explains the entries of banks: that they are there, what they are, who confirmed
them.

What is heard of an entry counts whatever the order was in which two changes were sealed: of what it
became, less of what it was before. Where a sentence is about a whole list (`imported.py`), the ledger has
that list as it came.
"""

from collections.abc import Iterator
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from tidegate.infra.db import Tx
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard
from tidegate.signals.banks.imported import IMPORT_COLUMNS, Imported, say_of_codes
from tidegate.signals.banks.seals import ENTRY_SEAL

_COLUMNS = (
    "what text, entry uuid, bank text, confirmed boolean, before boolean, seal text, replaced text"
)
# Each entry as it is, and what was heard of it. `blind`: judged by 0.1, which did not say what it was
# before. `expected`: the seal that it was left with, where anything said so since it came; `initial`: the
# one that it came with.
_FOUND = sa.text(
    f"""
    CREATE TEMP TABLE found_entries ON COMMIT DROP AS
    WITH heard AS (
      SELECT entry, bool_or(what = 'added') AS added, bool_or(confirmed) AS ever,
        bool_or(what = 'deleted') AS gone, min(bank) FILTER (WHERE what = 'added') AS said_bank,
        count(*) FILTER (WHERE what = 'added' AND confirmed) AS began,
        count(*) FILTER (WHERE what = 'judged' AND confirmed)
          - count(*) FILTER (WHERE what = 'judged' AND before) AS changed,
        bool_or(what = 'judged' AND before IS NULL) AS blind,
        count(*) FILTER (WHERE what = 'quarantined') - count(*) FILTER (WHERE what = 'lifted')
          AS said_quarantined
      FROM heard_entries GROUP BY entry
    ), counted AS (
      SELECT entry, seal, sum(n) AS n FROM (
        SELECT entry, seal, 1 AS n FROM heard_entries WHERE seal IS NOT NULL
        UNION ALL SELECT entry, replaced, -1 FROM heard_entries WHERE replaced IS NOT NULL
      ) AS seals GROUP BY entry, seal
    ), seals AS (
      SELECT entry, min(seal) FILTER (WHERE n > 0) AS expected,
        min(seal) FILTER (WHERE n < 0) AS initial
      FROM counted GROUP BY entry
    )
    SELECT entries.id, entries.number, banks.name AS bank, entries.created_at,
      entries.deleted_at IS NOT NULL AS deleted,
      entries.deleted_at IS NULL AND banks.deleted_at IS NULL AS stands,
      (entries.state = 'confirmed')::int AS now, coalesce(h.added, false) AS added, h.ever,
      coalesce(h.gone, false) AS gone, h.said_bank, h.began, coalesce(h.changed, 0) AS changed,
      coalesce(h.blind, false) AS blind, s.expected, {ENTRY_SEAL} AS seal,
      coalesce(s.initial, {ENTRY_SEAL}) AS initial,
      entries.version NOT BETWEEN 1 AND (SELECT max(value) FROM counters WHERE name = 'banks')
        AS unseen,
      coalesce(h.said_quarantined, 0) AS said_quarantined,
      (SELECT count(*) FROM quarantines q WHERE q.entry_id = entries.id AND q.lifted_at IS NULL)
        AS quarantined
    FROM entries JOIN banks ON banks.id = entries.bank_id
    LEFT JOIN heard h ON h.entry = entries.id LEFT JOIN seals s ON s.entry = entries.id
    """  # noqa: S608
)
_STATE = """(stands AND (
    (added AND NOT blind AND now <> began + changed) OR (added AND blind AND now = 1 AND NOT ever)
    OR (NOT added AND NOT blind AND now - changed NOT IN (0, 1))))"""
_MOVED = "(seal <> expected OR (expected IS NULL AND said_bank <> bank))"
_WRONG = sa.text(
    f"""
    SELECT id, bank, now, CASE WHEN gone AND NOT deleted THEN 'back'
        WHEN deleted AND NOT gone THEN 'deleted' WHEN {_STATE} THEN 'state'
        WHEN {_MOVED} THEN 'moved' WHEN stands AND unseen THEN 'unseen'
        WHEN quarantined > said_quarantined THEN 'shut' ELSE 'let out' END AS why
    FROM found_entries
    WHERE gone <> deleted OR {_STATE} OR {_MOVED}
      OR (stands AND (unseen OR quarantined <> said_quarantined))
    ORDER BY created_at, id
    """  # noqa: S608
)
_GONE = sa.text(
    """
    SELECT entry, min(bank) AS bank FROM heard_entries h GROUP BY entry
    HAVING bool_or(what = 'added') AND NOT bool_or(what = 'deleted')
      AND NOT EXISTS (SELECT FROM entries WHERE id = entry) ORDER BY entry
    """
)
_SENTENCES = {
    "back": "was deleted, and is there again without an entry of the ledger",
    "deleted": "is deleted, and no entry of the ledger explains it. Add it anew",
    "moved": "is not as it was left: its bank, its codes, its labels or whether it is enabled was"
    " changed, and no entry of the ledger explains it",
    "unseen": "has a version that no change has had, so that nothing finds it. Change its note",
    "shut": "is in quarantine, and no entry of the ledger explains it. Judge it anew",
    "let out": "was let out of quarantine, and no entry of the ledger explains it. Judge it anew",
}


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry of the ledger says of one of a bank."""

    entry: UUID
    bank: str
    confirmed: bool | None = None
    previous: str | UnsetType = UNSET
    seal: str | None = None
    replaced: str | None = None
    quarantine: str | None = None


class EntryWitness:
    """Entries, of which confirmed ones alone may restrict: each by a word of somebody that the ledger
    has, and still what it was then."""

    kinds = (
        "entry.added",
        "entry.changed",
        "entry.confirmed",
        "entry.refuted",
        "entry.quarantined",
        "entry.deleted",
        "entries.imported",
    )

    def __init__(self, tx: Tx) -> None:
        self._entries = Scratch(tx, "heard_entries", _COLUMNS)
        self._imports = Scratch(tx, "heard_imports", IMPORT_COLUMNS)

    def hear(self, entry: Heard) -> None:
        if entry.record is None:
            return
        if entry.kind == "entries.imported":
            one = msgspec.convert(entry.record, Imported)
            self._imports.add(entry.name, entry.at, *msgspec.structs.astuple(one))
            return
        said = msgspec.convert(entry.record, _Said)
        what = entry.kind.removeprefix("entry.")
        if what in ("confirmed", "refuted"):
            before = None if said.previous is UNSET else said.previous == "confirmed"
            self._add("judged", said, what == "confirmed", before)
            if said.quarantine == "lifted":
                self._add("lifted", said)
        else:
            self._add(what, said, said.confirmed)

    def _add(
        self, what: str, said: _Said, confirmed: bool | None = None, before: bool | None = None
    ) -> None:
        row = what, said.entry, said.bank, confirmed, before, said.seal, said.replaced
        self._entries.add(*row)

    def say(self, tx: Tx) -> Iterator[str]:
        self._entries.flush()
        self._imports.flush()
        tx.execute(_FOUND)
        for row in tx.execute(_WRONG):
            named = f"the entry {row.id} of the bank {row.bank}"
            if row.why != "state":
                yield f"{named} {_SENTENCES[row.why]}"
            elif row.now:
                yield f"{named} is confirmed, and no entry of the ledger explains it. Judge it anew"
            else:
                yield f"{named} is no longer confirmed, and no entry of the ledger explains it"
        for row in tx.execute(_GONE):
            yield f"the entry {row.entry} of the bank {row.bank} is gone without an entry"
        yield from say_of_codes(tx)
