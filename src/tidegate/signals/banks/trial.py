"""Some entries of a bank as they would be after a change, as a snapshot of their own: what would they match?

Nothing is written for that, and nobody waits: the rows are read as they are, and say of themselves what the
change would make of them.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.signals.banks.model import Radius, radius_in
from tidegate.signals.banks.queries import is_shown
from tidegate.signals.banks.renewal import compared
from tidegate.signals.banks.snapshot import BankSnapshot
from tidegate.signals.banks.tables import banks, entries
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint, Match
from tidegate.signals.parts import is_exact

What = Literal["confirm", "refute", "enable", "disable", "delete", "radius"]
GAINS = ("confirm", "enable", "radius")
"""After these an entry may match, or do, more than before; after the others less."""
_LATEST = 1 << 62  # no row is newer than a trial


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an entry, or of a whole bank (`entry` None). `radius`: the bank's, as it would be."""

    what: What
    bank: str
    entry: UUID | None = None
    radius: Radius | None = None

    @property
    def as_if(self) -> dict[str, Any]:
        """What the rows of its entries would say."""
        match self.what:
            case "confirm":
                return {"state": "confirmed", "quarantined": False}
            case "enable" if self.entry is None:
                return {"bank_enabled": True, "bank_disabled_until": None}
            case "enable":
                return {"enabled": True, "disabled_until": None}
            case "radius":
                return {"radius": self.radius or {}}
            case _:
                return {}


class OfChange(NamedTuple):
    """An entry that a change is about. `radius` is its bank's as it would be, `reach` within which there may
    be items that it matches now or would match then."""

    id: UUID
    number: int
    bank_number: int
    radius: Radius
    reach: Radius
    codes: list[Fingerprint]


def of_change(tx: Tx, change: Change, after: int, limit: int) -> list[OfChange]:
    """The next entries by number that a change is about. What is deleted, or refuted and not about to be
    confirmed, matches nothing in any case."""
    query = _ENTRIES.where(banks.c.name == change.bank, entries.c.number > after, is_shown(tx))
    if change.entry is not None:
        query = query.where(entries.c.id == change.entry)
    else:
        query = query.where(entries.c.state != "refuted")
    found: list[OfChange] = []
    for row, codes in compared(tx, tx.execute(query.limit(limit)).all()):
        now = radius_in(row.radius)
        then = now if change.radius is None else radius_in(change.radius)
        reach = {
            name: max(one.get(name, kind.default_radius) for one in (now, then))
            for name, kind in KINDS.items()
            if kind.hamming
        }
        found.append(OfChange(row.id, row.number, row.bank_number, then, reach, codes))
    return found


def as_found(match: Match) -> Match:
    """A match before others were weighed against it."""
    exact = is_exact(KINDS[match.kind], match.part, match.distance)
    return msgspec.structs.replace(match, allowed=False, exact=exact)


_ENTRIES = (
    sa.select(
        entries.c.id,
        entries.c.number,
        entries.c.fingerprints,
        banks.c.number.label("bank_number"),
        banks.c.radius,
    )
    .join(banks, banks.c.id == entries.c.bank_id)
    .where(entries.c.deleted_at.is_(None), banks.c.deleted_at.is_(None))
    .order_by(entries.c.number)
)


class Trial(BankSnapshot):
    """Only these entries, as a change would make them; none where it takes them away."""

    def __init__(self, change: Change, some: Sequence[OfChange]) -> None:
        super().__init__()
        self._as_if = change.as_if
        self._of_platforms = True  # nothing is cut: they are few
        self._groups_read = True
        if change.what in GAINS:
            for one in some:
                for kind, spec in KINDS.items():
                    if spec.hamming:
                        bits = one.radius.get(kind, spec.default_radius)
                        self.index.set_radius(kind, one.bank_number, bits)
                self.index.upsert(one.number, one.bank_number, one.codes, 0)
        self.index.mark = _LATEST

    def refresh(self, tx: Tx) -> bool:
        """It shows one moment, and catches up with nothing."""
        return False

    def _known(self, tx: Tx, numbers: Any) -> Mapping[int, sa.Row[Any]]:
        found = super()._known(tx, numbers)
        changed = {
            number: SimpleNamespace(**(dict(row._mapping) | self._as_if))  # pyright: ignore[reportPrivateUsage]
            for number, row in found.items()
        }
        return cast("Mapping[int, sa.Row[Any]]", changed)
