"""Answers kept for retries, under the caller's Idempotency-Key, for `KEEP`."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.columns import Keyed, Sealed
from tidegate.infra.db import Tx, metadata

KEEP = timedelta(days=30)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("actor", sa.Text, primary_key=True),  # whose key it is: an identity, no name
    sa.Column("route", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("digest", Keyed("body"), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", Sealed(sa.LargeBinary()), nullable=False),
    sa.Column("subject", sa.Uuid, index=True),  # the item that the answer speaks of
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)


class KeptAnswer(msgspec.Struct, frozen=True):
    digest: bytes
    status: int
    body: bytes


def kept_answer(tx: Tx, route: str, key: str) -> KeptAnswer | None:
    """The answer kept under the caller's key. Two requests at once with one key wait for each other here."""
    tx.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"{tx.identity}\n{route}\n{key}"},
    )
    query = sa.select(answers.c.digest, answers.c.status, answers.c.body).where(
        answers.c.actor == tx.identity, answers.c.route == route, answers.c.key == key
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else KeptAnswer(*row)


def keep_answer(
    tx: Tx,
    route: str,
    key: str,
    digest: bytes,
    status: int,
    body: bytes,
    subject: UUID | None = None,
) -> None:
    """Keep an answer in the transaction of its write."""
    tx.execute(
        sa.insert(answers).values(
            actor=tx.identity,
            route=route,
            key=key,
            digest=digest,
            status=status,
            body=body,
            subject=subject,
            created_at=tx.now,
        )
    )


def forget_answers(tx: Tx, subjects: Sequence[UUID]) -> None:
    """Erasure, and the end of retention: the answers about items go with what they say."""
    tx.execute(sa.delete(answers).where(answers.c.subject.in_(subjects)))


def drop_old_answers(tx: Tx, limit: int = 1000) -> int:
    """Drop answers older than `KEEP`; returns how many."""
    old = (
        sa.select(answers.c.actor, answers.c.route, answers.c.key)
        .where(answers.c.created_at < tx.now - KEEP)
        .limit(limit)
    )
    key = sa.tuple_(answers.c.actor, answers.c.route, answers.c.key)
    return tx.execute(sa.delete(answers).where(key.in_(old))).rowcount
