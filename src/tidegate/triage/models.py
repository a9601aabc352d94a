"""What was learnt, version by version, as it is kept: of the newest all that learning on needs, of a few before
what speaking needs, of the others how they fared."""

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.triage.figures import Figures, figures_of
from tidegate.triage.learned import Learner
from tidegate.triage.learned_state import Unreadable, learning, restored, speaking
from tidegate.triage.tables import learned_models

SPEAKING = 3  # versions
KEPT = 500


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A version of what was learnt, and how it fared."""

    version: int
    made_at: datetime
    decisions: int
    urgent: int
    figures: Figures


def newest_version(tx: Tx) -> int:
    """0: nothing was learnt yet."""
    return int(tx.execute(_NEWEST).scalar_one() or 0)


def newest_model(tx: Tx) -> Model | None:
    """The newest version, without what it says."""
    columns = [learned_models.c[name] for name in Model.__struct_fields__]
    query = sa.select(*columns).order_by(learned_models.c.version.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return Model(
        version=row.version,
        made_at=row.made_at,
        decisions=row.decisions,
        urgent=row.urgent,
        figures=msgspec.convert(row.figures, Figures),
    )


def read_learner(tx: Tx, *, to_learn: bool) -> tuple[int, Learner]:
    """The newest version and its number: all of it, or only what it needs to speak. Where there is none, or
    this program cannot read it, one that knows nothing."""
    columns: list[sa.ColumnElement[Any]] = [learned_models.c.version, learned_models.c.state]
    columns += [learned_models.c.replay] if to_learn else []
    query = sa.select(*columns).order_by(learned_models.c.version.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    if row is None:
        return 0, Learner()
    try:
        return row.version, restored(row.state, row.replay if to_learn else None)
    except Unreadable:
        return row.version, Learner()


def save_learner(tx: Tx, version: int, learner: Learner) -> None:
    """Keep what was learnt as this version, the newest. The caller is the only one who learns."""
    tx.execute(
        sa.insert(learned_models).values(
            version=version,
            made_at=tx.now,
            decisions=learner.decisions,
            urgent=learner.urgent,
            figures=msgspec.to_builtins(figures_of(learner)),
            state=speaking(learner),
            replay=learning(learner),
        )
    )
    older = sa.update(learned_models).where(learned_models.c.version < version)
    tx.execute(older.where(learned_models.c.replay.isnot(None)).values(replay=None))
    silent = older.where(learned_models.c.version <= version - SPEAKING)
    tx.execute(silent.where(learned_models.c.state.isnot(None)).values(state=None))
    tx.execute(sa.delete(learned_models).where(learned_models.c.version <= version - KEPT))


_NEWEST = sa.select(sa.func.max(learned_models.c.version))
