"""Clusters and stories of many texts at once, without a server or a database: what `tidegate cluster` and
`tidegate.triage.cluster` do.

The texts go through `stream.Clusters` in their order, so a batch says what a stream of the same texts
would, and a story as it stands after the last of them. Sketches are made ahead, in threads of their own: the
kernels hold no lock of the interpreter.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from math import nan
from typing import Generic, NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.triage.model import Manner
from tidegate.triage.sketching import sketch_of
from tidegate.triage.stream import Clusters

_AT_ONCE = 2048  # texts
_AHEAD = 4  # such parts that may wait
_THREADS = 2
_CHARACTERS = 1 << 22  # in a part: of long texts there are fewer

T = TypeVar("T")


class Text(msgspec.Struct, frozen=True, gc=False):
    """A text to cluster. `created`: seconds since 1970, where known."""

    id: str
    text: str
    created: float | None = None


class Clustered(msgspec.Struct, frozen=True, gc=False):
    """Where a text belongs: its cluster is named after its first text, a story after the first of its
    clusters. The cluster of a text whose id another has had is called `id#2`, and so on."""

    id: str
    cluster: str
    story: str


class Part(NamedTuple, Generic[T]):
    """Texts in a row that were read, and what came with them."""

    texts: list[Text]
    more: T


def cluster(
    texts: Iterable[Text | tuple[str, str] | tuple[str, str, float | None]],
    manner: Manner | None = None,
) -> list[Clustered]:
    """The cluster and the story of each text, in their order: of `(id, text)` or `(id, text, created)`.

    Near-duplicates share a cluster, clusters about one thing a story.
    """
    all_of = map(_text, texts)
    return Batch(manner).take(Part(part, None) for part in parts(all_of))


def _text(one: Text | tuple[str, str] | tuple[str, str, float | None]) -> Text:
    if isinstance(one, Text):
        return one
    return Text(one[0], one[1], one[2] if len(one) == 3 else None)


class Batch:
    """One batch, part by part; `clusters` are those it made."""

    def __init__(self, manner: Manner | None = None) -> None:
        self.clusters = Clusters(manner)
        self._ids: list[str] = []
        self._numbers: list[NDArray[np.uint32]] = []

    def take(
        self,
        parts: Iterable[Part[T]],
        seen: Callable[[Part[T], NDArray[np.uint32]], object] = lambda part, numbers: None,
    ) -> list[Clustered]:
        """Cluster the parts; `seen` is told of each, in order, with the numbers of its clusters."""
        for part, sketches in _ahead(parts):
            created = np.array(
                [nan if one.created is None else one.created for one in part.texts], np.float64
            )
            ids = [one.id for one in part.texts]
            numbers = self.clusters.assign_many(ids, sketches, created)
            self._ids += ids
            self._numbers.append(numbers)
            seen(part, numbers)
        return self._told()

    def _told(self) -> list[Clustered]:
        if not self._ids:
            return []
        clusters, stories = self.clusters.names(np.concatenate(self._numbers))
        return list(map(Clustered, self._ids, clusters, stories))


def parts(texts: Iterable[Text]) -> Iterator[list[Text]]:
    """Texts as many at once as one bears."""
    rest = iter(texts)
    while part := list(islice(rest, 1)):
        room = _CHARACTERS - len(part[0].text)
        while room > 0 and len(part) < _AT_ONCE and (more := next(rest, None)) is not None:
            part.append(more)
            room -= len(more.text)
        yield part


def _ahead(parts: Iterable[Part[T]]) -> Iterator[tuple[Part[T], NDArray[np.uint8]]]:
    """The parts with their sketches, some of which are made while others are clustered."""
    waiting: deque[tuple[Part[T], Future[NDArray[np.uint8]]]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for part in parts:
            texts = [one.text for one in part.texts]
            waiting.append((part, pool.submit(sketch_of, texts)))
            if len(waiting) >= _AHEAD:
                made, sketches = waiting.popleft()
                yield made, sketches.result()
        for made, sketches in waiting:
            yield made, sketches.result()
