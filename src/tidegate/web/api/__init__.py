"""The HTTP API, one file a resource. `endpoints` is all of it, and what the permission tests walk."""

from typing import Any

from tidegate.web.api import (
    actions,
    alerts,
    banks,
    cases,
    casework,
    checks,
    clocks,
    clusters,
    flaggers,
    grading,
    holds,
    incidents,
    items,
    ledger,
    measures,
    orders,
    orders_drafted,
    orders_sent,
    policy,
    referrals,
    registry,
    reports,
    scorecards,
    scrutinies,
    sources,
)
from tidegate.web.api.endpoint import Endpoint

_RESOURCES = (
    items,
    holds,
    reports,
    sources,
    grading,
    flaggers,
    clusters,
    cases,
    casework,
    alerts,
    clocks,
    incidents,
    banks,
    actions,
    ledger,
    policy,
    registry,
    orders_drafted,
    orders_sent,
    scrutinies,
    orders,
    referrals,
    scorecards,
    checks,
    measures,
)

endpoints: list[Endpoint[Any, Any]] = [
    endpoint for resource in _RESOURCES for endpoint in resource.endpoints
]
