"""Sources of reports: encrypted where they come in, decrypted for one reader at a time, each of whom the
ledger names. Whoever has the database and not `secrets/sources.key` learns that there is one.
"""

import os
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tidegate.content.holds.queries import is_closed
from tidegate.content.tables import items
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.secrets import InstanceSecrets
from tidegate.intake.source import (
    SourceAsk,
    SourceIn,
    SourceView,
    check_ask,
    source_unknown,
)
from tidegate.intake.tables import report_sources, reports
from tidegate.ledger.actions import append

_FORM = b"\1"  # what is written before the nonce: how the rest is to be read
_NONCE = 12
_STEP = 256  # bytes: how long a name is cannot be seen


def keep_source(tx: Tx, secrets: InstanceSecrets, report_id: UUID, source: SourceIn | None) -> None:
    """Keep the source of a report that was just recorded, if it has one."""
    keep_sources(tx, secrets, [(report_id, source)])


def keep_sources(
    tx: Tx, secrets: InstanceSecrets, told: Iterable[tuple[UUID, SourceIn | None]]
) -> None:
    """The same for any number of reports, each by our own id."""
    rows = [
        {"report_id": id, "sealed": encrypt_source(secrets.sources_key, id, source)}
        for id, source in told
        if source is not None
    ]
    if rows:
        tx.execute(sa.insert(report_sources), rows)


def read_source(
    tx: Tx, secrets: InstanceSecrets, platform: str, external_id: str, ask: SourceAsk
) -> SourceView:
    """The source of the report under the reporting side's id; that it was read, by whom and for what, is
    in the ledger. Raises Refusal: 422; 404; 409 "source-closed" where only a hold keeps the content."""
    check_ask(ask, person=tx.identity.startswith("user:"))
    query = (
        sa.select(reports.c.id, reports.c.item_id, report_sources.c.sealed)
        .join(report_sources, report_sources.c.report_id == reports.c.id)
        .where(reports.c.platform == platform, reports.c.external_id == external_id)
        .where(tx.within(reports.c.platform))
    )
    row = tx.execute(query).one_or_none()
    if row is None or tx.audits:
        raise source_unknown()
    if is_closed(tx, row.item_id):
        raise _source_closed()
    source = decrypt_source(secrets.sources_key, row.id, row.sealed)
    record = {"report": row.id, "purpose": ask.purpose, "justification": ask.justification}
    append(tx, "source.read", record, row.item_id, platform)
    return SourceView(
        report=external_id, name=source.name, contact=source.contact, relation=source.relation
    )


def forget_sources(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """Erasure and the end of retention: who told us about the items goes."""
    about = sa.select(reports.c.id).where(reports.c.item_id.in_(item_ids))
    tx.execute(sa.delete(report_sources).where(report_sources.c.report_id.in_(about)))


def drop_old_sources(tx: Tx, days: int) -> int:
    """Forget the sources of reports that came `days` ago about items whose content had gone before them:
    no retention of these ends any more. Returns how many."""
    gone = sa.exists().where(items.c.id == reports.c.item_id, items.c.expunged_at.isnot(None))
    old = sa.select(reports.c.id).where(
        reports.c.id == report_sources.c.report_id,
        reports.c.received_at < tx.now - timedelta(days=days),
        gone,
    )
    return tx.execute(sa.delete(report_sources).where(old.exists())).rowcount


def encrypt_source(key: bytes, report_id: UUID, source: SourceIn) -> bytes:
    """AES-256-GCM under `key` (32 bytes), bound to the report: moved to another one, it cannot be read."""
    told = msgspec.json.encode(source)
    told += b" " * (-len(told) % _STEP)  # JSON may end in blanks
    nonce = os.urandom(_NONCE)
    return _FORM + nonce + AESGCM(key).encrypt(nonce, told, _bound_to(report_id))


def decrypt_source(key: bytes, report_id: UUID, sealed: bytes) -> SourceIn:
    """The inverse. Raises Refusal (500) for what was damaged, moved or made under another key."""
    nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        if sealed[:1] != _FORM:
            raise InvalidTag
        told = AESGCM(key).decrypt(nonce, rest, _bound_to(report_id))
    except (InvalidTag, ValueError):
        raise Refusal(
            "source-damaged",
            500,
            "The source cannot be read",
            "What is kept of it is not what was written for this report under secrets/sources.key. Whoever"
            " runs the instance restores it from a backup.",
        ) from None
    return msgspec.json.decode(told, type=SourceIn)


def _bound_to(report_id: UUID) -> bytes:
    return b"tidegate source\n" + report_id.bytes


def _source_closed() -> Refusal:
    return Refusal(
        "source-closed",
        409,
        "Only a hold keeps it",
        "The time for which the report is kept is over, and its source is closed with it. Open the hold"
        " first: POST /v1/holds/{hold}/open.",
    )
