"""How a delivery worker takes deliveries out of the outbox and says what became of them.

Claims are leases: what a killed worker had comes back when its lease ends, or when the next one starts at
its place. Rows of `webhooks` are
locked before rows of `deliveries`, here and wherever a target is changed.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.decisions.disclosure import disclosure_of
from tidegate.decisions.told import FREE
from tidegate.enforcement.model import next_delay, told_body
from tidegate.enforcement.tables import deliveries, messages, webhooks
from tidegate.enforcement.webhooks import retire_gone
from tidegate.infra.db import Tx

_GONE = 410


class Target(msgspec.Struct, frozen=True):
    """Where a batch goes."""

    id: UUID
    url: str
    secrets: tuple[str, ...]  # what is sent is signed with each
    allow_private: bool


class Claim(msgspec.Struct, frozen=True):
    """A message that this worker may send to the target until its lease ends."""

    message_id: str
    body: bytes
    attempts: int
    releases: int
    first_attempt_at: datetime | None


class Attempt(msgspec.Struct, frozen=True):
    """What became of a claim: an HTTP status, or the reason why there was none; and how long the target
    asked to be left alone."""

    claim: Claim
    began: datetime
    status: int | None
    error: str | None = None
    asked: timedelta | None = None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        deliveries.c.state == "pending",
        deliveries.c.next_at <= now,
        sa.or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now),
    )


def _is_open(now: datetime) -> sa.ColumnElement[bool]:
    """Whether a target is to be sent anything now."""
    return sa.and_(
        sa.or_(webhooks.c.enforce, webhooks.c.alerts),
        webhooks.c.disabled_at.is_(None),
        sa.or_(webhooks.c.paused_until.is_(None), webhooks.c.paused_until <= now),
    )


def due_targets(tx: Tx) -> list[UUID]:
    """The targets for which something is due now."""
    waiting = sa.exists().where(deliveries.c.webhook_id == webhooks.c.id, _is_due(tx.now))
    rows = tx.execute(sa.select(webhooks.c.id).where(_is_open(tx.now), waiting))
    return [row.id for row in rows]


def claim(
    tx: Tx, webhook_id: UUID, limit: int, lease: timedelta, place: str | None = None
) -> tuple[Target, list[Claim]] | None:
    """Take up to `limit` due messages for a target, for the worker at a place; None when there are none."""
    target = tx.execute(
        sa.select(webhooks).where(webhooks.c.id == webhook_id, _is_open(tx.now))
    ).first()
    if target is None:
        return None
    due = (
        sa.select(deliveries.c.message_id)
        .where(deliveries.c.webhook_id == webhook_id, _is_due(tx.now))
        .order_by(deliveries.c.next_at, deliveries.c.message_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = tx.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.webhook_id == webhook_id,
            deliveries.c.message_id == due.c.message_id,
            messages.c.id == due.c.message_id,
        )
        .values(leased_until=tx.now + lease, leased_by=place)
        .returning(
            messages.c.id,
            messages.c.item_id,
            messages.c.body,
            deliveries.c.attempts,
            deliveries.c.releases,
            deliveries.c.first_attempt_at,
        )
    )
    claims = sorted(_claims(tx, rows.all(), plain=target.plain), key=lambda one: one.message_id)
    old = target.old_until is not None and target.old_until > tx.now
    secrets = (target.secret, target.old_secret) if old else (target.secret,)
    found = Target(target.id, target.url, secrets, target.allow_private)
    return (found, claims) if claims else None


def _claims(tx: Tx, rows: Sequence[sa.Row[Any]], *, plain: bool) -> Iterator[Claim]:
    """What is sent says of the item's author what is so now, whenever it was written."""
    about = {row.item_id for row in rows if row.item_id is not None}
    known = disclosure_of(tx, about)
    for row in rows:
        body, disclosure = row.body, known.get(row.item_id, FREE)
        if row.item_id is not None and (plain or disclosure != FREE):
            body = told_body(body, disclosure, "none" if plain else "free")
        yield Claim(row.id, body, row.attempts, row.releases, row.first_attempt_at)


def hand_back(tx: Tx, webhook_id: UUID, claims: Sequence[Claim]) -> None:
    """Give up claims that were not tried to the end, so that another worker need not wait."""
    tx.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.webhook_id == webhook_id,
            deliveries.c.message_id.in_([claim.message_id for claim in claims]),
        )
        .values(leased_until=None)
    )


