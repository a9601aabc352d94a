"""A person's own: how they want the pages, what they had to look at, their breaks, the end of their day.

What is shown of a record is the reader's. There is no page on which one sees another's.
"""

import math
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.access.preferences import Preferences, choose, preferences_of
from tidegate.access.sign_in import close_session
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.parsing import convert, read_decimal, read_whole
from tidegate.pipeline.next import break_is_over, pace_of
from tidegate.review import wellness
from tidegate.review.holding import give_all_back
from tidegate.review.pace import HARD
from tidegate.review.wellness import Exposed
from tidegate.web.gate import COOKIE
from tidegate.web.pages.holding import onward, within_of
from tidegate.web.pages.media import place_of
from tidegate.web.pages.page import PageRoute, Query, gone_on, see_other, with_query
from tidegate.web.pages.visit import Visit
from tidegate.web.words import languages, zones

MOST_SECONDS = 120.0
"""A script tells of what was shown every half minute: more at once is no such account."""
DAYS_DRAWN = 14


class BreakQuery(Query, frozen=True):
    """`filter`: within which one goes on."""

    filter: Annotated[str, Meta(max_length=4000)] = ""


class SettingsPage(msgspec.Struct, frozen=True):
    """What the person has chosen, or what holds as long as they have not, of these languages (each as it
    calls itself) and zones of time."""

    chosen: dict[str, Any]
    languages: dict[str, str]
    zones: list[str]


class Bar(msgspec.Struct, frozen=True):
    """A day of the chart: how many files, of them hard ones, and how much of the height that is."""

    day: Any
    files: int
    hard: int
    height: float
    hard_height: float


class ExposurePage(msgspec.Struct, frozen=True):
    """The reader's own record, the latest day first; it is kept for `kept_days`."""

    days: list[Exposed]
    bars: list[Bar]
    kept_days: int


class BreakPage(msgspec.Struct, frozen=True, kw_only=True):
    """A break: how long one has worked and seen revealed media since the last, in minutes, whom one can
    talk to, and whether it can be put off."""

    worked: int
    revealed: int
    rest: int
    help_text: str
    firm: bool
    filter: str


def show_settings(visit: Visit) -> SettingsPage:
    with visit.begin() as tx:
        chosen = preferences_of(tx, tx.identity)
    spoken = {tag: one.name for tag, one in languages().items()}
    return SettingsPage(msgspec.structs.asdict(chosen), spoken, sorted(zones()))


def change_settings(visit: Visit) -> str:
    """Keep what the form says: of a box that is not ticked it says nothing. One that is about some settings
    alone names them as `only`."""
    only = visit.fields("only")
    known = msgspec.structs.fields(Preferences)
    fields = [one for one in known if not only or one.name in only]
    given: dict[str, Any] = {
        one.name: bool(visit.field(one.name)) if one.type is bool else visit.field(one.name)
        for one in fields
        if one.type is bool or visit.field(one.name)
    }
    if (number := read_whole(given.get("hide_from", ""))) is not None:
        given["hide_from"] = number
    if given.get("language", "auto") not in {"auto", *languages()}:
        raise bad_field("/language", f"auto, or one of {', '.join(languages())}", given["language"])
    if given.get("zone", "UTC") not in zones():
        raise bad_field("/zone", "a zone of the tz database, such as Europe/Berlin", given["zone"])
    with visit.begin() as tx:
        before = msgspec.structs.asdict(preferences_of(tx, tx.identity))
        choose(tx, convert(before | given, Preferences))
    return with_query("/me/settings", done="settings")


def show_exposure(visit: Visit) -> ExposurePage:
    with visit.begin() as tx:
        days = wellness.exposure_of_actor(tx)
    return ExposurePage(days, _bars(days), wellness.KEPT.days)


