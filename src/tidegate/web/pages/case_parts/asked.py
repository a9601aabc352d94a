"""What is asked of those who reported what a case is about, and what they answer and add."""

from uuid import UUID

import msgspec

from tidegate.decisions.model import Subject
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.intake.messages import Talk, talks_on
from tidegate.pipeline.messages import ask_on
from tidegate.web.pages.visit import Visit

SHOWN = 20


class TalkView(msgspec.Struct, frozen=True, kw_only=True):
    """Reports on the item: what was said about them, and which reporters can be asked."""

    talks: list[Talk]
    askable: list[Talk]

    @property
    def said(self) -> list[Talk]:
        """Those about which something was said."""
        return [one for one in self.talks if one.messages]


def talked(tx: Tx, subject: Subject) -> TalkView | None:
    """None where nobody reported, or the reader is not to know: in a blind look, say."""
    if subject.kind != "item":
        return None
    found = talks_on(tx, subject.id, SHOWN)
    return TalkView(talks=found, askable=[one for one in found if one.askable]) if found else None


def ask_typed(visit: Visit, tx: Tx, item_id: UUID) -> None:
    """Ask what was typed. Raises Refusal: 404; 409; 410; 422 with the fields of the form."""
    report = visit.field("asked_report")
    if not report:
        raise bad_field("/asked_report", "one of the reports", "none")
    try:
        ask_on(tx, item_id, report, visit.field("question"))
    except Refusal as refusal:
        if refusal.status != 422:
            raise
        errors = [FieldError("/question", one.expected, one.got) for one in refusal.errors]
        raise Refusal(refusal.type, 422, refusal.title, refusal.detail, errors=errors) from None