def free(tx: Tx, place: str) -> None:
    """Give up all that a worker at a place had and cannot finish."""
    tx.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.state == "pending",
            deliveries.c.leased_until > tx.now,
            deliveries.c.leased_by == place,
        )
        .values(leased_until=None)
    )


def record(tx: Tx, webhook_id: UUID, attempts: Sequence[Attempt], rng: Random) -> None:
    """Write down what became of a batch, and when the failed ones are due again: not before the target
    wants to hear of anything."""
    target = tx.execute(
        sa.select(webhooks.c.failing_since, webhooks.c.last_success_at, webhooks.c.disabled_at)
        .where(webhooks.c.id == webhook_id)
        .with_for_update(key_share=True)
    ).one()
    of_message = sa.and_(
        deliveries.c.message_id == sa.bindparam("message"), deliveries.c.webhook_id == webhook_id
    )
    accepted = [attempt for attempt in attempts if attempt.accepted]
    failed = [attempt for attempt in attempts if not attempt.accepted]
    if accepted:
        # Whatever happened to the row meanwhile: it did arrive.
        tx.execute(
            sa.update(deliveries)
            .where(of_message)
            .values(state="delivered", delivered_at=tx.now, last_error=None, leased_until=None),
            [_attempted(attempt) for attempt in accepted],
        )
    if failed:
        tx.execute(
            sa.update(deliveries)
            .where(of_message, deliveries.c.state == "pending")
            .values(leased_until=None),
            [_after_failure(attempt, target.last_success_at, tx.now, rng) for attempt in failed],
        )
    if accepted:
        _set_target(tx, webhook_id, failing_since=None, last_success_at=tx.now)
        if target.failing_since is not None:
            _release(tx, webhook_id)
    elif target.failing_since is None:
        _set_target(tx, webhook_id, failing_since=tx.now)
    if asked := max((one.asked for one in failed if one.asked is not None), default=None):
        # The limit is the target's, not the message's: nothing else is sent meanwhile either.
        _set_target(tx, webhook_id, paused_until=tx.now + asked)
    if target.disabled_at is None and any(attempt.status == _GONE for attempt in failed):
        retire_gone(tx, webhook_id)


def _attempted(attempt: Attempt) -> dict[str, object]:
    return {
        "message": attempt.claim.message_id,
        "attempts": attempt.claim.attempts + 1,
        "first_attempt_at": attempt.claim.first_attempt_at or attempt.began,
        "last_attempt_at": attempt.began,
        "last_status": attempt.status,
    }


def _after_failure(
    attempt: Attempt, last_success: datetime | None, now: datetime, rng: Random
) -> dict[str, object]:
    """The new state of a delivery that failed: due again later, or dead."""
    first, count = attempt.claim.first_attempt_at or attempt.began, attempt.claim.attempts + 1
    releases = attempt.claim.releases
    delay = next_delay(first, count, now, rng)
    if delay is not None and last_success is not None and last_success >= attempt.began:
        # The target came back while this one still waited for an answer: as if released.
        delay, releases = min(delay, _release_delay(releases + 1)), releases + 1
    if delay is not None and attempt.asked is not None:
        delay = max(delay, attempt.asked)
    return _attempted(attempt) | {
        "state": "dead" if delay is None else "pending",
        "next_at": now + (delay or timedelta()),
        "releases": releases,
        "last_error": attempt.error or f"the target answered {attempt.status}",
    }


def _release_delay(releases: int) -> timedelta:
    return timedelta(seconds=2 ** min(releases, 18) - 1)


def _release(tx: Tx, webhook_id: UUID) -> None:
    """A target accepts again: all that waits for it is due at once.

    A message that the target refuses while it takes others would be due with each of them; so each
    further release of the same message counts only after twice the time.
    """
    power = sa.func.power(2.0, sa.func.least(deliveries.c.releases, 18)) - 1
    soon = sa.literal(tx.now) + power * timedelta(seconds=1)
    tx.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.webhook_id == webhook_id,
            deliveries.c.state == "pending",
            deliveries.c.leased_until.is_(None),
            deliveries.c.next_at > tx.now,
        )
        .values(
            next_at=sa.func.least(deliveries.c.next_at, soon), releases=deliveries.c.releases + 1
        )
    )


def _set_target(tx: Tx, webhook_id: UUID, **values: datetime | None) -> None:
    tx.execute(sa.update(webhooks).where(webhooks.c.id == webhook_id).values(**values))
