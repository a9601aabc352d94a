"""What `review` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Gauge, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from tidegate.infra.db import Tx
    from tidegate.review.actions import close_erased, release_expired
    from tidegate.review.queries import waiting_counts

    def gauges(tx: Tx) -> list[Gauge]:
        waiting = sum(sum(states.values()) for states in waiting_counts(tx).values())
        return [Gauge("tidegate_cases_waiting", "Cases that wait for a decision", waiting)]

    return Verbs(
        duties=(Duty("release", 2.0, in_tx(release_expired)),),
        erase=close_erased,
        gauges=gauges,
    )


REVIEW = Slice(
    name="review",
    scopes=(
        Scope(
            "cases:decide",
            "claim and decide cases, decide and lift without a case",
            roles=("reviewer",),
            implies="cases:read",
        ),
        Scope("cases:read", "read cases and queues", roles=("reviewer", "auditor")),
    ),
    forgets=("cases", "case_events"),
    verbs=_verbs,
)
