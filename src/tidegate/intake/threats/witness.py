"""Whether the ledger explains the stored threat packs, and which of them run."""

import hashlib
from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.slices import Heard
from tidegate.intake.threats.tables import threat_packs

_T = threat_packs.c
_PACKS = sa.select(_T.name, _T.version, _T.source, _T.digest, _T.state).order_by(
    _T.name, _T.version
)
_STATES = {"threats.live": "live", "threats.shadowed": "shadow"}


class ThreatPackWitness:
    """Threat packs: each with the source that was stored; live and in shadow what was put there last."""

    kinds = ("threats.stored", "threats.live", "threats.shadowed", "threats.withdrawn")

    def __init__(self, tx: Tx) -> None:
        self._stored: dict[str, str] = {}
        # Put into a state less followed or withdrawn: independent of the order in which two were sealed. A
        # version that goes live out of the shadow leaves that without an entry of its own.
        self._live: Counter[str] = Counter()
        self._shadowed: set[str] = set()

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return
        if entry.kind == "threats.stored":
            self._stored[said["pack"]] = said["digest"]
        elif entry.kind == "threats.withdrawn":
            self._live[said["pack"]] -= said["state"] == "live"
        elif _STATES[entry.kind] == "live":
            self._live[said["pack"]] += 1
            if said["previous"] is not None:
                self._live[said["previous"]] -= 1
        else:
            self._shadowed.add(said["pack"])

    def say(self, tx: Tx) -> Iterator[str]:
        rows = {f"{row.name}@{row.version}": row for row in tx.execute(_PACKS)}
        for ident, row in rows.items():
            digest = hashlib.sha256(row.source.encode()).hexdigest()
            if ident not in self._stored:
                yield f"the threat pack {ident} is there, and no entry of the ledger explains it"
            elif {digest, row.digest.hex()} != {self._stored[ident]}:
                yield f"the threat pack {ident} is not the one that was stored"
            if row.state == "live" and self._live[ident] != 1:
                yield f"the threat pack {ident} is live, and no entry makes it so"
            if row.state == "shadow" and ident not in self._shadowed:
                yield f"the threat pack {ident} is in shadow, and no entry puts it there"
        for ident, count in self._live.items():
            if count == 1 and (ident not in rows or rows[ident].state != "live"):
                yield f"the threat pack {ident} went live, and is not live any more without an entry"
