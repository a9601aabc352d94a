"""A report as it is read again: by whoever sent it, by whoever works on it, and by the code that its reporter
was given.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tidegate.content.holds.queries import is_closed
from tidegate.content.queries import item_names
from tidegate.infra.db import Tx
from tidegate.intake.filed import FiledReport, find_report
from tidegate.intake.grades import present_grades, report_unknown
from tidegate.intake.grading import Grade
from tidegate.intake.queries import report_facts
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.messages import as_json, find_referred, hear_reporter, told_of
from tidegate.pipeline.reads import note_reporters
from tidegate.pipeline.report_answer import said_of
from tidegate.review.model import CaseState
from tidegate.review.standing import state_of

ReportState = Literal["waiting", "decided", "erased"]


class ReportRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A report. `state` is how far it is, `case_state` that of its case; `item` and `brought` are null once
    they are erased. The words of it (`comment`, `location`), the pseudonym of who reported and the present
    `grade` are for those who read cases, the `reference` for those who send reports: it is what its reporter
    is known by."""

    id: str
    platform: str
    channel: str
    reason: str
    comment: str | None
    location: str | None
    reporter: str | None
    item: str | None
    brought: str | None
    state: ReportState
    case: UUID | None
    case_state: CaseState
    reports: int
    counts: bool
    reference: str | None
    cluster: UUID | None
    threat: dict[str, Any] | None
    priority: dict[str, Any] | None
    problems: list[str]
    grade: Grade | None
    messages: list[dict[str, Any]]
    created_at: datetime
    received_at: datetime


class ReferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever has a report's code is told: its id, how far it and its case are, and what was said to
    its reporter (`messages`)."""

    id: str
    platform: str
    state: ReportState
    case: UUID | None
    case_state: CaseState
    received_at: datetime
    messages: list[dict[str, Any]]


def read_report(
    tx: Tx, instance: Instance, platform: str, external_id: str, *, words: bool, reference: bool
) -> ReportRecord:
    """The report under its sender's id, with its `words` and who sent it, which the ledger is told, and with
    its `reference`. Raises Refusal (404)."""
    found = find_report(tx, platform, external_id)
    case_state = None if found is None else _case_state(tx, found)
    if found is None or case_state is None:
        raise report_unknown(external_id)
    names = item_names(tx, [one for one in (found.item_id, found.brought_id) if one is not None])
    item, brought = names.get(found.item_id), found.brought_id and names.get(found.brought_id)
    words = words and not is_closed(tx, found.item_id)
    if words and found.reporter is not None:
        note_reporters(tx, found.item_id, found.platform)
    more = said_of(tx, found)
    return ReportRecord(
        id=found.external_id,
        platform=found.platform,
        channel=found.channel,
        reason=found.reason,
        comment=found.comment if words else None,
        location=found.location if words else None,
        reporter=found.reporter if words else None,
        item=item and item[1],
        brought=brought and brought[1],
        state=state_said(found, case_state),
        case=found.case_id,
        case_state=case_state,
        reports=report_facts(tx, found.item_id).count,
        counts=found.counts,
        reference=found.reference if reference else None,
        cluster=more.cluster,
        threat=more.threat,
        priority=more.priority,
        problems=found.problems,
        grade=present_grades(tx, [found.id]).get(found.id) if words else None,
        messages=as_json(told_of(tx, instance, found, staff=words)),
        created_at=found.created_at,
        received_at=found.received_at,
    )


def follow(tx: Tx, instance: Instance, typed: str) -> ReferenceView:
    """What there is to say to whoever has a report's code, as it was `typed`. Raises Refusal: 422 "mistyped";
    404."""
    return _view(tx, instance, find_referred(tx, instance, typed))


def say_more(tx: Tx, instance: Instance, typed: str, text: str) -> tuple[ReferenceView, UUID]:
    """Take what whoever has a report's code answers or adds; the same view after it, and the item that the
    report is about. Raises Refusal as `hear_reporter`."""
    found = hear_reporter(tx, instance, typed, text)
    return _view(tx, instance, found), found.item_id


def _view(tx: Tx, instance: Instance, found: FiledReport) -> ReferenceView:
    case_state = _case_state(tx, found)
    assert case_state is not None
    return ReferenceView(
        id=found.external_id,
        platform=found.platform,
        state=state_said(found, case_state),
        case=found.case_id,
        case_state=case_state,
        received_at=found.received_at,
        messages=as_json(told_of(tx, instance, found)),
    )


def _case_state(tx: Tx, found: FiledReport) -> CaseState | None:
    """How far its case is; None for whoever may not see that, and so no report either."""
    return None if found.case_id is None else state_of(tx, found.case_id)


def state_said(found: FiledReport, case_state: CaseState) -> ReportState:
    """How far a report is."""
    if found.erased:
        return "erased"
    return "decided" if case_state == "decided" else "waiting"
