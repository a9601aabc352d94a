"""Erasure, expiry and the sweep of evidence: how content leaves for good."""

import time

from tidegate.content import actions as content
from tidegate.content.evidence import EvidenceStore
from tidegate.content.holds.actions import close_kept
from tidegate.content.queries import evidence_of_items, lock_due, lock_item
from tidegate.infra.answers import forget_answers
from tidegate.infra.db import Database, Tx
from tidegate.infra.settings import Settings
from tidegate.intake.sources import drop_old_sources
from tidegate.pipeline.house import SLICES
from tidegate.pipeline.members import hand_on_erased
from tidegate.review.actions import touch
from tidegate.signals.banks.queries import evidence_of_entries

BATCH = 500
# Evidence is written before the row that names it: younger files may still be on their way.
SWEEP_AGE_SECONDS = 3600.0


def erase_item(tx: Tx, platform: str, external_id: str, *, sees_holds: bool = False) -> list[bytes]:
    """Erase an item everywhere; its tombstone stays. Raises Refusal: 404, 410, 409 while held, with
    what is known of the holds to whoever `sees_holds`, or placed them.

    Returns the digests of its evidence, for `discard_evidence` once this is committed.
    """
    item = lock_item(tx, platform, external_id)
    released = content.erase(tx, item, sees_holds=sees_holds)
    for one in SLICES:
        if erase := one.verbs().erase:
            erase(tx, item.id)
    hand_on_erased(tx, item.id)
    return released


def expire(tx: Tx, settings: Settings) -> int:
    """Drop the content of items whose retention has ended, close that of those which a hold keeps;
    returns how many."""
    due = lock_due(tx, settings, BATCH)
    if due:
        content.expunge(tx, due)
        for one in SLICES:
            if forget := one.verbs().expire:
                forget(tx, due)
    held = lock_due(tx, settings, BATCH, held=True)
    if held:
        close_kept(tx, held)
        forget_answers(tx, held)
    drop_old_sources(tx, settings.keep_judged_days)
    touch(tx, [*due, *held])
    return len(due) + len(held)


def sweep_evidence(database: Database, store: EvidenceStore, age: float = SWEEP_AGE_SECONDS) -> int:
    """Delete evidence files that neither an item nor an entry names; returns how many."""
    return store.sweep(lambda digests: _named(database, digests), age)


def discard_evidence(database: Database, store: EvidenceStore, digests: list[bytes]) -> None:
    """Delete at once the files that an erasure left unnamed; what this misses, the sweep finds."""
    before = time.time()
    for sha256 in set(digests) - _named(database, digests):
        store.discard(sha256, before)


def _named(database: Database, digests: list[bytes]) -> set[bytes]:
    """Which of the digests an item or an entry names."""
    with database.begin() as tx:
        return evidence_of_items(tx, digests) | evidence_of_entries(tx, digests)
