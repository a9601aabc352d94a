"""The HTTP API, one file a resource. `endpoints` is all of it, and what the permission tests walk."""

from tidegate.web.api import actions, banks, cases, items, ledger, policy, reports

_RESOURCES = (items, reports, cases, banks, actions, ledger, policy)

endpoints = [endpoint for resource in _RESOURCES for endpoint in resource.endpoints]
