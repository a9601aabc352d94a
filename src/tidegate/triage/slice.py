"""What `triage` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.triage.kept.actions import forget_cluster_item, forget_cluster_items

    return Verbs(erase=forget_cluster_item, expire=forget_cluster_items)


TRIAGE = Slice(
    name="triage",
    scopes=(
        Scope(
            "clusters:write",
            "merge, split and pin clusters",
            roles=("reviewer", "senior"),
            implies="cases:read",
        ),
    ),
    forgets=("cluster_items",),
    keeps={
        "clusters": "which items began clusters, and their stories: ids alone",
        "cluster_changes": "who moved which items between clusters: ids alone",
    },
    verbs=_verbs,
)
