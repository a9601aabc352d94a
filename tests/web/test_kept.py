"""What costs much is made less often, what costs little always anew."""

import threading

from tidegate.web.kept import SHARE, Kept


class Watch:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time

    def takes(self, seconds: float, value: int) -> int:
        self.time += seconds
        return value


def test_it_is_kept_as_long_as_it_cost_many_times_over() -> None:
    watch = Watch()
    kept = Kept(watch)
    assert kept.get("a", lambda: watch.takes(1, 1)) == 1
    watch.time += SHARE - 1
    assert kept.get("a", lambda: 2) == 1
    assert kept.get("b", lambda: 3) == 3
    watch.time += 2
    assert kept.get("a", lambda: 4) == 4


def test_what_is_cheap_is_made_each_time() -> None:
    kept = Kept(Watch())
    assert [kept.get("a", lambda n=n: n) for n in range(3)] == [0, 1, 2]


def test_who_comes_while_it_is_made_anew_gets_the_old_one() -> None:
    watch = Watch()
    kept = Kept(watch)
    kept.get("a", lambda: watch.takes(1, 1))
    watch.time += 2 * SHARE
    began, go_on = threading.Event(), threading.Event()

    def slow() -> int:
        began.set()
        assert go_on.wait(60)
        return 2

    found: list[int] = []
    maker = threading.Thread(target=lambda: found.append(kept.get("a", slow)))
    maker.start()
    assert began.wait(60)
    assert kept.get("a", lambda: 3) == 1
    go_on.set()
    maker.join()
    assert found == [2]
