"""What is said between the organisation and whoever reported: questions from here, answers and additions from
there, and what became of it.

What a reporter says is heard as a report is: screened for threats to life, which call people at once, and seen
by whoever has its case, which is opened again for it if it was decided.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tidegate.content.holds.queries import is_closed
from tidegate.content.queries import item_by_id, lock_item_by_id
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.intake.filed import FiledReport, find_by_reference, find_report
from tidegate.intake.grades import report_unknown
from tidegate.intake.messages import (
    Kind,
    add_message,
    check_words,
    kind_of_next,
    messages_on,
)
from tidegate.intake.references import read_reference, reference_key
from tidegate.intake.threats.model import rings
from tidegate.pipeline import alerts, blind
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.outcomes import AUTOMATED, REDRESS, Outcome, outcomes_of
from tidegate.pipeline.reads import note_work
from tidegate.review import actions as review
from tidegate.review.alerts import THREAT
from tidegate.review.model import CaseRow
from tidegate.review.moves import note
from tidegate.review.queries import lock_case, subject_of_case
from tidegate.review.standing import state_of


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said to or by a reporter. Of an `outcome` there is what was decided, with `text` in
    the words of its `decision`. `by` is who of the staff asked, for those who read cases alone."""

    id: UUID
    kind: Kind | Literal["outcome"]
    text: str | None
    at: datetime
    by: str | None = None
    decision: Outcome | None = None


class MessageIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said."""

    text: str


def told_of(
    tx: Tx, instance: Instance, found: FiledReport, *, staff: bool = False, language: str = "en"
) -> list[Told]:
    """What was said to and by a report's reporter, the first first; without words where the content is closed.
    To others than `staff` no name of anybody."""
    closed = is_closed(tx, found.item_id)
    said = [
        Told(
            id=one.id,
            kind=one.kind,
            text=None if closed else one.text,
            at=one.at,
            by=one.by if staff else None,
        )
        for one in messages_on(tx, [found.id]).get(found.id, [])
    ]
    decided = found.case_id is not None and state_of(tx, found.case_id) == "decided"
    concluded = outcomes_of(
        tx, instance.pack(tx), instance.settings, found, decided=decided, language=language
    )
    outcomes = [
        Told(id=one.id, kind="outcome", text=in_full(one), at=one.at, decision=one)
        for one in concluded
    ]
    return sorted([*outcomes, *said], key=lambda one: one.at)


def in_full(outcome: Outcome) -> str:
    """What is told of a decision, as one text."""
    parts = [outcome.said, outcome.reason, AUTOMATED if outcome.automated else None]
    if outcome.contestable:
        parts.append(outcome.redress or REDRESS)
    return " ".join(one for one in parts if one)


def as_json(told: list[Told]) -> list[dict[str, Any]]:
    """The same as the API gives it: names that say nothing are left out."""
    found: list[dict[str, Any]] = []
    for one in told:
        row: dict[str, Any] = {"id": one.id, "kind": one.kind, "text": one.text, "at": one.at}
        if one.by is not None:
            row["by"] = one.by
        if one.decision is not None and one.decision.outcome is not None:
            decision = one.decision
            row |= {"outcome": decision.outcome, "label": decision.label, "ground": decision.ground}
            row["automated"] = decision.automated
        found.append(row)
    return found


def ask_reporter(tx: Tx, platform: str, external_id: str, text: str) -> UUID:
    """Ask whoever reported, who sees it under their reference; the item that the report is about. Raises
    Refusal: 422; 404; 410 "item-erased"; 409 "messages-full", "reference-none"."""
    found = find_report(tx, platform, external_id)
    if found is None:
        raise report_unknown(external_id)
    return _ask(tx, found, text)


def ask_on(tx: Tx, item_id: UUID, external_id: str, text: str) -> None:
    """The same of a report on an item whose case the actor has before them."""
    item = item_by_id(tx, item_id)
    found = None if item is None else find_report(tx, item.platform, external_id)
    if found is None or found.item_id != item_id:
        raise report_unknown(external_id)
    _ask(tx, found, text)


def _ask(tx: Tx, found: FiledReport, text: str) -> UUID:
    text = check_words(text)
    case = _hold(tx, found)
    if case is None:
        raise report_unknown(found.external_id)
    if found.reference is None:
        raise Refusal(
            "reference-none",
            409,
            "Its reporter cannot be asked",
            "Nothing was written: the report was taken before there were references, or is forgotten.",
        )
    add_message(tx, found, "question", text, id=uuid7(tx.now))
    note(tx, case.id, "reporter-asked", {"report": found.external_id})
    review.touch(tx, [case.subject_id])
    note_work(tx, case.id, case.platform)
    return found.item_id


def hear_reporter(
    tx: Tx, instance: Instance, typed: str, text: str, *, id: UUID | None = None
) -> FiledReport:
    """Take what the holder of a reference says, once for each `id`; the report. Raises Refusal: 422, also
    "mistyped"; 404; 410 "item-erased"; 409 "messages-full"."""
    text = check_words(text)
    found = find_referred(tx, instance, typed)
    case = _hold(tx, found)
    heard = instance.threats(tx).screen(text, None)
    level = heard.level if heard is not None and rings(heard.level) else None
    kind = kind_of_next(messages_on(tx, [found.id]).get(found.id, []))
    if not add_message(tx, found, kind, text, id=id or uuid7(tx.now), level=level):
        return found
    if case is not None:
        told = "reporter-answered" if kind == "answer" else "reporter-added"
        note(tx, case.id, told, {"report": found.external_id})
        if case.state == "decided":
            review.reopen(tx, case.id, "")  # why, says the step before
        review.touch(tx, [case.subject_id])
    if level is not None:
        _call(tx, found, level, case)
    return found


def find_referred(tx: Tx, instance: Instance, typed: str) -> FiledReport:
    """The report whose code was typed so. Raises Refusal: 422 "mistyped"; 404."""
    code = read_reference(typed)
    found = find_by_reference(tx, reference_key(instance.secrets.terms_key, code))
    if found is None or found.case_id is None or state_of(tx, found.case_id) is None:
        raise Refusal(
            "reference-unknown",
            404,
            "No report has this code",
            f"{code} is written as a code is, and no report here was given it.",
        )
    return found


def _hold(tx: Tx, found: FiledReport) -> CaseRow | None:
    """Hold what the report and its case are about, and the case. Raises Refusal (410)."""
    subject = None if found.case_id is None else subject_of_case(tx, found.case_id)
    about = {found.item_id}
    if subject is not None and subject.kind == "item":
        about.add(subject.id)
    for item_id in sorted(about):
        lock_item_by_id(tx, item_id)
    if found.erased:
        raise Refusal(
            "item-erased",
            410,
            "The item was erased",
            "What this report was about was erased, and the words about it with it.",
        )
    return None if found.case_id is None else lock_case(tx, found.case_id)


def _call(tx: Tx, found: FiledReport, level: str, case: CaseRow | None) -> None:
    """Call people about what was said just now. Whoever was shown the item blindly sees it whole from now on."""
    alerts.call(
        tx,
        THREAT,
        item_id=found.item_id,
        case_id=case and case.id,
        platform=found.platform,
        report=found.id,
        level=level,
    )
    blind.withdraw(tx, found.item_id)
