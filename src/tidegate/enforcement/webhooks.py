"""The targets of messages: made, given new secrets, switched between observing and enforcing,
disabled."""

import base64
import os
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.enforcement.model import ALERT_TYPES, GONE, PLAIN_TYPES
from tidegate.enforcement.tables import deliveries, webhooks
from tidegate.infra.db import Tx
from tidegate.infra.egress import AddressGuard
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append

_LONGEST_URL = 2048


class NewWebhook(msgspec.Struct, frozen=True):
    """A webhook as made; the secret is not shown again."""

    id: UUID
    secret: str  # "whsec_…", as the Standard Webhooks libraries take it


def create_webhook(
    tx: Tx,
    url: str,
    allow_private: bool = False,
    enforce: bool = False,
    *,
    known: Sequence[str],
    events: Sequence[str] | None = None,
    allowed: Sequence[str] = (),
    alerts: bool = False,
    plain: bool = False,
) -> NewWebhook:
    """Make a target for messages of the types `events`: some of those `known`, else all of them.
    Without `enforce` it only records. With `alerts` it gets alerts and nothing else, in any case; a `plain`
    one is a system of the platform's that acts: it gets actions and what an author is to be told, and nothing
    by which an ordered item could be known from any other.

    `allowed` is the setting allowed_addresses. Raises Refusal: 422 "address-refused" for a URL
    that can be seen not to be reachable, 422 "invalid-body" for an unknown message type, and for one that
    is to be `plain` and for `alerts`.
    """
    if len(url) > _LONGEST_URL:
        raise bad_field("/url", f"at most {_LONGEST_URL} characters", f"{len(url)} characters")
    if alerts and plain:
        raise bad_field("/plain", "a target for alerts or a plain one", "both")
    if plain:
        known = PLAIN_TYPES
    events = known if events is None else events
    if alerts:
        events = known = ALERT_TYPES
    for place, event in enumerate(events):
        if event not in known:
            raise bad_field(f"/events/{place}", f"one of {', '.join(known)}", event[:64])
    host = AddressGuard(allowed, allow_private).check_url(url).host
    id = uuid7(tx.now)
    secret = _new_secret()
    tx.execute(
        sa.insert(webhooks).values(
            id=id,
            url=url,
            secret=secret,
            events=list(events),
            allow_private=allow_private,
            enforce=enforce,
            alerts=alerts,
            plain=plain,
            created_at=tx.now,
        )
    )
    # The path of a URL may hold a token of the target's, so the ledger names the host only.
    append(
        tx,
        "webhook.created",
        {"webhook": id, "host": host, "enforce": enforce, "events": list(events), "plain": plain},
    )
    return NewWebhook(id, secret)


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


def rotate_webhook(tx: Tx, webhook_id: UUID, overlap: timedelta) -> NewWebhook:
    """Give a target a new signing secret. For `overlap` messages are signed with the one of now as
    well, so that the receiver can change over at any time; one that an earlier rotation left signs no
    more. Raises Refusal 404 "webhook-unknown" also for a disabled one.
    """
    secret = _new_secret()
    until = tx.now + overlap if overlap else None
    old = sa.null() if until is None else webhooks.c.secret
    _change(tx, webhook_id, {"secret": secret, "old_secret": old, "old_until": until})
    append(tx, "webhook.rotated", {"webhook": webhook_id, "old_until": until})
    return NewWebhook(webhook_id, secret)


def set_enforce(tx: Tx, webhook_id: UUID, enforce: bool) -> None:
    """Switch a target between observing and enforcing.

    What waits for a target that goes back to observing is not sent, but recorded as observed; a target
    for alerts goes on getting them. Raises Refusal 404 "webhook-unknown" also for a disabled one.
    """
    _change(tx, webhook_id, {"enforce": enforce})
    if not enforce and not _takes_alerts(tx, webhook_id):
        _settle_pending(tx, webhook_id, "observed", "the target went back to observing")
    append(tx, "webhook.switched", {"webhook": webhook_id, "enforce": enforce})


def _takes_alerts(tx: Tx, webhook_id: UUID) -> bool:
    query = sa.select(webhooks.c.alerts).where(webhooks.c.id == webhook_id)
    return bool(tx.execute(query).scalar_one())


def disable_webhook(tx: Tx, webhook_id: UUID, because: str = "disabled by hand") -> None:
    """Send nothing more to a target; what waits for it is cancelled. Refuses as `set_enforce`."""
    _change(tx, webhook_id, {"disabled_at": tx.now, "disabled_because": because})
    _settle_pending(tx, webhook_id, "cancelled", "the target was disabled")
    append(tx, "webhook.disabled", {"webhook": webhook_id, "because": because})


def retire_gone(tx: Tx, webhook_id: UUID) -> None:
    """Disable a target that answered 410 Gone: what waits for it becomes dead, for all to see."""
    because = GONE
    _change(tx, webhook_id, {"disabled_at": tx.now, "disabled_because": because})
    _settle_pending(tx, webhook_id, "dead", "the target answered 410 Gone")
    append(tx, "webhook.disabled", {"webhook": webhook_id, "because": because})


def _change(tx: Tx, webhook_id: UUID, values: dict[str, object]) -> None:
    changed = tx.execute(
        sa.update(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.disabled_at.is_(None))
        .values(values)
    )
    if changed.rowcount == 0:
        raise _unusable(tx, webhook_id)


def _unusable(tx: Tx, webhook_id: UUID) -> Refusal:
    """Why a target cannot be changed: it is disabled, or not there."""
    query = sa.select(webhooks.c.disabled_because).where(webhooks.c.id == webhook_id)
    if (known := tx.execute(query).one_or_none()) is None:
        title, detail = "There is no such webhook", "See `tidegate webhooks list`."
    else:
        title = "The webhook is disabled"
        because = f" ({known.disabled_because})" if known.disabled_because else ""
        detail = f"That is for good{because}. Make a new one: `tidegate webhooks create`."
    return Refusal("webhook-unknown", 404, title, detail)


def _settle_pending(tx: Tx, webhook_id: UUID, state: str, error: str) -> None:
    tx.execute(
        sa.update(deliveries)
        .where(deliveries.c.webhook_id == webhook_id, deliveries.c.state == "pending")
        .values(state=state, last_error=error, leased_until=None)
    )