def _bars(days: list[Exposed]) -> list[Bar]:
    by_day: dict[Any, tuple[int, int]] = {}
    for one in reversed(days):
        files, hard = by_day.get(one.day, (0, 0))
        by_day[one.day] = files + one.files, hard + one.files * (one.severity >= HARD)
    latest = list(by_day.items())[-DAYS_DRAWN:]
    most = max((files for _, (files, _) in latest), default=0) or 1
    return [
        Bar(day, files, hard, round(100 * files / most, 1), round(100 * hard / most, 1))
        for day, (files, hard) in latest
    ]


def erase_exposure(visit: Visit) -> str:
    with visit.begin() as tx:
        wellness.erase_exposure(tx)
    return with_query("/me/exposure", done="record-erased")


def count_seconds(visit: Visit) -> Response:
    """A script says for how long a file was shown."""
    path = visit.field("file").split("/")
    names = ("entry",) if path[1:3] == ["media", "entries"] else ("item", "revision", "index")
    place = place_of(dict(zip(names, path[-len(names) :], strict=False)))
    text = visit.field("seconds")
    seconds = read_decimal(text)
    if seconds is None or seconds > MOST_SECONDS:
        raise bad_field("/seconds", f"0 to {MOST_SECONDS:.0f}", text[:20] or "nothing")
    with visit.begin() as tx:
        wellness.work_on(tx, pace_of(visit.instance.settings))
        wellness.count_seconds(tx, place.severity(tx), seconds)
    return Response(status_code=204)


def show_break(visit: Visit) -> BreakPage:
    settings = visit.instance.settings
    with visit.begin() as tx:
        stint = wellness.stint_of(tx)
    return BreakPage(
        worked=int((stint.last_at - stint.began_at).total_seconds() // 60),
        revealed=int(stint.revealed_seconds // 60),
        rest=math.ceil(settings.break_minutes),
        help_text=settings.help_text,
        firm=settings.firm_breaks,
        filter=visit.query.filter,
    )


def end_break(visit: Visit) -> str:
    """Go on, after the break (`taken`) or without it (`later`)."""
    choice = visit.field("choice")
    settings = visit.instance.settings
    if choice not in ("later", "taken"):
        raise bad_field("/choice", "later or taken", choice or "nothing")
    with visit.begin() as tx:
        if settings.firm_breaks and not break_is_over(tx, settings):
            raise Refusal(
                "break-firm",
                409,
                "The break is not over",
                f"A break lasts {settings.break_minutes:g} minutes here. Nothing is held for you"
                " meanwhile, and nothing is lost.",
            )
        if choice == "taken":
            wellness.begin_anew(tx)
        else:
            wellness.put_off(tx)
        return onward(visit, tx, within_of(visit))


def close_day(visit: Visit) -> Response:
    """Give back what is held, sign out, and leave nothing on the screen or in the browser."""
    session = visit.who.session
    assert session is not None  # keys open no pages
    with visit.begin() as tx:
        give_all_back(tx)
        close_session(tx, session)
    path = with_query("/sign-in", done="day-closed")
    response = gone_on(path) if visit.by_script else see_other(path)
    response.delete_cookie(COOKIE)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


_settings = PageRoute(
    path="/me/settings", handler=show_settings, scope=None, template="me_settings.html"
)
_break = PageRoute(
    path="/me/break",
    handler=show_break,
    scope="cases:decide",
    query=BreakQuery,
    template="me_break.html",
)
pages = [
    _settings,
    PageRoute(
        method="POST", path="/me/settings", handler=change_settings, scope=None, again=_settings
    ),
    PageRoute(path="/me/exposure", handler=show_exposure, scope=None, template="me_exposure.html"),
    PageRoute(method="POST", path="/me/exposure/erase", handler=erase_exposure, scope=None),
    PageRoute(method="POST", path="/me/exposure/seconds", handler=count_seconds, scope=None),
    _break,
    PageRoute(
        method="POST", path="/me/break", handler=end_break, scope="cases:decide", again=_break
    ),
    PageRoute(method="POST", path="/me/close-day", handler=close_day, scope=None),
]
