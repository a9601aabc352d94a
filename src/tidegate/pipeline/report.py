"""From a report to a case: kept once, judged with all that was reported before, always looked at.

Whatever the rules say, a report opens its item's case or joins it.
"""

from uuid import UUID

import msgspec

from tidegate.content.admission import admit_url
from tidegate.content.kept import kept_revision
from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_item
from tidegate.infra.db import Tx
from tidegate.intake.actions import record_report, settle_report
from tidegate.intake.model import ReportIn, take
from tidegate.intake.queries import stored_answer
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.look import REPORTED, look, recall
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
    Raises Refusal: 422; 404 "item-unknown"; 410 "item-erased"; 409 "report-changed".
    """
    secrets = instance.secrets
    taken = take(
        report,
        platform=platform,
        terms_key=secrets.terms_key,
        author_key=secrets.author_key,
        now=tx.now,
    )
    if (answer := stored_answer(tx, taken)) is not None:
        return answer, None
    if taken.address is not None:
        item = admit_url(tx, taken.address, encode_codes(taken.codes))
    else:
        item = lock_item(tx, platform, report.item_id or "")
    report_id = record_report(tx, taken, item)
    if report_id is None:  # the same id at once: the other one has committed, and answers
        return submit_report(tx, instance, report, platform=platform)
    looked = recall(tx, kept_revision(tx, item))
    case = look(tx, instance, [looked], REPORTED)[0].case
    assert case is not None
    count = looked.reports.count
    body = msgspec.json.encode(
        ReportAnswer(
            id=report.id,
            item=item.external_id,
            case=case.id,
            state=case.state,
            queue=case.queue,
            reports=count,
            problems=taken.problems,
        )
    )
    settle_report(tx, report_id, case.id, body)
    return body, item
