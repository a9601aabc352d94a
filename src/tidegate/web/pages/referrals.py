"""Referrals on the desk, for both sides: an authority refers URLs and sees what became of each, a platform answers
each by its own terms. The paths are those of the API.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.exchange.model import Party
from tidegate.exchange.queries import parties
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.orders.drafts.model import CarriedIn, ClaimedIn, ReasonIn
from tidegate.orders.model import Direction
from tidegate.orders.referrals.model import ENDED, AnswerIn, ReferralIn
from tidegate.orders.referrals.queries import list_referrals, referral_of, referral_unknown
from tidegate.pipeline.orders import referring
from tidegate.pipeline.orders.shown_referrals import (
    ReferralLine,
    ReferralView,
    referral_line,
    referral_view,
)
from tidegate.web.pages.order_drafts import PLATFORMS
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit

T = TypeVar("T")
PAGE = 50


class ReferralsQuery(Query, frozen=True, kw_only=True):
    direction: Direction | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class ReferralsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The referrals, the newest first."""

    referrals: list[ReferralLine]
    next: str | None
    direction: Direction | None


class ReferralPage(msgspec.Struct, frozen=True):
    """One referral; `open`: it can still be answered or withdrawn."""

    referral: ReferralView
    open: bool


class NewReferralPage(msgspec.Struct, frozen=True):
    """To whom something can be referred: the platforms that are registered."""

    platforms: list[Party]


def show_all(visit: Visit) -> ReferralsPage:
    query: ReferralsQuery = visit.query
    with visit.begin() as tx:
        found, following = list_referrals(
            tx, direction=query.direction, states=None, cursor=query.cursor, limit=PAGE
        )
    given = {} if query.direction is None else {"direction": str(query.direction)}
    return ReferralsPage(
        referrals=[referral_line(one) for one in found],
        next=following and with_query("/referrals", **given, cursor=following),
        direction=query.direction,
    )


def show(visit: Visit) -> ReferralPage:
    with visit.begin() as tx:
        found = referral_view(tx, referral_of(tx, _id(visit)))
    return ReferralPage(found, found.state not in ENDED)


def show_new(visit: Visit) -> NewReferralPage:
    with visit.begin() as tx:
        return NewReferralPage(parties(tx, kind="platform", state="confirmed", limit=PLATFORMS))


def refer(visit: Visit) -> str:
    said = _given(**{name: visit.field(name) for name in ("to", "terms_cited", "reasons")})
    said |= _given(urls=visit.field("urls").split(), language=visit.field("language"))
    with visit.begin() as tx:
        referral, before = referring.refer(tx, visit.instance, convert(said, ReferralIn))
    return f"/referrals/{referral.id}?done=referral-{'again' if before else 'sent'}"


def withdraw(visit: Visit) -> str:
    given = _said(visit, {"reason": "withdraw_reason"}, ReasonIn)
    return _do(visit, "withdrawn", lambda tx, id: referring.withdraw(tx, visit.instance, id, given))


def carry(visit: Visit) -> str:
    names = {name: f"carried_{name}" for name in ("channel", "at", "evidence")}
    given = _said(visit, names, CarriedIn)
    work = referring.carried
    return _do(visit, "noted", lambda tx, id: work(tx, visit.instance, id, given), names)


def claim(visit: Visit) -> str:
    names = {name: f"claimed_{name}" for name in ("state", "at", "text", "evidence")}
    given = _said(visit, names, ClaimedIn)
    work = referring.claimed
    return _do(visit, "noted", lambda tx, id: work(tx, visit.instance, id, given), names)


def answer(visit: Visit) -> str:
    number = visit.path["n"]
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        raise referral_unknown()
    names = {name: f"{name}:{number}" for name in ("outcome", "reason")}
    given = _said(visit, names, AnswerIn)
    work = referring.answer
    return _do(
        visit, "answered", lambda tx, id: work(tx, visit.instance, id, int(number), given), names
    )


def _said(visit: Visit, names: dict[str, str], type: type[T]) -> T:
    """What a form says; `names` are those of its fields, since a page has several forms."""
    try:
        return convert(_given(**{name: visit.field(one) for name, one in names.items()}), type)
    except Refusal as refusal:
        raise _at_fields(refusal, names) from None


def _do(
    visit: Visit, done: str, work: Callable[[Tx, UUID], object], names: dict[str, str] | None = None
) -> str:
    id = _id(visit)
    try:
        with visit.begin() as tx:
            work(tx, id)
    except Refusal as refusal:
        raise _at_fields(refusal, names or {}) from None
    return f"/referrals/{id}?done=referral-{done}"


def _at_fields(refusal: Refusal, names: dict[str, str]) -> Refusal:
    return of_form(refusal, {f"/{name}": field for name, field in names.items()})


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", [])}


def _id(visit: Visit) -> UUID:
    return visit.uuid("referral", referral_unknown)


_new = PageRoute(
    path="/referrals/new",
    handler=show_new,
    scope="orders:draft",
    template="referral_new.html",
    whole=True,
)
_one = PageRoute(
    path="/referrals/{referral}",
    handler=show,
    scope="orders:read",
    template="referral.html",
    whole=True,
)

pages = [
    _new,
    PageRoute(
        path="/referrals",
        handler=show_all,
        scope="orders:read",
        query=ReferralsQuery,
        template="referrals.html",
        whole=True,
    ),
    _one,
    PageRoute(
        method="POST",
        path="/referrals",
        handler=refer,
        scope="orders:draft",
        again=_new,
        whole=True,
    ),
    *(
        PageRoute(
            method="POST",
            path=f"/referrals/{{referral}}/{name}",
            handler=handler,
            scope=scope,
            again=_one,
            whole=True,
        )
        for name, handler, scope in (
            ("withdraw", withdraw, "orders:draft"),
            ("carried", carry, "orders:draft"),
            ("claimed", claim, "orders:draft"),
            ("items/{n}/answer", answer, "orders:execute"),
        )
    ),
]
