"""Telling the ledger, entry by entry, to those who compare it with what other tables say."""

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
_WAITING = "SELECT at, kind, subject, record FROM ledger_pending WHERE kind = ANY(%s) ORDER BY id"


class Telling:
    """Each witness hears what it asked for: what is sealed, then what waits to be."""

    def __init__(self, witnesses: Sequence[Witness]) -> None:
        self._witnesses = witnesses
        self._listening: dict[str, list[Witness]] = {}
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
            one.hear(entry)
