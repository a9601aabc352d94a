"""Whether the ledger explains the banks: that they are there, and how they act."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.slices import Heard
from tidegate.signals.banks.seals import BANK_SEAL

_BANKS = sa.text(
    f"SELECT id, name, stance, platform, deleted_at IS NOT NULL AS deleted, {BANK_SEAL} AS seal"  # noqa: S608
    " FROM banks ORDER BY number"
)


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry of the ledger says of a bank. Older ones have no `id` and no seals."""

    bank: str
    id: UUID | None = None
    stance: str | None = None
    platform: str | None = None
    seal: str | None = None
    replaced: str | None = None


class BankWitness:
    """Banks: each made, changed and deleted as the ledger says."""

    kinds = ("bank.created", "bank.changed", "bank.deleted")

    def __init__(self, tx: Tx) -> None:
        # How often a bank became so, less how often it ceased to be: independent of the order in which
        # two changes were sealed. What comes to nothing is dropped.
        self._seals: dict[UUID, Counter[str]] = {}
        self._made: set[UUID] = set()
        self._gone: set[UUID] = set()
        # By name, as older entries say it.
        self._made_as: dict[str, set[tuple[str | None, str | None]]] = {}
        self._gone_names: set[str] = set()

    def hear(self, entry: Heard) -> None:
        if entry.record is None:
            return
        said = msgspec.convert(entry.record, _Said)
        if entry.kind == "bank.deleted":
            self._gone_names.add(said.bank) if said.id is None else self._gone.add(said.id)
        elif entry.kind == "bank.created":
            if said.id is not None:
                self._made.add(said.id)
            self._made_as.setdefault(said.bank, set()).add((said.stance, said.platform))
        if said.id is not None:
            self._count(said.id, said.seal, 1)
            self._count(said.id, said.replaced, -1)

    def _count(self, id: UUID, seal: str | None, by: int) -> None:
        if seal is not None:
            counted = self._seals.setdefault(id, Counter())
            counted[seal] += by
            if not counted[seal]:
                del counted[seal]

    def say(self, tx: Tx) -> Iterator[str]:
        rows = {row.id: row for row in tx.execute(_BANKS)}
        for row in rows.values():
            if why := self._why(row):
                yield f"the bank {row.name} {why}"
        for id in self._made - rows.keys():
            yield f"the bank {id} is gone without an entry"

    def _why(self, row: sa.Row[Any]) -> str | None:
        """What no entry explains of a bank, the gravest alone."""
        if row.deleted and row.id not in self._gone and row.name not in self._gone_names:
            return "is deleted, and no entry of the ledger explains it"
        if row.id in self._gone and not row.deleted:
            return "was deleted, and is there again without an entry of the ledger"
        expected = {seal for seal, n in self._seals.get(row.id, Counter[str]()).items() if n > 0}
        if expected and row.seal not in expected:
            return (
                "is not as it was left: its name, stance, platform, radius, labels or whether it is"
                " enabled was changed, and no entry of the ledger explains it. Look at it"
            )
        if row.id not in self._made:
            made = self._made_as.get(row.name)
            if made is None:
                return "is there, and no entry of the ledger explains it. Delete it"
            if (row.stance, row.platform) not in made:
                return "has another stance or platform than it was made with"
        return None
