"""Work done side by side, its results in order: for commands that walk long lists."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def in_order(
    work: Callable[[T], R], items: Iterable[T], threads: int, ahead: int
) -> Generator[tuple[T, R]]:
    """Each item with its result, as `items` has them; at most `ahead` are begun and not yet taken.

    What `work` raises is raised in its item's turn. Leaving early waits for what is under way.
    """
    begun: deque[tuple[T, Future[R]]] = deque()
    executor = ThreadPoolExecutor(threads)
    try:
        for item in items:
            begun.append((item, executor.submit(work, item)))
            if len(begun) >= ahead:
                first, future = begun.popleft()
                yield first, future.result()
        while begun:
            first, future = begun.popleft()
            yield first, future.result()
    finally:
        executor.shutdown(cancel_futures=True)
