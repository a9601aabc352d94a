"""Asking the look back's index without doing anything: which kept items do entries hit?

The look back of the worker feeds the shared files. Each process that asks has them mapped, and reads from
the database what came since.
"""

import threading
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from tidegate.content.kept import newest_number, texts_after
from tidegate.infra.db import Tx
from tidegate.infra.identity import database_identity
from tidegate.pipeline.lookback.items import ItemCodes
from tidegate.signals.banks.trial import OfChange
from tidegate.signals.banks.wording import text_probes
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index import CodeIndex, Folder

if TYPE_CHECKING:
    from tidegate.pipeline.instance import Instance

TEXTS = 2000  # the newest that are read for phrases, which are no codes
_ANY_VERSION = 1 << 62


class Hits(NamedTuple):
    """Which of the entries hit anything, and the numbers of the revisions that they hit, the newest first.
    `texts`: so many texts were read for phrases; None where no entry has one."""

    entries: list[OfChange]
    numbers: list[int]
    texts: int | None


class Asking:
    """The index of the kept items, for questions; several threads may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: ItemCodes | None = None

    def hits(self, tx: Tx, instance: "Instance", wanted: Sequence[OfChange]) -> Hits:
        """What these entries hit."""
        found: set[int] = set()
        hitting: list[OfChange] = []
        plain = [[one for one in each.codes if not KINDS[one.kind].contained] for each in wanted]
        probes = [code for codes in plain for code in codes]
        radius = [
            each.reach.get(code.kind, KINDS[code.kind].default_radius)
            for each, codes in zip(wanted, plain, strict=True)
            for code in codes
        ]
        with self._lock:
            items = self._caught_up(tx, instance)
            results = iter(items.search(probes, radius, tx) if probes else [])
        phrased = CodeIndex()
        by_number = {each.number: each for each in wanted}
        for each, codes in zip(wanted, plain, strict=True):
            mine = {hit.owner for _ in codes for hit in next(results)}
            found |= mine
            if mine:
                hitting.append(each)
            if phrases := [one for one in each.codes if KINDS[one.kind].contained]:
                phrased.upsert(each.number, 0, phrases)
        texts = None
        if phrased.has_phrases:
            texts, said = _in_texts(tx, phrased)
            found |= said.keys()
            known = {each.number for each in hitting}
            owners = {owner for some in said.values() for owner in some} - known
            hitting += [by_number[owner] for owner in sorted(owners)]
        return Hits(hitting, sorted(found, reverse=True), texts)

    def _caught_up(self, tx: Tx, instance: "Instance") -> ItemCodes:
        if self._items is None:
            folder = Folder(instance.index_folder / "items", database_identity(tx))
            self._items = ItemCodes(folder)
        try:
            for _ in self._items.catch_up(tx, self._items.index.mark):
                pass
        except BaseException:
            self._items.forget_above()
            raise
        return self._items


def _in_texts(tx: Tx, phrases: CodeIndex) -> tuple[int, dict[int, set[int]]]:
    """Which of the newest texts hold a phrase, and whose; how many were read."""
    found: dict[int, set[int]] = {}
    read = 0
    after = max(0, newest_number(tx) - TEXTS)
    with closing(texts_after(tx, after, _ANY_VERSION, TEXTS)) as texts:
        for one in texts:
            read += 1
            if (worded := one.worded) is None:
                continue
            probes = [code for _, code in text_probes(worded)]
            if owners := {hit.owner for hits in phrases.search(probes) for hit in hits}:
                found[one.number] = owners
    return read, found
