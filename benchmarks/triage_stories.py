"""How well stories find events: for `benchmarks.triage`.

Tweets of crises, shuffled together; an event is what should be one story. B-cubed F1 (Bagga and Baldwin 1998)
beside single-link clustering of TF-IDF vectors at whichever threshold serves it best, which nobody knows
beforehand. The peer is given the same words that ours are, as they are read.
"""

import random
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, vstack  # pyright: ignore[reportMissingImports]
from scipy.sparse.csgraph import connected_components  # pyright: ignore[reportMissingImports]

from benchmarks.triage_material import Tweet
from tidegate.signals.fingerprints.normalise import normalised
from tidegate.triage.batch import Text, cluster

_WORD = re.compile(r"\w{2,}")
_LEFT_OUT = re.compile(r"https?:\S*|@\w+|\brt\b")
_LEAST, _STEP = 0.2, 0.05
_BLOCK = 1000


class Score(NamedTuple):
    """B-cubed, in per cent."""

    f1: float
    precision: float
    recall: float


def bcubed(labels: Sequence[Hashable], found: Sequence[Hashable]) -> Score:
    """Of each text how much of its story is of its event, and how much of its event is in its story."""
    events, stories = Counter(labels), Counter(found)
    both = Counter(zip(labels, found, strict=True))
    of_story = sum(n * n / stories[story] for (_, story), n in both.items()) / len(labels)
    of_event = sum(n * n / events[event] for (event, _), n in both.items()) / len(labels)
    f1 = 2 * of_story * of_event / (of_story + of_event)
    return Score(100 * f1, 100 * of_story, 100 * of_event)


def by_tidegate(tweets: Sequence[Tweet], timed: bool = True) -> Score:
    texts = [
        Text(
            str(number),
            tweet.text,
            datetime.fromisoformat(tweet.created).timestamp() if timed else None,
        )
        for number, tweet in enumerate(tweets)
    ]
    found = [one.story for one in cluster(texts)]
    return bcubed([tweet.event for tweet in tweets], found)


def by_single_link(tweets: Sequence[Tweet]) -> tuple[Score, float]:
    """At its best threshold, and which that is."""
    labels = [tweet.event for tweet in tweets]
    similar = _similarities([tweet.text for tweet in tweets])
    scores = [
        (
            bcubed(labels, connected_components(similar >= threshold, directed=False)[1].tolist()),
            threshold,
        )
        for threshold in np.arange(_LEAST, 0.95, _STEP).tolist()
    ]
    return max(scores)


def _similarities(texts: Sequence[str]) -> csr_matrix:
    """The cosines from _LEAST on of all pairs, by words with TF-IDF (smoothed as usual)."""
    words = [Counter(_words(text)) for text in texts]
    seen = Counter(word for some in words for word in some)
    place = {word: number for number, word in enumerate(seen)}
    rows = np.repeat(np.arange(len(texts)), [len(some) for some in words])
    columns = np.array([place[word] for some in words for word in some])
    rare = {word: np.log((1 + len(texts)) / (1 + many)) + 1 for word, many in seen.items()}
    values = np.array([many * rare[word] for some in words for word, many in some.items()])
    norms = np.sqrt(np.bincount(rows, values**2, len(texts)))
    table = csr_matrix((values / norms[rows], (rows, columns)), shape=(len(texts), len(place)))
    blocks: list[csr_matrix] = []
    for start in range(0, len(texts), _BLOCK):
        block = table[start : start + _BLOCK] @ table.T
        block.data[block.data < _LEAST] = 0
        block.eliminate_zeros()
        blocks.append(block)
    return vstack(blocks).tocsr()


def _words(text: str) -> Iterator[str]:
    yield from _WORD.findall(_LEFT_OUT.sub(" ", normalised(text)))


def halves(tweets: Sequence[Tweet]) -> tuple[list[Tweet], list[Tweet]]:
    """The tweets of every other event in the order of time: by these the measures were chosen; and the
    rest, by which they were not."""
    times: dict[str, list[str]] = {}
    for tweet in tweets:
        times.setdefault(tweet.event, []).append(tweet.created)
    order = sorted(times, key=lambda event: sorted(times[event])[len(times[event]) // 2])
    chosen = set(order[::2])
    return (
        [tweet for tweet in tweets if tweet.event in chosen],
        [tweet for tweet in tweets if tweet.event not in chosen],
    )


def shuffled(tweets: Sequence[Tweet], seed: int) -> list[Tweet]:
    return random.Random(seed).sample(list(tweets), len(tweets))
