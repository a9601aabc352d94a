"""What is said between the organisation and a report's reporter: questions, answers, and what they add by
themselves. The words go with the report's item; that something was said, when and by whom, stays.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.content.holds.queries import is_closed
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.intake.filed import FiledReport
from tidegate.intake.tables import report_messages, reports
from tidegate.ledger.actions import append
from tidegate.signals.fingerprints.normalise import is_blank

LONGEST = 10_000
MOST = 50  # that one report's reporter, or the organisation, says

Kind = Literal["question", "answer", "addition"]
_LEDGER = {
    "question": "reporter.asked",
    "answer": "reporter.answered",
    "addition": "reporter.added",
}


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said. `text` is None once it is erased, `by` an actor, `level` what it threatens,
    where it threatens a life."""

    id: UUID
    kind: Kind
    text: str | None
    level: str | None
    by: str
    at: datetime


def check_words(text: str) -> str:
    """What was said, without the space around it. Raises Refusal (422)."""
    text = text.strip()
    if not 1 <= len(text) <= LONGEST:
        raise bad_field("/text", f"text of 1 to {LONGEST} characters", f"{len(text)} characters")
    if is_blank(text):
        raise bad_field("/text", "words that can be seen", "none")
    return text


def add_message(
    tx: Tx, report: FiledReport, kind: Kind, text: str, *, id: UUID, level: str | None = None
) -> bool:
    """Append what was said; False where it was said before, by its `id`. The caller holds the report's item.
    Raises Refusal (409) "messages-full" where too much was said already, "message-changed" where something else
    was said by this `id`."""
    said = messages_on(tx, [report.id]).get(report.id, [])
    if before := [one for one in said if one.id == id]:
        if before[0].text != text:
            raise _changed()
        return False
    ours = [one for one in said if (one.kind == "question") == (kind == "question")]
    if len(ours) >= MOST:
        raise _full()
    row = {"id": id, "report_id": report.id, "number": len(said) + 1, "kind": kind}
    row |= {"text": text, "level": level}
    query = insert(report_messages).values(row | {"by": tx.actor, "at": tx.now})
    added = query.on_conflict_do_nothing().returning(report_messages.c.id)
    if tx.execute(added).scalar_one_or_none() is None:
        raise _changed()
    record = {"report": report.id, "message": id}
    append(tx, _LEDGER[kind], record, report.item_id, report.platform)
    return True


def messages_on(tx: Tx, report_ids: Collection[UUID]) -> dict[UUID, list[Message]]:
    """What was said about each of these reports, by our own ids, the first first."""
    found: dict[UUID, list[Message]] = {}
    if not report_ids:
        return found
    query = (
        sa.select(report_messages)
        .join(reports, reports.c.id == report_messages.c.report_id)
        .where(report_messages.c.report_id.in_(report_ids), tx.within(reports.c.platform))
        .order_by(report_messages.c.report_id, report_messages.c.number)
    )
    for row in tx.execute(query):
        values = {name: getattr(row, name) for name in Message.__struct_fields__}
        found.setdefault(row.report_id, []).append(Message(**values))
    return found


def kind_of_next(said: Sequence[Message]) -> Kind:
    """What the reporter's next words are: an answer where a question waits for one."""
    waits = False
    for one in said:
        waits = one.kind == "question" or (waits and one.kind != "answer")
    return "answer" if waits else "addition"


def forget_messages(tx: Tx, item_ids: Collection[UUID]) -> None:
    """Erasure and the end of retention: what was said about reports on the items, or that brought them."""
    about = sa.select(reports.c.id).where(
        sa.or_(reports.c.item_id.in_(item_ids), reports.c.brought_id.in_(item_ids))
    )
    here = report_messages.c.report_id.in_(about)
    tx.execute(sa.update(report_messages).where(here).values(text=None))


def _full() -> Refusal:
    return Refusal(
        "messages-full",
        409,
        "Too much was said about this report already",
        f"Nothing was written: there are {MOST} messages, and more are not taken. Send a new report.",
    )


def _changed() -> Refusal:
    detail = "Nothing was written. What is new needs a new id; what was said stays as it is."
    return Refusal("message-changed", 409, "Another message has this id", detail)


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """A report by the reporting side's id, with what was said about it; `askable`: there is a reference by
    which its reporter would see a question."""

    id: str
    channel: str
    reason: str
    askable: bool
    messages: list[Message]


def talks_on(tx: Tx, item_id: UUID, limit: int) -> list[Talk]:
    """Reports on an item with what was said to and by their reporters: first those where anything was, the
    last said first, then the newest. Words are closed with the report's."""
    last = (
        sa.select(sa.func.max(report_messages.c.at))
        .where(report_messages.c.report_id == reports.c.id)
        .scalar_subquery()
    )
    query = (
        sa.select(
            reports.c.id,
            reports.c.external_id,
            reports.c.channel,
            reports.c.reason,
            reports.c.reference.isnot(None).label("askable"),
        )
        .where(reports.c.item_id == item_id, tx.within(reports.c.platform))
        .order_by(last.desc().nulls_last(), reports.c.received_at.desc(), reports.c.id.desc())
        .limit(limit)
    )
    rows = tx.execute(query).all()
    said = messages_on(tx, [row.id for row in rows])
    hidden = {"text": None} if said and is_closed(tx, item_id) else {}
    return [
        Talk(
            id=row.external_id,
            channel=row.channel,
            reason=row.reason,
            askable=row.askable,
            messages=[msgspec.structs.replace(one, **hidden) for one in said.get(row.id, [])],
        )
        for row in rows
    ]
