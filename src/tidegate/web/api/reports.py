"""`/v1/reports`: what people tell us."""

from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.intake.channels import check_channel
from tidegate.intake.model import ReportIn
from tidegate.pipeline.report import submit_report
from tidegate.web.api.endpoint import Call, Endpoint


def post_report(tx: Tx, call: Call[ReportIn]) -> Response:
    check_channel(call.body.channel, call.principal.channels)
    body, item = submit_report(tx, call.instance, call.body, platform=call.platform())
    call.subject = item and item.id
    return Response(body, 201, media_type="application/json")


endpoints = [
    Endpoint(
        method="POST",
        path="/v1/reports",
        scope="reports:write",
        summary="Report an item",
        handler=post_report,
        body=ReportIn,
        status=201,
        refusals=(404, 409, 410),
    ),
]
