"""The verbs of tasks and links. The caller holds the subjects of the cases, and moves their versions."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.access.queries import people_called
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.ids import uuid7
from tidegate.infra.parsing import check_words
from tidegate.ledger.actions import append
from tidegate.review.model import CaseRow
from tidegate.review.sight import in_sight
from tidegate.review.tables import cases
from tidegate.review.work.model import (
    MOST_LINKS,
    MOST_TASKS,
    LinkIn,
    Task,
    TaskIn,
    link_unknown,
    task_unknown,
)
from tidegate.review.work.queries import TASK
from tidegate.review.work.tables import case_links, case_tasks

_T, _L = case_tasks.c, case_links.c


def add_task(tx: Tx, case: CaseRow, given: TaskIn) -> Task:
    """Say what is to be done about a case. Raises Refusal: 422 for blanks, or a person that nobody or several are
    called by; 409 where there are too many."""
    text = check_words("/text", given.text) or ""
    _refuse_more(tx, _T.case_id == case.id, case_tasks, MOST_TASKS, "tasks")
    values: dict[str, Any] = {
        "id": uuid7(tx.now),
        "case_id": case.id,
        "text": text,
        "person": _person(tx, given.person, case.platform),
        "due": given.due,
        "by": tx.actor,
        "created_at": tx.now,
    }
    tx.execute(sa.insert(case_tasks).values(values))
    record = {"case": case.id, "task": values["id"], "due": given.due}
    append(tx, "case.task_added", record, case.subject_id, case.platform)
    return _read(tx, values["id"])


def case_of_task(tx: Tx, task_id: UUID) -> UUID:
    """Whose task it is. Raises Refusal (404)."""
    query = sa.select(_T.case_id).join(cases, cases.c.id == _T.case_id)
    found = tx.execute(query.where(_T.id == task_id, in_sight(tx))).scalar_one_or_none()
    if found is None:
        raise task_unknown(task_id)
    return found


def finish_task(tx: Tx, case: CaseRow, task_id: UUID) -> Task:
    """It is done. Raises Refusal (409) where it was done already."""
    mine = sa.and_(_T.id == task_id, _T.case_id == case.id, _T.done_at.is_(None))
    values = {"done_by": tx.actor, "done_at": tx.now}
    if tx.execute(sa.update(case_tasks).where(mine).values(values)).rowcount == 0:
        raise Refusal(
            "task-done",
            409,
            "The task is done already",
            "Nothing was changed. The case says by whom.",
        )
    record = {"case": case.id, "task": task_id}
    append(tx, "case.task_done", record, case.subject_id, case.platform)
    return _read(tx, task_id)


def link(tx: Tx, case: CaseRow, other: CaseRow, given: LinkIn) -> None:
    """Two cases belong together, each with the other. Raises Refusal: 422 for the case itself, another platform's,
    or blanks; 409 where they are linked, or there are too many."""
    why = check_words("/why", given.why)
    if case.id == other.id or case.platform != other.platform:
        raise bad_field("/case", "another case of its platform", str(other.id))
    for one in (case, other):
        here = sa.or_(_L.one == one.id, _L.other == one.id)
        _refuse_more(tx, here, case_links, MOST_LINKS, "links")
    values = _pair(case, other) | {"why": why, "by": tx.actor, "created_at": tx.now}
    query = insert(case_links).values(values).on_conflict_do_nothing().returning(_L.one)
    if tx.execute(query).one_or_none() is None:
        raise Refusal(
            "linked-already", 409, "These cases are linked already", "Nothing was changed."
        )
    _told(tx, "case.linked", case, other)


def unlink(tx: Tx, case: CaseRow, other: CaseRow) -> None:
    """They belong together no more. Raises Refusal (404)."""
    pair = _pair(case, other)
    mine = sa.and_(_L.one == pair["one"], _L.other == pair["other"])
    if tx.execute(sa.delete(case_links).where(mine)).rowcount == 0:
        raise link_unknown()
    _told(tx, "case.unlinked", case, other)


def forget_work(tx: Tx, item_id: UUID) -> None:
    """Erasure: what was to be done about the item's cases, and what they belonged with."""
    about = sa.select(cases.c.id).where(cases.c.item_id == item_id)
    tx.execute(sa.delete(case_tasks).where(_T.case_id.in_(about)))
    tx.execute(sa.delete(case_links).where(sa.or_(_L.one.in_(about), _L.other.in_(about))))


def _person(tx: Tx, called: str | None, platform: str | None) -> str | None:
    """The identity of somebody who is called so."""
    if called is None:
        return None
    name = called.strip().removeprefix("@").replace(" ", "").lower()
    found = people_called(tx, [name], platform)
    if len(found) != 1:
        got = "nobody of that name" if not found else "several of that name"
        raise bad_field("/for", "the address of a person who works here", got)
    return f"user:{found[0]}"


def _refuse_more(tx: Tx, of: sa.ColumnElement[bool], table: sa.Table, most: int, what: str) -> None:
    if tx.execute(sa.select(sa.func.count()).select_from(table).where(of)).scalar_one() >= most:
        raise Refusal(
            f"too-many-{what}",
            409,
            "There are too many already",
            f"A case has at most {most} {what}.",
        )


def _read(tx: Tx, task_id: UUID) -> Task:
    return Task(**tx.execute(TASK.where(_T.id == task_id)).mappings().one())


def _pair(case: CaseRow, other: CaseRow) -> dict[str, Any]:
    one, two = sorted((case.id, other.id))
    return {"one": one, "other": two}


def _told(tx: Tx, kind: str, case: CaseRow, other: CaseRow) -> None:
    record = {"case": case.id, "other": other.id}
    append(tx, kind, record, case.subject_id, case.platform)
