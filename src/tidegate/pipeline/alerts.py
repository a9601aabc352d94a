"""From something that cannot wait to people who know of it: alerts that ring on pages, and the messages about
them. Both are written in the transaction of what they are about, whatever else there is to do: nothing here
looks at a budget or at load.
"""

from uuid import UUID

from tidegate.enforcement.alerts import (
    OPENED,
    UNACKNOWLEDGED,
    alert_targets,
    announce,
    up_to,
    withdraw,
)
from tidegate.enforcement.model import alert_body, climbs
from tidegate.infra.db import Tx
from tidegate.infra.settings import Settings
from tidegate.intake.queries import report_names
from tidegate.review import alerts
from tidegate.review.alert_lists import get_alert, said_of
from tidegate.review.alert_model import AlertDetail, AlertKind, CloseIn, Rung

PAGE = 50
NAMED = 20  # reports, in a message


def call(
    tx: Tx,
    kind: AlertKind,
    *,
    item_id: UUID | None,
    case_id: UUID | None = None,
    platform: str | None,
    report: UUID | None = None,
    level: str | None = None,
) -> Rung:
    """Let an alert ring, and tell the targets for alerts. The caller holds the subject."""
    rung = alerts.ring(
        tx,
        kind,
        item_id=item_id,
        case_id=case_id,
        platform=platform,
        report=report,
        level=level,
    )
    tell(tx, rung)
    return rung


def tell(tx: Tx, rung: Rung, case_id: UUID | None = None) -> None:
    """Tell the targets for alerts of what has rung; about this case, where there was none when it did."""
    if case_id is not None:
        alerts.alert_about(tx, rung.alert, case_id)
    if not rung.rang or not (targets := alert_targets(tx)):
        return
    alert = said_of(tx, rung.alert, NAMED)
    named = report_names(tx, [rung.report]) if rung.report else {}
    report = named.get(rung.report) if rung.report else None
    body = alert_body(OPENED, tx.now, alert, report=report)
    announce(tx, targets, OPENED, rung.alert, body, ahead=rung.opened)


def acknowledge(tx: Tx, alert_id: UUID) -> alerts.Acknowledged:
    """The actor has it; nobody else is told that nobody does. Raises Refusal as `alerts.acknowledge`."""
    heard = alerts.acknowledge(tx, alert_id)
    if not heard.before:
        withdraw(tx, alert_id, "somebody acknowledged the alert")
    return heard


def close(tx: Tx, alert_id: UUID, given: CloseIn) -> AlertDetail:
    """The actor says how it ended. Raises Refusal as `alerts.close`."""
    alerts.close(tx, alert_id, given)
    withdraw(tx, alert_id, "somebody closed the alert")
    return get_alert(tx, alert_id)


def remind(tx: Tx, settings: Settings) -> int:
    """Tell, up the list of targets, of what nobody has acknowledged for a while; returns of how much. For
    the worker. To a target that takes nothing only the last of these waits."""
    found = alerts.unheard(tx, settings.alert_unacknowledged_seconds, PAGE)
    targets = alert_targets(tx) if found else []
    for alert in found:
        step = alert.reminders + 1
        reached = up_to(targets, step)
        record = climbs(step, len(targets))
        alerts.remind(tx, alert, record=record, targets=len(reached))
        if not reached:
            continue
        withdraw(tx, alert.id, "it was told anew")
        body = alert_body(UNACKNOWLEDGED, tx.now, said_of(tx, alert.id, NAMED), step=step)
        announce(tx, reached, UNACKNOWLEDGED, alert.id, body)
    return len(found)
