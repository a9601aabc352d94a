"""`/v1/actions`, `/v1/ledger` and `/v1/policy`: what was done, what proves it, what we judge by."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.enforcement import actions as enforcement
from tidegate.enforcement import queries as enforced
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger import queries as ledger
from tidegate.policy.check import CheckResult, check
from tidegate.policy.queries import PolicyView, policy_view
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import AfterQuery, Page, decode_number


class CheckIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy pack's source."""

    source: Annotated[str, Meta(max_length=1_000_000)]


class Replayed(msgspec.Struct, frozen=True):
    """To how many targets the action's message goes once more."""

    action: str
    deliveries: int


def list_actions(tx: Tx, call: Call) -> Page:
    """`next` is always there: whoever comes back with it misses nothing."""
    after = decode_number(call.query.after)
    found = enforced.list_actions(tx, after, call.query.limit, platform=call.principal.platform)
    return Page(found, str(found[-1].number if found else after))


def replay_action(tx: Tx, call: Call) -> Replayed:
    try:
        action = UUID(call.path["id"])
    except ValueError:
        raise Refusal("action-unknown", 404, "There is no such action") from None
    return Replayed(str(action), enforcement.replay(tx, action))


def list_ledger(tx: Tx, call: Call) -> Page:
    after = decode_number(call.query.after)
    found = ledger.list_entries(tx, after, call.query.limit)
    return Page(found, str(found[-1].seq if found else after))


def read_policy(tx: Tx, call: Call) -> PolicyView:
    return policy_view(call.instance.pack(tx))


def check_policy(tx: Tx, call: Call) -> CheckResult:
    return check(call.body.source)


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
    Endpoint(
        method="GET",
        path="/v1/ledger",
        scope="ledger:read",
        summary="Sealed ledger entries, after a number",
        handler=list_ledger,
        query=AfterQuery,
        answer=Page,
    ),
    Endpoint(
        method="GET",
        path="/v1/policy",
        scope="policy:read",
        summary="The active policy pack",
        handler=read_policy,
        answer=PolicyView,
    ),
    Endpoint(
        method="POST",
        path="/v1/policy/check",
        scope="policy:read",
        summary="Check a pack's source without storing it",
        handler=check_policy,
        body=CheckIn,
        answer=CheckResult,
    ),
]
