"""Reading measures: one, lists of them, who signed, what was replied, and which steps stand."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.oversight.measures.model import Measure, Reply, Signature, State
from tidegate.oversight.measures.tables import measure_replies, measure_signatures, measures

_MEASURE = [measures.c[name] for name in Measure.__struct_fields__]
_REPLY = [measure_replies.c[name] for name in Reply.__struct_fields__]
MOST = 500


def measure_unknown(_: object = None) -> Refusal:
    return Refusal(
        "measure-unknown", 404, "There is no such measure", "GET /v1/measures lists them."
    )


def measure_of(tx: Tx, id: UUID, *, lock: bool = False) -> Measure:
    """One measure; with `lock` its row is the transaction's. Raises Refusal (404)."""
    query = sa.select(*_MEASURE).where(measures.c.id == id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise measure_unknown()
    return Measure(**row)


def signatures_of(tx: Tx, id: UUID) -> list[Signature]:
    """Who signed, the first first."""
    c = measure_signatures.c
    query = sa.select(c.by, c.at).where(c.measure_id == id).order_by(c.at, c.by)
    return [Signature(row.by, row.at) for row in tx.execute(query)]


def replies_of(tx: Tx, id: UUID) -> list[Reply]:
    """What the organisation answered, the first first."""
    query = sa.select(*_REPLY).where(measure_replies.c.measure_id == id)
    rows = tx.execute(query.order_by(measure_replies.c.at, measure_replies.c.id))
    return [Reply(**row) for row in rows.mappings()]


def steps_that_stand(tx: Tx, organisation: str, law: str) -> set[str]:
    """The steps against an organisation, by one law in whatever version, that were concluded and stand."""
    c = measures.c
    query = sa.select(c.step).where(c.organisation == organisation, c.state == "concluded")
    of_law = sa.func.split_part(c.pack, "@", 1) == law
    return set(tx.execute(query.where(c.outcome == "stands", of_law)).scalars())


def measures_against(tx: Tx, organisation: str) -> list[Measure]:
    """All measures against an organisation, the first first."""
    query = sa.select(*_MEASURE).where(measures.c.organisation == organisation)
    rows = tx.execute(query.order_by(measures.c.created_at, measures.c.id)).mappings()
    return [Measure(**row) for row in rows]


def measures_waiting(tx: Tx, signer: str | None, limit: int) -> list[Measure]:
    """What waits for somebody, the first first: what was signed, and what was notified; and of what is to be signed,
    what this person has not signed yet (None: who signs nothing)."""
    c, s = measures.c, measure_signatures.c
    waits = c.state.in_(("signed", "notified"))
    if signer is not None:
        signed = sa.select(s.measure_id).where(s.measure_id == c.id, s.by == signer).exists()
        waits |= c.state.in_(("draft", "proposed")) & ~signed
    query = sa.select(*_MEASURE).where(waits).order_by(c.created_at, c.id).limit(limit)
    return [Measure(**row) for row in tx.execute(query).mappings()]


def list_measures(
    tx: Tx,
    *,
    organisation: str | None = None,
    step: str | None = None,
    states: Sequence[State] | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[Measure], str | None]:
    """A page of measures, the newest first, and the place after it. Raises Refusal (422)."""
    c, limit = measures.c, min(limit, MOST)
    query = sa.select(*_MEASURE).order_by(c.created_at.desc(), c.id.desc())
    if organisation is not None:
        query = query.where(c.organisation == organisation)
    if step is not None:
        query = query.where(c.step == step)
    if states is not None:
        query = query.where(c.state.in_(states))
    if cursor is not None:
        place = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        query = query.where(sa.tuple_(c.created_at, c.id) < place)
    found = [Measure(**row) for row in tx.execute(query.limit(limit + 1)).mappings()]
    page = found[:limit]
    return page, write_cursor(page[-1].created_at, page[-1].id) if len(found) > limit else None
