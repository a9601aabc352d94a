"""Which sealed records were blanked without an erasure that says so.

Salt and record may go, by `ledger.actions.forget` alone, with an ENDING about the same
subject that is sealed after them. The chain is whole either way, so this has to be asked for itself.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from tidegate.ledger.model import ENDING

# In release 0.1 an erasure had no subject, so its record says whose it was; and it could be sealed
# before what it had blanked, if that had been written in the same moments.
_MOMENTS = 300_000_000  # microseconds
_ITEM = re.compile(rb'"item":"([0-9a-f-]{36})"')

_BLANKED = """
    WITH ended AS (
      SELECT subject, max(seq) AS last FROM (
        SELECT subject, seq FROM ledger WHERE kind = %(ending)s
        UNION ALL
        SELECT subject, 9223372036854775807 FROM ledger_pending WHERE kind = %(ending)s
      ) AS endings GROUP BY subject)
    SELECT l.seq, CASE WHEN l.at BETWEEN '1970-01-01+00' AND '9999-12-30+00'
        THEN (extract(epoch FROM l.at) * 1000000)::bigint END, l.subject, ended.last
    FROM ledger l LEFT JOIN ended USING (subject)
    WHERE l.salt IS NULL AND l.record IS NULL
      AND (ended.last IS NULL OR ended.last < l.seq OR l.kind = %(ending)s)
    ORDER BY l.seq
"""


class Erasures:
    """The erasures of release 0.1, as the walk over the chain comes by them."""

    def __init__(self) -> None:
        self._told: dict[UUID, tuple[int, int]] = {}

    def hear(self, row: tuple[Any, ...]) -> None:
        """An entry of the chain, as `verify` reads it."""
        seq, at, kind, subject, record = row[0], row[2], row[3], row[4], row[9]
        if kind == ENDING and subject is None and record is not None and at is not None:
            item = _ITEM.search(record)
            if item:
                self._told[UUID(item[1].decode())] = (seq, at)

    def explains(self, seq: int, at: int | None, subject: UUID | None) -> bool:
        """Whether one of them blanked the entry."""
        if subject is None or subject not in self._told:
            return False
        last, moment = self._told[subject]
        return seq < last or (at is not None and at <= moment + _MOMENTS)


class Unexplained(msgspec.Struct, frozen=True):
    """Entries `first` to `last` are blanked, and why not that is right."""

    first: int
    last: int
    why: str


def unexplained(
    connection: psycopg.Connection[Any], erasures: Erasures, most: int
) -> Iterator[Unexplained]:
    """The blanked entries that nothing explains, neighbours together, at most so many. An erasure
    that waits to be sealed explains as one that is."""
    span: Unexplained | None = None
    count = 0
    with connection.cursor("ledger_blanked") as cursor:
        cursor.itersize = 2000
        for seq, at, subject, ended in cursor.execute(_BLANKED, {"ending": ENDING}):
            if ended is None and erasures.explains(seq, at, subject):
                continue
            why = _why(subject, ended)
            if span and (span.last, span.why) == (seq - 1, why):
                span = Unexplained(span.first, seq, why)
                continue
            if span:
                yield span
            count += 1
            if count > most:
                return
            span = Unexplained(seq, seq, why)
    if span:
        yield span


def _why(subject: UUID | None, ended: int | None) -> str:
    if subject is None:
        why = "it is about no item, so nothing erases it"
    elif ended is None:
        why = f"no erasure of its subject {subject} is in the ledger"
    else:
        why = f"the erasure of its subject {subject} does not stand after it"
    return f"salt and record were blanked, and {why}. Put them back from a backup"
