"""What a queue would have looked like by other weights, from what is kept of each case. Pure.

Both orders are those of the queue: by band, then by score. How soon a case is looked at first is estimated by a
simulation: so many people take the first that waits whenever they are free, each looks for as long as the other.
Bands are as they were before any waiting.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tidegate.policy.facts import QueueCase
from tidegate.policy.queues import QueueRule, route
from tidegate.policy.weights import Weights
from tidegate.triage.score import Kept, place_of, static_points


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it is kept: its band before any waiting, since when it waits or waited, what its score is made
    of, whether people acted on it, None where nothing was decided, its `queue` by default, and what rules for
    queues see of it."""

    id: UUID
    item: str | None
    band: int
    since: datetime
    kept: Kept
    urgent: bool | None
    queue: str = ""
    case: QueueCase = QueueCase()


class QueueMoved(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases would be in a queue, by the rules of now and by the others. Incidents are not asked."""

    queue: str
    before: int
    after: int


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A case that stands elsewhere: its places, from 1, and what its points but those of age come to."""

    case: UUID
    item: str | None
    before: int
    after: int
    points_before: float
    points_after: float


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How long cases wait for a first look, in seconds: half of them at most `median`, nineteen in twenty at most
    `p95`; None where there are none."""

    cases: int
    median: float | None
    p95: float | None


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """The same of all, and of those that people acted on."""

    all: Waits
    urgent: Waits


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What changes. `tau` is Kendall's: 1 the same order, −1 the reverse; None below two cases."""

    cases: int
    tau: float | None
    moved: int
    risers: list[Moved]
    fallers: list[Moved]
    people: int
    seconds: float
    looked_before: Looked
    looked_after: Looked
    queues: list[QueueMoved] = []
    unrouted: int = 0  # of which a rule of the others cannot be evaluated


def replay(
    cases: Sequence[Replayed],
    before: Weights,
    after: Weights,
    ageing: timedelta,
    *,
    people: int,
    look: timedelta,
    examples: int,
) -> ReplayReport:
    """Compare the orders by two weights, with `people` at work who look at each case for `look`."""
    keys = [[_key(one, by, ageing) for one in cases] for by in (before, after)]
    places = [_places(key) for key in keys]
    moved = [_moved(one, places, n, before, after) for n, one in enumerate(cases)]
    moved = sorted((one for one in moved if one.before != one.after), key=_rise)
    return ReplayReport(
        cases=len(cases),
        tau=kendall(*places),
        moved=len(moved),
        risers=[one for one in moved[:examples] if one.after < one.before],
        fallers=[one for one in moved[::-1][:examples] if one.after > one.before],
        people=people,
        seconds=look.total_seconds(),
        looked_before=_looked(cases, keys[0], people, look),
        looked_after=_looked(cases, keys[1], people, look),
    )


def replay_queues(
    cases: Sequence[Replayed], before: Sequence[QueueRule], after: Sequence[QueueRule]
) -> tuple[list[QueueMoved], int]:
    """In which queues the cases would be by two lists of rules, and of how many a rule of the second cannot be
    evaluated."""
    was = Counter(route(before, one.case).queue or one.queue for one in cases)
    said = [route(after, one.case) for one in cases]
    would = Counter(to.queue or one.queue for to, one in zip(said, cases, strict=True))
    moved = [
        QueueMoved(queue=name, before=was[name], after=would[name])
        for name in sorted(was.keys() | would.keys())
    ]
    return moved, sum(one.failed is not None for one in said)


def kendall(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Kendall's tau of two orders without ties, given as places."""
    total = len(first)
    if total < 2:
        return None
    order = sorted(range(total), key=lambda n: first[n])
    _, swaps = _sorted([second[n] for n in order])
    return 1 - 4 * swaps / (total * (total - 1))


def first_looks(
    arrivals: Sequence[datetime],
    keys: Sequence[tuple[int, datetime, UUID]],
    people: int,
    look: timedelta,
) -> list[timedelta]:
    """How long each waits until somebody looks at it: whoever is free takes the first by key of those that have
    arrived."""
    coming = sorted(range(len(arrivals)), key=lambda n: arrivals[n])
    waits = [timedelta()] * len(arrivals)
    free = [arrivals[coming[0]]] * people if coming else []
    queue: list[tuple[tuple[int, datetime, UUID], int]] = []
    next_, taken = 0, 0
    now = arrivals[coming[0]] if coming else datetime.min
    while taken < len(arrivals):
        now = max(now, heapq.heappop(free))  # who was free before waited, too
        if not queue and arrivals[coming[next_]] > now:
            now = arrivals[coming[next_]]
        while next_ < len(coming) and arrivals[coming[next_]] <= now:
            heapq.heappush(queue, (keys[coming[next_]], coming[next_]))
            next_ += 1
        _, which = heapq.heappop(queue)
        waits[which] = now - arrivals[which]
        taken += 1
        heapq.heappush(free, now + look)
    return waits


def _key(one: Replayed, by: Weights, ageing: timedelta) -> tuple[int, datetime, UUID]:
    points = static_points(one.kept.measured, by)
    return one.band, place_of(one.since, points, by, ageing), one.id


def _places(keys: Sequence[tuple[int, datetime, UUID]]) -> list[int]:
    places = [0] * len(keys)
    for place, n in enumerate(sorted(range(len(keys)), key=lambda n: keys[n]), 1):
        places[n] = place
    return places


def _moved(
    one: Replayed, places: Sequence[Sequence[int]], n: int, before: Weights, after: Weights
) -> Moved:
    return Moved(
        case=one.id,
        item=one.item,
        before=places[0][n],
        after=places[1][n],
        points_before=static_points(one.kept.measured, before),
        points_after=static_points(one.kept.measured, after),
    )


def _rise(one: Moved) -> tuple[int, int]:
    return one.after - one.before, one.after


def _looked(
    cases: Sequence[Replayed],
    keys: Sequence[tuple[int, datetime, UUID]],
    people: int,
    look: timedelta,
) -> Looked:
    waits = first_looks([one.since for one in cases], keys, people, look)
    urgent = (wait for one, wait in zip(cases, waits, strict=True) if one.urgent)
    return Looked(all=_waits(waits), urgent=_waits(urgent))


def _waits(waits: Iterable[timedelta]) -> Waits:
    found = sorted(one.total_seconds() for one in waits)
    if not found:
        return Waits(cases=0, median=None, p95=None)
    last = len(found) - 1
    return Waits(cases=len(found), median=found[last // 2], p95=found[-(-19 * last // 20)])


def _sorted(values: list[int]) -> tuple[list[int], int]:
    """The values in order, and how many pairs were not."""
    if len(values) < 2:
        return values, 0
    middle = len(values) // 2
    left, first = _sorted(values[:middle])
    right, second = _sorted(values[middle:])
    merged: list[int] = []
    swaps, n, m = first + second, 0, 0
    while n < len(left) and m < len(right):
        if left[n] <= right[m]:
            merged.append(left[n])
            n += 1
        else:
            merged.append(right[m])
            swaps += len(left) - n
            m += 1
    return merged + left[n:] + right[m:], swaps
