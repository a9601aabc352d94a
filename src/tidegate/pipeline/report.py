"""From a report to a case: kept once, judged with all that was reported before, always looked at.

Whatever the rules say, a report opens its item's case or joins it.
"""

from uuid import UUID

import msgspec

from tidegate.content.admission import Arrival, NewRevision, admit, keep
from tidegate.content.kept import kept_revision
from tidegate.content.model import Content, ItemRow, content_digest, pseudonym
from tidegate.content.queries import item_erased, items_by_url, lock_item, lock_item_by_id
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.intake.actions import record_report, settle_report
from tidegate.intake.model import ReportIn, check_report, report_digest
from tidegate.intake.queries import find_report
from tidegate.ledger.actions import append
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.look import REPORTED, look, recall
from tidegate.pipeline.submission import url_key
from tidegate.signals.model import Codes, encode_codes
from tidegate.signals.parts import codes_of


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What `POST /v1/reports` answers: the report's and the item's ids as the caller knows them,
    the case that the report opened or joined, and how many reports the item has now."""

    id: str
    item: str
    case: UUID
    state: str
    queue: str
    reports: int


def submit_report(
    tx: Tx, instance: Instance, report: ReportIn, *, platform: str
) -> tuple[bytes, ItemRow | None]:
    """Take a report; the answer's JSON, and the item unless the answer is a stored one.

    The same report again gets the stored answer to the letter, also when both arrive at once.
    Raises Refusal: 422; 404 "item-unknown"; 410 "item-erased"; 409 "report-changed".
    """
    check_report(report, tx.now)
    digest = report_digest(instance.secrets.terms_key, report)
    if (answer := _stored(tx, platform, report, digest)) is not None:
        return answer, None
    item = _item_of(tx, instance.secrets.terms_key, platform, report)
    reporter = report.reporter and pseudonym(instance.secrets.author_key, platform, report.reporter)
    report_id = record_report(
        tx, report, digest=digest, platform=platform, item=item, reporter=reporter
    )
    if report_id is None:  # the same id at once: the other one has committed, and answers
        answer = _stored(tx, platform, report, digest)
        assert answer is not None
        return answer, None
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
        )
    )
    settle_report(tx, report_id, case.id, body)
    return body, item


def _stored(tx: Tx, platform: str, report: ReportIn, digest: bytes) -> bytes | None:
    """The answer to a report that was here before, or None. Raises Refusal: 409, 410."""
    known = find_report(tx, platform, report.id)
    if known is None:
        return None
    if known.answer is None:
        raise item_erased(report.item_id or "that was reported")
    if known.digest != digest:
        raise Refusal(
            "report-changed",
            409,
            "Another report has this id",
            "Nothing was written. A new report needs a new id; a sent one stays as it is.",
        )
    return known.answer


def _item_of(tx: Tx, key: bytes, platform: str, report: ReportIn) -> ItemRow:
    """The reported item, locked: by its id, else by its canonical URL. A URL that nobody submitted
    becomes an item, so that no report is lost."""
    if report.item_id is not None:
        return lock_item(tx, platform, report.item_id)
    assert report.url is not None
    codes = codes_of(url=report.url)
    url = url_key(key, codes)
    if url is None:
        raise bad_field("/url", "an http(s) URL", report.url[:60])
    for known in items_by_url(tx, platform, url):
        return lock_item_by_id(tx, known.id)
    content = Content(
        surface="reported_url", publicness="public", author="", created_at=tx.now, url=report.url
    )
    digest = content_digest(key, content)
    return _admit_url(tx, Arrival(platform, f"url:{url.hex()}", content, digest, url), codes)


def _admit_url(tx: Tx, one: Arrival, codes: Codes) -> ItemRow:
    """Make (or find, when two reports come at once) the item of a reported URL; its row is locked.

    Its id is `url:` with the digest of the canonical URL; it is public, of no known author.
    """
    for item in admit(tx, [one]).values():
        revision = NewRevision(
            item=item,
            digest=one.digest,
            content=one.content,
            fingerprints=encode_codes(codes),
        )
        keep(tx, [revision])
        append(tx, "item.admitted", {"item": item.id, "because": "reported"}, item.id)
    return lock_item(tx, one.platform, one.external_id)
