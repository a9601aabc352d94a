"""One search through all layers of an index as they are at one moment."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index.delta import Delta
from tidegate.signals.index.keys import anchors_of, key_of, keys_of
from tidegate.signals.index.layer import Layer
from tidegate.signals.index.model import Hit
from tidegate.signals.index.nearest import nearest
from tidegate.signals.index.phrases import PhraseTable
from tidegate.signals.index.rows import Rows
from tidegate.signals.model import Fingerprint

Columns = Sequence[tuple[Rows, NDArray[np.int64]]]


class Frozen:
    """What is searched. It may change meanwhile: whoever asks must know that it did not, or ask again.

    `most`: by kind the greatest radius. `damaged`: whether a search met a block that cannot be read.
    """

    def __init__(
        self,
        most: Mapping[str, int],
        layers: Sequence[Layer],
        delta: Delta,
        phrases: PhraseTable,
    ) -> None:
        self.damaged = False
        self._most, self._layers = most, layers
        self._delta, self._phrases = delta, phrases
        self._rows: dict[str, Columns] = {}  # by kind the codes and their owners, layer by layer

    def prepare(self, probes: Sequence[Fingerprint]) -> None:
        """Take hold of what such probes are compared with; not beside changes."""
        for one in probes:
            if one.kind not in self._rows and KINDS[one.kind].hamming:
                layers = [layer for layer in self._layers if one.kind in layer.rows]
                newest = self._delta.rows(one.kind)
                self._rows[one.kind] = [
                    *(layer.columns(one.kind) for layer in layers),
                    *([] if newest is None else [newest]),
                ]

    def search(
        self, probes: Sequence[Fingerprint], radius: Sequence[int] | None, limit: int
    ) -> list[list[Hit]]:
        """As `CodeIndex.search` says."""
        hits: list[dict[int, int]] = [{} for _ in probes]
        exact: list[int] = []
        places: dict[str, list[int]] = {}
        sets: dict[str, list[int]] = {}
        for place, one in enumerate(probes):
            kind = KINDS[one.kind]
            if kind.hamming:
                places.setdefault(one.kind, []).append(place)
            elif kind.contained:
                owners = self._phrases.search_owners(one.value.decode(errors="replace"))
                hits[place].update(dict.fromkeys(owners, 0))
            elif kind.common:
                sets.setdefault(one.kind, []).append(place)
            else:
                exact.append(place)
        if exact:
            self._find_equal(probes, exact, hits)
        for kind, where in sets.items():
            self._find_sharing(kind, [probes[place].value for place in where], where, hits)
        for kind, where in places.items():
            bounds = None if radius is None else np.array([radius[p] for p in where], np.int16)
            self._find_near(
                kind, [probes[place].value for place in where], where, bounds, limit, hits
            )
        return [_nearest_first(one, limit) if one else [] for one in hits]

    def _find_equal(
        self, probes: Sequence[Fingerprint], exact: list[int], hits: list[dict[int, int]]
    ) -> None:
        keys = [key_of(probes[place].kind, probes[place].value) for place in exact]
        for layer in self._layers:
            for place, owners in zip(exact, layer.equal(keys), strict=True):
                hits[place].update(dict.fromkeys(owners, 0))
        for place, key in zip(exact, keys, strict=True):
            hits[place].update(dict.fromkeys(self._delta.equal(key), 0))

    def _find_sharing(
        self, kind: str, values: list[bytes], where: list[int], hits: list[dict[int, int]]
    ) -> None:
        """Who has enough anchors in common with each value; at the distance of those that it has not."""
        asked, least = anchors_of(kind, values), KINDS[kind].common
        found = [one for layer in self._layers for one in layer.sharing(asked, least)]
        found += self._delta.sharing(asked, least)
        sizes = {number: len(keys_of(KINDS[kind], values[number])) for number, _, _ in found}
        for number, owner, many in found:
            hits[where[number]][owner] = sizes[number] - many

    def _find_near(
        self,
        kind: str,
        values: list[bytes],
        where: list[int],
        bounds: NDArray[np.int16] | None,
        limit: int,
        hits: list[dict[int, int]],
    ) -> None:
        queries = b"".join(values)
        columns: tuple[list[int], list[int], list[int]]
        for rows, owners in self._rows[kind]:
            found = nearest(rows, queries, self._most[kind], bounds, limit)
            self.damaged = self.damaged or found.damaged > 0
            if not len(found.query):
                continue
            columns = (found.query.tolist(), owners[found.row].tolist(), found.distance.tolist())
            for query, owner, distance in zip(*columns, strict=True):
                mine = hits[where[query]]
                mine[owner] = min(distance, mine.get(owner, distance))


def _nearest_first(owners: Mapping[int, int], limit: int) -> list[Hit]:
    ordered = sorted(owners.items(), key=lambda hit: hit[::-1])
    return [Hit(owner, distance) for owner, distance in ordered[:limit]]
