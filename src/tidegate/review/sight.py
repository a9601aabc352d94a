"""Which cases somebody may see, and so work on: those of their platforms, queues and languages.

Every query of cases that is made for somebody has this condition. A case whose content says nothing of
its language, or has none, is for whoever has its queue: somebody has to look at it. Of blind looks one
sees those that one may answer, and meanwhile not what the first one decided.
"""

from functools import lru_cache
from uuid import UUID

import sqlalchemy as sa

from tidegate.decisions.looks import hidden_from
from tidegate.infra.acting import Sight
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.review.tables import cases


def in_sight(tx: Tx, of: sa.FromClause = cases) -> sa.ColumnElement[bool]:
    """The condition that a case is one that this transaction may see; `of` is another name for the
    table."""
    return sa.and_(tx.within(of.c.platform), _in_sight(tx.identity, tx.queues, tx.languages, of))


@lru_cache(maxsize=1024)  # it is in nearly every statement, and takes longer to build than to run
def _in_sight(
    identity: str,
    queues: frozenset[str] | None,
    languages: frozenset[str] | None,
    of: sa.FromClause,
) -> sa.ColumnElement[bool]:
    bounds: list[sa.ColumnElement[bool]] = []
    if identity.startswith("user:"):
        bounds.append(of.c.id != sa.func.all(hidden_from(identity)))
    if queues is not None:
        bounds.append(of.c.queue.in_(sorted(queues)))
    if languages is not None:
        tongue = sa.func.split_part(sa.func.lower(of.c.language), "-", 1)
        bounds.append(sa.or_(of.c.language.is_(None), tongue.in_(sorted(languages))))
    return sa.and_(sa.true(), *bounds)


def sees_case(sight: Sight, queue: str | None, language: str | None) -> bool:
    """The same of a case on a platform that they see, known by its queue and language."""
    if sight.queues is not None and queue not in sight.queues:
        return False
    if sight.languages is None or language is None:
        return True
    return language.lower().partition("-")[0] in sight.languages


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
