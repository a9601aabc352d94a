"""The period that a query or a form asks for: two days, or two moments with their time zone; the second is not in it
any more."""

from datetime import UTC, datetime, timedelta

from tidegate.web.api.endpoint import bad_parameter

USUAL = timedelta(days=90)
_DAY = timedelta(days=1)
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


def period(since: str | None, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    """The period from `since` to before `until`; where they are missing, ninety days up to the end of today in UTC.
    Raises Refusal (422)."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    last = _moment("to", until) if until else midnight + _DAY
    first = _moment("from", since) if since else last - USUAL
    if not first < last:
        raise bad_parameter("to", "a time after `from`", until or "nothing")
    return first, last


def _moment(name: str, text: str) -> datetime:
    """A day begins at midnight in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise _bad(name, text) from None
    if len(text) == len("2026-01-01"):
        found = found.replace(tzinfo=UTC)
    if found.tzinfo is None:
        raise _bad(name, text)
    if not _EARLIEST <= found < _LATEST:
        raise bad_parameter(name, "a time of the years 2000 to 2999", text)
    return found.astimezone(UTC)


def _bad(name: str, text: str) -> Exception:
    expected = "a day, as in 2026-01-31, or a time with its zone, as in 2026-01-31T12:00:00Z"
    return bad_parameter(name, expected, text)
