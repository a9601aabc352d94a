"""What costs much to know is made less often: kept for a while that grows with what it cost. What costs
little is always made anew."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

SHARE = 50  # of all time at most this part goes into making one thing anew
CHEAP_SECONDS = 0.02
MOST = 1_000  # things


class Kept:
    """Values by name, safe between threads. One who finds a value too old makes it anew; who comes
    meanwhile is given the old one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._values: dict[Hashable, tuple[float, Any]] = {}
        self._making: set[Hashable] = set()
        self._lock = threading.Lock()

    def get(self, name: Hashable, make: Callable[[], T]) -> T:
        """The value of that name."""
        with self._lock:
            until, value = self._values.get(name, (0.0, None))
            known = name in self._values
            if known and (self._clock() < until or name in self._making):
                return value
            self._making.add(name)
        began = self._clock()
        try:
            made = make()
            with self._lock:
                if len(self._values) >= MOST:
                    self._values.clear()
                now = self._clock()
                cost = now - began
                self._values[name] = (now + (SHARE * cost if cost > CHEAP_SECONDS else 0), made)
            return made
        finally:
            with self._lock:
                self._making.discard(name)
