"""A slow calendar, written apart from the program's: it walks the minutes and the days one by one, and looks at
what a clock on the wall shows.
"""

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
ONE = timedelta(days=1)


class Wall:
    """A clock on the wall and a calendar beside it."""

    def __init__(self, zone: str, free: Collection[date]) -> None:
        self.zone = ZoneInfo(zone)
        self.free = set(free)

    def shows(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def works(self, day: date) -> bool:
        return day.strftime("%a") not in ("Sat", "Sun") and day not in self.free

    def minutes_of(self, day: date) -> list[datetime]:
        """The full minutes in which the calendar shows a day, and those of the days beside it."""
        first = datetime.combine(day, time(), UTC) - timedelta(hours=30)
        return [first + n * MINUTE for n in range(85 * 60)]

    def begins(self, day: date) -> datetime:
        """The first minute that shows that day."""
        return next(one for one in self.minutes_of(day) if self.shows(one).date() >= day)

    def first_showing(self, day: date, clock: time) -> datetime:
        """When the wall first shows that; where it never does, as much later as it jumped."""
        wanted = datetime.combine(day, clock.replace(second=0, microsecond=0))
        rest = timedelta(seconds=clock.second, microseconds=clock.microsecond)
        minutes = self.minutes_of(day)
        for one in minutes:
            if self.shows(one) == wanted:
                return one + rest
        for before, after in pairwise(minutes):
            jump = self.shows(after) - self.shows(before) - MINUTE
            if self.shows(before) < wanted < self.shows(after):
                return self.first_showing((wanted + jump).date(), (wanted + jump).time()) + rest
        raise AssertionError("a wall without that time")

    def next_hour(self, at: datetime) -> datetime:
        """The first full hour that begins after the one in which that moment lies."""
        one = at.replace(second=0, microsecond=0)
        while True:
            one += MINUTE
            if self.shows(one).minute == 0:
                return one


def later(day: date, count: int, unit: str) -> date:
    """The day that falls on the same day of the week, or the same date, so many units later."""
    if unit in ("days", "weeks"):
        for _ in range(count * (7 if unit == "weeks" else 1)):
            day += ONE
        return day
    wanted, months = day.day, 0
    while months < count:
        day += ONE
        months += day.day == 1
    while day.day != wanted and (day + ONE).day != 1:
        day += ONE
    return day


def ends(wall: Wall, at: datetime, kind: str, amount: object) -> tuple[datetime, datetime]:
    """The end of a period in both readings, after the letter of Regulation 1182/71."""
    today = wall.shows(at).date()
    if kind == "service_level":
        assert isinstance(amount, timedelta)
        return at + amount, at + amount
    if kind == "before":
        day = today
        while f"{day:%m-%d}" != amount or wall.begins(day) <= at:
            day += ONE
        return wall.begins(day), wall.begins(day)
    assert isinstance(amount, int)
    if kind == "hours":
        plain, full = at, wall.next_hour(at)
        for _ in range(amount):
            plain += timedelta(minutes=60)
            full += timedelta(minutes=60)
        return plain, full
    if kind == "working_days":
        day = today
        for _ in range(amount):
            day += ONE
            while not wall.works(day):
                day += ONE
        return wall.begins(day + ONE), wall.begins(day + ONE)
    last = later(today, amount, kind)
    plain = wall.first_showing(last, wall.shows(at).time())
    while not wall.works(last):
        last += ONE
    return plain, wall.begins(last + ONE)


def warning(wall: Wall, text: str, at: datetime, end: datetime) -> datetime:
    """When one warns, as the packs write it."""
    if text in ("start", "end"):
        return {"start": at, "end": end}[text]
    steps: dict[str, Callable[[int], datetime]] = {
        "wd": lambda count: _working_days_before(wall, end, count),
        "m": lambda count: end - count * MINUTE,
        "h": lambda count: end - count * 60 * MINUTE,
        "d": lambda count: wall.first_showing(
            wall.shows(end).date() - count * ONE, wall.shows(end).time()
        ),
    }
    unit = text.lstrip("0123456789")
    return steps[unit](int(text[: -len(unit)]))


def _working_days_before(wall: Wall, end: datetime, count: int) -> datetime:
    day = wall.shows(end).date()
    for _ in range(count):
        day -= ONE
        while not wall.works(day):
            day -= ONE
    return wall.begins(day)
