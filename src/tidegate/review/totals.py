"""How many cases pass a filter, as far as it was counted a moment ago: counting a hundred thousand is half of
what a page of them costs, and nobody can tell 59,731 from 59,730. What is few is counted each time."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx
from tidegate.review.filters import Filter
from tidegate.review.rows import count

FRESH = timedelta(seconds=2)
LASTS = timedelta(seconds=10)
MANY = 1000
_MOST = 1000  # so many are remembered


class Totals:
    """The counts of one process, for all who see the same. `many`: fewer are counted each time. `later`
    counts again what was `FRESH`, while who asks is told what is remembered."""

    def __init__(
        self,
        begin: Callable[[Acting], AbstractContextManager[Tx]],
        many: int = MANY,
        later: Executor | None = None,
    ) -> None:
        self._begin = begin
        self._many = many
        self._later = later or ThreadPoolExecutor(1, "totals")
        self._known: dict[Any, tuple[datetime, int]] = {}
        self._counting: set[Any] = set()

    def __call__(self, tx: Tx, filter: Filter) -> int:
        """As `count`; where it is many at most ten seconds old, and two if somebody asked meanwhile."""
        key = (filter, tx.sight, tx.identity if filter.held else "")
        then, total = self._known.get(key, (tx.now - LASTS, 0))
        age = tx.now - then
        if not timedelta() <= age < LASTS:
            return self._count(tx, filter, key)
        if age >= FRESH and key not in self._counting:
            self._counting.add(key)
            self._later.submit(self._again, tx.by, filter, key)
        return total

    def close(self) -> None:
        self._later.shutdown(cancel_futures=True)

    def _again(self, by: Acting, filter: Filter, key: Any) -> None:
        try:
            with self._begin(by) as tx:
                self._count(tx, filter, key)
        finally:
            self._counting.discard(key)

    def _count(self, tx: Tx, filter: Filter, key: Any) -> int:
        total = count(tx, filter)
        if total < self._many:
            self._known.pop(key, None)
            return total
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (tx.now, total)
        return total
