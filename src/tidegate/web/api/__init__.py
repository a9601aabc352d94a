"""The HTTP API, one file a resource. `endpoints` is all of it, and what the permission tests walk."""

from tidegate.web.api import banks, items, outcomes, work

endpoints = [*items.endpoints, *work.endpoints, *banks.endpoints, *outcomes.endpoints]
