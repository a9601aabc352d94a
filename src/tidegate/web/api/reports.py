"""`/v1/reports`: what people tell us; `/v1/references`: what they are told back."""

from collections.abc import Callable
from functools import partial

from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.intake.channels import check_channel
from tidegate.intake.model import ReportIn
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.messages import MessageIn, ask_reporter
from tidegate.pipeline.report_answer import ReportAnswer
from tidegate.pipeline.report_record import (
    ReferenceView,
    ReportRecord,
    follow,
    read_report,
    say_more,
)
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.files import read_with_files
from tidegate.web.gate import segment
from tidegate.web.guesses import Guesses
from tidegate.web.reporting import hear_report

WRITES, READS = "reports:write", "cases:read"


async def submit_report(instance: Instance, call: Call, report: ReportIn) -> bytes:
    """Hear one report and answer when it is durable. Raises Refusal."""
    principal = call.principal
    check_channel(report.channel, principal.channels)
    return await hear_report(
        call.request, report, platform=call.platform(), by=principal.acting, queue=principal.queue
    )


async def post_report(call: Call) -> Response:
    report = await read_with_files(call, ReportIn, "report")
    body = await submit_report(call.instance, call, report)
    return Response(body, 201, media_type="application/json")


def get_report(tx: Tx, call: Call) -> ReportRecord:
    may = call.principal.may
    id, platform = segment(call.path["id"]), call.platform()
    words, reference = may(READS), may(WRITES)
    return read_report(tx, call.instance, platform, id, words=words, reference=reference)


def ask(tx: Tx, call: Call[MessageIn]) -> ReportRecord:
    """Ask whoever reported."""
    id, platform = segment(call.path["id"]), call.platform()
    call.subject = ask_reporter(tx, platform, id, call.body.text)
    reference = call.principal.may(WRITES)
    return read_report(tx, call.instance, platform, id, words=True, reference=reference)


def get_reference(tx: Tx, call: Call) -> ReferenceView:
    """Whoever asks for many codes that are none is held up: so short a code could be guessed otherwise."""
    found_by = _guess(call)
    found = follow(tx, call.instance, segment(call.path["code"]))
    found_by()
    return found


def say(tx: Tx, call: Call[MessageIn]) -> ReferenceView:
    """What its reporter answers or adds, of platforms that have forms of their own."""
    found_by = _guess(call)
    code = segment(call.path["code"])
    view, call.subject = say_more(tx, call.instance, code, call.body.text)
    found_by()
    return view


def _guess(call: Call) -> Callable[[], None]:
    """Count a guess; what takes it back where it was none."""
    guesses: Guesses = call.request.app.state.guesses
    who = call.principal.key or call.principal.actor
    guesses.admit(who)
    return partial(guesses.found, who)


endpoints = [
    Endpoint(
        method="POST",
        path="/v1/reports",
        scope=WRITES,
        summary="Report an item, or what is sent along (JSON, or a form with the part `report` and file"
        " parts)",
        handler=post_report,
        body=ReportIn,
        answer=ReportAnswer,
        status=201,
        multipart=True,
        refusals=(404, 409, 410, 413, 415),
    ),
    Endpoint(
        method="GET",
        path="/v1/reports/{id}",
        scope=WRITES,
        or_scope=READS,
        summary="What was reported, and how far it is",
        handler=get_report,
        answer=ReportRecord,
        refusals=(404,),
    ),
    Endpoint(
        method="GET",
        path="/v1/references/{code}",
        scope=WRITES,
        or_scope=READS,
        summary="How far a report is, by the code that its reporter was given",
        handler=get_reference,
        answer=ReferenceView,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path="/v1/reports/{id}/questions",
        scope="cases:decide",
        summary="Ask whoever reported, who sees it under their reference",
        handler=ask,
        body=MessageIn,
        answer=ReportRecord,
        status=201,
        idempotent=True,
        refusals=(404, 409, 410),
    ),
    Endpoint(
        method="POST",
        path="/v1/references/{code}/messages",
        scope=WRITES,
        summary="Answer a question, or add something to a report, for the reporter who has its code",
        handler=say,
        body=MessageIn,
        answer=ReferenceView,
        status=201,
        idempotent=True,
        refusals=(404, 409, 410),
    ),
]
