"""The look back: a hash often arrives after the post, so what is new in the banks is matched against
the items that are kept.

There is no gap between "added" and "looked back". Each evaluation names the bank version it saw, and
this keeps two numbers: up to which bank version the items were looked at, and up to which transaction
the items came in. In each step, first whatever items have committed since come in; those that were
judged by an older bank version than has been looked back for are looked at again. Then the next
changed entries are searched for among all items that are in. So of an entry and an item that arrive
at the very moment, the later one to be seen here finds the other.

Phrases are no codes: the entries that have one are passed on, in the same step, to the walk through
all texts (`phrases`).

A step is one transaction, and whoever holds the row of its number takes it: with several workers, one
steps at a time. What a step repeats after a crash does no harm.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import text_of
from tidegate.content.tables import revisions
from tidegate.infra.db import Tx
from tidegate.infra.identity import database_identity
from tidegate.infra.progress import advance, claim, start
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.items import ItemCodes, Seen
from tidegate.pipeline.lookback.phrases import seek
from tidegate.pipeline.lookback.relook import look_again
from tidegate.signals.banks.snapshot import text_probe
from tidegate.signals.banks.tables import banks, entries
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index import Folder
from tidegate.signals.model import Fingerprint

CHUNK = 1000  # entries that are searched for at a time
BATCH = 100  # items that are looked at again in one transaction, or as many as one entry hits

_fingerprints = msgspec.msgpack.Decoder(list[Fingerprint])
_codes = msgspec.msgpack.Decoder(list[tuple[str, Fingerprint]])


class Step(NamedTuple):
    """What a step did: up to which bank version all is looked back for now, how many entries it
    searched for and how many evaluations it appended."""

    version: int
    entries: int
    appended: int


class _Entry(NamedTuple):
    """An entry to be searched for: by its codes here, by a phrase in a walk."""

    id: UUID
    version: int
    number: int
    radius: dict[str, int]
    codes: list[Fingerprint]
    has_phrase: bool


class _Plan(NamedTuple):
    """Entries to search for. `version`: up to which all is done then. `widened`: the version of the
    bank's change because of which all of its entries come again, else 0."""

    entries: list[_Entry]
    version: int
    widened: int = 0
    more: bool = False


class LookBack:
    """The look back of one process; one thread steps it."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        with instance.database.begin() as tx:
            identity = database_identity(tx)
            self._seen = f"look-back seen {identity}"
            if start(tx, self._seen):
                # Numbers of another server's transactions say nothing here.
                tx.execute(_FORGET_XIDS)
            start(tx, _DONE)
        self.items = ItemCodes(Folder(instance.index_folder / "items", identity))
        self._cursor = (0, 0)  # of a widened bank: its number, and the last entry looked for

    def step(self) -> Step | None:
        """Look back for the next entries; None when there was nothing to do, or another process is
        at it."""
        try:
            return self._step()
        except BaseException:
            self.items.forget_above()
            raise

    def _step(self) -> Step | None:
        self.items.keep_files()
        with self._instance.database.begin() as tx:
            self.items.heal(tx)
            anything = tx.execute(_ANYTHING, {"done": _DONE, "seen": self._seen}).scalar_one()
            if not anything and not self.items.is_behind:
                return None
            done, seen = claim(tx, _DONE), claim(tx, self._seen)
            if done is None or seen is None:
                return None
            self._instance.banks.refresh(tx)
            late = self._catch_up(tx, seen, done)
            appended = self._look_again(tx, late)
            plan = self._next(tx, done, self._instance.banks.version)
            hit, taken = self._hits(tx, plan.entries)
            appended += self._look_again(tx, hit)
            self._seek(tx, plan, taken)
            version = self._done_with(plan, taken, done)
            advance(tx, _DONE, version)
        return Step(version, taken, appended) if taken or late or version != done else None

    def _done_with(self, plan: _Plan, taken: int, done: int) -> int:
        """Up to which version all is done when so many of the planned entries are."""
        if taken == len(plan.entries) and not plan.more:
            return plan.version
        if plan.widened:
            self._cursor = (plan.widened, plan.entries[taken - 1].number)
            return done
        return plan.entries[taken - 1].version

    def _seek(self, tx: Tx, plan: _Plan, taken: int) -> None:
        """Pass on the phrases of so many of the planned entries."""
        since = [(one, plan.widened or one.version) for one in plan.entries[:taken]]
        seek(tx, [(one.id, version) for one, version in since if one.has_phrase])

    def purge(self) -> bool:
        """Write the files anew where they still hold codes of items that were erased."""
        return self.items.index.purge()

    def _catch_up(self, tx: Tx, seen: int, done: int) -> list[int]:
        """Take in the newest items; the numbers of those that missed what was looked back for, or
        the first chunks of a widened bank that is not yet done."""
        known = max(done, self._cursor[0])
        late: list[Seen] = [
            one
            for one in self.items.catch_up(tx, seen)
            if one.bank_version < known and one.xid > seen
        ]
        advance(tx, self._seen, self.items.index.mark)
        return self._matching(tx, [one.number for one in late])

    def _matching(self, tx: Tx, numbers: Sequence[int]) -> list[int]:
        """Those of the revisions that the banks have anything to say of."""
        found: list[int] = []
        for first in range(0, len(numbers), BATCH):
            rows = tx.execute(_CODES, {"numbers": list(numbers[first : first + BATCH])}).all()
            probes = [self._probes(row) for row in rows]
            hits = iter(self._instance.banks.index.search([one for some in probes for one in some]))
            for row, some in zip(rows, probes, strict=True):
                mine = [hit for _ in some for hit in next(hits)]
                if mine:
                    found.append(row.number)
        return found

    def _probes(self, row: sa.Row[Any]) -> list[Fingerprint]:
        """What the banks are asked with about a revision: its codes, and its text for phrases."""
        codes = [code for _, code in _codes.decode(row.fingerprints)]
        if self._instance.banks.index.has_phrases and (text := text_of(row.content)):
            codes.append(text_probe(text))
        return codes

    def _next(self, tx: Tx, done: int, version: int) -> _Plan:
        """What comes next: changed entries in the order of versions, then a widened bank's."""
        wider = tx.execute(_WIDENED, {"done": done, "version": version}).first()
        last = version if wider is None else wider.widened - 1
        rows = tx.execute(_CHANGED, {"done": done, "last": last, "limit": CHUNK}).all()
        if rows or wider is None:
            return _Plan(_wanted(rows), last, more=len(rows) == CHUNK)
        after = self._cursor[1] if self._cursor[0] == wider.widened else 0
        rows = tx.execute(_OF_BANK, {"bank": wider.id, "after": after, "limit": CHUNK}).all()
        return _Plan(_wanted(rows), wider.widened, wider.widened, len(rows) == CHUNK)

    def _hits(self, tx: Tx, wanted: Sequence[_Entry]) -> tuple[list[int], int]:
        """The revisions that the first so many entries hit: enough for one transaction."""
        probes = [code for one in wanted for code in one.codes]
        radius = [
            one.radius.get(code.kind, KINDS[code.kind].default_radius)
            for one in wanted
            for code in one.codes
        ]
        found = iter(self.items.search(probes, radius, tx) if probes else [])
        numbers: dict[int, None] = {}
        for taken, one in enumerate(wanted):
            mine = [hit.owner for _ in one.codes for hit in next(found)]
            if numbers and len(numbers) + len(mine) > BATCH:
                return list(numbers), taken
            numbers |= dict.fromkeys(mine)
        return list(numbers), len(wanted)

    def _look_again(self, tx: Tx, numbers: Sequence[int]) -> int:
        return sum(
            look_again(tx, self._instance, numbers[first : first + BATCH])
            for first in range(0, len(numbers), BATCH)
        )


