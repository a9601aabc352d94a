"""Whether the ledger explains the stored packs, which of them is active, and why."""

import hashlib
from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.slices import Heard
from tidegate.policy.tables import pack_changes, packs

_PACKS = sa.select(
    packs.c.name, packs.c.version, packs.c.source, packs.c.digest, packs.c.state
).order_by(packs.c.name, packs.c.version)
_CHANGES = (
    sa.select(pack_changes.c.pack, pack_changes.c.reason)
    .where(pack_changes.c.state == "live")
    .order_by(pack_changes.c.decided_at, pack_changes.c.id)
)


class PackWitness:
    """Packs: each with the source that was stored, and active what was activated last, for the reasons that
    were given."""

    kinds = ("policy.stored", "policy.activated")

    def __init__(self, tx: Tx) -> None:
        self._stored: dict[str, str] = {}
        # Activated less followed by another: independent of the order in which two were sealed.
        self._active: Counter[str] = Counter()
        self._why: set[tuple[str, str]] = set()

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return
        if entry.kind == "policy.stored":
            self._stored[said["pack"]] = said["digest"]
        else:
            self._active[said["pack"]] += 1
            self._why.add((said["pack"], said.get("reason") or ""))
            if said["previous"] is not None:
                self._active[said["previous"]] -= 1

    def say(self, tx: Tx) -> Iterator[str]:
        rows = {f"{row.name}@{row.version}": row for row in tx.execute(_PACKS)}
        for ident, row in rows.items():
            digest = hashlib.sha256(row.source.encode()).hexdigest()
            if ident not in self._stored:
                yield f"the pack {ident} is there, and no entry of the ledger explains it"
            elif {digest, row.digest.hex()} != {self._stored[ident]}:
                yield f"the pack {ident} is not the one that was stored"
            if row.state == "active" and self._active[ident] != 1:
                yield f"the pack {ident} is active, and no entry activates it. Activate the right one"
        for ident, count in self._active.items():
            if count == 1 and (ident not in rows or rows[ident].state != "active"):
                yield f"the pack {ident} was activated, and is not active any more without an entry"
        for row in tx.execute(_CHANGES):
            if (row.pack, row.reason) not in self._why:
                yield f"that {row.pack} went into force, and why, is in no entry of the ledger"
