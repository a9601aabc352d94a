"""Alerts: which ring and which rang of late, and saying that one has been heard."""

import msgspec

from tidegate.review.alerts import Alert, acknowledge, alert_unknown, recent_alerts, ringing
from tidegate.web.nextpath import own_path
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.visit import Visit


class AlertsPage(msgspec.Struct, frozen=True):
    """Those that ring, a threat to life first, and those that were acknowledged, the latest first."""

    ringing: list[Alert]
    recent: list[Alert]


def show(visit: Visit) -> AlertsPage:
    with visit.begin() as tx:
        return AlertsPage(ringing(tx), recent_alerts(tx))


def hear(visit: Visit) -> str:
    """Acknowledge an alert. Back to where it was pressed; who comes second to where it says who was first."""
    alert_id = visit.uuid("alert", alert_unknown)
    with visit.begin() as tx:
        heard = acknowledge(tx, alert_id)
    if heard.before:
        return with_query("/alerts", done="acknowledged-before")
    back = own_path(visit.field("back"))
    return f"{back}{'&' if '?' in back else '?'}done=acknowledged"


pages = [
    PageRoute(path="/alerts", handler=show, scope="cases:read", template="alerts_page.html"),
    PageRoute(
        method="POST", path="/alerts/{alert}/acknowledge", handler=hear, scope="cases:decide"
    ),
]
