"""What the ledger names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Gauge, Home, Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.infra.db import Tx
    from tidegate.ledger.model import HEAD_FILE
    from tidegate.ledger.queries import unsealed
    from tidegate.ledger.sequencer import seal

    def seal_pending(home: Home) -> int:
        return seal(home.database, home.secrets.ledger_key, home.settings.data_dir / HEAD_FILE)

    def gauges(tx: Tx) -> list[Gauge]:
        return [Gauge("tidegate_ledger_unsealed", "Ledger entries not sealed yet", unsealed(tx))]

    return Verbs(duties=(Duty("seal", 0.2, seal_pending),), gauges=gauges)


LEDGER = Slice(
    name="ledger",
    scopes=(Scope("ledger:read", "read the ledger", roles=("auditor",)),),
    # Content's erasure calls `ledger.actions.forget` itself, with the entry that says so.
    forgets=("ledger", "ledger_pending"),
    verbs=_verbs,
)
