"""Where in an item a matched part stands, and whether the item is that and nothing else."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tidegate.content.parts import Part
from tidegate.signals import fingerprints, links
from tidegate.signals.model import Fingerprint, Match


class Place(NamedTuple):
    """text[start:end], `end` 0 where it is no span of the text. `whole`: the item, its URL, a file or a
    text, is what matched; else that is named in it, and a person is asked."""

    start: int = 0
    end: int = 0
    whole: bool = True


class Placing:
    """Places parts of one item, given its text (None: it is not read)."""

    def __init__(self, text: str | None) -> None:
        self._text = text
        self._links: list[links.Link] | None = None

    def of(self, name: str, code: Fingerprint) -> Place:
        """The place of a part of which `code` matched."""
        part = Part.parse(name)
        if part.is_own:
            return Place()
        link = self._link(part.in_text)
        if link is None:
            return Place(whole=False)
        # Codes that were kept may be of a time when links were counted otherwise.
        if code in fingerprints.of_link(link.address):
            return Place(link.start, link.end, links.is_whole(self._text or "", link))
        beside = code in fingerprints.of_places_beside(link.address)
        return Place(link.start, link.end, False) if beside else Place(whole=False)

    def _link(self, index: int | None) -> links.Link | None:
        if index is None or not self._text:
            return None
        if self._links is None:
            self._links = links.find(self._text)
        return self._links[index] if index < len(self._links) else None


def placed(matches: Sequence[Match], place: Place) -> Sequence[Match]:
    """Matches of one part, with its place."""
    if place.whole and not place.end:
        return matches
    return [
        msgspec.structs.replace(
            one, start=place.start, end=place.end, exact=one.exact and place.whole
        )
        for one in matches
    ]
