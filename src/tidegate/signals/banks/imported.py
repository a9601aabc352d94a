"""Whether the codes of entries are those that they came with, and the entries of lists all there.

Of a list the ledger has no entry for each of its lines. It has the digests of each batch as it came, in
the order of coming, which the database keeps: nothing takes a row away, a deleted one neither.
"""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa

from tidegate.infra.columns import unseal
from tidegate.infra.db import Tx
from tidegate.signals.model import decode_fingerprints, digest

IMPORT_COLUMNS = (
    "entry text, at timestamptz, bank text, lines bigint, confirmed bigint, first_version bigint,"
    " sha256 text, seals text"
)
_PAGE = 2000
_ROWS = sa.text(
    """
    SELECT f.*, f.created_at::text AS moment, e.fingerprints, e.digest
    FROM found_entries f JOIN entries e USING (id)
    ORDER BY f.created_at, f.bank, f.number
    """
)
_BATCHES = sa.text(
    "SELECT * FROM heard_imports WHERE at = CAST(:moment AS timestamptz) AND bank = :bank"
    " ORDER BY first_version"
)
_EMPTY = sa.text(
    """
    SELECT entry, bank, lines FROM heard_imports i WHERE lines > 0 AND NOT EXISTS (
      SELECT FROM found_entries f WHERE f.created_at = i.at AND f.bank = i.bank AND NOT f.added)
    ORDER BY first_version
    """
)


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says of a batch of a list. `sha256`: of the entries' codes as they are stored;
    `seals`: of their seals, which older entries of the ledger lack."""

    bank: str
    count: int
    confirmed: int
    first_version: int
    sha256: str
    seals: str | None = None


def say_of_codes(tx: Tx) -> Iterator[str]:
    """What does not agree, in sentences. `heard_imports` and `found_entries` are there."""
    tx.execute(sa.text("CREATE INDEX ON heard_imports (at, bank)"))
    # Read as a stream: there may be millions.
    rows = tx.execute(_ROWS.execution_options(yield_per=_PAGE))
    for (moment, bank), group in groupby(rows, lambda row: (row.moment, row.bank)):
        came = _Came(tx, moment, bank)
        for row in group:
            if not _are_its_own(row):
                yield (
                    f"the entry {row.id} of the bank {bank} has codes that are not its own. Delete"
                    " it, and add it anew"
                )
            if not row.added:
                came.take(row)
        yield from came.amiss()
    for row in tx.execute(_EMPTY):
        yield f"the {row.lines} entries that {row.entry} took into the bank {row.bank} are gone"


def _are_its_own(row: sa.Row[Any]) -> bool:
    """Whether an entry's codes are those that its digest was made of, which its seal holds."""
    try:
        return digest(decode_fingerprints(unseal(row.fingerprints))) == bytes(row.digest)
    except msgspec.MsgspecError:
        return False


class _Came:
    """The entries of lists that came into a bank in one moment: the batches, one after another."""

    def __init__(self, tx: Tx, moment: str, bank: str) -> None:
        self._named = f"that came into the bank {bank} at {moment}"
        self._tx, self._key = tx, {"moment": moment, "bank": bank}
        self._batches: list[sa.Row[Any]] | None = None  # asked for once there is an entry
        self._place = self._taken = 0  # in the batches, and in the one that is there
        self._confirmed = self._blind = 0
        self._extra: list[str] = []  # one entry more than there should be
        self._changed: list[str] = []  # batches
        self._begin()

    def _begin(self) -> None:
        self._codes, self._seals = hashlib.sha256(), hashlib.sha256()

    def take(self, row: sa.Row[Any]) -> None:
        """The next entry, in the order of coming."""
        if self._batches is None:
            self._batches = list(self._tx.execute(_BATCHES, self._key))
        # One that 0.1 judged may have been anything before.
        self._blind += row.blind
        self._confirmed += 0 if row.blind else max(0, min(1, row.now - row.changed))
        if row.now == 1 and not row.blind:
            self._one = str(row.id)
        if self._place == len(self._batches):
            self._extra = self._extra or [str(row.id)]
            return
        batch = self._batches[self._place]
        self._codes.update(unseal(row.fingerprints))
        self._seals.update(row.initial.encode())
        self._taken += 1
        if self._taken == batch.lines:
            whole = batch.sha256 == self._codes.hexdigest()
            if not whole or batch.seals not in (None, self._seals.hexdigest()):
                self._changed.append(batch.entry)
            self._place, self._taken = self._place + 1, 0
            self._begin()

    def amiss(self) -> Iterator[str]:
        """What does not agree; one sentence is enough, for what comes after follows from it."""
        if self._batches is None:
            return
        left = self._batches[self._place :]
        said = sum(batch.confirmed for batch in self._batches)
        if not said - self._blind <= self._confirmed <= said:
            yield (
                f"of the entries {self._named} {self._confirmed} were confirmed as they came, and the"
                f" ledger explains {said}: one is {self._one}"
            )
        elif self._extra:
            yield (
                f"among the entries {self._named} is {self._extra[0]}, and no entry of the ledger"
                " explains it. Delete it"
            )
        elif left:
            gone = sum(batch.lines for batch in left) - self._taken
            yield f"of the entries {self._named} {gone} are gone without an entry of the ledger"
        else:
            for entry in self._changed:
                yield (
                    f"the entries {self._named} are not as {entry} says: the bank, the codes, the"
                    " labels of one, or whether it is enabled, was changed. Import the list anew"
                )
