"""What the command on call has yet to be told. It is written with the ring itself and taken away once the
command has run: whoever dies between the two has lost no call.

A claim is a lease, as of what goes out: what a killed worker was telling is told again when the lease ends, or as
soon as the worker is started again at its place.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy.dialects.postgresql import insert

from tidegate.clocks.tables import calls
from tidegate.infra.db import Tx


class Calling(Struct, frozen=True):
    """A message that the command gets; the latest about what it is about. `proven`: it is about nothing that a
    stranger can have made up; `ends_at`: until when something is to be done."""

    about: UUID
    type: str
    data: dict[str, Any]
    proven: bool
    ends_at: datetime | None


_COLUMNS = tuple(calls.c[name] for name in Calling.__struct_fields__)


def call(tx: Tx, one: Calling) -> None:
    """Have the command run. What it was not told yet about the same is overtaken; while it is being told, that
    is enough."""
    row = asdict(one)
    free = {"leased_until": None, "leased_by": None}
    newer = sa.update(calls).where(calls.c.about.in_(_free(tx, one.about))).values(row | free)
    if not tx.execute(newer).rowcount:
        tx.execute(insert(calls).values(row | {"since": tx.now}).on_conflict_do_nothing())


def claim_call(tx: Tx, lease: timedelta, place: str) -> Calling | None:
    """Take the next one that nobody makes, for the worker at a place, which makes one at a time: the proven first,
    of these what ends first. Of what was taken at that place before the one who took it is dead."""
    c = calls.c
    mine = sa.or_(_is_free(tx), c.leased_by == place)
    order = (c.proven.desc(), c.ends_at, c.since)
    first = sa.select(c.about).where(mine).order_by(*order).limit(1)
    query = sa.update(calls).where(
        c.about == first.with_for_update(skip_locked=True).scalar_subquery()
    )
    taken = query.values(leased_until=tx.now + lease, leased_by=place).returning(*_COLUMNS)
    row = tx.execute(taken).mappings().one_or_none()
    return None if row is None else Calling(**row)


def made(tx: Tx, one: Calling, place: str) -> None:
    """The command has run, well or not: what rings on calls anew."""
    c = calls.c
    tx.execute(sa.delete(calls).where(c.about == one.about, c.leased_by == place))


def call_off(tx: Tx, about: UUID) -> None:
    """Somebody has it: nobody is called about it any more, unless that is being done."""
    tx.execute(sa.delete(calls).where(calls.c.about.in_(_free(tx, about))))


def _free(tx: Tx, about: UUID) -> sa.Select[tuple[UUID]]:
    query = sa.select(calls.c.about).where(calls.c.about == about, _is_free(tx))
    return query.with_for_update(skip_locked=True)


def _is_free(tx: Tx) -> sa.ColumnElement[bool]:
    return sa.or_(calls.c.leased_until.is_(None), calls.c.leased_until <= tx.now)
