"""`/v1/clusters`: what says the same, with what each adds; people merge, split and pin."""

from collections.abc import Callable
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline import clusters
from tidegate.triage.kept.model import ClusterView, MembersIn, MergeIn
from tidegate.triage.kept.queries import change_unknown, cluster_unknown
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import PageQuery

_CLUSTER = "/v1/clusters/{id}"


def _of_path(call: Call, unknown: Callable[[object], Refusal] = cluster_unknown) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise unknown(call.path["id"]) from None


def get_cluster(tx: Tx, call: Call[object, PageQuery]) -> ClusterView:
    return clusters.read_cluster(tx, _of_path(call), call.query.cursor, call.query.limit)


def merge(tx: Tx, call: Call[MergeIn]) -> ClusterView:
    return clusters.merge(tx, _of_path(call), call.body.others)


def split(tx: Tx, call: Call[MembersIn]) -> ClusterView:
    return clusters.split(tx, _of_path(call), call.body.members)


def pin(tx: Tx, call: Call[MembersIn]) -> ClusterView:
    return clusters.pin(tx, _of_path(call), call.body.members)


def undo(tx: Tx, call: Call) -> ClusterView:
    return clusters.undo(tx, _of_path(call, change_unknown))


endpoints = [
    Endpoint(
        method="GET",
        path=_CLUSTER,
        scope="cases:read",
        or_scope="reports:write",
        summary="Read a cluster: a page of its members, and what each adds",
        handler=get_cluster,
        query=PageQuery,
        answer=ClusterView,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_CLUSTER}/merge",
        scope="clusters:write",
        summary="Make other clusters one with this",
        handler=merge,
        body=MergeIn,
        answer=ClusterView,
        idempotent=True,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_CLUSTER}/split",
        scope="clusters:write",
        summary="Take reports out of a cluster into one of their own",
        handler=split,
        body=MembersIn,
        answer=ClusterView,
        idempotent=True,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_CLUSTER}/pin",
        scope="clusters:write",
        summary="Keep reports in their cluster for good",
        handler=pin,
        body=MembersIn,
        answer=ClusterView,
        idempotent=True,
        refusals=(404, 409),
    ),
    Endpoint(
        method="POST",
        path="/v1/clusters/changes/{id}/undo",
        scope="clusters:write",
        summary="Take back a merge, split or pin",
        handler=undo,
        answer=ClusterView,
        idempotent=True,
        refusals=(404, 409),
    ),
]
