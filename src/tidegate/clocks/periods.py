"""The calculator: when a period ends, in both readings, and when to warn of it. Pure.

The plain reading counts from the moment itself. The generous one is that of Regulation (EEC, Euratom)
1182/71, Article 3: the hour, or day, of the event does not count, and the end is the first instant after the
period.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tidegate.clocks.model import Due, Limit

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:)(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


class Days:
    """The calendar of one place: whose midnight, and which days are free beside the weekends."""

    def __init__(self, zone: ZoneInfo, free: Collection[date] = ()) -> None:
        self.zone = zone
        self.free = free

    def works(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.free

    def start_of(self, day: date) -> datetime:
        """The first instant of a day."""
        return self.instant(day, time())

    def instant(self, day: date, clock: time) -> datetime:
        """A local time as an instant: one that is skipped moves on by the gap, of a doubled one it is the
        first."""
        return datetime.combine(day, clock.replace(fold=0), self.zone).astimezone(UTC)

    def moved(self, at: datetime, move: Callable[[date], date]) -> datetime:
        """The same local time on another day."""
        local = at.astimezone(self.zone)
        return self.instant(move(local.date()), local.time())


def read_moment(text: str) -> datetime:
    """An RFC 3339 time with an offset, in UTC; the second `:60` is the next one. Raises ValueError."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError("no RFC 3339 time")
    minute, second, fraction, offset = found.groups()
    leap = second == "60"
    text = f"{minute}{'59' if leap else second}{fraction or ''}{offset}"
    return datetime.fromisoformat(text.upper()).astimezone(UTC) + timedelta(seconds=leap)


def due(
    limit: Limit,
    at: datetime,
    days: Days,
    *,
    warnings: Sequence[str] = (),
    safe: str = "early",
    until: datetime | None = None,
) -> Due:
    """When a period that starts with an event of that moment ends; `until` is an end that was given as
    an instant. Raises OverflowError for one beyond the calendar."""
    at = at.astimezone(UTC)
    plain, latest = _ends(limit, at, days) if until is None else _both(until.astimezone(UTC))
    end = latest if safe == "late" else plain
    told = {_warning(one, at, end, days) for one in warnings}
    asked = "start" in warnings
    return Due(plain, latest, sorted(one for one in told if one > at or (asked and one == at)))


def by_days(limit: Limit) -> bool:
    """Whether holidays count for it."""
    return bool(limit.days or limit.weeks or limit.months or limit.working_days)


def _ends(limit: Limit, at: datetime, days: Days) -> tuple[datetime, datetime]:
    if limit.service_level is not None:
        return _both(at + limit.service_level)
    if limit.hours is not None:
        while_ = limit.hours * _HOUR
        return at + while_, _next_hour(at, days.zone) + while_
    if limit.working_days is not None:
        return _both(_after_working_days(limit.working_days, at, days))
    if limit.before is not None:
        return _both(_next_named(limit.before, at, days))

    def move(day: date) -> date:
        if limit.months is not None:
            return months_on(day, limit.months)
        return day + timedelta(days=limit.days or 0, weeks=limit.weeks or 0)

    last = move(at.astimezone(days.zone).date())
    while not days.works(last):
        last += _DAY
    return days.moved(at, move), days.start_of(last + _DAY)


def _both(end: datetime) -> tuple[datetime, datetime]:
    return end, end


def months_on(day: date, months: int) -> date:
    """The same date so many months on; the last of a month that does not have it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        raise OverflowError
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _next_hour(at: datetime, zone: ZoneInfo) -> datetime:
    """The first full hour after the one that the moment lies in; a full hour lies in its own."""
    local = at.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at - into + _HOUR


def _after_working_days(count: int, at: datetime, days: Days) -> datetime:
    day = at.astimezone(days.zone).date()
    while count:
        day += _DAY
        count -= days.works(day)
    return days.start_of(day + _DAY)


def _next_named(named: str, at: datetime, days: Days) -> datetime:
    """The next start of that day of a year, after the moment."""
    year = at.astimezone(days.zone).year
    start = days.start_of(date.fromisoformat(f"{year:04}-{named}"))
    return start if start > at else days.start_of(date.fromisoformat(f"{year + 1:04}-{named}"))


def _warning(text: str, at: datetime, end: datetime, days: Days) -> datetime:
    if text in ("start", "end"):
        return at if text == "start" else end
    found = re.fullmatch(r"(\d+)([a-z]+)", text)
    assert found is not None
    count, unit = int(found[1]), found[2]
    if unit == "d":
        return days.moved(end, lambda day: day - count * _DAY)
    if unit != "wd":
        return end - count * {"m": timedelta(minutes=1), "h": _HOUR}[unit]
    day = end.astimezone(days.zone).date()
    while count:
        day -= _DAY
        count -= days.works(day)
    return days.start_of(day)
