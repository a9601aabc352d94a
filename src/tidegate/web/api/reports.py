"""`/v1/reports`: what people tell us; `/v1/references`: what they are told back."""

from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.infra.groupcommit import GroupCommit
from tidegate.intake.channels import check_channel
from tidegate.intake.model import ReportIn
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.report_answer import ReportAnswer
from tidegate.pipeline.report_record import ReferenceView, ReportRecord, follow, read_report
from tidegate.pipeline.told import Told, describe_report, examine_report
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.files import read_with_files
from tidegate.web.gate import segment
from tidegate.web.guesses import Guesses

WRITES, READS = "reports:write", "cases:read"


async def submit_report(instance: Instance, call: Call, report: ReportIn) -> bytes:
    """Hear one report and answer when it is durable. Raises Refusal."""
    principal = call.principal
    check_channel(report.channel, principal.channels)
    told = describe_report(
        instance,
        report,
        platform=call.platform(),
        by=principal.acting,
        request_id=call.request_id,
        now=instance.clock.now(),
        queue=principal.queue,
    )
    if report.media:
        # A retry must not fetch and decode again.
        known = await call.request.app.state.told.run(told, told.queue)
        if known is not None:
            return known
        told = await examine_report(instance, told)
    reports: GroupCommit[Told, bytes] = call.request.app.state.reports
    return await reports.run(told, told.queue, told.seconds)


async def post_report(call: Call) -> Response:
    report = await read_with_files(call, ReportIn, "report")
    body = await submit_report(call.instance, call, report)
    return Response(body, 201, media_type="application/json")


def get_report(tx: Tx, call: Call) -> ReportRecord:
    may = call.principal.may
    id = segment(call.path["id"])
    return read_report(tx, call.platform(), id, words=may(READS), reference=may(WRITES))


def get_reference(tx: Tx, call: Call) -> ReferenceView:
    """Whoever asks for many codes that are none is held up: so short a code could be guessed otherwise."""
    guesses: Guesses = call.request.app.state.guesses
    who = call.principal.key or call.principal.actor
    guesses.admit(who)
    found = follow(tx, call.instance.secrets.terms_key, segment(call.path["code"]))
    guesses.found(who)
    return found


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
]
