"""What `tidegate doctor` says of the targets that alerts go to: each that takes nothing, or is gone."""

from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from tidegate.cli.doctor_keys import reachable
from tidegate.enforcement.model import GONE
from tidegate.enforcement.queries import WebhookView, list_webhooks
from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database
from tidegate.infra.findings import Finding
from tidegate.infra.settings import Settings

_NAME = "alerts"


def diagnose_targets(settings: Settings) -> Iterator[Finding]:
    """Asks the database, if that can be asked. Starts and changes nothing; where there is no target for
    alerts it says nothing either."""
    targets = [one for one in _targets(settings) if one.alerts]
    used = [one for one in targets if one.disabled_at is None]
    if not used and any(one.disabled_because == GONE for one in targets):
        mend = "Make another: `tidegate webhooks create --alerts --url U`."
        yield Finding(_NAME, False, "they reach no target any more: it answered 410 Gone", mend)
    for one in used:
        if one.failing_since is not None:
            detail = f"{one.url} has taken nothing since {one.failing_since:%Y-%m-%d %H:%M} UTC"
            yield Finding(_NAME, False, detail, "See what its operator knows.")
        else:
            yield Finding(_NAME, True, f"they go to {one.url}")


def _targets(settings: Settings) -> list[WebhookView]:
    url = reachable(settings)
    if url is None:
        return []
    database = Database(url, SystemClock(), pool_size=1)
    try:
        with database.begin() as tx:
            return list_webhooks(tx)
    except DBAPIError:
        return []  # not there yet, older, or not to be asked: another finding says so
    finally:
        database.close()
