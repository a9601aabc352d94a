"""Which cases somebody may see, and so work on: those of their platforms, queues and languages.

Every query of cases that is made for somebody has this condition. A case whose content says nothing of
its language, or has none, is for whoever has its queue: somebody has to look at it.
"""

from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.review.tables import cases


def in_sight(tx: Tx) -> sa.ColumnElement[bool]:
    """The condition that a case is one that this transaction may see."""
    bounds = [tx.within(cases.c.platform)]
    if tx.queues is not None:
        bounds.append(cases.c.queue.in_(sorted(tx.queues)))
    if tx.languages is not None:
        tongue = sa.func.split_part(sa.func.lower(cases.c.language), "-", 1)
        spoken = tongue.in_(sorted(tx.languages))
        bounds.append(sa.or_(cases.c.language.is_(None), spoken))
    return sa.and_(*bounds)


def refuse_out_of_sight(tx: Tx, case_id: UUID) -> None:
    """Raises Refusal (403) where the case, which something else led to, is not one of the actor's."""
    if tx.queues is None and tx.languages is None:
        return
    seen = sa.exists().where(cases.c.id == case_id, in_sight(tx))
    if not tx.execute(sa.select(seen)).scalar_one():
        raise Refusal(
            "case-of-others",
            403,
            "A case about it waits for others",
            "Nothing was changed: it is in a queue, or about content in a language, that is not yours.",
        )
