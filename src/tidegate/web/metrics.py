"""`GET /v1/metrics`: Prometheus metrics of this process, with the slices' gauges as the database
sees them."""

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.infra.slices import Gauge
from tidegate.pipeline.duties import gauges
from tidegate.web.api.endpoint import Call, Endpoint

_DEATHS = "Decoders of this process that a file killed, or that were killed for what they answered"


def read_metrics(tx: Tx, call: Call) -> Response:
    """The text exposition format."""
    deaths = Gauge("tidegate_decoder_deaths", _DEATHS, call.instance.media.replaced)
    lines = [generate_latest(REGISTRY), *map(_line, [*gauges(tx), deaths])]
    return Response(b"".join(lines), media_type=CONTENT_TYPE_PLAIN_1_0_0)


def _line(gauge: Gauge) -> bytes:
    lines = (
        f"# HELP {gauge.name} {gauge.text}",
        f"# TYPE {gauge.name} gauge",
        f"{gauge.name} {float(gauge.value)}",
    )
    return ("\n".join(lines) + "\n").encode()


metrics_endpoint = Endpoint(
    method="GET",
    path="/v1/metrics",
    scope="metrics:read",
    summary="Prometheus metrics",
    handler=read_metrics,
    whole=True,
)
