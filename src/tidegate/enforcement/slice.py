"""What `enforcement` names of its own."""

from tidegate.infra.pulse import Steps
from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Gauge, Home, Slice, Verbs

TURN_SECONDS = 300.0  # in which the outbox is looked at; usually five times a second


def _verbs() -> Verbs:
    import asyncio

    from tidegate.enforcement.actions import forget_payloads
    from tidegate.enforcement.alerts import failing_alert_targets
    from tidegate.enforcement.deliver import Deliverer
    from tidegate.enforcement.queries import outbox_counts
    from tidegate.infra.courier import place_of
    from tidegate.infra.db import Tx

    async def deliver(home: Home, stop: asyncio.Event, steps: Steps) -> None:
        allowed, place = home.settings.allowed_addresses, place_of(home.settings.data_dir)
        deliverer = Deliverer(home.database, home.clock, allowed, place=place)
        try:
            await deliverer.run(stop, turn=lambda: steps.turn("deliver", TURN_SECONDS))
        finally:
            steps.over("deliver")

    def gauges(tx: Tx) -> list[Gauge]:
        outbox = outbox_counts(tx)
        age = outbox.oldest_pending_seconds
        return [
            Gauge("tidegate_deliveries_pending", "Deliveries that wait", outbox.pending),
            Gauge("tidegate_deliveries_dead", "Dead letters", outbox.dead),
            Gauge("tidegate_delivery_oldest_seconds", "Age of the oldest delivery that waits", age),
            Gauge(
                "tidegate_alert_targets_failing",
                "Targets for alerts that take nothing, or are gone",
                failing_alert_targets(tx),
            ),
        ]

    return Verbs(errands=(deliver,), erase=forget_payloads, gauges=gauges)


ENFORCEMENT = Slice(
    name="enforcement",
    scopes=(
        Scope("actions:write", "replay actions", implies="actions:read"),
        Scope(
            "actions:read",
            "read actions and their deliveries",
            roles=("reviewer", "senior", "compliance", "auditor"),
        ),
        Scope("webhooks:write", "make and change webhooks", implies="webhooks:read"),
        Scope(
            "webhooks:read", "read webhooks, without their secrets", roles=("compliance", "auditor")
        ),
    ),
    messages=(
        "action.restrict",
        "action.lift",
        "action.escalate",
        "case.opened",
        "order.received",
        "order.undelivered",
        "order.author_information",
        "clock.warning",
        "clock.expired",
    ),
    forgets=("messages", "deliveries"),
    keeps={"actions": "that something was done to the item, and when: ids alone"},
    verbs=_verbs,
)
