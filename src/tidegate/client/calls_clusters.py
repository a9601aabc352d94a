"""More functions as those of `calls.py`, one a route: about clusters."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec

from tidegate.client.call import Call

_json = msgspec.json.Encoder()


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """What says the same: a page of its members, each with what it `adds`, and what people changed."""

    id: str
    story: str
    platform: str
    began_at: datetime
    items: int
    reports: int
    members: list[dict[str, Any]]
    next: str | None = None
    changes: list[dict[str, Any]] = []


def cluster(id: str, cursor: str | None = None, limit: int | None = None) -> Call[Cluster]:
    """A cluster, with a page of its members, the first first."""
    given = {"cursor": cursor, "limit": limit}
    query = {name: str(value) for name, value in given.items() if value is not None}
    return Call(method="GET", path=_cluster(id), answer=Cluster, params=query)


def merge_clusters(id: str, others: Sequence[str]) -> Call[Cluster]:
    """Make other clusters one with this."""
    return _post(f"{_cluster(id)}/merge", {"with": list(others)})


def split_cluster(id: str, reports: Sequence[str]) -> Call[Cluster]:
    """Take reports out of a cluster into one of their own, which is the answer."""
    return _post(f"{_cluster(id)}/split", {"members": list(reports)})


def pin_to_cluster(id: str, reports: Sequence[str]) -> Call[Cluster]:
    """Keep reports in their cluster for good. 409 for one that is in another."""
    return _post(f"{_cluster(id)}/pin", {"members": list(reports)})


def undo_cluster_change(id: str) -> Call[Cluster]:
    """Take back a merge, split or pin, by the id of the change."""
    return _post(f"/v1/clusters/changes/{quote(id, safe='')}/undo", None)


def _cluster(id: str) -> str:
    return f"/v1/clusters/{quote(id, safe='')}"


def _post(path: str, body: dict[str, Any] | None) -> Call[Cluster]:
    json = None if body is None else _json.encode(body)
    return Call(method="POST", path=path, answer=Cluster, json=json, key=uuid4().hex)
