"""What `review` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Gauge, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from uuid import UUID

    from tidegate.infra.db import Tx
    from tidegate.review.actions import close_erased, release_expired
    from tidegate.review.alert_lists import ringing_since
    from tidegate.review.alerts import forget_words
    from tidegate.review.bulk import drop_previews
    from tidegate.review.drafts import drop_old_drafts
    from tidegate.review.holding import sweep_skips
    from tidegate.review.presence import sweep_readers
    from tidegate.review.queries import waiting_counts
    from tidegate.review.seen import sweep_seen
    from tidegate.review.wellness import sweep_wellness

    def erase(tx: Tx, item_id: UUID) -> None:
        close_erased(tx, item_id)
        forget_words(tx, item_id)

    def gauges(tx: Tx) -> list[Gauge]:
        waiting = sum(sum(states.values()) for states in waiting_counts(tx).values())
        ringing, seconds = ringing_since(tx)
        return [
            Gauge("tidegate_cases_waiting", "Cases that wait for a decision", waiting),
            Gauge("tidegate_alerts_ringing", "Alerts that nobody has acknowledged", ringing),
            Gauge("tidegate_alerts_oldest_seconds", "For how long the oldest has rung", seconds),
        ]

    return Verbs(
        duties=(
            Duty("release", 2.0, in_tx(release_expired)),
            Duty("readers", 60.0, in_tx(sweep_readers)),
            Duty("skips", 600.0, in_tx(sweep_skips)),
            Duty("seen-files", 3600.0, in_tx(sweep_seen)),
            Duty("wellness", 3600.0, in_tx(sweep_wellness)),
            Duty("drafts", 600.0, in_tx(drop_old_drafts)),
            Duty("bulk-previews", 600.0, in_tx(drop_previews)),
        ),
        erase=erase,
        gauges=gauges,
    )


REVIEW = Slice(
    name="review",
    scopes=(
        Scope(
            "cases:decide",
            "claim and decide cases, decide and lift without a case",
            roles=("reviewer", "senior", "legal"),
            implies="cases:read",
        ),
        Scope(
            "cases:senior",
            "take over cases that others hold, and share filters with all",
            roles=("senior",),
            implies="cases:decide",
        ),
        Scope(
            "cases:read",
            "read cases and queues",
            roles=("reviewer", "senior", "policy", "intake", "compliance", "auditor"),
        ),
        Scope(
            "alerts:write",
            "acknowledge and close alerts",
            roles=("reviewer", "senior"),
            implies="alerts:read",
        ),
        Scope(
            "alerts:read",
            "read alerts",
            roles=("reviewer", "senior", "policy", "intake", "compliance", "auditor"),
        ),
    ),
    forgets=(
        "cases",
        "case_events",
        "case_keys",
        "case_members",
        "drafts",
        "case_notes",
        "case_tasks",
        "case_links",
        "mentions",
        "bulks",
        "alerts",
    ),
    keeps={
        "case_skips": "who could not take a case: while that counts, and then no more",
        "case_readers": "who has a case on the screen, for moments",
        "cluster_cases": "which case waits about which cluster: ids alone",
        "alert_acknowledgements": "who answered when somebody had to be called: ids and times alone",
        "alert_reports": "for which reports somebody had to be called: ids and times alone",
        "bulk_cases": "which cases were decided together: ids alone",
        "saved_filters": "people who work here, and what they look for: no content",
        "seen_files": "that somebody has seen a file: digests that name neither, swept after a day",
        "exposure": "what a person who works here had to look at: theirs, and swept after 90 days",
        "stints": "how long a person who works here has worked: theirs, and swept after a day",
    },
    verbs=_verbs,
)
