"""All hits of a query, or of a query that hits thousands the nearest: time and memory stay bounded.

A bank in which one picture stands a million times must not answer with a million hits. What is cut
is cut by distance: everything up to some distance is there, and nothing beyond.
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.index.rows import Rows
from tidegate.signals.native.hamming import Hits

MOST = 4096


def nearest(
    rows: Rows,
    queries: bytes,
    most: int,
    radius: NDArray[np.int16] | None = None,
    limit: int = MOST,
) -> Hits:
    """The hits of each query (of 32 bytes), in no order; where there are more than `limit`, all up to
    the greatest distance at which there are not, or where even equal codes are more, `limit` of these.
    """
    hits = rows.search(queries, most, radius, limit + 1)
    if len(hits.query) <= limit:
        return hits
    counts = np.bincount(hits.query)
    crowded = np.flatnonzero(counts > limit)
    if not len(crowded):
        return hits
    calm = ~np.isin(hits.query, crowded)
    pieces = [(hits.query[calm], hits.row[calm], hits.distance[calm])]
    for query in crowded.tolist():
        one = queries[32 * query : 32 * (query + 1)]
        bound = most if radius is None else min(most, int(radius[query]))
        widest = np.array([_widest(rows, one, most, bound, limit)], np.int16)
        cut = rows.search(one, most, widest, limit)
        pieces.append((cut.query + np.uint32(query), cut.row, cut.distance))
    query, row, distance = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return Hits(query, row, distance, hits.damaged)


def _widest(rows: Rows, query: bytes, most: int, bound: int, limit: int) -> int:
    """The greatest radius below `bound` within which there are at most `limit` rows; 0 if none."""
    low, high = 0, bound  # within `high` there are more
    while high - low > 1:
        middle = (low + high) // 2
        if rows.count(query, most, np.array([middle], np.int16))[0] > limit:
            high = middle
        else:
            low = middle
    return low
