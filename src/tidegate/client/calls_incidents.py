"""More functions as those of `calls.py`, one a route: about incidents."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec

from tidegate.client.call import Call
from tidegate.client.incidents import Incident, IncidentScheme
from tidegate.client.model import Page

_json = msgspec.json.Encoder()


def incidents_page(
    state: str | None = None, cursor: str | None = None, limit: int | None = None
) -> Call[Page[Incident]]:
    """A page of incidents, the last proposed first. `state`: proposed, open or closed."""
    given = _given(state=state, cursor=cursor, limit=limit)
    query = {name: str(value) for name, value in given.items()}
    return Call(method="GET", path="/v1/incidents", answer=Page[Incident], params=query)


def incident_schemes() -> Call[Page[IncidentScheme]]:
    """The schemes that an incident may be of."""
    return Call(method="GET", path="/v1/incidents/schemes", answer=Page[IncidentScheme])


def incident(id: str) -> Call[Incident]:
    """An incident, with the volumes of its evidence."""
    return Call(method="GET", path=_incident(id), answer=Incident)


def propose_incident(
    scheme: str, title: str, *, platform: str | None = None, note: str | None = None
) -> Call[Incident]:
    """Propose an incident; without a `platform` it is everybody's, or of the one that the key is bound to."""
    return _post("/v1/incidents", _given(scheme=scheme, title=title, platform=platform, note=note))


def open_incident(
    id: str,
    reason: str,
    *,
    level: str | None = None,
    scheme: str | None = None,
    criteria: Sequence[str] = (),
    routes: Mapping[str, Any] | None = None,
    bank: str | None = None,
) -> Call[Incident]:
    """Open what is proposed. `routes` says which cases go into its queue: `languages`, `labels`, `story`,
    and conditions in `when`."""
    body = _given(reason=reason, level=level, scheme=scheme, routes=routes, bank=bank)
    return _post(f"{_incident(id)}/open", body | {"criteria": list(criteria)})


def step_incident(id: str, step: str, note: str | None = None) -> Call[Incident]:
    """Say that a step of the scheme was taken."""
    return _post(f"{_incident(id)}/step", _given(step=step, note=note))


def close_incident(id: str, outcome: str, reason: str) -> Call[Incident]:
    """Close an incident, or dismiss what is proposed."""
    return _post(f"{_incident(id)}/close", {"outcome": outcome, "reason": reason})


def _post(path: str, body: Mapping[str, object]) -> Call[Incident]:
    return Call(method="POST", path=path, answer=Incident, json=_json.encode(body), key=uuid4().hex)


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _incident(id: str) -> str:
    return f"/v1/incidents/{quote(id, safe='')}"
