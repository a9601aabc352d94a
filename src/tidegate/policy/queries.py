"""Reading stored packs, and the pack that a process judges by."""

import threading
from datetime import datetime

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.policy.model import Pack
from tidegate.policy.reading import load_pack
from tidegate.policy.tables import packs


class StoredPack(msgspec.Struct, frozen=True):
    """A stored pack version. `digest` is the SHA-256 of its source, in hexadecimal."""

    name: str
    version: int
    digest: str
    active: bool
    created_by: str
    created_at: datetime
    activated_at: datetime | None

    @property
    def ident(self) -> str:
        return f"{self.name}@{self.version}"


_COLUMNS = (
    packs.c.name,
    packs.c.version,
    packs.c.digest,
    packs.c.state,
    packs.c.created_by,
    packs.c.created_at,
    packs.c.activated_at,
)


def list_packs(tx: Tx) -> list[StoredPack]:
    """All stored packs, by name and version."""
    rows = tx.execute(sa.select(*_COLUMNS).order_by(packs.c.name, packs.c.version))
    return [
        StoredPack(
            row.name,
            row.version,
            row.digest.hex(),
            row.state == "active",
            row.created_by,
            row.created_at,
            row.activated_at,
        )
        for row in rows
    ]


def pack_source(tx: Tx, name: str, version: int) -> str:
    """The source of a stored version. Raises Refusal 404 "pack-unknown"."""
    source = tx.execute(
        sa.select(packs.c.source).where(packs.c.name == name, packs.c.version == version)
    ).scalar_one_or_none()
    if source is None:
        raise Refusal(
            "pack-unknown", 404, "There is no such policy pack", f"No {name}@{version} is stored."
        )
    return source


def active_ident(tx: Tx) -> tuple[str, int] | None:
    """Name and version of the active pack. Cheap enough to be asked several times a second."""
    row = tx.execute(_ACTIVE).one_or_none()
    return (row.name, row.version) if row else None


_ACTIVE = sa.select(packs.c.name, packs.c.version).where(packs.c.state == "active")


class PackStore:
    """The active pack as this process knows it; `refresh` catches up with the others.

    A stored version never changes, so its name and number say whether there is news. Activation
    notifies the channel `packs`; polling `refresh` is what makes it certain.
    """

    def __init__(self) -> None:
        self._pack: Pack | None = None
        self._lock = threading.Lock()

    @property
    def pack(self) -> Pack:
        """Raises LookupError before the first refresh that found an active pack."""
        if self._pack is None:
            raise LookupError("no policy pack is active")
        return self._pack

    def refresh(self, tx: Tx) -> bool:
        """Load the active pack if it is another one than before; True if it was.

        Raises InvalidPack if it cannot be loaded (it could when it was activated, so by other
        code); the pack from before stays in use.
        """
        with self._lock:
            ident = active_ident(tx)
            if ident is None:
                return False
            if self._pack and (self._pack.name, self._pack.version) == ident:
                return False
            name, version = ident
            self._pack = load_pack(pack_source(tx, name, version), f"{name}@{version}")
            return True
