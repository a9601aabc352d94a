"""Holding a case while one works on it: taking the next one, claiming, giving back, passing on, taking
over. Reading holds nothing."""

from collections.abc import Mapping
from typing import Any, cast, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.infra.parsing import convert
from tidegate.pipeline.next import (
    give_case_back,
    hold_case,
    leave_case,
    offer_break,
    skip_case,
    stay_with_case,
    take_next,
    take_over_case,
)
from tidegate.review.filters import Filter
from tidegate.review.model import CaseRow, SkipReason
from tidegate.review.presence import leaves
from tidegate.review.queries import case_unknown
from tidegate.web.pages.case import case_page
from tidegate.web.pages.page import PageRoute, with_more, with_query
from tidegate.web.pages.visit import Visit
from tidegate.web.words import to_json

LONGEST_REASON = 500


class Held(msgspec.Struct, frozen=True):
    """What a script is told of a case that stays on the screen."""

    location: str
    state: str
    held_by: str | None
    held_until: Any


def within_of(visit: Visit) -> dict[str, str]:
    """The filter within which a person works, as their form carries it, or the queue alone. Raises
    Refusal (422)."""
    alone = Filter.read({"queue": visit.field("queue")})
    return alone.chosen() or Filter.of_address(visit.field("filter")).chosen()


def after(visit: Visit, tx: Tx, within: Mapping[str, str], left: UUID | None = None) -> str:
    """Where a person goes on to who is done with a case, or has only looked at one (`left`): to the
    next, which is theirs then, to a break that is due, or back to the list where none is left."""
    if offer_break(tx, visit.instance.settings) is not None:
        return with_query("/me/break", **_kept(within))
    return onward(visit, tx, within, left)


def onward(visit: Visit, tx: Tx, within: Mapping[str, str], left: UUID | None = None) -> str:
    """The same without a break."""
    senior = visit.may("cases:senior")
    settings = visit.instance.settings
    case = take_next(tx, settings, within, may_senior=senior, left=left)
    if case is None:
        return with_query("/cases", **within, done="none-left")
    return with_query(f"/cases/{case}", **within)


def take(visit: Visit) -> str:
    """The next case of a list; `from` is the one on the screen."""
    shown = visit.field("from")
    left = convert(shown, UUID) if shown else None
    with visit.begin() as tx:
        path = after(visit, tx, within_of(visit), left)
    return with_more(path, done="claimed") if path.startswith("/cases/") else path


def claim(visit: Visit) -> str | Response:
    case_id = visit.uuid("case", case_unknown)
    with visit.begin() as tx:
        case = hold_case(tx, case_id, visit.instance.settings)
    return _held(visit, case) if visit.by_script else _back_to(visit, case_id, "claimed")


def release(visit: Visit) -> str | Response:
    """Give it back; with `left`, which a script sends as the page is left, only what is untouched."""
    case_id = visit.uuid("case", case_unknown)
    settings = visit.instance.settings
    with visit.begin() as tx:
        if visit.field("left"):
            leave_case(tx, case_id)
            return Response(status_code=204)
        give_case_back(tx, case_id, settings, force=visit.may("admin"))
    return with_query("/cases", **within_of(visit), done="released")


def skip(visit: Visit) -> str:
    """Pass it on, and go to the next."""
    case_id = visit.uuid("case", case_unknown)
    reason = visit.field("reason")
    if reason not in get_args(SkipReason):
        raise bad_field("/reason", f"one of {', '.join(get_args(SkipReason))}", reason or "nothing")
    with visit.begin() as tx:
        skip_case(tx, case_id, cast("SkipReason", reason))
        return after(visit, tx, within_of(visit))


def take_over(visit: Visit) -> str:
    case_id = visit.uuid("case", case_unknown)
    reason = visit.field("reason")
    if not 1 <= len(reason) <= LONGEST_REASON:
        expected = f"why, in up to {LONGEST_REASON} characters"
        raise bad_field("/take_over_reason", expected, str(len(reason)) if reason else "nothing")
    with visit.begin() as tx:
        take_over_case(tx, case_id, reason, visit.instance.settings)
    return _back_to(visit, case_id, "taken-over")


def here(visit: Visit) -> Response:
    """A script says that the case is still on the screen; `used`: and is worked on; `left`: no more."""
    case_id = visit.uuid("case", case_unknown)
    used = bool(visit.field("used"))
    with visit.begin() as tx:
        if visit.field("left"):
            leaves(tx, case_id)
            return Response(status_code=204)
        case = stay_with_case(tx, case_id, visit.instance.settings, used=used)
    return _held(visit, case)


def _held(visit: Visit, case: CaseRow) -> Response:
    by = case.claimed_by and visit.names.called(case.claimed_by)
    location = with_query(f"/cases/{case.id}", **within_of(visit))
    told = Held(location, case.state, by, case.claimed_until)
    return Response(to_json(told), media_type="application/json")


def _back_to(visit: Visit, case_id: UUID, done: str) -> str:
    return with_query(f"/cases/{case_id}", **within_of(visit), done=done)


def _kept(within: Mapping[str, str]) -> dict[str, str]:
    return {"filter": urlencode(within)} if within else {}


def _on_case(verb: str, handler: Any, scope: str = "cases:decide") -> PageRoute:
    path = f"/cases/{{case}}/{verb}"
    return PageRoute(method="POST", path=path, handler=handler, scope=scope, again=case_page)


pages = [
    PageRoute(method="POST", path="/cases/next", handler=take, scope="cases:decide"),
    _on_case("claim", claim),
    _on_case("release", release),
    _on_case("skip", skip),
    _on_case("take-over", take_over, "cases:senior"),
    _on_case("here", here),
]
