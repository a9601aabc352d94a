"""What people write to one another about a case. It stays inside, and is erased with the item.

`@name` asks somebody to look: it shows on their home until they have opened the case.
"""

import re
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.access.queries import people_called
from tidegate.content.openings import closed_entries, closed_items
from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.infra.ids import uuid7
from tidegate.review.sight import in_sight
from tidegate.review.tables import case_notes, cases, mentions

LONGEST = 4000
MOST = 100  # of a case that are shown, the newest
_CALLED = re.compile(r"(?<![\w@])@([\w.+-]+(?:@[\w-]+(?:\.[\w-]+)*)?)")


class Note(msgspec.Struct, frozen=True):
    """A note; `by` is an actor."""

    id: UUID
    by: str
    text: str
    created_at: datetime


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A note that asks somebody to look at its case."""

    case: UUID
    by: str
    text: str
    created_at: datetime


def called_in(text: str) -> list[str]:
    """The names after an @, in lower case, each once: an e-mail address or the part of one before its @."""
    names = (found.rstrip(".-").lower() for found in _CALLED.findall(text))
    return list(dict.fromkeys(name for name in names if name))


def add_note(tx: Tx, case_id: UUID, text: str, platform: str | None) -> None:
    """Write a note. The caller holds the case's subject, and moves its version. Raises Refusal (422)."""
    text = text.strip()
    if not 1 <= len(text) <= LONGEST:
        raise bad_field("/text", f"a note of up to {LONGEST} characters", f"{len(text)}")
    note_id = uuid7(tx.now)
    values = {"id": note_id, "case_id": case_id, "by": tx.actor, "text": text, "created_at": tx.now}
    tx.execute(sa.insert(case_notes).values(values))
    asked = [f"user:{email}" for email in people_called(tx, called_in(text), platform)]
    asked = [person for person in asked if person != tx.identity]
    if asked:
        rows = [{"person": person, "note_id": note_id} for person in asked]
        tx.execute(insert(mentions).values(rows).on_conflict_do_nothing())


def notes_of(tx: Tx, case_id: UUID) -> list[Note]:
    """The notes on a case, the newest first. They speak of what was posted, and are closed with it."""
    subject = sa.select(cases.c.subject_kind, cases.c.subject_id).where(cases.c.id == case_id)
    about = tx.execute(subject).one_or_none()
    closed = closed_entries if about and about.subject_kind == "entry" else closed_items
    if about and closed(tx, [about.subject_id]):
        return []
    query = (
        sa.select(case_notes.c.id, case_notes.c.by, case_notes.c.text, case_notes.c.created_at)
        .join(cases, cases.c.id == case_notes.c.case_id)
        .where(case_notes.c.case_id == case_id, in_sight(tx))
        .order_by(case_notes.c.created_at.desc(), case_notes.c.id.desc())
        .limit(MOST)
    )
    return [Note(*row) for row in tx.execute(query)]


def mentions_of(tx: Tx, person: str, limit: int = 20) -> list[Mention]:
    """The notes that ask this person (an identity) to look, the newest first. To whoever audits they say
    nothing before the case is opened."""
    query = (
        sa.select(
            case_notes.c.case_id.label("case"),
            case_notes.c.by,
            sa.literal("").label("text") if tx.audits else case_notes.c.text,
            case_notes.c.created_at,
        )
        .join(mentions, mentions.c.note_id == case_notes.c.id)
        .join(cases, cases.c.id == case_notes.c.case_id)
        .where(mentions.c.person == person, in_sight(tx))
        .order_by(case_notes.c.created_at.desc())
        .limit(limit)
    )
    return [Mention(**row) for row in tx.execute(query).mappings()]


def answer_mentions(tx: Tx, case_id: UUID) -> None:
    """The actor has opened the case: what asked them to is done."""
    here = sa.select(case_notes.c.id).where(case_notes.c.case_id == case_id)
    tx.execute(
        sa.delete(mentions).where(mentions.c.person == tx.identity, mentions.c.note_id.in_(here))
    )


def forget_notes(tx: Tx, item_id: UUID) -> None:
    """Erasure: the notes on the item's cases, and whom they asked."""
    about = sa.select(cases.c.id).where(cases.c.item_id == item_id)
    here = sa.select(case_notes.c.id).where(case_notes.c.case_id.in_(about))
    tx.execute(sa.delete(mentions).where(mentions.c.note_id.in_(here)))
    tx.execute(sa.delete(case_notes).where(case_notes.c.case_id.in_(about)))
