"""From a report to a case: kept once, judged with all that was reported before, always looked at.

Whatever the rules say, a report opens its item's case or joins it. A reporter is one voice for an item:
what they report again is kept and shown, and looked at where it says what nobody has said.
"""

from uuid import UUID

import msgspec

from tidegate.content.admission import admit_url
from tidegate.content.kept import kept_revision
from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_item
from tidegate.decisions.model import Subject
from tidegate.infra.db import Tx
from tidegate.intake.actions import record_report, settle_report
from tidegate.intake.flaggers import CHANNEL as FLAGGERS
from tidegate.intake.flaggers import attribute, flagger_of
from tidegate.intake.model import ReportIn, Taken, is_anonymous, take
from tidegate.intake.notifiers import refuse_suspended
from tidegate.intake.queries import has_reported, stored_answer
from tidegate.intake.sources import keep_source
from tidegate.pipeline import blind
from tidegate.pipeline.escalation import within_budget
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Looked
from tidegate.pipeline.look import REPORTED, REPORTED_AGAIN, look, recall
from tidegate.review.actions import last_case, touch
from tidegate.review.alerts import THREAT, alert_about, open_alert
from tidegate.review.model import CaseRow
from tidegate.signals.model import encode_codes


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What `POST /v1/reports` answers: the report's and the item's ids as the caller knows them,
    the case that the report opened or joined, how many reports the item has now, and what is to be
    said of the report itself."""

    id: str
    item: str
    case: UUID
    state: str
    queue: str
    reports: int
    problems: list[str]


def submit_report(
    tx: Tx, instance: Instance, report: ReportIn, *, platform: str
) -> tuple[bytes, ItemRow | None]:
    """Take a report; the answer's JSON, and the item unless the answer is a stored one.

    The same report again gets the stored answer to the letter, also when both arrive at once.
    Raises Refusal: 422; 404 "item-unknown"; 410 "item-erased"; 409 "report-changed"; 403 "notifier-suspended" or
    "flagger-suspended".
    """
    secrets = instance.secrets
    taken = take(
        report,
        platform=platform,
        terms_key=secrets.terms_key,
        author_key=secrets.author_key,
        sources_key=secrets.sources_key,
        now=tx.now,
    )
    if (answer := stored_answer(tx, taken)) is not None:
        return answer, None
    flagger = _flagger(tx, taken)
    if taken.address is not None:
        item = admit_url(tx, taken.address, encode_codes(taken.codes))
    else:
        item = lock_item(tx, platform, report.item_id or "")
    again = has_reported(tx, item.id, taken.reporter)
    report_id = record_report(tx, taken, item, counts=not again)
    if report_id is None:  # the same id at once: the other one has committed, and answers
        return submit_report(tx, instance, report, platform=platform)
    keep_source(tx, secrets, report_id, report.source)
    attribute(tx, report_id, flagger)
    looked = recall(tx, kept_revision(tx, item))
    problems, noted = list(taken.problems), list[str]()
    if is_anonymous(report):
        looked, noted = within_budget(tx, instance, looked, report_id)
        problems += noted
    # Beyond the budget nobody is called: such reports by the hundred would drown the rest.
    alert = _ring(tx, item) if report.reason == THREAT and not noted else None
    if alert is not None:
        blind.withdraw(tx, item.id)
    case = _repeated(tx, instance, looked, report) if again else _first(tx, instance, looked)
    if alert is not None:
        alert_about(tx, alert, case.id)
    body = msgspec.json.encode(
        ReportAnswer(
            id=report.id,
            item=item.external_id,
            case=case.id,
            state=case.state,
            queue=case.queue,
            reports=looked.reports.count,
            problems=problems,
        )
    )
    settle_report(tx, report_id, case.id, body, problems)
    return body, item


def _flagger(tx: Tx, taken: Taken) -> UUID | None:
    """The trusted flagger that reports. Raises Refusal (403) where its status is suspended, or the reporter
    is; a threat to life is taken from everybody."""
    refuse_suspended(tx, taken.platform, taken.reporter, taken.said.reason)
    if taken.said.channel != FLAGGERS:
        return None
    return flagger_of(tx, tx.key, threat=taken.said.reason == THREAT)


def _ring(tx: Tx, item: ItemRow) -> UUID | None:
    """Call people, before rules that hear the same report would do so once more."""
    return open_alert(tx, THREAT, item_id=item.id, platform=item.platform)


def _first(tx: Tx, instance: Instance, looked: Looked) -> CaseRow:
    """Look at what a new voice reports; the case that asks people."""
    case = look(tx, instance, [looked], REPORTED)[0].case
    assert case is not None
    return case


def _repeated(tx: Tx, instance: Instance, looked: Looked, report: ReportIn) -> CaseRow:
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
                return outcome.case
    touch(tx, [looked.item.id])
    case = last_case(tx, Subject("item", looked.item.id))
    assert case is not None
    return case
