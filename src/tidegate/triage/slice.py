"""What `triage` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Gauge, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from tidegate.infra.db import Tx
    from tidegate.triage.incidents.arrivals import sweep_arrivals
    from tidegate.triage.incidents.queries import lasting, live_counts
    from tidegate.triage.kept.actions import forget_cluster_item, forget_cluster_items
    from tidegate.triage.records import sweep_records

    def gauges(tx: Tx) -> list[Gauge]:
        live = live_counts(tx)
        return [
            Gauge("tidegate_bursts", "Surges of reports that last", lasting(tx)),
            Gauge("tidegate_incidents_proposed", "Incidents that are proposed", live["proposed"]),
            Gauge("tidegate_incidents_open", "Incidents that are open", live["open"]),
        ]

    return Verbs(
        duties=(
            Duty("arrivals-kept", 3600.0, in_tx(sweep_arrivals)),
            Duty("reporter-records", 3600.0, in_tx(sweep_records)),
        ),
        erase=forget_cluster_item,
        expire=forget_cluster_items,
        gauges=gauges,
    )


TRIAGE = Slice(
    name="triage",
    scopes=(
        Scope(
            "clusters:write",
            "merge, split and pin clusters",
            roles=("reviewer", "senior"),
            implies="cases:read",
        ),
        Scope(
            "incidents:write",
            "propose, open and close incidents, and take their steps",
            roles=("senior",),
            implies="cases:read",
        ),
    ),
    forgets=("cluster_items",),
    keeps={
        "clusters": "which items began clusters, and their stories: ids alone",
        "cluster_changes": "who moved which items between clusters: ids alone",
        "reporter_records": "how often a pseudonym was right: two counts, swept after a year",
        "learned_models": "what was learnt from all decisions together: it gives no words back",
        "outcomes_read": "up to which decision was read: an id and a time",
        "incidents": "what was opened and closed, by whom and why: for as long as that must be told",
        "incident_steps": "who took which step of a protocol: as long as the incident is told of",
    },
    verbs=_verbs,
)
