"""Times, numbers and lists as people write them, each in the reader's language and by the reader's clock.

By Babel, from CLDR. Digits are the same in every language, as they are in ids and addresses. A clock has 24
hours.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta, get_datetime_format
from babel.lists import format_list
from babel.numbers import format_decimal

from tidegate.web.words import apart, gettext, ours, spoken, zone

_DAY = "yMMMd"
_MINUTE, _SECOND = "%H:%M", "%H:%M:%S"


def time_of(value: datetime | str) -> datetime:
    """A time, also as JSON has it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def iso(value: datetime | str) -> str:
    """For machines."""
    return time_of(value).isoformat()


def moment(value: datetime | str) -> str:
    """A time, with its day and its zone."""
    return ours(_written(time_of(value).astimezone(zone())))


def in_utc(value: datetime | str) -> str:
    """The same in UTC, for whoever compares notes with somebody elsewhere."""
    return ours(_written(time_of(value).astimezone(UTC)))


def _written(at: datetime) -> str:
    formats = spoken().formats
    day = _day_of(at.date(), formats)
    return _both(formats).replace("{1}", day).replace("{0}", _on_clock(at, _SECOND))


# A page says the same days, spans and numbers again and again.
@lru_cache(maxsize=4096)
def _day_of(at: date, formats: Locale) -> str:
    return format_skeleton(_DAY, datetime.combine(at, time()), locale=formats)


@cache
def _both(formats: Locale) -> str:
    """How a day and a time are put together."""
    return str(get_datetime_format("medium", formats)).replace("'", "")


def clock(value: datetime | str, *, seconds: bool = False) -> str:
    """The time of day, with its zone."""
    return ours(_on_clock(time_of(value).astimezone(zone()), _SECOND if seconds else _MINUTE))


def _on_clock(at: datetime, form: str) -> str:
    """The name of the zone is an abbreviation, or its offset where it has none."""
    name = at.tzname() or "UTC"
    return f"{at.strftime(form)} {name if name.isalpha() else f'UTC{name}'}"


def day(value: date | str) -> str:
    """A day that is one in UTC."""
    known = date.fromisoformat(value) if isinstance(value, str) else value
    return ours(format_date(known, "medium", locale=spoken().formats))


# In the one unit that matters.
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def ago(then: datetime | str, now: datetime) -> str:
    """How long ago, or how long until."""
    seconds = int((now - time_of(then)).total_seconds())
    for length, unit in _UNITS:
        if abs(seconds) >= length:
            whole = abs(seconds) // length * length
            return ours(_span(-whole if seconds > 0 else whole, unit, spoken().formats))
    return gettext("just now") if seconds >= 0 else gettext("in under a minute")


@lru_cache(maxsize=4096)
def _span(seconds: int, unit: str, formats: Locale) -> str:
    return format_timedelta(
        timedelta(seconds=seconds),
        granularity=unit,  # pyright: ignore[reportArgumentType]
        threshold=float("inf"),  # no larger unit
        add_direction=True,
        format="short",
        locale=formats,
    )


def count(value: float) -> str:
    """A whole number, grouped."""
    return _grouped(round(value), spoken().formats)


@lru_cache(maxsize=4096)
def _grouped(value: int, formats: Locale) -> str:
    return format_decimal(value, locale=formats)


def decimal(value: float) -> str:
    """A number with one place after the point, where that is not 0."""
    return format_decimal(round(value, 1), locale=spoken().formats)


def points(value: float) -> str:
    """Points of a score: two places after the point, where these are not 0."""
    return format_decimal(value, format="#,##0.##", locale=spoken().formats)


def listed(values: Iterable[object]) -> str:
    """Things in a sentence: "a, b and c"."""
    language = spoken()
    texts = [apart(str(value)) if language.rtl else str(value) for value in values]
    return format_list(texts, locale=language.formats) if len(texts) > 1 else "".join(texts)


def facts(values: Iterable[object]) -> str:
    """Small facts, one after another; what is nothing is left out."""
    told = [str(value) for value in values if value]
    return "، ".join(map(apart, told)) if spoken().rtl else ", ".join(told)


def size(bytes_: float) -> str:
    """How large a file is."""
    if bytes_ >= 1 << 20:
        return gettext("%(size)s MB") % {"size": decimal(bytes_ / (1 << 20))}
    if bytes_ >= 1 << 10:
        return gettext("%(size)s kB") % {"size": count(bytes_ / (1 << 10))}
    return gettext("%(size)s B") % {"size": count(bytes_)}


def upper_first(text: str) -> str:
    """With a capital letter at the start; the rest stays, for nouns have theirs."""
    at = next((place for place, letter in enumerate(text) if letter.isalpha()), 0)
    return text[:at] + text[at : at + 1].upper() + text[at + 1 :]
