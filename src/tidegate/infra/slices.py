"""What a slice names of its own: scopes, message types, background duties, what it forgets, gauges.

Each slice has one `Slice` in its `slice.py`; `pipeline/house.py` lists them, and from that list the
worker, erasure, the keys' scopes, the webhooks' types and the metrics are put together.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from tidegate.infra.clock import Clock
from tidegate.infra.db import Database, Tx
from tidegate.infra.pulse import Steps
from tidegate.infra.scopes import Scope
from tidegate.infra.secrets import InstanceSecrets
from tidegate.infra.settings import Settings


class Home(Protocol):
    """What a duty finds where it works: the parts of an instance that no slice makes."""

    settings: Settings
    clock: Clock
    database: Database
    secrets: InstanceSecrets


class Duty(msgspec.Struct, frozen=True):
    """Work that nobody calls for. `work` says how much it did: after something it goes on at once,
    after nothing it rests for `seconds`. Several processes may do it side by side. When one step has
    not ended after `patience` seconds it hangs, and the worker is replaced."""

    name: str
    seconds: float
    work: Callable[[Home], int]
    patience: float = 300.0


# Work that keeps its own time, until the event is set, and tells of each of its turns.
Errand = Callable[[Home, asyncio.Event, Steps], Coroutine[Any, Any, None]]


class Gauge(msgspec.Struct, frozen=True):
    """A number that the database knows, for Prometheus."""

    name: str
    text: str
    value: float


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger entry, sealed or waiting to be. `record` is None once it is forgotten; `at` is None where
    somebody made a time of it that is none."""

    seq: int | None
    at: datetime | None
    kind: str
    subject: UUID | None
    record: dict[str, Any] | None

    @property
    def name(self) -> str:
        """In words, for people."""
        return "an entry that is not sealed yet" if self.seq is None else f"entry {self.seq}"


class Witness(Protocol):
    """Compares what the ledger tells with a slice's tables. It hears every entry of its `kinds`, in the
    order of the chain, and then says, each in a sentence, what does not agree."""

    @property
    def kinds(self) -> Collection[str]: ...
    def hear(self, entry: Heard) -> None: ...
    def say(self, tx: Tx) -> Iterable[str]: ...


class Verbs(msgspec.Struct, frozen=True, kw_only=True):
    """What the house calls of a slice.

    `erase` forgets what is kept about one erased item, `expire` about those whose retention is over;
    both run in the transaction in which content forgets them. `witnesses` compare the ledger with the
    slice's tables.
    """

    duties: tuple[Duty, ...] = ()
    errands: tuple[Errand, ...] = ()
    erase: Callable[[Tx, UUID], object] | None = None
    expire: Callable[[Tx, Sequence[UUID]], object] | None = None
    gauges: Callable[[Tx], Sequence[Gauge]] | None = None
    witnesses: tuple[Callable[[Tx], Witness], ...] = ()


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """One slice of the house.

    `channels` are ways in which reports come that a key must have been given. `forgets` are its tables of
    which erasure takes something; `keeps` those that name an item or a person and are left as they are,
    each with the reason why that is right. `remade` are made anew from what the others hold, and are left out
    of backups. `verbs` are loaded when they are asked for: a command that
    makes a key needs the scopes of all slices and the code of none.
    """

    name: str
    scopes: tuple[Scope, ...] = ()
    channels: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    forgets: tuple[str, ...] = ()
    keeps: Mapping[str, str] = {}
    remade: tuple[str, ...] = ()
    verbs: Callable[[], Verbs] = Verbs


def in_tx(work: Callable[[Tx], int]) -> Callable[[Home], int]:
    """A duty's work that is one transaction."""

    def run(home: Home) -> int:
        with home.database.begin() as tx:
            return work(tx)

    return run
