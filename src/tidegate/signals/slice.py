"""What `signals` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Gauge, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from collections.abc import Sequence
    from uuid import UUID

    from tidegate.infra.db import Tx
    from tidegate.signals.banks.actions import enable_expired
    from tidegate.signals.banks.bank_witness import BankWitness
    from tidegate.signals.banks.listing import fill_kinds
    from tidegate.signals.banks.queries import count_quarantined
    from tidegate.signals.banks.sightings import fold_sightings, forget_sightings
    from tidegate.signals.banks.witness import EntryWitness
    from tidegate.signals.words.actions import forget_terms

    def erase(tx: Tx, item_id: UUID) -> None:
        expire(tx, [item_id])

    def expire(tx: Tx, item_ids: Sequence[UUID]) -> None:
        forget_sightings(tx, item_ids)
        forget_terms(tx, item_ids)

    def gauges(tx: Tx) -> list[Gauge]:
        text = "Bank entries that act on no likeness, since they matched too much"
        return [Gauge("tidegate_entries_quarantined", text, count_quarantined(tx))]

    return Verbs(
        duties=(
            Duty("enable", 2.0, in_tx(enable_expired)),
            Duty("entry-kinds", 5.0, in_tx(fill_kinds)),
            Duty("sightings", 60.0, in_tx(fold_sightings)),
        ),
        erase=erase,
        expire=expire,
        gauges=gauges,
        witnesses=(BankWitness, EntryWitness),
    )


SIGNALS = Slice(
    name="signals",
    scopes=(
        Scope(
            "banks:write",
            "make and change banks and entries",
            roles=("curator",),
            implies="banks:read",
        ),
        Scope(
            "banks:read",
            "read banks and search in them",
            roles=("reviewer", "senior", "policy", "curator", "compliance", "auditor"),
        ),
    ),
    forgets=("sightings", "item_terms"),
    keeps={
        "entries": "known content, which curators keep and delete; who made and judged it",
        "bank_changes": "who changed what of the banks: no content",
        "bank_imports": "who took lists into banks; what was sent goes once it is taken",
    },
    remade=("item_terms", "entry_terms", "term_walks"),
    verbs=_verbs,
)
