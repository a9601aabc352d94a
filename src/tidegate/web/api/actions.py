"""`/v1/actions`: what was done."""

from uuid import UUID

import msgspec

from tidegate.enforcement import actions as enforcement
from tidegate.enforcement import queries as enforced
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import AfterQuery, Page, decode_number


class Replayed(msgspec.Struct, frozen=True):
    """To how many targets the action's message goes once more."""

    action: str
    deliveries: int


def list_actions(tx: Tx, call: Call[object, AfterQuery]) -> Page:
    """`next` is always there: whoever comes back with it misses nothing."""
    after = decode_number(call.query.after)
    found = enforced.list_actions(tx, after, call.query.limit)
    return Page(found, str(found[-1].number if found else after))


def replay_action(tx: Tx, call: Call) -> Replayed:
    try:
        action = UUID(call.path["id"])
    except ValueError:
        raise Refusal("action-unknown", 404, "There is no such action") from None
    return Replayed(str(action), enforcement.replay(tx, action))


endpoints = [
    Endpoint(
        method="GET",
        path="/v1/actions",
        scope="actions:read",
        summary="Actions in order and without gaps, after a number",
        handler=list_actions,
        query=AfterQuery,
        answer=Page,
    ),
    Endpoint(
        method="POST",
        path="/v1/actions/{id}/replay",
        scope="actions:write",
        summary="Send an action's message once more",
        handler=replay_action,
        answer=Replayed,
        idempotent=True,
        refusals=(404, 409, 410),
    ),
]
