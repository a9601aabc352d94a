"""`/v1/reports/{id}/source`: who told us, for one who says what for. Such an answer is never kept, so the
route takes no Idempotency-Key: whoever asks twice has seen it twice."""

from tidegate.infra.db import Tx
from tidegate.intake.source import SourceAsk, SourceView
from tidegate.intake.sources import read_source
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.gate import segment


def show_source(tx: Tx, call: Call[SourceAsk]) -> SourceView:
    secrets = call.instance.secrets
    return read_source(tx, secrets, call.platform(), segment(call.path["id"]), call.body)


endpoints = [
    Endpoint(
        method="POST",
        path="/v1/reports/{id}/source",
        scope="sources:read",
        summary="See who the source of a report is, for a purpose that the ledger keeps",
        handler=show_source,
        body=SourceAsk,
        answer=SourceView,
        refusals=(404, 409),
    ),
]
