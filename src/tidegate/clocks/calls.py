"""What the command on call has yet to be told. It is written with the ring itself and taken away once the
command has run: whoever dies between the two has lost no call."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert

from tidegate.clocks.tables import calls
from tidegate.infra.db import Tx


class Calling(Struct, frozen=True):
    """A message that the command gets; the latest about what it is about."""

    about: UUID
    type: str
    data: dict[str, Any]


def call(tx: Tx, one: Calling) -> None:
    """Have the command run. What it was not told yet about the same is overtaken; while it is being told, that
    is enough."""
    c = calls.c
    row = {"about": one.about, "type": one.type, "data": one.data}
    newer = sa.update(calls).where(c.about.in_(_free(one.about))).values(row)
    if not tx.execute(newer).rowcount:
        tx.execute(insert(calls).values(row | {"since": tx.now}).on_conflict_do_nothing())


def next_call(tx: Tx) -> Calling | None:
    """The one that has waited longest and that nobody else makes, locked until the transaction ends."""
    c = calls.c
    query = sa.select(c.about, c.type, c.data).order_by(c.since).limit(1)
    row = tx.execute(query.with_for_update(skip_locked=True)).one_or_none()
    return None if row is None else Calling(row.about, row.type, row.data)


def made(tx: Tx, one: Calling) -> None:
    """The command has run, well or not: what rings on calls anew."""
    tx.execute(sa.delete(calls).where(calls.c.about == one.about))


def call_off(tx: Tx, about: UUID) -> None:
    """Somebody has it: nobody is called about it any more, unless that is being done."""
    tx.execute(sa.delete(calls).where(calls.c.about.in_(_free(about))))


def _free(about: UUID) -> sa.Select[tuple[UUID]]:
    query = sa.select(calls.c.about).where(calls.c.about == about)
    return query.with_for_update(skip_locked=True)
