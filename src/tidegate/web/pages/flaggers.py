"""Trusted flaggers, and notifiers who are warned or not heard for a while: who they are, what became of their
reports, and what people do about them."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.access.bounds import read_end
from tidegate.decisions.agreement import FEWEST, Figure
from tidegate.infra.errors import bad_field
from tidegate.infra.parsing import convert
from tidegate.intake import flaggers, notifiers
from tidegate.intake.flagging import (
    FlaggerDetail,
    FlaggerIn,
    FlaggerView,
    NotifierStanding,
    NotifierView,
    Quality,
    ReasonIn,
)
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.visit import Visit

SCOPE = "flaggers:write"
PAGE = 50
_NONE = Quality(reports=0, decided=0, acted=0, precision=Figure(n=0))


class FlaggersQuery(Query, frozen=True, kw_only=True):
    cursor: Annotated[str, Meta(max_length=128)] | None = None
    notifiers: Annotated[str, Meta(max_length=128)] | None = None


class FlaggerRow(msgspec.Struct, frozen=True):
    """A flagger with what became of its reports."""

    flagger: FlaggerView
    quality: Quality


class FlaggersPage(msgspec.Struct, frozen=True, kw_only=True):
    """The flaggers, the eldest first, and the notifiers who are warned or suspended, the newest first.
    `platforms` are those that the person is bound to (None: to none); below `fewest` decided reports there is
    no figure."""

    flaggers: list[FlaggerRow]
    next: str | None
    notifiers: list[NotifierStanding]
    more_notifiers: str | None
    platforms: list[str] | None
    fewest: int


class FlaggerPage(msgspec.Struct, frozen=True, kw_only=True):
    flagger: FlaggerDetail
    fewest: int


class NotifierPage(msgspec.Struct, frozen=True, kw_only=True):
    notifier: NotifierView
    fewest: int


def show_all(visit: Visit) -> FlaggersPage:
    """Also shown again with a form that was refused."""
    with visit.begin() as tx:
        found, following = flaggers.list_flaggers(tx, visit.query.cursor, PAGE)
        became = flaggers.quality_of_flaggers(tx, [one.id for one in found])
        standing, others = notifiers.list_notifiers(tx, visit.query.notifiers, PAGE)
    bound = visit.who.platforms
    return FlaggersPage(
        flaggers=[FlaggerRow(one, became.get(one.id, _NONE)) for one in found],
        next=following and with_query("/flaggers", cursor=following),
        notifiers=standing,
        more_notifiers=others and with_query("/flaggers", notifiers=others),
        platforms=None if bound is None else sorted(bound),
        fewest=FEWEST,
    )


def show(visit: Visit) -> FlaggerPage:
    with visit.begin() as tx:
        return FlaggerPage(flagger=flaggers.get_flagger(tx, _id(visit)), fewest=FEWEST)


def create(visit: Visit) -> str:
    said: dict[str, Any] = {name: visit.field(name) for name in ("name", "contact", "platform")}
    said["areas"] = [one.strip() for one in visit.field("areas").split(",") if one.strip()]
    given = convert({name: value for name, value in said.items() if value}, FlaggerIn)
    with visit.begin() as tx:
        made = flaggers.create_flagger(tx, given)
    return with_query(f"/flaggers/{made.id}", done="flagger-made")


def suspend(visit: Visit) -> str:
    flagger_id, reason = _id(visit), _reason(visit)
    with visit.begin() as tx:
        flaggers.suspend_flagger(tx, flagger_id, reason)
    return with_query(f"/flaggers/{flagger_id}", done="flagger-suspended")


def resume(visit: Visit) -> str:
    flagger_id, reason = _id(visit), _reason(visit)
    with visit.begin() as tx:
        flaggers.resume_flagger(tx, flagger_id, reason)
    return with_query(f"/flaggers/{flagger_id}", done="flagger-resumed")


def look_up(visit: Visit) -> str:
    """Go to the page of a pseudonym, of the platform that is named or the only one. Raises Refusal: 422; 404."""
    who, bound = visit.field("notifier"), sorted(visit.who.platforms or ())
    if not who.strip():
        raise bad_field("/notifier", "a pseudonym", "nothing")
    platform = visit.field("of_platform") or (bound[0] if len(bound) == 1 else "default")
    with visit.begin() as tx:
        found = notifiers.get_notifier(tx, platform, who)
    return _at(found)


def show_notifier(visit: Visit) -> NotifierPage:
    with visit.begin() as tx:
        found = notifiers.get_notifier(tx, *_who(visit))
    return NotifierPage(notifier=found, fewest=FEWEST)


def warn(visit: Visit) -> str:
    reason = _reason(visit)
    with visit.begin() as tx:
        found = notifiers.warn_notifier(tx, *_who(visit), reason)
    return with_query(_at(found), done="notifier-warned")


def suspend_notifier(visit: Visit) -> str:
    reason = _reason(visit)
    with visit.begin() as tx:
        until = read_end(visit.field("until"), tx.now, "/until")
        found = notifiers.suspend_notifier(tx, *_who(visit), reason, until)
    return with_query(_at(found), done="notifier-suspended")


def lift(visit: Visit) -> str:
    reason = _reason(visit)
    with visit.begin() as tx:
        found = notifiers.lift_measures(tx, *_who(visit), reason)
    return with_query(_at(found), done="notifier-lifted")


def _id(visit: Visit) -> UUID:
    return visit.uuid("flagger", lambda _: flaggers.flagger_unknown())


def _who(visit: Visit) -> tuple[str, str]:
    return visit.path["platform"], visit.path["notifier"]


def _at(found: NotifierStanding) -> str:
    return f"/notifiers/{quote(found.platform, safe='')}/{quote(found.notifier, safe='')}"


def _reason(visit: Visit) -> str:
    return convert({"reason": visit.field("reason")}, ReasonIn).reason


_ALL = PageRoute(
    path="/flaggers", handler=show_all, scope=SCOPE, query=FlaggersQuery, template="flaggers.html"
)
_ONE = PageRoute(path="/flaggers/{flagger}", handler=show, scope=SCOPE, template="flagger.html")
_NOTIFIER = PageRoute(
    path="/notifiers/{platform}/{notifier}",
    handler=show_notifier,
    scope=SCOPE,
    template="notifier.html",
)


def _form(path: str, handler: Any, again: PageRoute) -> PageRoute:
    return PageRoute(method="POST", path=path, handler=handler, scope=SCOPE, again=again)


pages = [
    _ALL,
    _form("/flaggers", create, _ALL),
    _form("/notifiers", look_up, _ALL),
    _ONE,
    _form(f"{_ONE.path}/suspend", suspend, _ONE),
    _form(f"{_ONE.path}/resume", resume, _ONE),
    _NOTIFIER,
    _form(f"{_NOTIFIER.path}/warn", warn, _NOTIFIER),
    _form(f"{_NOTIFIER.path}/suspend", suspend_notifier, _NOTIFIER),
    _form(f"{_NOTIFIER.path}/lift", lift, _NOTIFIER),
]
