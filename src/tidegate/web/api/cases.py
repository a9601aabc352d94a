"""`/v1/cases`: what people decide."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.decisions.held import decision_unknown
from tidegate.decisions.looks import find_look, second_look
from tidegate.decisions.model import Decision
from tidegate.decisions.queries import find_decision
from tidegate.decisions.second import Look, LookState
from tidegate.infra.db import Tx
from tidegate.pipeline.decide import claim_case, release_case
from tidegate.pipeline.grading import case_handling
from tidegate.pipeline.leave import undo
from tidegate.pipeline.reads import read_case, read_case_reports
from tidegate.pipeline.telling import READS_BANKS, tell_case, tell_cases
from tidegate.pipeline.together import decide_together
from tidegate.review import listing
from tidegate.review import queries as review
from tidegate.review.again import case_for_keys
from tidegate.review.model import CaseDecisionIn, CaseDetail, CaseFilter, CaseOrder
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import DEFAULT_LIMIT, Page, PageQuery


class CasesQuery(msgspec.Struct, frozen=True):
    queue: Annotated[str, Meta(max_length=64)] | None = None
    state: CaseFilter | None = None
    order: CaseOrder | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = DEFAULT_LIMIT


class Proposed(msgspec.Struct, frozen=True):
    """What waits for another person: how far it is, and by which id it is taken back."""

    state: LookState
    proposal: UUID


def list_cases(tx: Tx, call: Call[object, CasesQuery]) -> Page:
    q = call.query
    data, following = listing.list_cases(tx, q.queue, q.state, q.cursor, q.limit, q.order)
    if call.principal.may(READS_BANKS):
        tell_cases(tx, data)
    return Page(data, following)


def _case_id(call: Call) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise review.case_unknown(call.path["id"]) from None


def _of_path(tx: Tx, call: Call) -> UUID:
    """The id of a case; a kept answer speaks of its subject, and goes with it. Blind looks are for people
    on the pages alone. Raises Refusal (404)."""
    case_id = _case_id(call)
    call.subject = case_for_keys(tx, case_id).id
    return case_id


def _told(tx: Tx, call: Call, case: CaseDetail) -> CaseDetail:
    if case.item is not None and call.subject is not None:
        handling = case_handling(tx, call.instance.grading, call.subject)
        case = msgspec.structs.replace(case, handling=handling)
    return tell_case(tx, case) if call.principal.may(READS_BANKS) else case


def list_reports(tx: Tx, call: Call[object, PageQuery]) -> Page:
    q = call.query
    return Page(*read_case_reports(tx, _of_path(tx, call), q.cursor, q.limit))


def get_case(tx: Tx, call: Call) -> CaseDetail:
    return _told(tx, call, read_case(tx, _of_path(tx, call)))


def claim(tx: Tx, call: Call) -> CaseDetail:
    lease = timedelta(minutes=call.instance.settings.claim_minutes)
    return _told(tx, call, claim_case(tx, _of_path(tx, call), lease))


def release(tx: Tx, call: Call) -> CaseDetail:
    case = release_case(tx, _of_path(tx, call), force=call.principal.may("admin"))
    return _told(tx, call, case)


def decide(tx: Tx, call: Call[CaseDecisionIn]) -> CaseDetail | Response:
    wait, pack = timedelta(seconds=call.body.undo_seconds), call.instance.pack(tx)
    case = decide_together(tx, _of_path(tx, call), call.body, pack=pack, undo=wait)
    if case.state == "decided":
        return _told(tx, call, read_case(tx, case.id))
    look = second_look(tx, case.id)
    assert look is not None
    body = msgspec.json.encode(Proposed(look.state, look.id))
    return Response(body, status_code=202, media_type="application/json")


def take_back(tx: Tx, call: Call) -> CaseDetail:
    decision = _decision(tx, call)
    call.subject = decision.item_id  # of what was proposed, too
    lease = timedelta(minutes=call.instance.settings.claim_minutes)
    return _told(tx, call, undo(tx, decision.id, lease=lease))


def _decision(tx: Tx, call: Call) -> Decision | Look:
    try:
        decision_id = UUID(call.path["id"])
        found = find_decision(tx, decision_id) or find_look(tx, decision_id)
    except ValueError:
        found = None
    if found is None:
        raise decision_unknown(call.path["id"])
    return found


_CASE = "/v1/cases/{id}"

endpoints = [
    Endpoint(
        method="GET",
        path="/v1/cases",
        scope="cases:read",
        summary="List cases that wait, by priority, or all, the oldest first",
        handler=list_cases,
        query=CasesQuery,
        answer=Page,
    ),
    Endpoint(
        method="GET",
        path=_CASE,
        scope="cases:read",
        summary="Read a case",
        handler=get_case,
        answer=CaseDetail,
        refusals=(404,),
    ),
    Endpoint(
        method="GET",
        path=f"{_CASE}/reports",
        scope="cases:read",
        summary="List a case's reports, the first first",
        handler=list_reports,
        query=PageQuery,
        answer=Page,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_CASE}/claim",
        scope="cases:decide",
        summary="Claim a case: an exclusive lease that expires",
        handler=claim,
        answer=CaseDetail,
        idempotent=True,
        refusals=(404, 409),
    ),
    Endpoint(
        method="POST",
        path=f"{_CASE}/release",
        scope="cases:decide",
        summary="Give a claimed case back",
        handler=release,
        answer=CaseDetail,
        idempotent=True,
        refusals=(404, 409),
    ),
    Endpoint(
        method="POST",
        path=f"{_CASE}/decide",
        scope="cases:decide",
        summary="Decide a case",
        handler=decide,
        body=CaseDecisionIn,
        answer=CaseDetail,
        accepted=Proposed,
        idempotent=True,
        refusals=(404, 409, 410),
    ),
    Endpoint(
        method="POST",
        path="/v1/decisions/{id}/undo",
        scope="cases:decide",
        summary="Undo a decision that has not left yet; only who made it can",
        handler=take_back,
        answer=CaseDetail,
        idempotent=True,
        refusals=(404, 409, 410),
    ),
]
