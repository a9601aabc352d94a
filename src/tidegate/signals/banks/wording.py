"""An item's text compared with those of the entries that an index found for it; pure.

Near codes of texts may be luck, and shared anchors say only where it is worth to look: where both
texts are at hand, what they have in common is what counts.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

from tidegate.content.model import Worded
from tidegate.content.parts import TEXT
from tidegate.signals.fingerprints import phrase, text_letters, text_minhash, text_winnowing
from tidegate.signals.fingerprints.normalise import normalised
from tidegate.signals.fingerprints.passage import Searched
from tidegate.signals.fingerprints.seen import Seen, itself, seen
from tidegate.signals.fingerprints.spans import written_span
from tidegate.signals.index import Hit
from tidegate.signals.model import Fingerprint
from tidegate.signals.readings import forms, readings

COMPARED = frozenset({text_minhash.KIND.name, text_letters.NAME, text_winnowing.KIND.name})
"""The kinds whose hits are settled by the texts."""


class Wording:
    """A text as it was written, and its normal form once it is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def normal(self) -> str:
        return normalised(self.text)

    @cached_property
    def shown(self) -> str | None:
        """The normal form without what seems to be markup; None where nothing does."""
        shown = seen(self.text)
        return None if shown.text == self.text else normalised(shown.text)

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


class _View:
    """One way to read an item's text. `seen` leads from there to the text as it was posted; None where its
    places are not known."""

    def __init__(self, wording: Wording, seen: Seen | None) -> None:
        self._wording, self._seen = wording, seen

    @property
    def normal(self) -> str:
        return self._wording.normal

    @cached_property
    def letters(self) -> str:
        return text_letters.letters(self.normal)

    @cached_property
    def searched(self) -> Searched:
        return Searched(self.normal)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the posted text behind normal[start:end]; (0, 0) where that is not known."""
        found = self._wording.span(start, end)
        return self._seen.span(*found) if self._seen and found[0] < found[1] else (0, 0)


class Compared:
    """One item's text, None where it is not at hand, and those of entries by their number. `find_phrases`:
    whose phrases lie in a text, and where."""

    def __init__(
        self,
        worded: Worded | None,
        wordings: Mapping[int, Wording],
        find_phrases: Callable[[str], Mapping[int, tuple[int, int]]],
    ) -> None:
        self.text = worded.text if worded else None
        self._worded, self._entries, self._find_phrases = worded, wordings, find_phrases
        self._kept: dict[str, list[_View]] = {}

    @cached_property
    def has_views(self) -> bool:
        """Whether the text may be read otherwise than it stands."""
        return self._worded is not None and len(forms(self._worded)) > 1

    def says(self, part: str, code: Fingerprint, hit: Hit, radius: int) -> Said | None:
        """What a hit of a part's code comes to; None where it was luck. `radius`: that of the entry's bank."""
        entry = self._entries.get(hit.owner)
        if code.kind == text_winnowing.KIND.name:
            return None if entry is None else self._passage(part, entry)
        if code.kind == phrase.KIND.name:
            return Said(hit.distance, *self._phrases(part, code).get(hit.owner, (0, 0)))
        if code.kind not in COMPARED or self._worded is None or entry is None:
            return Said(hit.distance)
        return Said(hit.distance) if self._alike(part, code.kind, entry, radius) else None

    def _alike(self, part: str, kind: str, entry: Wording, radius: int) -> bool:
        known = [entry.normal, *([] if entry.shown is None else [entry.shown])]
        by_letters = kind == text_letters.NAME
        if by_letters:
            known = [text_letters.letters(one) for one in known]
        return any(
            text_minhash.confirmed_by_jaccard(
                view.letters if by_letters else view.normal, theirs, radius
            )
            for view in self._views(part)
            for theirs in known
        )

    def _passage(self, part: str, entry: Wording) -> Said | None:
        for view in self._views(part):
            if (found := view.searched.find(entry.normal)) is not None:
                start, end = view.span(found.start, found.end)
                entry_start, entry_end = entry.span(found.other_start, found.other_end)
                distance = round(text_minhash.ORDERS / 2 * (1 - found.share))
                return Said(distance, start, end, entry_start, entry_end, round(found.share, 3))
        return None

    def _views(self, part: str) -> list[_View]:
        """The ways to read the item's text that go by the name of this part."""
        if part not in self._kept:
            views: list[_View] = []
            if self._worded is not None:
                placed = dict[str, Seen]((one.text, one) for _, one in readings(self._worded))
                placed[self._worded.text] = itself(self._worded.text)
                views = [
                    _View(Wording(text), placed.get(text))
                    for name, text in forms(self._worded)
                    if name == part
                ]
            self._kept[part] = views
        return self._kept[part]

    def _phrases(self, part: str, probe: Fingerprint) -> Mapping[int, tuple[int, int]]:
        """Where in the posted text the phrases lie that are in a view of it."""
        if self._worded is None:
            return {}
        text = probe.value.decode(errors="replace")
        views = [(TEXT, itself(self._worded.text)), *readings(self._worded)]
        for name, view in views:
            if name == part and view.text.encode(errors="replace").decode() == text:
                return {one: view.span(*span) for one, span in self._find_phrases(text).items()}
        return {}


def text_probes(worded: Worded) -> list[tuple[str, Fingerprint]]:
    """What an index is asked for the phrases in a text, under each of its views."""
    views = [(TEXT, worded.text), *((part, one.text) for part, one in readings(worded))]
    return [
        (part, Fingerprint(phrase.KIND.name, text.encode(errors="replace"))) for part, text in views
    ]
