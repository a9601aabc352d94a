"""`/v1/items/{id}/holds` and `/v1/holds`: forbid an item's erasure, and open what only a hold keeps."""

from uuid import UUID

from tidegate.content.holds import actions as holds
from tidegate.content.holds.model import HoldIn, HoldView, Opening, OpeningIn
from tidegate.content.holds.queries import hold_unknown
from tidegate.content.queries import lock_item
from tidegate.infra.db import Tx
from tidegate.web.api.endpoint import Call, Endpoint
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


def open_hold(tx: Tx, call: Call[OpeningIn]) -> Opening:
    return holds.open_hold(tx, _hold_id(call), call.body)


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
        method="POST",
        path="/v1/holds/{hold}/open",
        scope="holds:write",
        summary="Read, for half an hour, what is kept by a hold alone; recorded with its purpose",
        handler=open_hold,
        body=OpeningIn,
        answer=Opening,
        status=201,
        refusals=(404,),
    ),
]
