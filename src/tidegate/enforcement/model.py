"""What an action is, what its message says, and how long delivery waits between attempts. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any, Literal
from uuid import UUID

import msgspec

from tidegate.content.model import ItemRow
from tidegate.decisions.model import Subject
from tidegate.decisions.restrictions import Effective
from tidegate.decisions.told import FREE, Disclosure, told_data
from tidegate.infra.acting import Knows
from tidegate.review.alert_model import Alert
from tidegate.review.model import shown_subject

ActionKind = Literal["restrict", "lift", "escalate"]
DeliveryState = Literal["pending", "delivered", "dead", "observed", "cancelled"]

# What the platform's acting systems get, and no others of what there is.
PLAIN_TYPES = ("action.restrict", "action.lift", "action.escalate", "order.author_information")
# What targets for alerts get, and no others; these get nothing else.
ALERT_TYPES = ("alert.opened", "alert.unacknowledged")

GONE = "it answered 410 Gone"  # why a target was disabled
GIVE_UP_AFTER = timedelta(days=3)
# How far before all that is due goes what rings for the first time: of a thousand messages about
# something else, none holds it up.
AHEAD = timedelta(hours=1)
_LEAST_LIMIT = timedelta(seconds=10)
_BRISK = timedelta(hours=1)  # how long no attempt waits more than _BRISK_LIMIT
_BRISK_LIMIT = timedelta(seconds=60)
_LIMIT = timedelta(hours=3)

LONGEST_ASKED = timedelta(hours=1)
_SECONDS = re.compile(r"[0-9]+\Z")


class Instruction(msgspec.Struct, frozen=True):
    """What `issue` is asked for: do `kind` to this revision of the item, by this decision. `effective`
    is what the platform has to keep to from then on, whatever came before."""

    kind: ActionKind
    item: ItemRow
    revision: int
    decision: Mapping[str, Any] | msgspec.Struct  # its public fields; must have an `id`
    effective: Effective


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """The instruction to the platform's own systems, as it was issued."""

    id: UUID
    number: int
    kind: ActionKind
    item_id: UUID
    revision: int
    sequence: int
    decision_id: UUID
    message_id: str
    created_at: datetime


class OpenedCase(msgspec.Struct, frozen=True):
    """What `announce_cases` tells: this case was opened about its subject; of an item, about this
    revision."""

    case_id: UUID
    subject: Subject
    item: ItemRow | None = None
    revision: int | None = None


def public_decision(decision: Mapping[str, Any] | msgspec.Struct) -> dict[str, Any]:
    """A decision as plain JSON values."""
    return msgspec.to_builtins(decision, str_keys=True)


def message_body(
    type: str,
    now: datetime,
    item: ItemRow | None,
    revision: int | None,
    sequence: int | None,
    *,
    action: UUID | None = None,
    decision: Mapping[str, Any] | None = None,
    effective: Effective | None = None,
    case: OpenedCase | None = None,
) -> bytes:
    """The JSON of a webhook message, version 1. `item` in it is the platform's own id, null where the
    message is about no item; a case's says what its subject is."""
    data: dict[str, Any] = {
        "version": 1,
        "action": action,
        "item": None if item is None else item.external_id,
        "platform": None if item is None else item.platform,
        "revision": revision,
        "sequence": sequence,
        "decision": decision,
    }
    if item is not None:
        data["disclosure"] = FREE
    if effective is not None:
        data["effective"] = effective
    if case is not None:
        data["case"] = case.case_id
        data["subject"] = shown_subject(case.subject, data["item"])
    return msgspec.json.encode({"type": type, "timestamp": now, "data": data})


def notice_body(type: str, now: datetime, data: Mapping[str, Any], *, about_item: bool) -> bytes:
    """The JSON of a message that is no instruction."""
    said = {"version": 1} | dict(data)
    if about_item:
        said["disclosure"] = FREE
    return msgspec.json.encode({"type": type, "timestamp": now, "data": said})


def told_body(body: bytes, disclosure: Disclosure, knows: Knows) -> bytes:
    """A message about an item as a target is told it."""
    message = msgspec.json.decode(body)
    return msgspec.json.encode(message | {"data": told_data(message["data"], disclosure, knows)})


def alert_body(
    type: str, now: datetime, alert: Alert, *, report: str | None = None, step: int = 0
) -> bytes:
    """The JSON of a message about an alert: ids, times and categories, no words of anybody's and nobody who
    told us. `report` is the one that it rang for, `step` how often it was told that nobody has it."""
    path = f"/alerts/{alert.id}" if alert.case is None else f"/cases/{alert.case}"
    data: dict[str, Any] = {
        "version": 1,
        "alert": alert.id,
        "kind": alert.kind,
        "level": alert.level,
        "state": alert.state,
        "platform": alert.platform,
        "item": alert.item,
        "case": alert.case,
        "path": path,
        "report": report,
        "reports": alert.reports,
        "reports_total": alert.reports_total,
        "rings": alert.rings,
        "opened_at": alert.opened_at,
        "rang_at": alert.rang_at,
        "step": step,
    }
    # What readers of other messages rely on.
    data |= dict.fromkeys(("action", "revision", "sequence", "decision"))
    return msgspec.json.encode({"type": type, "timestamp": now, "data": data})


def reached(step: int, targets: int) -> int:
    """To how many of the targets for alerts, the first made first, it goes: that one rings to all, that
    nobody has it to one more than before, beginning with two, until it goes to all."""
    return targets if step == 0 else min(step + 1, targets)


def climbs(step: int, targets: int) -> bool:
    """Whether that reaches somebody whom the step before did not, or is the first."""
    return step == 1 or reached(step, targets) > reached(step - 1, targets)


def asked_delay(retry_after: str | None, now: datetime) -> timedelta | None:
    """How long a target that is too busy asks us to wait, in seconds or until a date (RFC 9110), for at
    most an hour: instructions must not wait at a gateway's whim. None where it does not ask."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if _SECONDS.match(text):
        asked = timedelta(seconds=min(int(text[:9]), 10**8))
    else:
        try:
            date = parsedate_to_datetime(text)
            asked = date.replace(tzinfo=date.tzinfo or UTC) - now
        except (ValueError, OverflowError):
            return None
    return min(asked, LONGEST_ASKED) if asked > timedelta() else None


def next_delay(
    first_attempt: datetime, attempts: int, now: datetime, rng: Random
) -> timedelta | None:
    """How long to wait after the `attempts`-th failed attempt; None: give up, it is dead.

    Doubling from one second up to a tenth of the time that the message has waited already, which
    counts as at least ten seconds, in the first hour as at most a minute, and later as at most
    three hours. The last attempt falls on the end of the third day.
    Jitter takes up to half off, so that targets do not get everything in one beat.
    """
    elapsed = now - first_attempt
    if elapsed >= GIVE_UP_AFTER:
        return None
    limit = min(max(elapsed / 10, _LEAST_LIMIT), _BRISK_LIMIT if elapsed < _BRISK else _LIMIT)
    delay = min(timedelta(seconds=2 ** min(attempts - 1, 20)), limit)
    delay *= 1 - rng.random() / 2
    return min(delay, GIVE_UP_AFTER - elapsed)
