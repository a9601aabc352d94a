"""Reading stored threat packs, and the screen that a process reads texts with."""

import threading
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Literal

import msgspec
import sqlalchemy as sa
import structlog

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.threats.model import ThreatPack
from tidegate.intake.threats.reading import load_threat_pack
from tidegate.intake.threats.screen import Screen
from tidegate.intake.threats.tables import threat_packs
from tidegate.policy.fields import InvalidPack

_log = structlog.get_logger(__name__)

State = Literal["stored", "shadow", "live"]
Running = tuple[str, int, State]


class StoredThreatPack(msgspec.Struct, frozen=True, kw_only=True):
    """A stored version. `digest` is the SHA-256 of its source, in hexadecimal."""

    name: str
    version: int
    digest: str
    state: State
    created_by: str
    created_at: datetime
    shadowed_at: datetime | None
    live_at: datetime | None

    @property
    def ident(self) -> str:
        return f"{self.name}@{self.version}"


_T = threat_packs.c
_COLUMNS = (
    *(_T.name, _T.version, _T.digest, _T.state, _T.created_by, _T.created_at, _T.shadowed_at),
    _T.live_at,
)


def list_threat_packs(tx: Tx) -> list[StoredThreatPack]:
    """All stored versions, by name and version."""
    rows = tx.execute(sa.select(*_COLUMNS).order_by(_T.name, _T.version))
    return [
        StoredThreatPack(
            name=row.name,
            version=row.version,
            digest=row.digest.hex(),
            state=row.state,
            created_by=row.created_by,
            created_at=row.created_at,
            shadowed_at=row.shadowed_at,
            live_at=row.live_at,
        )
        for row in rows
    ]


def threat_pack_source(tx: Tx, name: str, version: int) -> str:
    """The source of a stored version. Raises Refusal 404 "threat-pack-unknown"."""
    query = sa.select(_T.source).where(_T.name == name, _T.version == version)
    source = tx.execute(query).scalar_one_or_none()
    if source is None:
        detail = f"No {name}@{version} is stored."
        raise Refusal("threat-pack-unknown", 404, "There is no such threat pack", detail)
    return source


def has_run(tx: Tx, name: str) -> list[str]:
    """The sources of the versions of a name that have been live or in shadow."""
    ran = sa.or_(_T.live_at.is_not(None), _T.shadowed_at.is_not(None))
    return list(tx.execute(sa.select(_T.source).where(_T.name == name, ran)).scalars())


def running(tx: Tx) -> list[Running]:
    """What is live or in shadow now, by name. Cheap enough to be asked for every report."""
    return [(row.name, row.version, row.state) for row in tx.execute(_RUNNING)]


_RUNNING = (
    sa.select(_T.name, _T.version, _T.state)
    .where(_T.state != "stored")
    .order_by(_T.name, _T.state, _T.version)
)


def loaded(source: str, file: str) -> ThreatPack:
    """A pack that was read before is not read again, whatever its file was called then. Raises
    InvalidPack, whose problems name `file`."""
    try:
        return _loaded(source)
    except InvalidPack:
        return load_threat_pack(source, file)


@lru_cache(maxsize=32)
def _loaded(source: str) -> ThreatPack:
    return load_threat_pack(source)


@lru_cache(maxsize=8)
def compiled(live: tuple[str, ...], shadow: tuple[str, ...]) -> Screen:
    """The screen of packs by their sources; making one takes a second."""
    return Screen(_packs(live), _packs(shadow))


def _packs(sources: Iterable[str]) -> list[ThreatPack]:
    return [loaded(source, "pack.toml") for source in sources]


class ScreenStore:
    """The screen as this process knows it; `refresh` catches up with the others.

    A stored version never changes, so names and numbers say whether there is news. Changes notify the channel
    `threats`; asking at every use is what makes it certain.
    """

    def __init__(self) -> None:
        self._screen: Screen | None = None
        self._seen: list[Running] = []
        self._sources: dict[tuple[str, State], str] = {}
        self._lock = threading.Lock()
        # Why what runs is not what is in use, for logs and the doctor; None: it is.
        self.problem: str | None = None

    @property
    def reads_items(self) -> bool:
        """Whether posts are screened too, as far as this process knows."""
        return self._screen is not None and self._screen.items

    @property
    def known(self) -> Screen | None:
        """The screen as this process knows it, without asking; None before the first `refresh`."""
        return self._screen

    def refresh(self, tx: Tx) -> Screen:
        """The screen of what is live and in shadow now; made only if that is not what it was.

        A version that this program cannot read (another version of it could) does not replace one that it can:
        `problem` then says so.
        """
        with self._lock:
            now = running(tx)
            if self._screen is None or self._seen != now:
                self._screen = self._load(tx, now)
                self._seen = now
            return self._screen

    def _load(self, tx: Tx, now: list[Running]) -> Screen:
        sources: dict[tuple[str, State], str] = {}
        problems: list[str] = []
        for name, version, state in now:
            source = threat_pack_source(tx, name, version)
            try:
                loaded(source, "pack.toml")
            except InvalidPack as invalid:
                problems.append(f"{name}@{version} cannot be read: {invalid}")
                _log.error("threat pack not read", pack=f"{name}@{version}", state=state)
                if (before := self._sources.get((name, state))) is None:
                    continue
                source = before
            sources[name, state] = source
        self._sources = sources
        self.problem = "\n".join(problems) or None
        live, shadow = (
            tuple(source for (_, state), source in sorted(sources.items()) if state == wanted)
            for wanted in ("live", "shadow")
        )
        return compiled(live, shadow)
