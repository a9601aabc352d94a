"""Changing banks and entries from the pages: a change waits, can be undone, and then leaves, as decisions do.

Each leaves in a transaction of its own, in the name of who made it, and is carried out by the same verbs
that the API calls. Where what it changes is otherwise by then, or gone, it is cancelled, and the ledger
says so.
"""

from datetime import timedelta
from uuid import UUID

import structlog

from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.slices import Home
from tidegate.pipeline import entries
from tidegate.review import actions as review
from tidegate.signals.banks import held_changes as held
from tidegate.signals.banks.locks import HeldBank, lock_bank, lock_entry
from tidegate.signals.banks.model import BankPatch, EntryPatch, check_radius
from tidegate.signals.banks.queries import entry_unknown
from tidegate.signals.banks.trial import Change

BATCH = 100
log = structlog.get_logger(__name__)


def make(tx: Tx, change: Change, *, undo: timedelta) -> UUID | None:
    """Make a change, which waits for `undo`; the id by which it is undone, None where it is carried out
    at once.

    Raises Refusal: 404; 403; 409 "change-held"; 422 for a bad radius.
    """
    bank = _hold(tx, change)
    if change.radius is not None:
        check_radius(change.radius)
    if undo <= timedelta():
        _carry_out(tx, change)
        return None
    change_id = held.hold(tx, bank, change, tx.now + undo)
    if change.entry is not None:
        review.touch(tx, [change.entry])
    return change_id


def leave_due(home: Home) -> int:
    """Let all changes leave that are due; returns how many did. One that fails holds up no other, and is
    tried again. For the worker."""
    with home.database.begin() as tx:
        found = held.due_changes(tx, BATCH)
    left, failed = 0, None
    for one in found:
        try:
            with home.database.begin(Acting(one.made_by)) as tx:
                left += leave(tx, one)
        except Exception as error:
            log.error("change.stuck", change=str(one.id), error=type(error).__name__)
            failed = error
    if failed is not None:
        raise failed
    return left


def leave(tx: Tx, due: held.DueChange) -> bool:
    """Let one leave; False where it is not held any more."""
    if due.entry is not None:
        lock_entry(tx, due.entry)
    found = held.lock_change(tx, due.id)
    if found is None or found.state != "held":
        return False
    if held.as_it_is(tx, found.change) != found.was:
        held.settle(tx, found, "cancelled")
        return True
    try:
        with tx.savepoint():
            _carry_out(tx, found.change)
    except Refusal as refusal:
        log.warning("change.refused", change=str(due.id), why=refusal.type)
        held.settle(tx, found, "cancelled")
        return True
    held.settle(tx, found, "left")
    return True


def _hold(tx: Tx, change: Change) -> HeldBank:
    if change.entry is None:
        return lock_bank(tx, change.bank)
    bank = lock_entry(tx, change.entry)
    if bank is None or bank.name != change.bank:
        raise entry_unknown(change.entry)
    return bank


def _carry_out(tx: Tx, change: Change) -> None:
    """What the change says, by the verb for it."""
    bank, entry = change.bank, change.entry
    match change.what:
        case "radius":
            entries.change_bank(tx, bank, BankPatch(radius=change.radius or {}))
        case "delete" if entry is None:
            entries.delete_bank(tx, bank)
        case "enable" | "disable" if entry is None:
            entries.change_bank(tx, bank, BankPatch(enabled=change.what == "enable"))
        case _ if entry is None:
            raise ValueError(f"no bank can be {change.what}")
        case "confirm" | "refute":
            entries.judge_in_bank(tx, bank, entry, change.what)
        case "enable" | "disable":
            entries.change(tx, bank, entry, EntryPatch(enabled=change.what == "enable"))
        case "delete":
            entries.delete(tx, bank, entry)
