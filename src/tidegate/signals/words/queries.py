"""Finding by terms: what is newest comes first, stretch by stretch, and no search looks further than it
must."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.content.queries import is_open
from tidegate.content.tables import items, revisions
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.signals.words.model import STRETCH, stretch_of, term
from tidegate.signals.words.tables import item_terms, term_walks

ITEM_TERMS, ENTRY_TERMS = "item_terms", "entry_terms"


class Sought(msgspec.Struct, frozen=True):
    """What is looked for: all that is `said`, and where `any` is not empty one of it; from `since` on,
    and before `before`."""

    said: frozenset[str] = frozenset()
    any: frozenset[str] = frozenset()
    since: datetime | None = None
    before: datetime | None = None


class Unmade(NamedTuple):
    """A revision whose terms are still to be made."""

    item_id: UUID
    number: int
    at: datetime
    platform: str
    content: bytes


class Found(NamedTuple):
    """An item, and the number of its latest revision."""

    number: int
    item_id: UUID
    revision: int


def newest(
    tx: Tx, table: str, key: bytes, sought: Sought, below: int | None, limit: int
) -> list[int]:
    """The numbers of what has what is sought, the newest first; `below`: under this number alone."""
    last = _last(tx, table) if below is None else below - 1
    sought = _simplest(sought)
    low, high = _stretches(tx, table, sought, last)
    if low is None or high < low:
        return []
    given = _given(key, sought, range(high, low - 1, -1)) | {"limit": limit}
    given |= {"below": min(last + 1, (high + 1) * STRETCH), "from": low * STRETCH}
    query = _walk(table, _parts(sought))
    return sorted(tx.execute(query, given).scalars(), reverse=True)


def among(tx: Tx, table: str, key: bytes, sought: Sought, numbers: Collection[int]) -> list[int]:
    """Those of these numbers that have what is sought, the highest first."""
    if not numbers:
        return []
    sought = _simplest(sought)
    stretches = sorted({stretch_of(one) for one in numbers})
    given = {"numbers": list(numbers), "stretches": stretches} | _given(key, sought, stretches)
    return sorted(tx.execute(_among(table, _parts(sought)), given).scalars(), reverse=True)


def open_items(tx: Tx, numbers: Collection[int]) -> list[Found]:
    """The items whose latest revisions have these numbers, as far as they may be seen and are open, the
    highest number first."""
    if not numbers:
        return []
    rows = tx.execute(_OPEN.where(is_open(tx)), {"numbers": list(numbers)})
    return sorted((Found(*row) for row in rows), reverse=True)


def numbers_of_items(tx: Tx, ids: Collection[UUID]) -> dict[UUID, int]:
    """The numbers by which items are found; those that have no terms (yet) are left out."""
    if not ids:
        return {}
    query = sa.select(item_terms.c.item_id, item_terms.c.number)
    return {
        row.item_id: row.number
        for row in tx.execute(query.where(one_of(item_terms.c.item_id, ids)))
    }


def unmade(tx: Tx, after: int, limit: int) -> list[Unmade]:
    """The next latest revisions, by number, that are kept and have no terms yet."""
    return [Unmade(*row) for row in tx.execute(_UNMADE, {"after": after, "limit": limit})]


def walked(tx: Tx, name: str) -> int:
    """Up to which number terms are made."""
    query = sa.select(term_walks.c.position).where(term_walks.c.name == name)
    return tx.execute(query).scalar_one_or_none() or 0


def _last(tx: Tx, table: str) -> int:
    return int(tx.execute(_LAST[table]).scalar_one())


def _stretches(tx: Tx, table: str, sought: Sought, last: int) -> tuple[int | None, int]:
    """The first and the last stretch that may have any. Numbers are given in the order of times but for
    what comes in at the same moment: one stretch more makes up for that."""
    low, high = 0, stretch_of(max(last, 0))
    if sought.since is not None:
        first = tx.execute(_FIRST_SINCE[table], {"at": sought.since}).scalar_one_or_none()
        if first is None:
            return None, high
        low = max(0, stretch_of(first) - 1)
    if sought.before is not None:
        first = tx.execute(_FIRST_SINCE[table], {"at": sought.before}).scalar_one_or_none()
        high = high if first is None else min(high, stretch_of(first) + 1)
    return low, high


def _simplest(sought: Sought) -> Sought:
    """One of one is that one."""
    if len(sought.any) != 1:
        return sought
    return msgspec.structs.replace(sought, said=sought.said | sought.any, any=frozenset())


def _given(key: bytes, sought: Sought, stretches: Sequence[int]) -> dict[str, object]:
    """The parameters of what is sought: the arrays of each stretch are written as PostgreSQL writes them."""

    def written(said: frozenset[str]) -> list[str]:
        return [
            "{" + ",".join(str(term(key, stretch, one)) for one in said) + "}"
            for stretch in stretches
        ]

    parts = {"needed": sought.said, "either": sought.any}
    found: dict[str, object] = {name: written(said) for name, said in parts.items() if said}
    return found | {"since": sought.since, "before": sought.before}


_TIMES = (
    "(CAST(:since AS timestamptz) IS NULL OR w.at >= :since)"
    " AND (CAST(:before AS timestamptz) IS NULL OR w.at < :before)"
)
_PARTS = {
    "needed": "w.terms @> CAST(s.needed AS bigint[])",
    "either": "w.terms && CAST(s.either AS bigint[])",
}


@lru_cache(maxsize=32)
def _walk(table: str, parts: tuple[str, ...]) -> sa.TextClause:
    """The stretches come one after the other, the newest first, until there are enough."""
    if not parts:
        return sa.text(
            f"SELECT w.number FROM {table} w WHERE w.number < :below AND w.number >= :from"  # noqa: S608
            f" AND {_TIMES} ORDER BY w.number DESC LIMIT :limit"
        )
    arrays = ", ".join(f"CAST(:{one} AS text[])" for one in parts)
    has = " AND ".join(_PARTS[one] for one in parts)
    return sa.text(
        f"SELECT f.number FROM unnest({arrays}) AS s ({', '.join(parts)}) CROSS JOIN LATERAL"  # noqa: S608
        f" (SELECT w.number FROM {table} w WHERE {has} AND w.number < :below AND {_TIMES}"
        " ORDER BY w.number DESC) AS f LIMIT :limit"
    )


@lru_cache(maxsize=32)
def _among(table: str, parts: tuple[str, ...]) -> sa.TextClause:
    arrays = "".join(f", CAST(:{one} AS text[])" for one in parts)
    has = "".join(f" AND {_PARTS[one]}" for one in parts)
    return sa.text(
        f"SELECT w.number FROM unnest(CAST(:stretches AS bigint[]){arrays}) AS s ({', '.join(['stretch', *parts])})"  # noqa: S608
        f" JOIN {table} w ON w.number / {STRETCH} = s.stretch{has}"
        f" WHERE w.number = ANY(CAST(:numbers AS bigint[])) AND {_TIMES}"
    )


def _parts(sought: Sought) -> tuple[str, ...]:
    return tuple(name for name, said in (("needed", sought.said), ("either", sought.any)) if said)


_TABLES = (ITEM_TERMS, ENTRY_TERMS)
_LAST = {t: sa.text(f"SELECT coalesce(max(number), 0) FROM {t}") for t in _TABLES}  # noqa: S608
_FIRST_SINCE = {
    t: sa.text(f"SELECT number FROM {t} WHERE at >= :at ORDER BY at LIMIT 1")  # noqa: S608
    for t in _TABLES
}
_LATEST = sa.and_(items.c.id == revisions.c.item_id, items.c.revision == revisions.c.revision)
_OPEN = (
    sa.select(revisions.c.number, items.c.id, items.c.revision)
    .join(items, _LATEST)
    .where(revisions.c.number == sa.any_(sa.cast(sa.bindparam("numbers"), ARRAY(sa.BigInteger))))
)
_UNMADE = (
    sa.select(
        revisions.c.item_id,
        revisions.c.number,
        revisions.c.received_at,
        items.c.platform,
        revisions.c.content,
    )
    .join(items, _LATEST)
    .outerjoin(item_terms, item_terms.c.number == revisions.c.number)
    .where(
        revisions.c.number > sa.bindparam("after"),
        item_terms.c.number.is_(None),
        revisions.c.content.isnot(None),
        items.c.erased_at.is_(None),
    )
    .order_by(revisions.c.number)
    .limit(sa.bindparam("limit"))
)
