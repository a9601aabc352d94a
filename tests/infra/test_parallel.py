"""Work done side by side comes back in order, and no further ahead than asked."""

import threading
from itertools import count, islice

import pytest

from tidegate.infra.parallel import in_order


def test_results_come_in_order_and_side_by_side() -> None:
    both = threading.Barrier(2, timeout=60)  # neither could pass it alone

    def work(item: int) -> int:
        both.wait()
        return item * item

    assert list(in_order(work, range(8), 2, 4)) == [(item, item * item) for item in range(8)]


def test_it_runs_ahead_no_further_than_asked() -> None:
    begun: list[int] = []
    results = in_order(begun.append, count(), 2, 3)
    assert [item for item, _ in islice(results, 5)] == [0, 1, 2, 3, 4]
    results.close()
    assert max(begun) <= 4 + 3


def test_a_failure_is_raised_in_its_turn() -> None:
    results = in_order(lambda item: 1 // item, [1, 0, 2], 2, 4)
    assert next(results) == (1, 1)
    with pytest.raises(ZeroDivisionError):
        next(results)
