"""`/v1/referrals`: what an authority asks a provider to look at under its own terms; on both sides."""

from typing import Any, Literal
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.orders.drafts.model import CarriedIn, ClaimedIn, ReasonIn
from tidegate.orders.model import Direction
from tidegate.orders.referrals.model import AnswerIn, ReferralIn, ReferralRow, State
from tidegate.orders.referrals.queries import (
    list_referrals,
    referral_of,
    referral_unknown,
)
from tidegate.pipeline.orders import referring
from tidegate.pipeline.orders.shown_referrals import ReferralView, referral_line, referral_view
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import Page, PageQuery

_ONE = "/v1/referrals/{id}"
_OPEN: list[State] = ["sent", "delivered", "open", "doubtful"]


class ReferralsQuery(PageQuery, frozen=True, kw_only=True):
    """Which referrals; `waiting`: not answered yet."""

    direction: Direction | None = None
    state: State | Literal["waiting"] | None = None


class Referred(ReferralView, frozen=True, kw_only=True):
    """A new one, and which of its URLs were referred or ordered before."""

    before: list[referring.Before]


def _view(tx: Tx, referral: ReferralRow) -> dict[str, Any]:
    return told(referral_view(tx, referral))


def _states(asked: State | Literal["waiting"] | None) -> list[State] | None:
    if asked is None:
        return None
    return _OPEN if asked == "waiting" else [asked]


def _id(call: Call[Any, Any]) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise referral_unknown() from None


def _number(call: Call[Any, Any]) -> int:
    n = call.path["n"]
    if not (n.isascii() and n.isdigit() and len(n) < 6):
        raise referral_unknown()
    return int(n)


def refer(tx: Tx, call: Call[ReferralIn]) -> dict[str, Any]:
    referral, before = referring.refer(tx, call.instance, call.body)
    return _view(tx, referral) | {"before": told(before)}


def list_all(tx: Tx, call: Call[object, ReferralsQuery]) -> Page:
    asked = call.query
    found, following = list_referrals(
        tx,
        direction=asked.direction,
        states=_states(asked.state),
        cursor=asked.cursor,
        limit=asked.limit,
    )
    return Page([told(referral_line(one)) for one in found], following)


def show(tx: Tx, call: Call) -> dict[str, Any]:
    return _view(tx, referral_of(tx, _id(call)))


def withdraw(tx: Tx, call: Call[ReasonIn]) -> dict[str, Any]:
    return _view(tx, referring.withdraw(tx, call.instance, _id(call), call.body))


def carry(tx: Tx, call: Call[CarriedIn]) -> dict[str, Any]:
    referring.carried(tx, call.instance, _id(call), call.body)
    return show(tx, call)


def claim(tx: Tx, call: Call[ClaimedIn]) -> dict[str, Any]:
    referring.claimed(tx, call.instance, _id(call), call.body)
    return show(tx, call)


def answer(tx: Tx, call: Call[AnswerIn]) -> dict[str, Any]:
    return _view(tx, referring.answer(tx, call.instance, _id(call), _number(call), call.body))


def _verb(
    name: str, summary: str, handler: Any, body: Any, *, scope: str = "orders:draft"
) -> Endpoint[Any, Any]:
    return Endpoint(
        method="POST",
        path=f"{_ONE}/{name}",
        scope=scope,
        summary=summary,
        handler=handler,
        body=body,
        answer=ReferralView,
        idempotent=True,
        whole=True,
        person=True,
        refusals=(404, 409),
    )


endpoints: list[Endpoint[Any, Any]] = [
    Endpoint(
        method="POST",
        path="/v1/referrals",
        scope="orders:draft",
        summary="Refer URLs to a provider, for a look under its own terms",
        handler=refer,
        body=ReferralIn,
        answer=Referred,
        status=201,
        idempotent=True,
        whole=True,
        person=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/referrals",
        scope="orders:read",
        summary="List referrals, those that came and those that were sent, the newest first",
        handler=list_all,
        query=ReferralsQuery,
        answer=Page,
        whole=True,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        scope="orders:read",
        summary="Read a referral with what became of each URL",
        handler=show,
        answer=ReferralView,
        whole=True,
        refusals=(404,),
    ),
    _verb("withdraw", "Take a referral back", withdraw, ReasonIn),
    _verb("carried", "Write down that somebody brought a referral by hand", carry, CarriedIn),
    _verb(
        "claimed",
        "Write down what is said to have become of a referral; nobody signed it",
        claim,
        ClaimedIn,
    ),
    _verb(
        "items/{n}/answer",
        "Say what became of a referred URL; with the last one the answers go back",
        answer,
        AnswerIn,
        scope="orders:execute",
    ),
]
