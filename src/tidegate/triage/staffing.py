"""How many people are needed by when: a queue with several people, M/M/c (Erlang C). Pure.

Assumed, and said wherever it is shown: cases come one by one at an even rate (Poisson), what one takes varies
like an exponential, whoever is free takes the next, nobody leaves. A. K. Erlang, 1917; the recurrence is that of
every textbook since.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

import msgspec

SHARE = 0.95  # of cases somebody begins in time
IN_TIME = timedelta(minutes=15)
CLEAR_IN = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=8))
MOST_PEOPLE = 10_000
GUESSED = timedelta(minutes=2)  # what a case takes, where too few were decided to say
FEWEST = 10  # decided cases that say what one takes


class Clearing(msgspec.Struct, frozen=True):
    """So many people have cleared the backlog, and what comes meanwhile, after that time."""

    after: timedelta
    people: int


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """How many people, and what that rests on: cases that come in an hour, how many wait, and seconds that one
    takes; `measured` on so many decided cases, 0: guessed. `keep_up`: so that `SHARE` of what comes is begun
    `IN_TIME`. `busy` is the part of their time that these are at work."""

    per_hour: float
    waiting: int
    seconds: float
    measured: int
    keep_up: int
    busy: float
    clearing: list[Clearing]


def waits(people: int, load: float) -> float:
    """The chance that a case waits at all: Erlang C. `load` is how many people its work would fill wholly;
    where that is not less than `people`, everything waits."""
    if load <= 0:
        return 0.0
    if people <= load:
        return 1.0
    blocked = 1.0  # Erlang B, person by person
    for one in range(1, people + 1):
        blocked = load * blocked / (one + load * blocked)
    return blocked / (1 - load / people * (1 - blocked))


def begun_within(people: int, per_hour: float, seconds: float, wait: timedelta) -> float:
    """The share of cases that somebody begins within that wait."""
    load = per_hour * seconds / 3600
    if people <= load:
        return 0.0
    return 1 - waits(people, load) * math.exp(-(people - load) * wait.total_seconds() / seconds)


def people_for(
    per_hour: float, seconds: float, *, wait: timedelta = IN_TIME, share: float = SHARE
) -> int:
    """The fewest people by whom that share is begun within that wait; 0 where nothing comes."""
    if per_hour <= 0 or seconds <= 0:
        return 0
    people = math.floor(per_hour * seconds / 3600) + 1
    while people < MOST_PEOPLE and begun_within(people, per_hour, seconds, wait) < share:
        people += 1
    return min(people, MOST_PEOPLE)


def people_to_clear(waiting: int, per_hour: float, seconds: float, after: timedelta) -> int:
    """The fewest people who have worked off what waits, and what comes meanwhile, after that time. By the
    means alone: with a backlog nobody is ever idle."""
    hours = after / timedelta(hours=1)
    work = (waiting + per_hour * hours) * seconds / 3600
    return min(math.ceil(work / hours - 1e-9), MOST_PEOPLE)


def need(waiting: int, per_hour: float, handled: Sequence[float]) -> Need:
    """Who is needed for a queue in which so many wait and come. `handled`: the seconds that each of the cases
    that were decided of late was in hand; their mean counts, of fewer than `FEWEST` a guess."""
    measured = len(handled) if len(handled) >= FEWEST else 0
    seconds = sum(handled) / measured if measured else GUESSED.total_seconds()
    seconds = max(seconds, 1.0)
    keep_up = people_for(per_hour, seconds)
    return Need(
        per_hour=per_hour,
        waiting=waiting,
        seconds=seconds,
        measured=measured,
        keep_up=keep_up,
        busy=per_hour * seconds / 3600 / keep_up if keep_up else 0.0,
        clearing=[
            Clearing(after, max(keep_up, people_to_clear(waiting, per_hour, seconds, after)))
            for after in CLEAR_IN
        ],
    )
