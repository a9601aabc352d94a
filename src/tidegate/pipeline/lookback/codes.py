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
from typing import NamedTuple

from tidegate.content.kept import KeptText, changed_since, forget_xids, kept_texts
from tidegate.infra.db import Tx
from tidegate.infra.identity import database_identity
from tidegate.infra.progress import advance, claim, reached, start
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.items import ItemCodes
from tidegate.pipeline.lookback.relook import look_again
from tidegate.signals.banks.changes import (
    Wanted,
    changed_entries,
    entries_of_bank,
    next_widened,
    seek,
)
from tidegate.signals.banks.queries import bank_version
from tidegate.signals.banks.wording import text_probes
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index import Folder
from tidegate.signals.model import Fingerprint
from tidegate.signals.stored import codes_of_revision

CHUNK = 1000  # entries that are searched for at a time
BATCH = 100  # items that are looked at again in one transaction, or as many as one entry hits

_DONE = "look-back version"


class Step(NamedTuple):
    """What a step did: up to which bank version all is looked back for now, how many entries it
    searched for and how many evaluations it appended."""

    version: int
    entries: int
    appended: int


class _Plan(NamedTuple):
    """Entries to search for. `version`: up to which all is done then. `widened`: the version of the
    bank's change because of which all of its entries come again, else 0."""

    entries: list[Wanted]
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
                forget_xids(tx)
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
            if not self._anything(tx) and not self.items.is_behind:
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

    def _anything(self, tx: Tx) -> bool:
        """Whether a bank or an item has changed since the last step of any process."""
        return bank_version(tx) > reached(tx, _DONE) or changed_since(tx, reached(tx, self._seen))

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
        late = [
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
            kept = kept_texts(tx, numbers[first : first + BATCH])
            probes = [self._probes(tx, one) for one in kept]
            hits = iter(self._instance.banks.index.search([one for some in probes for one in some]))
            for one, some in zip(kept, probes, strict=True):
                mine = [hit for _ in some for hit in next(hits)]
                if mine:
                    found.append(one.number)
        return found

    def _probes(self, tx: Tx, one: KeptText) -> list[Fingerprint]:
        """What the banks are asked with about a revision: its codes, and its text for phrases."""
        codes = codes_of_revision(tx, one.number, one.fingerprints)
        if self._instance.banks.index.has_phrases and (worded := one.worded):
            codes += [code for _, code in text_probes(worded)]
        return codes

    def _next(self, tx: Tx, done: int, version: int) -> _Plan:
        """What comes next: changed entries in the order of versions, then a widened bank's."""
        wider = next_widened(tx, done, version)
        last = version if wider is None else wider.version - 1
        changed = changed_entries(tx, done, last, CHUNK)
        if changed or wider is None:
            return _Plan(changed, last, more=len(changed) == CHUNK)
        after = self._cursor[1] if self._cursor[0] == wider.version else 0
        again = entries_of_bank(tx, wider.bank, after, CHUNK)
        return _Plan(again, wider.version, wider.version, len(again) == CHUNK)

    def _hits(self, tx: Tx, wanted: Sequence[Wanted]) -> tuple[list[int], int]:
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