def _wanted(rows: Sequence[sa.Row[Any]]) -> list[_Entry]:
    wanted: list[_Entry] = []
    for row in rows:
        found = _fingerprints.decode(row.fingerprints)
        codes = [one for one in found if not KINDS[one.kind].contained]
        with_phrase = len(codes) < len(found)
        wanted.append(_Entry(row.id, row.version, row.number, row.radius, codes, with_phrase))
    return wanted


_DONE = "look-back version"
_ANYTHING = sa.text(
    "SELECT (SELECT coalesce(max(value), 0) FROM counters WHERE name = 'banks')"
    " > (SELECT value FROM counters WHERE name = :done) OR EXISTS (SELECT FROM revisions"
    " WHERE xid > (SELECT value::text::xid8 FROM counters WHERE name = :seen))"
)
_FORGET_XIDS = (
    sa.update(revisions)
    .where(revisions.c.xid >= sa.text("pg_snapshot_xmax(pg_current_snapshot())"))
    .values(xid=sa.text("'0'::xid8"))
)
_CODES = sa.text(
    "SELECT number, fingerprints, content FROM revisions WHERE number = ANY(CAST(:numbers AS bigint[]))"
    " AND fingerprints IS NOT NULL"
)
_WIDENED = (
    sa.select(banks.c.id, banks.c.widened)
    .where(banks.c.widened > sa.bindparam("done"), banks.c.widened <= sa.bindparam("version"))
    .where(banks.c.deleted_at.is_(None))
    .order_by(banks.c.widened)
    .limit(1)
)
_STANDING = (
    sa.select(
        entries.c.id,
        entries.c.version,
        entries.c.number,
        entries.c.fingerprints,
        banks.c.radius,
    )
    .join(banks, banks.c.id == entries.c.bank_id)
    .where(entries.c.deleted_at.is_(None), banks.c.deleted_at.is_(None))
    # One that is disabled until a date changes when the date has come.
    .where(entries.c.state != "refuted", entries.c.enabled)
    .limit(sa.bindparam("limit"))
)
_CHANGED = _STANDING.where(
    entries.c.version > sa.bindparam("done"), entries.c.version <= sa.bindparam("last")
).order_by(entries.c.version, entries.c.number)
_OF_BANK = _STANDING.where(
    entries.c.bank_id == sa.bindparam("bank"), entries.c.number > sa.bindparam("after")
).order_by(entries.c.number)
