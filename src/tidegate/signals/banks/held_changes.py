"""Changes of banks and entries that are held: made and told, but nothing of them begins before they leave.
Until then whoever made them can take them back.

Of an entry, and of a bank, one change waits at a time. One is carried out only if what it changes still is
as it was when it was made: whoever changed that meanwhile counts as having come after it.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.signals.banks.locks import HeldBank
from tidegate.signals.banks.tables import bank_changes, banks, entries, quarantines
from tidegate.signals.banks.trial import Change, What

ChangeState = Literal["held", "left", "undone", "cancelled"]

# A literal, not a parameter: only so does a prepared statement use the partial indexes.
_HELD = bank_changes.c.state == sa.literal_column("'held'")


class HeldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change; `entry` None: of the whole bank."""

    id: UUID
    bank: str
    entry: UUID | None
    what: What
    radius: dict[str, int] | None
    was: dict[str, Any]
    made_by: str
    maker: str
    state: ChangeState
    created_at: datetime
    leaves_at: datetime

    @property
    def change(self) -> Change:
        return Change(what=self.what, bank=self.bank, entry=self.entry, radius=self.radius)


class DueChange(msgspec.Struct, frozen=True):
    """A change whose time to leave has come, and in whose name it does."""

    id: UUID
    entry: UUID | None
    made_by: str


_QUERY = sa.select(
    *(
        bank_changes.c[name]
        for name in HeldChange.__struct_fields__
        if name not in ("bank", "entry")
    ),
    banks.c.name.label("bank"),
    bank_changes.c.entry_id.label("entry"),
).join(banks, banks.c.id == bank_changes.c.bank_id)


def hold(tx: Tx, bank: HeldBank, change: Change, leaves_at: datetime) -> UUID:
    """Let a change wait. The caller holds what it is about. Raises Refusal (409) where one waits."""
    if (waiting := change_on(tx, change.bank, change.entry)) is not None:
        raise Refusal(
            "change-held",
            409,
            "A change waits already",
            f"It was made by {waiting.made_by}, and leaves in moments. Undo it, or wait until it has left.",
            leaves_at=waiting.leaves_at,
        )
    change_id = uuid7(tx.now)
    tx.execute(
        sa.insert(bank_changes).values(
            id=change_id,
            bank_id=bank.id,
            entry_id=change.entry,
            what=change.what,
            radius=change.radius,
            was=as_it_is(tx, change),
            made_by=tx.actor,
            maker=tx.identity,
            state="held",
            created_at=tx.now,
            leaves_at=leaves_at,
        )
    )
    record = _record(change) | {"change": change_id, "leaves_at": leaves_at}
    append(tx, "change.held", record, platform=bank.platform)
    return change_id


def changes_by(tx: Tx, person: str, limit: int = 20) -> list[HeldChange]:
    """What an identity has changed and can still undo, the last first."""
    query = _QUERY.where(
        _HELD, bank_changes.c.maker == person, bank_changes.c.leaves_at > tx.now
    ).order_by(bank_changes.c.created_at.desc(), bank_changes.c.id.desc())
    return [HeldChange(**row) for row in tx.execute(query.limit(limit)).mappings()]


def change_on(tx: Tx, bank: str, entry: UUID | None) -> HeldChange | None:
    """What waits for an entry, or for the whole bank."""
    about = bank_changes.c.entry_id.is_(None) if entry is None else bank_changes.c.entry_id == entry
    query = _QUERY.where(_HELD, about, banks.c.name == bank, banks.c.deleted_at.is_(None))
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else HeldChange(**row)


def due_changes(tx: Tx, limit: int) -> list[DueChange]:
    """What is to leave now, the first first; nothing is locked."""
    query = (
        sa.select(bank_changes.c.id, bank_changes.c.entry_id, bank_changes.c.made_by)
        .where(_HELD, bank_changes.c.leaves_at <= tx.now)
        .order_by(bank_changes.c.leaves_at, bank_changes.c.id)
        .limit(limit)
    )
    return [DueChange(*row) for row in tx.execute(query)]


def lock_change(tx: Tx, change_id: UUID) -> HeldChange | None:
    """A change, locked; None where there is none."""
    query = _QUERY.where(bank_changes.c.id == change_id).with_for_update(of=bank_changes)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else HeldChange(**row)


def settle(tx: Tx, held: HeldChange, state: ChangeState) -> None:
    """What has become of a change. The caller holds it. That it left is told by what it does."""
    tx.execute(sa.update(bank_changes).where(bank_changes.c.id == held.id).values(state=state))
    if state != "left":
        record = _record(held.change) | {"change": held.id}
        append(tx, f"change.{state}", record, platform=_platform(tx, held.bank))


def undo(tx: Tx, change_id: UUID, bank: str) -> HeldChange:
    """Take a held change back.

    Raises Refusal: 404, also for who did not make it; 409 "already-left", "already-undone",
    "already-cancelled".
    """
    held = lock_change(tx, change_id)
    if held is None or held.bank != bank or held.maker != tx.identity:
        raise change_unknown(change_id)
    if held.state in ("undone", "cancelled"):
        raise Refusal(
            f"already-{held.state}",
            409,
            f"The change is {held.state} already",
            "There is nothing left to undo.",
        )
    if held.state == "left" or held.leaves_at <= tx.now:
        raise Refusal(
            "already-left",
            409,
            "The change has left already",
            "It can no longer be undone. What it did can be changed again.",
            leaves_at=held.leaves_at,
        )
    settle(tx, held, "undone")
    return held


def as_it_is(tx: Tx, change: Change) -> dict[str, Any]:
    """What a change changes, as it is now; empty where that is gone."""
    query = sa.select(
        banks.c.radius,
        banks.c.enabled.label("bank_enabled"),
        sa.cast(banks.c.disabled_until, sa.Text).label("bank_until"),
    ).where(banks.c.name == change.bank, banks.c.deleted_at.is_(None))
    if change.entry is not None:
        query = (
            query.add_columns(
                entries.c.state,
                entries.c.enabled,
                sa.cast(entries.c.disabled_until, sa.Text).label("until"),
                sa.exists()
                .where(quarantines.c.entry_id == entries.c.id, quarantines.c.lifted_at.is_(None))
                .label("quarantined"),
            )
            .join(entries, entries.c.bank_id == banks.c.id)
            .where(entries.c.id == change.entry, entries.c.deleted_at.is_(None))
        )
    row = tx.execute(query).mappings().one_or_none()
    return {} if row is None else {name: row[name] for name in _facets(change)}


def _facets(change: Change) -> tuple[str, ...]:
    match change.what:
        case "confirm" | "refute":
            return ("state", "quarantined")
        case "radius":
            return ("radius",)
        case "enable" | "disable" if change.entry is None:
            return ("bank_enabled", "bank_until")
        case "enable" | "disable":
            return ("enabled", "until")
        case _:
            return ("state", "enabled")


def _record(change: Change) -> dict[str, object]:
    said: dict[str, object] = {"what": change.what, "bank": change.bank}
    if change.entry is not None:
        said["entry"] = change.entry
    if change.radius is not None:
        said["radius"] = change.radius
    return said


def _platform(tx: Tx, bank: str) -> str | None:
    query = sa.select(banks.c.platform).where(banks.c.name == bank)
    return tx.execute(query.order_by(banks.c.created_at.desc()).limit(1)).scalar_one_or_none()


def change_unknown(change_id: object) -> Refusal:
    return Refusal(
        "change-unknown",
        404,
        "There is no such change",
        f"No change {str(change_id)[:64]} of yours.",
    )
