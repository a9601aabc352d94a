"""All hits of a query, or of a query that hits thousands the nearest: time and memory stay bounded.

A bank in which one picture stands a million times must not answer with a million hits. What is cut
is cut by distance: everything up to some distance is there, and nothing beyond.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.index.rows import Rows
from tidegate.signals.native.hamming import Codes

MOST = 4096


class Found(NamedTuple):
    """Hits in no order: which query, which row, how far. `damaged`: bad blocks of files met."""

    query: NDArray[np.integer]
    row: NDArray[np.int64]
    distance: NDArray[np.int16]
    damaged: int


def nearest(
    rows: Rows, queries: Codes, most: int, radius: NDArray[np.int16] | None = None
) -> Found:
    """The hits of each query; where there are more than MOST, all up to the greatest distance at
    which there are not, or where even equal codes are more, MOST of these.
    """
    hits = rows.search(queries, most, radius, MOST + 1)
    columns = Found(hits.query, hits.row, hits.distance, hits.damaged)
    counts = np.bincount(hits.query, minlength=len(queries))
    crowded = np.flatnonzero(counts > MOST)
    if not len(crowded):
        return columns
    calm = ~np.isin(hits.query, crowded)
    pieces = [(hits.query[calm], hits.row[calm], hits.distance[calm])]
    for query in crowded.tolist():
        one = queries[query : query + 1]
        bound = most if radius is None else min(most, int(radius[query]))
        cut = rows.search(one, most, np.array([_widest(rows, one, most, bound)], np.int16), MOST)
        pieces.append((cut.query + np.uint32(query), cut.row, cut.distance))
    query, row, distance = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return Found(query, row, distance, hits.damaged)


def _widest(rows: Rows, query: Codes, most: int, bound: int) -> int:
    """The greatest radius below `bound` within which there are at most MOST rows; 0 if none."""
    low, high = 0, bound  # within `high` there are more
    while high - low > 1:
        middle = (low + high) // 2
        if rows.count(query, most, np.array([middle], np.int16))[0] > MOST:
            high = middle
        else:
            low = middle
    return low
