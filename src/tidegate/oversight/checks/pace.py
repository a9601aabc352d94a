"""How often a host is asked: one request at a time, and a second between two, whichever process makes them.

A host is taken until a request that hangs must have ended, and given back with the time from which on it may be asked
again. Times here are those that hosts go by (`infra.clock.outside`), not those of an injected clock.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.oversight.checks.tables import check_hosts

HELD = timedelta(seconds=30)
"""After which a host is free again that a killed process had; longer than any request."""


def take_host(tx: Tx, host: str, at: datetime) -> datetime | None:
    """Until when the host is ours; None: another has it, or it has to be left alone."""
    until = at + HELD
    new = insert(check_hosts).values(host=host, next_at=until)
    taken = new.on_conflict_do_update(
        index_elements=[check_hosts.c.host],
        set_={"next_at": new.excluded.next_at},
        where=check_hosts.c.next_at <= at,
    ).returning(check_hosts.c.host)
    return until if tx.execute(taken).first() is not None else None


def give_host(tx: Tx, host: str, held_until: datetime, next_at: datetime) -> None:
    """Give a host back that is held until then, to be asked from `next_at` on. Of one that another has taken since
    nothing changes."""
    ours = sa.and_(check_hosts.c.host == host, check_hosts.c.next_at == held_until)
    tx.execute(sa.update(check_hosts).where(ours).values(next_at=next_at))


def free_from(tx: Tx, host: str) -> datetime | None:
    """From when on a host may be asked, as far as is known; None: it was never asked."""
    query = sa.select(check_hosts.c.next_at).where(check_hosts.c.host == host)
    return tx.execute(query).scalar_one_or_none()
