"""The packs: which clocks there are, and by which holidays they count. Data that people edit, shipped in
`jurisdictions/`; a file of the same name in the folder `policies/` of the data directory takes its place.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from tidegate.clocks.model import Definition, Due, Limit, Terms
from tidegate.clocks.periods import Days, due
from tidegate.infra.edited import decoded, read_edited, unusable
from tidegate.infra.errors import Refusal

PACKAGE, FOLDER = "tidegate.clocks", "jurisdictions"
HOLIDAYS = "holidays.toml"
CALENDAR_OF = {"DE": "de", "FR": "fr", "IE": "ie", "GB": "uk"}  # by state
_Text = Annotated[str, Meta(min_length=1, max_length=300)]
T = TypeVar("T")


class Pack(
    Struct, frozen=True, forbid_unknown_fields=True, rename={"clocks": "clock"}, kw_only=True
):
    """One law, or one agreement, with its clocks; `states` are those that it binds."""

    id: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    version: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,40}$")]
    law: _Text
    states: list[Annotated[str, Meta(pattern="^[A-Z]{2}$")]] = []
    clocks: list[Definition] = []

    @property
    def named(self) -> str:
        return f"{self.id}@{self.version}"


class Calendar(Struct, frozen=True, forbid_unknown_fields=True):
    """The public holidays of a place, with where that is known from."""

    name: _Text
    source: _Text
    days: dict[date, str]


class _Holidays(Struct, frozen=True, forbid_unknown_fields=True):
    first: int
    last: int
    calendars: dict[str, Calendar]


class Packs:
    """All packs of an instance, by the names of their clocks, and the calendars."""

    def __init__(self, packs: list[Pack], holidays: _Holidays) -> None:
        self.packs = packs
        self.calendars: Mapping[str, Calendar] = holidays.calendars
        self.years = range(holidays.first, holidays.last + 1)  # that the calendars know
        self._clocks = {one.name: (pack, one) for pack in packs for one in pack.clocks}
        self.names = sorted(self._clocks)
        self.events = frozenset(event for _, one in self._clocks.values() for event in one.events)

    def definition(self, name: str) -> Definition:
        """Raises Refusal (404) for a name that no pack has."""
        return self._find(name)[1]

    def pack_of(self, name: str) -> Pack:
        """Raises Refusal (404) for a name that no pack has."""
        return self._find(name)[0]

    def _find(self, name: str) -> tuple[Pack, Definition]:
        if (found := self._clocks.get(name)) is None:
            known = f"There are {', '.join(self.names)}."
            raise Refusal("clock-unknown", 404, "There is no such clock", known)
        return found

    def due(
        self,
        what: Definition | Limit,
        at: datetime,
        terms: Terms,
        *,
        limit: Limit | None = None,
        until: datetime | None = None,
    ) -> Due:
        """When a period ends; `limit` takes the place of the definition's. Raises Refusal (422) for a zone,
        calendar or end that there is none of."""
        if isinstance(what, Limit):
            what, warnings, safe = what, [], "early"
        else:
            what, warnings, safe = limit or what.limit, what.warnings, what.safe
        days = self._days(what.calendar or terms.calendar, terms.zone)
        try:
            return due(what, at, days, warnings=warnings, safe=safe, until=until)
        except (OverflowError, ValueError):
            raise _bad(
                f"The period ends beyond the calendar: it starts {at.isoformat()}."
            ) from None

    def terms(self, zone: str, state: str) -> Terms:
        """Those of an organisation: its zone, and the calendar of its state where there is one."""
        calendar = CALENDAR_OF.get(state)
        return Terms(zone, calendar if calendar in self.calendars else None)

    def _days(self, calendar: str | None, zone: str) -> Days:
        if calendar is not None and calendar not in self.calendars:
            raise _bad(
                f"calendar: one of {', '.join(sorted(self.calendars))}, not {calendar[:40]!r}."
            )
        try:
            known = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise _bad(f"zone: a name such as Europe/Berlin, not {zone[:60]!r}.") from None
        return Days(known, self.calendars[calendar].days if calendar else {})


def read_packs(data_dir: Path | None = None) -> Packs:
    """The shipped packs, and in their place those of `data_dir`. Raises SettingsError."""
    folder = files(PACKAGE).joinpath(FOLDER)
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml"))
    packs = [_read(name, Pack, data_dir) for name in names if name != HOLIDAYS]
    found = [one.name for pack in packs for one in pack.clocks]
    if twice := {name for name in found if found.count(name) > 1}:
        raise unusable(FOLDER, "*.toml", f"two clocks are called {min(twice)}")
    return Packs(packs, _read(HOLIDAYS, _Holidays, data_dir))


def _read(name: str, kind: type[T], data_dir: Path | None) -> T:
    text, where = read_edited(PACKAGE, FOLDER, name, data_dir)
    try:
        return decoded(text, kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise unusable(where, name, error) from None


def _bad(detail: str) -> Refusal:
    return Refusal("invalid-parameter", 422, "A period cannot be counted so", detail)
