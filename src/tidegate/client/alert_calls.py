"""One function a route of alerts, as in `calls`."""

from tidegate.client.alert_model import Alert, AlertOutcome, AlertState, NamedReport
from tidegate.client.call import Call
from tidegate.client.given import encoder, given, in_path, once, query
from tidegate.client.model import Page


def alerts_page(
    state: AlertState | None = None, cursor: str | None = None, limit: int | None = None
) -> Call[Page[Alert]]:
    """A page of alerts, the latest first."""
    asked = query(state=state, cursor=cursor, limit=limit)
    return Call(method="GET", path="/v1/alerts", answer=Page[Alert], params=asked)


def alert(id: str) -> Call[Alert]:
    """An alert with all who had it."""
    return Call(method="GET", path=_alert(id), answer=Alert)


def alert_reports_page(id: str, cursor: str | None = None) -> Call[Page[NamedReport]]:
    """A page of the reports that an alert names, the first first."""
    path = f"{_alert(id)}/reports"
    return Call(method="GET", path=path, answer=Page[NamedReport], params=query(cursor=cursor))


def acknowledge_alert(id: str) -> Call[Alert]:
    """Say that somebody has an alert: it rings no more, unless it does so anew."""
    return Call(method="POST", path=f"{_alert(id)}/acknowledge", answer=Alert, key=once())


def close_alert(
    id: str, outcome: AlertOutcome, reason: str, referred_to: str | None = None
) -> Call[Alert]:
    """Say how an alert ended; `referred` needs `referred_to`. Who closes it second gets a 409."""
    said = given(outcome=outcome, reason=reason, referred_to=referred_to)
    path = f"{_alert(id)}/close"
    return Call(method="POST", path=path, answer=Alert, json=encoder.encode(said), key=once())


def _alert(id: str) -> str:
    return f"/v1/alerts/{in_path(id)}"
