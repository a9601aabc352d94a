"""More functions as those of `calls.py`, one a route: about the organisations of the other side."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from tidegate.client.call import Call
from tidegate.client.exchange import Party
from tidegate.client.model import Page


def register_party(found: Mapping[str, Any] | str) -> Call[Party]:
    """Register an organisation by what it publishes at /.well-known/tidegate.json, or the address of that.
    It takes a person's key, as all that binds; a second person confirms it."""
    body = {"url": found} if isinstance(found, str) else found
    return _post("/v1/registry", body)


def parties_page(
    kind: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[Page[Party]]:
    """A page of the registered organisations, by id."""
    given = {"kind": kind, "state": state, "cursor": cursor, "limit": limit}
    query = {name: str(value) for name, value in given.items() if value is not None}
    return Call(method="GET", path="/v1/registry", answer=Page[Party], params=query)


def party(id: str) -> Call[Party]:
    """A registered organisation with its keys."""
    return Call(method="GET", path=_party(id), answer=Party)


def confirm_party(id: str, kids: Sequence[str], document: str | None = None) -> Call[Party]:
    """Trust an organisation and the keys with these fingerprints, known from elsewhere; `document`, as a `Party` has
    it, binds what else it says of itself."""
    bound = {} if document is None else {"document": document}
    return _post(f"{_party(id)}/confirm", {"kids": list(kids)} | bound)


def revoke_party_key(id: str, kid: str, at: datetime | str, reason: str) -> Call[Party]:
    """Count a key of an organisation no more, as of a moment (with an offset)."""
    body = {"at": at, "reason": reason}
    return _post(f"{_party(id)}/keys/{quote(kid, safe='')}/revoke", body)


def set_party_provisional(id: str, on: bool) -> Call[Party]:
    """Say whether orders of an authority may be executed provisionally while nobody is awake."""
    return _post(f"{_party(id)}/provisional", {"on": on})


def _party(id: str) -> str:
    return f"/v1/registry/{quote(id, safe='')}"


def _post(path: str, body: Mapping[str, Any]) -> Call[Party]:
    return Call(method="POST", path=path, answer=Party, json=msgspec.json.encode(body))
