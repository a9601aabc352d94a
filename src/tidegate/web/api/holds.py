"""`/v1/items/{id}/holds` and `/v1/holds`: forbid an item's erasure, and open what a hold keeps.

Of an order's hold those know who read orders, and only people who execute them open it.
"""

from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.content.holds import actions as holds
from tidegate.content.holds.model import HoldDetail, HoldIn, HoldView, OpenedHold, OpeningIn
from tidegate.content.holds.queries import get_hold, hold_unknown
from tidegate.content.queries import lock_item
from tidegate.infra.db import Tx
from tidegate.pipeline import openings
from tidegate.web.api.endpoint import Call, Endpoint, forbidden, person_needed
from tidegate.web.api.items import item_id


def _hold_id(call: Call) -> UUID:
    try:
        return UUID(call.path["hold"])
    except ValueError:
        raise hold_unknown() from None


def place_hold(tx: Tx, call: Call[HoldIn]) -> HoldView:
    item = lock_item(tx, call.platform(), item_id(call))
    call.subject = item.id
    return holds.place_hold(tx, item, call.body)


def lift_hold(tx: Tx, call: Call) -> None:
    item = lock_item(tx, call.platform(), item_id(call))
    holds.lift_hold(tx, item, _hold_id(call), any_hold=call.principal.may("holds:write"))


def read_hold(tx: Tx, call: Call) -> HoldDetail:
    found = get_hold(tx, _hold_id(call))
    _refuse_without(call, "holds:write" if found.order is None else "orders:read")
    return found


def open_hold(tx: Tx, call: Call[OpeningIn]) -> OpenedHold | Response:
    """201, or of an order's hold 200."""
    found = get_hold(tx, _hold_id(call))
    if found.order is None:
        _refuse_without(call, "holds:write")
        return openings.open_hold(tx, found.id, call.body)
    _refuse_without(call, "orders:execute")
    if not tx.is_person:
        raise person_needed()
    body = msgspec.json.encode(openings.open_hold(tx, found.id, call.body))
    return Response(body, media_type="application/json")


def _refuse_without(call: Call[Any], scope: str) -> None:
    if not call.principal.may(scope):
        raise forbidden(scope)


endpoints = [
    Endpoint(
        method="POST",
        path="/v1/items/{id}/holds",
        scope="items:write",
        summary="Forbid an item's erasure, for a purpose, until an end or until it is lifted",
        handler=place_hold,
        body=HoldIn,
        answer=HoldView,
        status=201,
        idempotent=True,
        refusals=(404, 410),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/items/{id}/holds/{hold}",
        scope="items:read",
        summary="Lift a hold: as who placed it, or with the scope `holds:write`",
        handler=lift_hold,
        status=204,
        refusals=(404, 410),
    ),
    Endpoint(
        method="GET",
        path="/v1/holds/{hold}",
        scope="holds:write",
        or_scope="orders:read",
        summary="Read a hold, also one that is over, and who opened what it keeps",
        handler=read_hold,
        answer=HoldDetail,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path="/v1/holds/{hold}/open",
        scope="holds:write",
        or_scope="orders:execute",
        summary="Read, for half an hour, what a hold keeps; recorded with its purpose. 200 of an order's",
        handler=open_hold,
        body=OpeningIn,
        answer=OpenedHold,
        status=201,
        refusals=(404,),
    ),
]
