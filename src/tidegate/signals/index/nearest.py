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
    rows: Rows,
    queries: Codes,
    most: int,
    radius: NDArray[np.int16] | None = None,
    limit: int = MOST,
) -> Found:
    """The hits of each query; where there are more than `limit`, all up to the greatest distance at
    which there are not, or where even equal codes are more, `limit` of these.
    """
    hits = rows.search(queries, most, radius, limit + 1)
    columns = Found(hits.query, hits.row, hits.distance, hits.damaged)
    if len(hits.query) <= limit:
        return columns
    counts = np.bincount(hits.query, minlength=len(queries))
    crowded = np.flatnonzero(counts > limit)
    if not len(crowded):
        return columns
    calm = ~np.isin(hits.query, crowded)
    pieces = [(hits.query[calm], hits.row[calm], hits.distance[calm])]
    for query in crowded.tolist():
        one = queries[query : query + 1]
        bound = most if radius is None else min(most, int(radius[query]))
        widest = np.array([_widest(rows, one, most, bound, limit)], np.int16)
        cut = rows.search(one, most, widest, limit)
        pieces.append((cut.query + np.uint32(query), cut.row, cut.distance))
    query, row, distance = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return Found(query, row, distance, hits.damaged)


def _widest(rows: Rows, query: Codes, most: int, bound: int, limit: int) -> int:
    """The greatest radius below `bound` within which there are at most `limit` rows; 0 if none."""
    low, high = 0, bound  # within `high` there are more
    while high - low > 1:
        middle = (low + high) // 2
        if rows.count(query, most, np.array([middle], np.int16))[0] > limit:
            high = middle
        else:
            low = middle
    return low
