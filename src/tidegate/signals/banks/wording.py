"""An item's text compared with those of the entries that an index found for it; pure.

Near codes of texts may be luck, and shared anchors say only where it is worth to look: where both
texts are at hand, what they have in common is what counts.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from tidegate.signals.fingerprints import text_minhash, text_winnowing
from tidegate.signals.fingerprints.kind import Kind
from tidegate.signals.fingerprints.normalise import normalised
from tidegate.signals.fingerprints.passage import Searched
from tidegate.signals.fingerprints.spans import written_span
from tidegate.signals.index import Hit

COMPARED = frozenset({text_minhash.KIND.name, text_winnowing.KIND.name})
"""The kinds whose hits are settled by the texts."""


class Wording:
    """A text as it was written, and its normal form once it is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def normal(self) -> str:
        return normalised(self.text)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text behind normal[start:end]."""
        return written_span(self.text, self.normal, start, end)


class Said(NamedTuple):
    """What a match says beyond who matched: as in `model.Match`."""

    distance: int
    start: int = 0
    end: int = 0
    entry_start: int = 0
    entry_end: int = 0
    share: float = 1.0


class Compared:
    """One item's text, None where it is not at hand, and those of entries by their number."""

    def __init__(self, text: str | None, wordings: Mapping[int, Wording]) -> None:
        self.text = text
        self._item = Wording(text) if text else None
        self._entries = wordings

    def says(self, kind: Kind, hit: Hit, radius: int) -> Said | None:
        """What a hit comes to; None where it was luck. `radius`: that of the entry's bank."""
        entry = self._entries.get(hit.owner)
        if kind is text_winnowing.KIND:
            return self._passage(entry)
        if kind is not text_minhash.KIND or self._item is None or entry is None:
            return Said(hit.distance)
        alike = text_minhash.confirmed_by_jaccard(self._item.normal, entry.normal, radius)
        return Said(hit.distance) if alike else None

    @cached_property
    def _searched(self) -> Searched:
        assert self._item is not None
        return Searched(self._item.normal)

    def _passage(self, entry: Wording | None) -> Said | None:
        if self._item is None or entry is None:
            return None
        found = self._searched.find(entry.normal)
        if found is None:
            return None
        start, end = self._item.span(found.start, found.end)
        entry_start, entry_end = entry.span(found.other_start, found.other_end)
        distance = round(text_minhash.ORDERS / 2 * (1 - found.share))
        return Said(distance, start, end, entry_start, entry_end, round(found.share, 3))
