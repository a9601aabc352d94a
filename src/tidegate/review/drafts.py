"""What somebody has typed of a decision and not sent: it survives the end of the session, a crash, a
reload and a lost race. Their own alone; gone with their decision, with the item, or after a week.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.review.queries import subject_of_case
from tidegate.review.sight import in_sight
from tidegate.review.tables import case_events, case_skips, cases, drafts

KEPT = timedelta(days=7)
LONGEST = 4000  # of a field, as of a decision's reason
MOST = 200  # values
Fields = Mapping[str, list[str]]  # as a form has them: a name may have several values


class Draft(msgspec.Struct, frozen=True):
    """A form that is not sent yet."""

    fields: dict[str, list[str]]
    saved_at: datetime


class DraftOn(msgspec.Struct, frozen=True):
    """On which case the actor has a draft."""

    case: UUID
    saved_at: datetime


def save_draft(tx: Tx, case_id: UUID, fields: Fields) -> None:
    """Keep what the actor has typed for this case, in place of what they had before. Nothing typed is
    no draft, nor is what arrives after their own decision. Raises Refusal: 404, 422 for more than a decision
    takes."""
    subject_of_case(tx, case_id)
    _check(fields)
    kept = {name: values for name, values in fields.items() if any(values)}
    if _decided_by_actor(tx, case_id):
        return  # until that has left, what it was typed as is kept for its undo
    if not kept:
        return drop_draft(tx, case_id)
    _keep(tx, case_id, kept)


def _check(fields: Fields) -> None:
    for name, values in fields.items():
        longest = max(map(len, values), default=0)
        if longest > LONGEST:
            raise bad_field(f"/{name}", f"at most {LONGEST} characters", str(longest))
        if len(values) > MOST:
            raise bad_field(f"/{name}", f"at most {MOST} values", str(len(values)))


def keep_typed(tx: Tx, case_id: UUID, fields: Fields) -> None:
    """Keep what the actor's held decision was typed as, for its undo. The caller holds the case."""
    _keep(tx, case_id, {name: values for name, values in fields.items() if any(values)})


def _keep(tx: Tx, case_id: UUID, kept: Fields) -> None:
    values = {"fields": dict(kept), "saved_at": tx.now}
    query = insert(drafts).values(person=tx.identity, case_id=case_id, **values)
    tx.execute(query.on_conflict_do_update(index_elements=["person", "case_id"], set_=values))


def _decided_by_actor(tx: Tx, case_id: UUID) -> bool:
    query = (
        sa.select(case_events.c.actor)
        .join(cases, cases.c.id == case_events.c.case_id)
        .where(case_events.c.case_id == case_id, case_events.c.kind == "decided")
        .where(cases.c.state == "decided")
        .order_by(case_events.c.id.desc())
        .limit(1)
    )
    return tx.execute(query).scalar_one_or_none() == tx.actor


def draft_of(tx: Tx, case_id: UUID) -> Draft | None:
    """What the actor has typed for this case."""
    query = sa.select(drafts.c.fields, drafts.c.saved_at).where(
        drafts.c.person == tx.identity, drafts.c.case_id == case_id
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else Draft(row.fields, row.saved_at)


def drafts_of(tx: Tx, limit: int = 20) -> list[DraftOn]:
    """The cases on which the actor has a draft, the newest first; not those that they skipped and are not
    offered."""
    skipped = sa.exists().where(
        case_skips.c.case_id == drafts.c.case_id,
        case_skips.c.person == tx.identity,
        case_skips.c.until > tx.now,
    )
    query = (
        sa.select(drafts.c.case_id, drafts.c.saved_at)
        .join(cases, cases.c.id == drafts.c.case_id)
        .where(drafts.c.person == tx.identity, in_sight(tx), ~skipped)
        .order_by(drafts.c.saved_at.desc())
        .limit(limit)
    )
    return [DraftOn(*row) for row in tx.execute(query)]


def drop_draft(tx: Tx, case_id: UUID, person: str | None = None) -> None:
    """The actor, or another person, needs it no more. Others keep theirs: who loses a race does not lose
    what they wrote."""
    mine = drafts.c.person == (person or tx.identity)
    tx.execute(sa.delete(drafts).where(mine, drafts.c.case_id == case_id))


def drop_old_drafts(tx: Tx) -> int:
    """For the worker; returns how many."""
    return tx.execute(sa.delete(drafts).where(drafts.c.saved_at <= tx.now - KEPT)).rowcount


def forget_drafts(tx: Tx, item_id: UUID) -> None:
    """Erasure: everybody's drafts on the item's cases."""
    about = sa.select(cases.c.id).where(cases.c.item_id == item_id)
    tx.execute(sa.delete(drafts).where(drafts.c.case_id.in_(about)))
