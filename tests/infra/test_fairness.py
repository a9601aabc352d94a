"""The fair queue in a simulated hour: who waits how long, whatever comes in whichever order."""

import heapq
from collections import defaultdict
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.infra.fairness import CREDIT_SECONDS, SLOW_SECONDS, FairQueue, Ticket

KEYS = "abcd"


class Work:
    """A work, what it really takes, and what became of it."""

    def __init__(self, key: str, arrival: float, seconds: float, large: bool) -> None:
        self.key, self.arrival, self.seconds, self.large = key, arrival, seconds, large
        self.started = self.ended = -1.0


def arrivals(seconds: st.SearchStrategy[float]) -> st.SearchStrategy[list[Work]]:
    gaps = st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 5.0])
    one = st.tuples(gaps, st.sampled_from(KEYS), seconds, st.booleans())

    def placed(drawn: list[tuple[float, str, float, bool]]) -> list[Work]:
        now, works = 0.0, list[Work]()
        for gap, key, took, large in drawn:
            now += gap
            works.append(Work(key, now, took, large))
        return works

    return st.lists(one, max_size=60).map(placed)


def simulated(works: list[Work], workers: int, *, guess: float = 1.0) -> list[Work]:
    """Let so many workers do it all; the works in the order in which they started. The estimates are
    `guess` times the truth."""
    queue: FairQueue[Work] = FairQueue(workers)
    free, order = workers, count()
    ends: list[tuple[float, int, Ticket[Work]]] = []
    coming, started = list(works), list[Work]()
    while coming or ends or queue.waiting:
        now = min([work.arrival for work in coming[:1]] + [end for end, *_ in ends[:1]])
        while coming and coming[0].arrival == now:
            work = coming.pop(0)
            queue.put(Ticket(work.key, work, work.seconds * guess, large=work.large))
        while ends and ends[0][0] == now:
            ticket = heapq.heappop(ends)[2]
            queue.done(ticket, ticket.work.seconds)
            free += 1
        while free and (ticket := queue.take()) is not None:
            free -= 1
            ticket.work.started, ticket.work.large = now, ticket.large
            ticket.work.ended = now + ticket.work.seconds
            started.append(ticket.work)
            heapq.heappush(ends, (ticket.work.ended, next(order), ticket))
    return started


ANY = arrivals(st.sampled_from([0.01, 0.1, 0.4, 0.6, 3.0]))
SMALL = arrivals(st.sampled_from([0.01, 0.05, 0.1, 0.4]))


@given(works=ANY, workers=st.integers(1, 4), guess=st.sampled_from([0.0, 0.5, 1.0, 10.0]))
@settings(deadline=None)
def test_all_is_done_each_queue_in_its_order_and_a_worker_stays_free_of_what_is_large(
    works: list[Work], workers: int, guess: float
) -> None:
    wished = [(work, work.large) for work in works]
    started = simulated(works, workers, guess=guess)
    assert sorted(map(id, started)) == sorted(map(id, works))
    for key in KEYS:
        for large in (False, True):
            queue = [work for work, was in wished if work.key == key and was == large]
            assert queue == [work for work in started if work in queue]
    for one in started:
        at_once = [w for w in started if w.large and w.started <= one.started < w.ended]
        assert len(at_once) <= max(1, workers - 1)


@given(works=SMALL, workers=st.integers(1, 4), guess=st.sampled_from([0.5, 1.0, 10.0]))
@settings(deadline=None)
def test_who_comes_out_of_rest_waits_for_one_work_of_each_other_key_and_a_little(
    works: list[Work], workers: int, guess: float
) -> None:
    started = simulated(works, workers, guess=guess)
    for mine in started:
        earlier = [w for w in works if w.key == mine.key and w is not mine]
        rested = all(w.ended <= mine.arrival or w.arrival >= mine.arrival for w in earlier)
        first = all(w.started >= mine.started for w in earlier if w.arrival >= mine.arrival)
        if not (rested and first) or mine.large:
            continue
        served: defaultdict[str, list[Work]] = defaultdict(list)
        for other in started[: started.index(mine)]:
            if other.key != mine.key and other.started >= mine.arrival and not other.large:
                served[other.key].append(other)
        for others in served.values():
            used = sum(max(1.0, guess) * w.seconds for w in others[:-1])
            assert used <= CREDIT_SECONDS + 1e-9


def test_keys_that_always_have_work_get_the_same_time_not_the_same_number() -> None:
    dear = [Work("a", 0.0, 0.4, False) for _ in range(50)]
    cheap = [Work("b", 0.0, 0.1, False) for _ in range(200)]
    started = simulated(dear + cheap, 1)
    for n in range(20, 200):
        used = {key: sum(w.seconds for w in started[:n] if w.key == key) for key in "ab"}
        assert abs(used["a"] - used["b"]) <= 0.5


def test_a_key_whose_work_turns_out_slow_leaves_a_worker_free_from_then_on() -> None:
    slow = [Work("a", 0.0, 3 * SLOW_SECONDS, False) for _ in range(6)]
    late = Work("b", 2 * SLOW_SECONDS, 0.01, False)
    later = Work("b", 4 * SLOW_SECONDS, 0.01, False)
    simulated([*slow[:5], late, later], 2)
    assert late.started == slow[0].ended  # nothing was known of it yet
    assert later.started == later.arrival
    assert [work.large for work in slow[:5]] == [False, False, True, True, True]


def test_what_is_begun_anew_comes_before_the_rest_of_its_key() -> None:
    queue: FairQueue[str] = FairQueue(2)
    for work in ("one", "two", "three"):
        queue.put(Ticket("a", work, 1.0, large=work != "one"))
    ticket = queue.take()
    assert ticket is not None
    assert ticket.work == "one"
    queue.done(ticket, 0.1)
    ticket.large = True
    queue.put(ticket, again=True)
    again = queue.take()
    assert again is ticket
    assert queue.take() is None  # the other worker is for others
    assert [one.work for one in queue.drain()] == ["two", "three"]
    assert not queue.waiting


def test_keys_that_rest_are_forgotten() -> None:
    queue: FairQueue[int] = FairQueue(1)
    for n in range(5000):
        queue.put(Ticket(f"key {n}", n, 0.01))
        ticket = queue.take()
        assert ticket is not None
        queue.done(ticket, 0.01)
    assert len(queue._shares) < 2000
