"""What the ledger names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Gauge, Home, Slice, Verbs, in_tx

_BROKEN = "ledger broken"  # among the numbers of background work: the web process tells of it


def _verbs() -> Verbs:
    from tidegate.infra.db import Tx
    from tidegate.infra.progress import all_reached, note
    from tidegate.ledger.model import HEAD_FILE
    from tidegate.ledger.once import drop_marks
    from tidegate.ledger.queries import unsealed
    from tidegate.ledger.sequencer import BATCH, LedgerBroken, seal

    told = False  # that the chain is whole, by this process

    def seal_pending(home: Home) -> int:
        nonlocal told
        try:
            done = seal(home.database, home.secrets.ledger_key, home.settings.data_dir / HEAD_FILE)
        except LedgerBroken:
            told = False
            with home.database.begin() as tx:
                note(tx, _BROKEN, 1)
            raise
        if done and not told:
            with home.database.begin() as tx:
                note(tx, _BROKEN, 0)
            told = True
        # What comes one by one gathers until the next step: each costs a signature and a commit.
        return done if done == BATCH else 0

    def gauges(tx: Tx) -> list[Gauge]:
        broken = all_reached(tx, _BROKEN).get("", 0)
        return [
            Gauge("tidegate_ledger_unsealed", "Ledger entries not sealed yet", unsealed(tx)),
            Gauge(
                "tidegate_ledger_broken",
                "1: the chain was tampered with, nothing is sealed",
                broken,
            ),
        ]

    duties = (Duty("seal", 0.2, seal_pending), Duty("marks", 600.0, in_tx(drop_marks)))
    return Verbs(duties=duties, gauges=gauges)


LEDGER = Slice(
    name="ledger",
    scopes=(Scope("ledger:read", "read the ledger", roles=("compliance", "auditor")),),
    # Content's erasure calls `ledger.actions.forget` itself, with the entry that says so.
    forgets=("ledger", "ledger_pending"),
    verbs=_verbs,
)
