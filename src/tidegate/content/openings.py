"""What is closed to whoever audits: content, and who wrote it. They open one thing at a time for half an
hour, for a purpose and with a justification, and that is recorded."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.content.holds.model import OPENING_LASTS, OpeningIn, check_opening
from tidegate.content.holds.queries import audited_items, shut_items
from tidegate.content.tables import items, openings
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append


def may_open(tx: Tx, item_id: UUID) -> bool:
    """Whether the item is closed because the reader audits, and not only a hold keeps what it has, nor
    was it erased."""
    if not tx.audits:
        return False
    there = sa.and_(items.c.kept_by_hold_at.is_(None), items.c.erased_at.is_(None))
    query = sa.select(items.c.id).where(items.c.id == item_id, there, audited_items(tx))
    return tx.execute(query).first() is not None


def open_item(tx: Tx, item_id: UUID, given: OpeningIn) -> datetime:
    """Let the actor, who audits, read an item that they may see; returns until when. Raises Refusal: 422;
    409 "open-already"."""
    check_opening(given)
    if not may_open(tx, item_id):
        raise _open_already()
    query = sa.select(items.c.platform).where(items.c.id == item_id)
    platform = tx.execute(query).scalar_one()
    return _open(tx, {"item_id": item_id}, given, platform)


def open_entry(tx: Tx, entry_id: UUID, platform: str | None, given: OpeningIn) -> datetime:
    """The same for an entry of a bank, of that platform or everybody's, that the actor may see."""
    check_opening(given)
    if not closed_entries(tx, [entry_id]):
        raise _open_already()
    return _open(tx, {"entry_id": entry_id}, given, platform)


def closed_items(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Which of these items are closed to the reader although their retention runs."""
    if not (tx.audits or tx.is_person) or not ids:
        return set()
    query = sa.select(items.c.id).where(items.c.id.in_(ids), shut_items(tx))
    return set(tx.execute(query).scalars())


def closed_entries(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Which of these entries are closed to the reader."""
    if not tx.audits or not ids:
        return set()
    return set(ids) - set(tx.execute(_opened(tx).where(openings.c.entry_id.in_(ids))).scalars())


def is_entry_open(tx: Tx, id: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    """The condition that an entry is not closed to the reader."""
    return id.in_(_opened(tx)) if tx.audits else sa.true()


def _opened(tx: Tx) -> sa.Select[tuple[UUID]]:
    """The entries that the reader, who audits, has open."""
    return sa.select(openings.c.entry_id).where(
        openings.c.opener == tx.identity,
        openings.c.until > tx.now,
        openings.c.entry_id.is_not(None),
    )


def _open(tx: Tx, subject: dict[str, UUID], given: OpeningIn, platform: str | None) -> datetime:
    id, until = uuid7(tx.now), tx.now + OPENING_LASTS
    words: dict[str, Any] = {"justification": given.justification, "case_name": given.case}
    row = subject | words | {"id": id, "purpose": given.purpose, "until": until}
    row |= {"opened_by": tx.actor, "opener": tx.identity, "opened_at": tx.now}
    tx.execute(sa.insert(openings).values(row))
    record = {"opening": id, "purpose": given.purpose, "justification": given.justification}
    named = {name.removesuffix("_id"): value for name, value in subject.items()}
    about = next(iter(subject.values()))
    append(tx, "content.opened", record | named | {"until": until}, about, platform)
    return until


def _open_already() -> Refusal:
    return Refusal(
        "open-already",
        409,
        "It is not closed to you",
        "Nothing was recorded: you may read it as it is, it is gone, or nothing but a hold keeps it.",
    )
