"""How far a case is, for those who reported what it is about: they see that it waits, and that it is decided,
and nothing of what people do in it.
"""

from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.review.model import CaseState
from tidegate.review.tables import cases


def state_of(tx: Tx, case_id: UUID) -> CaseState | None:
    """The state of a case on a platform that may be seen here, of whatever queue; None where there is none."""
    query = sa.select(cases.c.state).where(cases.c.id == case_id, tx.within(cases.c.platform))
    return tx.execute(query).scalar_one_or_none()
