"""`/v1/policy`: what we judge by."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.infra.db import Tx
from tidegate.policy.check import CheckResult, check
from tidegate.policy.queries import PolicyView, policy_view
from tidegate.web.api.endpoint import Call, Endpoint


class CheckIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy pack's source."""

    source: Annotated[str, Meta(max_length=1_000_000)]


def read_policy(tx: Tx, call: Call) -> PolicyView:
    return policy_view(call.instance.pack(tx), call.instance.offences)


def check_policy(tx: Tx, call: Call[CheckIn]) -> CheckResult:
    return check(call.body.source)


endpoints = [
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
