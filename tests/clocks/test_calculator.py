"""The calculator against a slow calendar, for all definitions and moments where calendars are odd."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.clocks.reference import Wall, ends, warning

from tidegate.clocks.model import Definition, Due, Limit, Terms
from tidegate.clocks.packs import read_packs
from tidegate.clocks.periods import read_moment
from tidegate.infra.errors import Refusal

PACKS = read_packs()
ZONES = (
    *("Europe/Berlin", "Europe/Dublin", "Europe/London", "Europe/Paris", "Europe/Helsinki"),
    *("UTC", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Pacific/Auckland"),
)
KINDS = ("hours", "days", "weeks", "months", "working_days", "before", "service_level")
ODD_DAYS = (
    *(date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28), date(2027, 10, 31)),  # DST
    *(date(2028, 2, 29), date(2027, 8, 31), date(2026, 8, 31), date(2028, 1, 31)),
    *(date(2026, 12, 31), date(2027, 1, 1), date(2026, 12, 24), date(2028, 12, 31)),
    *(date(2026, 4, 2), date(2027, 3, 25), date(2028, 4, 13), date(2026, 3, 8)),  # Easter; DST
    *(date(2026, 11, 1), date(2026, 4, 24), date(2026, 10, 29), date(2026, 9, 27)),
)


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """Mostly near what is odd, and where a period from there, or to there, meets it."""
    if draw(st.booleans()):
        day = draw(st.dates(date(2026, 1, 1), date(2029, 12, 31)))
    else:
        back = draw(st.sampled_from((0, 0, 0, 1, 2, 7, 14, 42)))
        day = draw(st.sampled_from(ODD_DAYS)) - timedelta(days=back)
    hour = draw(st.integers(0, 23))
    minute = draw(st.sampled_from((0, 0, 1, 13, 29, 30, 31, 59)))
    rest = draw(st.sampled_from((0, 0, 1, 999_999, 7_123_456, 59_999_999)))
    start = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
    return start + timedelta(microseconds=rest)


def amount_of(limit: Limit) -> tuple[str, object]:
    ((kind, amount),) = (
        (kind, amount) for kind in KINDS if (amount := getattr(limit, kind)) is not None
    )
    return kind, amount


def check(what: Definition | Limit, at: datetime, terms: Terms) -> Due:
    found = PACKS.due(what, at, terms)
    limit = what if isinstance(what, Limit) else what.limit
    code = limit.calendar or terms.calendar
    wall = Wall(terms.zone, PACKS.calendars[code].days if code else ())
    plain, latest = ends(wall, at, *amount_of(limit))
    assert (found.due_at, found.due_latest) == (plain, latest)
    if isinstance(what, Definition):
        end = latest if what.safe == "late" else plain
        told = {one: warning(wall, one, at, end) for one in what.warnings}
        due = {when for one, when in told.items() if when > at or one == "start"}
        assert found.warnings == sorted(due)
    assert found.due_at <= found.due_latest
    return found


@pytest.mark.parametrize("name", PACKS.names)
@settings(max_examples=25)
@given(
    at=moments(),
    zone=st.sampled_from(ZONES),
    calendar=st.sampled_from((None, "de", "fr", "ie", "uk")),
)
def test_each_definition_ends_as_a_slow_calendar_says(
    name: str, at: datetime, zone: str, calendar: str | None
) -> None:
    check(PACKS.definition(name), at, Terms(zone, calendar))


@settings(max_examples=150)
@given(
    at=moments(),
    zone=st.sampled_from(ZONES),
    calendar=st.sampled_from((None, "de", "uk")),
    kind=st.sampled_from(("hours", "days", "weeks", "months", "working_days")),
    count=st.integers(1, 13),
)
@example(datetime(2026, 3, 28, 1, 30, tzinfo=UTC), "Europe/Berlin", None, "days", 1)
@example(datetime(2026, 10, 24, 0, 30, tzinfo=UTC), "Europe/Berlin", None, "days", 1)
def test_any_limit_ends_as_a_slow_calendar_says(
    at: datetime, zone: str, calendar: str | None, kind: str, count: int
) -> None:
    check(Limit(**{kind: count}), at, Terms(zone, calendar))  # pyright: ignore[reportArgumentType]


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


def of(limit: Limit, at: datetime, zone: str = "Europe/Berlin", calendar: str | None = "de") -> Due:
    return PACKS.due(limit, at, Terms(zone, calendar))


def test_a_full_hour_lies_in_its_own() -> None:
    at = datetime(2026, 3, 2, 2, tzinfo=UTC)
    found = of(Limit(hours=1), at)
    assert found.due_at == datetime(2026, 3, 2, 3, tzinfo=UTC)
    assert found.due_latest == datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_hours_are_real_ones_when_the_clocks_change() -> None:
    spring = of(Limit(hours=48), berlin("2026-03-28T12:00:00"))
    assert spring.due_at == berlin("2026-03-30T13:00:00")
    autumn = of(Limit(hours=48), berlin("2026-10-24T12:00:00"))
    assert autumn.due_at == berlin("2026-10-26T11:00:00")


def test_a_skipped_local_time_moves_on_and_of_a_doubled_one_it_is_the_first() -> None:
    skipped = of(Limit(weeks=1), berlin("2026-03-22T02:30:00"))
    assert skipped.due_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30
    doubled = of(Limit(weeks=1), berlin("2026-10-18T02:30:00"))
    assert doubled.due_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    # What began in the second of two equal hours counts by what the wall showed.
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert of(Limit(weeks=1), second).due_at == berlin("2026-11-01T02:30:00")


def test_a_month_without_that_day_ends_on_its_last() -> None:
    assert of(Limit(months=6), berlin("2026-08-31T10:00:00")).due_at == berlin("2027-02-28T10:00")
    assert of(Limit(months=6), berlin("2027-08-31T10:00:00")).due_at == berlin("2028-02-29T10:00")
    assert of(Limit(months=12), berlin("2028-02-29T10:00:00")).due_at == berlin("2029-02-28T10:00")
    assert of(Limit(months=3), berlin("2026-11-30T10:00:00")).due_at == berlin("2027-02-28T10:00")


def test_the_end_on_a_free_day_moves_to_the_next_working_day() -> None:
    friday = of(Limit(weeks=2), berlin("2026-01-09T10:00:00"))
    assert friday.due_latest == berlin("2026-01-24T00:00:00")  # Saturday's start
    saturday = of(Limit(weeks=2), berlin("2026-01-10T10:00:00"))
    assert saturday.due_latest == berlin("2026-01-27T00:00:00")  # Monday's end
    good_friday = of(Limit(weeks=2), berlin("2026-03-20T10:00:00"))
    assert good_friday.due_latest == berlin("2026-04-08T00:00:00")  # and Easter Monday
    without = of(Limit(weeks=2), berlin("2026-03-20T10:00:00"), calendar=None)
    assert without.due_latest == berlin("2026-04-04T00:00:00")
    hours = of(Limit(hours=72), berlin("2026-04-02T10:30:00"))
    assert hours.due_latest == berlin("2026-04-05T11:00:00")


def test_two_working_days_across_easter() -> None:
    found = of(Limit(working_days=2, calendar="uk"), berlin("2026-04-02T10:00"), "Europe/London")
    end = datetime(2026, 4, 9, tzinfo=ZoneInfo("Europe/London"))  # Tuesday 7 and Wednesday 8
    assert (found.due_at, found.due_latest) == (end, end)


def test_a_holiday_of_any_part_of_the_united_kingdom_is_one() -> None:
    days = PACKS.calendars["uk"].days
    assert {date(2026, 1, 2), date(2026, 3, 17), date(2026, 7, 13), date(2026, 11, 30)} <= set(days)
    assert {date(2026, 4, 6), date(2026, 8, 3), date(2026, 8, 31)} <= set(days)
    assert set(PACKS.calendars) == {"de", "fr", "ie", "uk"}
    for one in PACKS.calendars.values():
        assert {day.year for day in one.days} == set(range(2026, 2031))
        assert one.source


def test_before_a_day_is_before_its_start_in_the_year_that_comes() -> None:
    new_year = of(Limit(before="03-01"), berlin("2027-01-01T00:00:00"))
    assert new_year.due_at == new_year.due_latest == berlin("2027-03-01T00:00:00")
    at_it = of(Limit(before="03-01"), berlin("2027-03-01T00:00:00"))
    assert at_it.due_at == berlin("2028-03-01T00:00:00")
    just_before = of(Limit(before="03-01"), berlin("2027-02-28T23:59:59.999999"))
    assert just_before.due_at == berlin("2027-03-01T00:00:00")


def test_an_end_that_was_given_is_both_readings() -> None:
    until = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
    definition = PACKS.definition("tco.non_disclosure")
    at = datetime(2026, 3, 2, tzinfo=UTC)
    found = PACKS.due(definition, at, Terms("Europe/Berlin", "de"), until=until)
    assert (found.due_at, found.due_latest) == (until, until)
    assert found.warnings == [until - timedelta(days=7), until - timedelta(days=1)]
    soon = PACKS.due(definition, at, Terms("UTC"), until=at + timedelta(days=2))
    assert soon.warnings == [at + timedelta(days=1)], "none from before the start"
    sooner = PACKS.due(definition, at, Terms("UTC"), until=at + timedelta(days=1))
    assert sooner.warnings == [], "nor at the start itself"


def test_the_sixtieth_second_is_the_next_one() -> None:
    assert read_moment("2016-12-31T23:59:60Z") == datetime(2017, 1, 1, tzinfo=UTC)
    assert read_moment("2017-01-01T00:59:60.25+01:00") == datetime(
        2017, 1, 1, microsecond=250_000, tzinfo=UTC
    )
    assert read_moment("2026-03-02t02:13:07.123456z") == datetime(2026, 3, 2, 2, 13, 7, 123456, UTC)
    for text in (
        "2026-03-02T02:13:07",
        "2026-03-02",
        "2026-03-02T02:13:61Z",
        "",
        "20260302T021307Z",
    ):
        with pytest.raises(ValueError, match=r"RFC 3339|must be"):
            read_moment(text)


@pytest.mark.parametrize("terms", [Terms("Nowhere/Land"), Terms("../etc"), Terms("UTC", "xx")])
def test_what_is_no_zone_or_calendar_is_refused(terms: Terms) -> None:
    with pytest.raises(Refusal) as refused:
        of(Limit(hours=1), datetime(2026, 3, 2, tzinfo=UTC), terms.zone, terms.calendar)
    assert refused.value.status == 422


def test_beyond_the_calendar_nothing_ends() -> None:
    late = datetime(9999, 12, 30, 12, tzinfo=UTC)
    for limit in (Limit(hours=100), Limit(months=1), Limit(weeks=1), Limit(before="03-01")):
        with pytest.raises(Refusal) as refused:
            of(limit, late)
        assert refused.value.status == 422
