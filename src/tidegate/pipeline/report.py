"""From a report to a case: kept once, judged with all that was reported before, always looked at.

Whatever the rules say, a report opens its item's case or joins it. A reporter is one voice for an item:
what they report again is kept and shown, and looked at where it says what nobody has said. What a report
brings beside the item is judged as a post; what it brings alone is its item (`tips.py`).
"""

from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.admission import admit_url
from tidegate.content.kept import kept_revision
from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_item
from tidegate.decisions.model import Subject
from tidegate.infra.db import Tx
from tidegate.intake.actions import record_report
from tidegate.intake.flaggers import attribute
from tidegate.intake.model import Filed, ReportIn, is_anonymous
from tidegate.intake.queries import has_reported, stored_answer
from tidegate.intake.sources import keep_source
from tidegate.pipeline import alerts, blind, report_answer
from tidegate.pipeline.clusters import arrival, assign, lock
from tidegate.pipeline.escalation import within_budget
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Looked
from tidegate.pipeline.look import REPORTED, REPORTED_AGAIN, Outcome, look, recall
from tidegate.pipeline.report_answer import Answered, Said
from tidegate.pipeline.screening import level_of, note_tried, rings_for, screened
from tidegate.pipeline.senders import flagger_who_sent, refusals_of
from tidegate.pipeline.tips import (
    Heard,
    Tip,
    admit_tips,
    file,
    hear_tips,
    look_at_brought,
    ring,
    settle,
)
from tidegate.pipeline.told import Told, describe_report
from tidegate.review.actions import last_case, touch
from tidegate.review.model import CaseRow
from tidegate.signals.model import encode_codes


def submit_report(
    tx: Tx, instance: Instance, report: ReportIn, *, platform: str
) -> tuple[bytes, ItemRow | None]:
    """Take a report without files; the answer's JSON, and the item unless the answer is a stored one.

    The same report again gets the stored answer to the letter, also when both arrive at once.
    Raises Refusal: 422; 404 "item-unknown"; 410 "item-erased"; 409 "report-changed"; 403 "notifier-suspended" or
    "flagger-suspended".
    """
    told = describe_report(
        instance, report, platform=platform, by=tx.by, request_id=tx.request_id, now=tx.now
    )
    if (stored := stored_answer(tx, told.taken)) is not None:
        return stored, None
    (told,) = screened(tx, instance, [told])
    lock(tx)
    while (heard := hear(tx, instance, told)).body is None:
        pass  # the same id at once: the other one has committed, and answers now
    return heard.body, heard.item


def hear(tx: Tx, instance: Instance, told: Told) -> Heard:
    """Hear one report, as `submit_report` does, in the name of who sent it."""
    if (stored := stored_answer(tx, told.taken)) is not None:
        return Heard(stored)
    (refused,) = refusals_of(tx, [told])
    if refused is not None:
        raise refused
    if told.is_about_itself:
        return hear_tips(tx, instance, [told])[0]
    item = _about(tx, told)
    threat = told.threat
    tip = _brought(tx, told)
    if told.tip is not None and tip is None:
        return Heard(None)
    again = has_reported(tx, item.id, told.taken.reporter)
    brought = None if tip is None else tip.item
    filed = file(tx, instance, told, item, brought=brought, counts=not again)
    if not record_report(tx, filed):
        return Heard(None)
    keep_source(tx, instance.secrets, filed.id, told.taken.said.source)
    note_tried(tx, told, filed)
    attribute(tx, filed.id, flagger_who_sent(tx, told))
    beside = None if tip is None else look_at_brought(tx, instance, tip)
    outcome, looked, problems = _look(tx, instance, filed, threat, again=again)
    (place,) = assign(tx, instance, [arrival(item, looked.content, looked.codes)])
    (priority,) = report_answer.priority(tx, instance, [outcome.case.id])
    answered = Answered(
        told=told,
        filed=filed,
        brought=brought,
        case=outcome.case,
        voices=looked.reports.count,
        problems=problems,
    )
    (body,) = settle(
        tx, [answered], [Said(cluster=place and place.cluster, threat=threat, priority=priority)]
    )
    acted = any(one is not None and one.action is not None for one in (outcome, beside))
    return Heard(body, item, acted)


class _Reported(msgspec.Struct, frozen=True):
    """What came of a report about an item: its case, and the action, if one was issued."""

    case: CaseRow
    action: UUID | None = None


def _about(tx: Tx, told: Told) -> ItemRow:
    """The item that a report is about, its row locked."""
    taken = told.taken
    if taken.address is not None:
        return admit_url(tx, taken.address, encode_codes(taken.codes))
    return lock_item(tx, taken.platform, taken.said.item_id or "")


def _brought(tx: Tx, told: Told) -> Tip | None:
    """What it brings beside that; None also where the same report comes at once elsewhere."""
    return None if told.tip is None else admit_tips(tx, [told.tip]).get(told.tip.key)


def _look(
    tx: Tx, instance: Instance, filed: Filed, threat: dict[str, Any] | None, *, again: bool
) -> tuple[_Reported, Looked, list[str]]:
    """Look at the item for a report; what came of it, what was seen, and what is to be said of the
    report."""
    item, report = filed.item, filed.taken.said
    looked = recall(tx, kept_revision(tx, item))
    problems, noted = list(filed.taken.problems), list[str]()
    if is_anonymous(report):
        looked, noted = within_budget(tx, instance, looked, filed.id)
        problems += noted
    # The budget is for what follows by itself: people are called whatever is spent.
    calls = rings_for(report, threat)
    rung = ring(tx, filed, item.id, level_of(threat)) if calls else None
    if rung is not None:
        if threat is not None:
            threat["alert"] = str(rung.alert)
        blind.withdraw(tx, item.id)
    reported = _repeated(tx, instance, looked, report) if again else _first(tx, instance, looked)
    if rung is not None:
        alerts.tell(tx, rung, reported.case.id)
    return reported, looked, problems


def _first(tx: Tx, instance: Instance, looked: Looked) -> _Reported:
    """Look at what a new voice reports; the case that asks people."""
    return _reported(look(tx, instance, [looked], REPORTED)[0])


def _repeated(tx: Tx, instance: Instance, looked: Looked, report: ReportIn) -> _Reported:
    """What a reporter says again joins the case as it is, unless nobody has looked at this revision for
    a report yet, or it comes by another channel or for another reason: then rules hear that, and what
    they say is written where it is more than was said before. A threat is heard, whoever tells it."""
    if not any(one.stage == "report" for one in looked.before):
        return _first(tx, instance, looked)
    facts = looked.reports
    told = msgspec.structs.replace(
        facts,
        channels=sorted({*facts.channels, report.channel}),
        reasons=sorted({*facts.reasons, report.reason}),
    )
    if told != facts:
        looked = msgspec.structs.replace(looked, reports=told)
        for outcome in look(tx, instance, [looked], REPORTED_AGAIN):
            if outcome.case is not None:
                return _reported(outcome)
    touch(tx, [looked.item.id])
    case = last_case(tx, Subject("item", looked.item.id))
    assert case is not None
    return _Reported(case)


def _reported(outcome: Outcome) -> _Reported:
    assert outcome.case is not None
    return _Reported(outcome.case, outcome.action)
