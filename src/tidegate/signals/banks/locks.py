"""Holding a bank or an entry until a transaction ends: who may change it is asked here, and nowhere else."""

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from tidegate.access.platforms import everybodys
from tidegate.infra.db import Tx
from tidegate.signals.banks.queries import bank_unknown, entry_unknown, is_shown, may_change
from tidegate.signals.banks.tables import banks, entries

_BANKS = sa.select(banks.c.id, banks.c.name, banks.c.platform).where(banks.c.deleted_at.is_(None))
_ENTRIES = _BANKS.join(entries, banks.c.id == entries.c.bank_id).where(
    entries.c.deleted_at.is_(None)
)


class HeldBank(NamedTuple):
    """A bank that is held, or that a held entry is in; `platform` None: it is everybody's."""

    id: UUID
    name: str
    platform: str | None


def lock_bank(tx: Tx, name: str, *, share: bool = False, change: bool = True) -> HeldBank:
    """Hold a bank until the transaction ends, with `share` beside others who do; without `change` only so
    that it stays. Raises Refusal: 404; 403 as `lock_entry` does."""
    query = _BANKS.where(banks.c.name == name, is_shown(tx))
    row = tx.execute(query.with_for_update(read=share)).one_or_none()
    if row is None:
        raise bank_unknown(name)
    return _changeable(tx, HeldBank(*row)) if change else HeldBank(*row)


def lock_entry(tx: Tx, entry_id: UUID) -> HeldBank | None:
    """Hold an entry to change it, by its id alone as matches and cases name it, until the transaction
    ends. Its bank; None when the one or the other was deleted, or is another platform's. Raises Refusal
    (403) when who is bound to a platform would change what is everybody's."""
    query = _ENTRIES.where(entries.c.id == entry_id, is_shown(tx)).with_for_update(of=entries)
    row = tx.execute(query).one_or_none()
    return None if row is None else _changeable(tx, HeldBank(*row))


def lock_entry_of(tx: Tx, bank: str, entry_id: UUID) -> str | None:
    """Hold an entry of that bank; whose the bank is."""
    held = lock_entry(tx, entry_id)
    if held is None or held.name != bank:
        raise entry_unknown(entry_id)
    return held.platform


def _changeable(tx: Tx, bank: HeldBank) -> HeldBank:
    if not may_change(tx, bank.platform):
        raise everybodys(
            f"the bank {bank.name} is shared, and only read by who is bound to a platform"
        )
    return bank
