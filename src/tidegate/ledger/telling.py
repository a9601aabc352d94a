"""Telling the ledger, entry by entry, to those who compare it with what other tables say."""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from tidegate.infra.columns import unseal
from tidegate.infra.db import Tx
from tidegate.infra.slices import Heard, Witness

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a record without a field raises, or with one of another type: somebody made it up.
_NOT_OF_ITS_KIND = (LookupError, TypeError, ValueError, AttributeError, msgspec.MsgspecError)
_WAITING = "SELECT at, kind, subject, record FROM ledger_pending WHERE kind = ANY(%s) ORDER BY id"


class Telling:
    """Each witness hears what it asked for: what is sealed, then what waits to be."""

    def __init__(self, witnesses: Sequence[Witness]) -> None:
        self._witnesses = witnesses
        self._listening: dict[str, list[Witness]] = {}
        self._strange: deque[str] = deque(maxlen=1000)
        for one in witnesses:
            for kind in one.kinds:
                self._listening.setdefault(kind, []).append(one)

    def tell(self, row: tuple[Any, ...]) -> None:
        """An entry of the chain, as `verify` reads it."""
        if row[3] in self._listening:
            subject = None if row[4] is None else UUID(bytes=bytes(row[4]))
            at = None if row[2] is None else _EPOCH + timedelta(microseconds=row[2])
            self._tell(row[0], at, row[3], subject, row[9])

    def tell_waiting(self, connection: psycopg.Connection[Any]) -> None:
        """The entries that are not sealed yet."""
        with connection.cursor("ledger_waiting", binary=True) as cursor:
            for at, kind, subject, record in cursor.execute(_WAITING, [list(self._listening)]):
                self._tell(None, at, kind, subject, unseal(record))

    def heard(self, tx: Tx, most: int) -> Iterator[str]:
        """What does not agree, of each witness at most so many sentences."""
        yield from self._strange
        for one in self._witnesses:
            yield from islice(one.say(tx), most)

    def _tell(
        self,
        seq: int | None,
        at: datetime | None,
        kind: str,
        subject: UUID | None,
        record: bytes | None,
    ) -> None:
        try:
            said = None if record is None else msgspec.json.decode(record, type=dict[str, Any])
        except msgspec.MsgspecError:
            return  # not what it commits to: the walk says so
        entry = Heard(seq=seq, at=at, kind=kind, subject=subject, record=said)
        for one in self._listening[kind]:
            try:
                one.hear(entry)
            except _NOT_OF_ITS_KIND:
                self._strange.append(f"{entry.name} does not say what one of {kind} says")
