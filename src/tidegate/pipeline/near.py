"""What a picture, a text or an address is near to: entries of banks, and items that are kept."""

import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from tidegate.content.model import Worded
from tidegate.infra.db import Tx
from tidegate.infra.identity import database_identity
from tidegate.pipeline.lookback.items import ItemCodes
from tidegate.signals.banks.model import EntryView
from tidegate.signals.banks.queries import entries_by_id
from tidegate.signals.banks.snapshot import BankSnapshot
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index import Folder
from tidegate.signals.model import Codes, Match
from tidegate.signals.words.queries import Found, open_items

MOST = 100
_OF_ONE = 200  # hits of one code


class NearEntry(msgspec.Struct, frozen=True):
    """A match with the entry that it is with."""

    match: Match
    entry: EntryView | None


class NearItem(msgspec.Struct, frozen=True):
    """An item that has a code near to one that is looked for, the nearest of them."""

    item: UUID
    kind: str
    distance: int


class NearItems:
    """The codes of the items that are kept, as one process searches them: the sealed files are there
    already, and what came since is taken in when somebody asks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._codes: ItemCodes | None = None
        self._lock = threading.Lock()

    def search(self, tx: Tx, codes: Codes) -> list[NearItem]:
        """The open items that are near, the nearest first."""
        return self.search_each(tx, [codes])[0]

    def search_each(self, tx: Tx, wanted: Sequence[Codes]) -> list[list[NearItem]]:
        """The same of several things, each with its codes, at once."""
        probes = [
            (place, code)
            for place, codes in enumerate(wanted)
            for _, code in codes
            if KINDS[code.kind].hamming or KINDS[code.kind].exact
        ]
        if not probes:
            return [[] for _ in wanted]
        radius = [KINDS[one.kind].default_radius for _, one in probes]
        with self._lock:
            found = self._caught_up(tx).search([one for _, one in probes], radius, tx)
        near: list[dict[int, tuple[int, str]]] = [{} for _ in wanted]
        for (place, probe), hits in zip(probes, found, strict=True):
            nearest = near[place]
            for hit in hits[:_OF_ONE]:
                here = (hit.distance, probe.kind)
                nearest[hit.owner] = min(here, nearest.get(hit.owner, here))
        items = open_items(tx, {number for nearest in near for number in nearest})
        place_of = {one.number: place for place, one in enumerate(items)}
        seen = [
            [items[place] for place in sorted(place_of[n] for n in nearest if n in place_of)]
            for nearest in near
        ]
        return [
            sorted((_near(one, nearest[one.number]) for one in some), key=_distance)[:MOST]
            for some, nearest in zip(seen, near, strict=True)
        ]

    def _caught_up(self, tx: Tx) -> ItemCodes:
        if self._codes is None:
            self._codes = ItemCodes(Folder(self._folder, database_identity(tx)))
        codes = self._codes
        try:
            codes.index.adopt()
            for _ in codes.catch_up(tx, codes.index.mark):
                pass
        except BaseException:
            codes.forget_above()
            raise
        return codes


def _near(found: Found, how: tuple[int, str]) -> NearItem:
    return NearItem(found.item_id, how[1], how[0])


def _distance(one: NearItem) -> int:
    return one.distance


def near_entries(
    tx: Tx, banks: BankSnapshot, codes: Codes, text: str, bound: Collection[str] | None
) -> list[NearEntry]:
    """The entries that match, each once at its best, the nearest first."""
    banks.refresh(tx)
    found = sorted(
        banks.match(tx, [codes], [Worded(text)], [bound])[0], key=lambda one: one.distance
    )
    nearest = {match.entry: match for match in reversed(found)}
    entries = entries_by_id(tx, [UUID(one) for one in nearest])
    some = [NearEntry(match, entries.get(match.entry)) for match in nearest.values()]
    return sorted(some, key=lambda one: one.match.distance)[:MOST]
