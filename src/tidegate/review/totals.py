"""How many cases pass a filter, as far as it was counted a moment ago: counting a hundred thousand is half of
what a page of them costs, and nobody can tell 59,731 from 59,730. What is few is counted each time."""

from datetime import datetime, timedelta
from typing import Any

from tidegate.infra.db import Tx
from tidegate.review.filters import Filter
from tidegate.review.rows import count

LASTS = timedelta(seconds=2)
MANY = 1000
_MOST = 1000  # so many are remembered


class Totals:
    """The counts of one process, for all who see the same. `many`: fewer are counted each time."""

    def __init__(self, many: int = MANY) -> None:
        self._many = many
        self._known: dict[Any, tuple[datetime, int]] = {}

    def __call__(self, tx: Tx, filter: Filter) -> int:
        """As `count`, at most two seconds old where it is many."""
        key = (filter, tx.sight, tx.identity if filter.held else "")
        then, total = self._known.get(key, (tx.now - LASTS, 0))
        if timedelta() <= tx.now - then < LASTS:
            return total
        total = count(tx, filter)
        if total < self._many:
            self._known.pop(key, None)
            return total
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (tx.now, total)
        return total
