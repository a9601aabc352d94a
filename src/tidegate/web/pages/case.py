"""One case: what was posted, why it is here, and the decision."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.content.queries import revisions_of
from tidegate.decisions.queries import standing_on
from tidegate.decisions.restrictions import Effective, Standing, by_strength, effective, standing_at
from tidegate.infra.db import Tx
from tidegate.infra.errors import bad_field
from tidegate.pipeline.decide import reopen_case
from tidegate.pipeline.next import look_at_case
from tidegate.pipeline.reads import read_case
from tidegate.policy.data import Offence
from tidegate.policy.model import Label
from tidegate.review.model import CaseDetail, is_held
from tidegate.review.queries import case_unknown, subject_of_case
from tidegate.review.wellness import severity_of_case
from tidegate.signals.banks.model import EntryView
from tidegate.signals.banks.queries import entries_by_id, may_change_bank
from tidegate.web.pages.content import ContentView, content_view, explained, ids_of, rule_texts
from tidegate.web.pages.filtered import FilterQuery
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.visit import Visit


class CaseQuery(FilterQuery, frozen=True, kw_only=True):
    """`reports` is the cursor of a later page of them; the rest is the list that a person works in."""

    reports: Annotated[str, Meta(max_length=200)] | None = None


class CasePage(msgspec.Struct, frozen=True, kw_only=True):
    """A case with all that its decision needs. `evaluation` is the one to explain: the newest that
    says more than pass; `entries` are the entries of its matches, by id, and `judges` whether the
    person may judge the one that opened it; `quarantined` says why an entry is asked about. Each
    subject's kind has a template of its own."""

    case: CaseDetail
    item_id: UUID | None
    restrictions: list[Standing]
    effective: Effective
    severity: int
    later_reports: bool
    mine: bool
    held: bool
    content: ContentView | None
    evaluation: dict[str, Any] | None
    matches: list[dict[str, Any]]
    entries: dict[str, EntryView]
    judges: bool
    quarantined: dict[str, Any] | None
    labels: list[Label]
    offences: list[Offence]
    exemptions: dict[str, str]
    rules: dict[str, str]


def show(visit: Visit) -> CasePage:
    case_id = visit.uuid("case", case_unknown)
    with visit.begin() as tx:
        subject = subject_of_case(tx, case_id)
        if visit.may("cases:decide"):
            look_at_case(tx, case_id, visit.instance.settings)
        case = read_case(tx, case_id, visit.query.reports)
        item_id = subject.id if subject.kind == "item" else None
        severity = severity_of_case(tx, case_id)
        content = None if item_id is None else _content(tx, item_id, case, severity)
        restrictions = [] if item_id is None else standing_on(tx, item_id)
        standing = by_strength(standing_at(restrictions, tx.now))
        pack = visit.instance.pack(tx)
        evaluation = _to_explain(case)
        matches = explained(evaluation["matches"] if evaluation else [])
        opened = [str(case.match["entry"])] if case.match else []
        entries = entries_by_id(tx, ids_of([*(str(one["entry"]) for one in matches), *opened]))
        asked = entries.get(opened[0]) if opened else None
        judges = asked is not None and may_change_bank(tx, asked.bank)
        live = is_held(case.claimed_until, tx.now)
    return CasePage(
        case=case,
        item_id=item_id,
        restrictions=standing,
        effective=effective(standing),
        severity=severity,
        later_reports=visit.query.reports is not None,
        mine=live and case.claimed_by == visit.who.actor,
        held=live and case.claimed_by != visit.who.actor,
        content=content,
        evaluation=evaluation,
        matches=matches,
        entries=entries,
        judges=judges,
        quarantined=next(
            (one.detail for one in reversed(case.events) if one.kind == "quarantined"), None
        ),
        labels=list(pack.labels.values()),
        offences=visit.instance.offences,
        exemptions=dict(pack.exemptions),
        rules=rule_texts(pack),
    )


def _content(tx: Tx, item_id: UUID, case: CaseDetail, severity: int) -> ContentView | None:
    """The revision that the case is about, as far as it is there."""
    found = (row for row in revisions_of(tx, item_id) if row.revision == case.revision)
    row = next(found, None)
    return row and content_view(item_id, row, severity)


def _to_explain(case: CaseDetail) -> dict[str, Any] | None:
    """Of the case's revision, the newest evaluation that says more than pass, else the newest."""
    own = [one for one in case.evaluations if one["revision"] == case.revision]
    telling = [one for one in own if one["verdict"] != "pass" or one["problems"]]
    return next(iter([*reversed(telling), *reversed(own)]), None)


def reopen(visit: Visit) -> str:
    case_id = visit.uuid("case", case_unknown)
    reason = visit.field("reopen_reason")
    if not 1 <= len(reason) <= 4000:
        raise bad_field("/reopen_reason", "a reason of up to 4000 characters", f"{len(reason)}")
    with visit.begin() as tx:
        reopen_case(tx, case_id, reason)
    return f"/cases/{case_id}"


case_page = PageRoute(
    path="/cases/{case}",
    handler=show,
    scope="cases:read",
    query=CaseQuery,
    template="case.html",
)
pages = [
    case_page,
    PageRoute(
        method="POST",
        path="/cases/{case}/reopen",
        handler=reopen,
        scope="cases:decide",
        again=case_page,
    ),
]
