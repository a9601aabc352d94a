"""What strangers were refused: failed sign-ins and refused keys, on their way into the ledger.

They come as fast as somebody sends them, so they are counted in memory, in bounded room, and written a
few entries at a time (`web/refusing.py` says when). Nothing that was tried is kept: of a name that is
nobody's, only that there was one, for people type passwords into the wrong field.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from threading import Lock
from typing import Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.access.tables import keys, users
from tidegate.infra.db import Tx
from tidegate.infra.networks import network_around
from tidegate.ledger.actions import append

RefusedKind = Literal["sign_in.failed", "key.refused"]
# With an address that one signs in by, or the id of a key; None: neither.
Name = tuple[RefusedKind, str | None]

MOST_COUNTED = 1000
"""Names that are counted one by one in memory; what is beyond is counted together."""
MOST_ENTRIES = 32
"""Entries of one kind that are written at once; what is beyond is counted together."""
MOST_NETWORKS = 5


class Tally(msgspec.Struct):
    """How often, from when to when, and from where: the first few networks, not the addresses."""

    count: int
    first: datetime
    last: datetime
    networks: list[str]

    def add(self, other: "Tally") -> None:
        self.count += other.count
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        fresh = [one for one in other.networks if one not in self.networks]
        self.networks = (self.networks + fresh)[:MOST_NETWORKS]


Taken = dict[Name, Tally]


class Refused:
    """The counts of one process, from any of its threads."""

    def __init__(self) -> None:
        self._tallies: Taken = {}
        self._lock = Lock()

    def note(self, kind: RefusedKind, name: str | None, address: str, now: datetime) -> None:
        """Count one refusal; `name` is what was claimed, and need not be anybody's."""
        self._add({(kind, name): Tally(1, now, now, [network_around(address)])})

    def take(self) -> Taken:
        """All that is counted; from now on it is counted anew."""
        with self._lock:
            taken, self._tallies = self._tallies, {}
        return taken

    def give_back(self, taken: Taken) -> None:
        """Count what was taken and could not be written."""
        self._add(taken)

    @property
    def waiting(self) -> bool:
        return bool(self._tallies)

    def _add(self, more: Taken) -> None:
        with self._lock:
            for name, tally in more.items():
                known = name in self._tallies or len(self._tallies) < MOST_COUNTED
                merge(self._tallies, name if known else (name[0], None), tally)


def merge(into: Taken, name: Name, tally: Tally) -> None:
    if name in into:
        into[name].add(tally)
    else:
        into[name] = msgspec.structs.replace(tally)


def write_refused(tx: Tx, taken: Mapping[Name, Tally]) -> None:
    """Put the counts into the ledger: an entry for each account and each key that there is, one for
    all names of nobody."""
    known: dict[RefusedKind, dict[str, UUID | None]] = {
        "sign_in.failed": _people(tx, _names(taken, "sign_in.failed")),
        "key.refused": _keys(tx, _names(taken, "key.refused")),
    }
    by_count = sorted(taken.items(), key=lambda one: -one[1].count)
    written: Taken = {}
    for (kind, name), tally in by_count:
        room = sum(one == kind for one, _ in written) < MOST_ENTRIES
        merge(written, (kind, name if name in known[kind] and room else None), tally)
    for (kind, name), tally in written.items():
        called = "email" if kind == "sign_in.failed" else "key"
        record = {called: name} | msgspec.structs.asdict(tally)
        append(tx, kind, record, None if name is None else known[kind][name])


def _names(taken: Iterable[Name], kind: RefusedKind) -> list[str]:
    return [name for one, name in taken if one == kind and name is not None]


def _people(tx: Tx, emails: list[str]) -> dict[str, UUID | None]:
    """Which of the addresses are users', with their ids."""
    query = sa.select(users.c.email, users.c.id).where(users.c.email.in_(emails))
    return {row.email: row.id for row in tx.execute(query)} if emails else {}


def _keys(tx: Tx, ids: list[str]) -> dict[str, UUID | None]:
    """Which of the ids are keys', with the users that they are bound to."""
    query = sa.select(keys.c.id, keys.c.user_id).where(keys.c.id.in_(ids))
    return {row.id: row.user_id for row in tx.execute(query)} if ids else {}
