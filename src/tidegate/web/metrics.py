"""`GET /v1/metrics`: Prometheus metrics of this process, with the queues as the database sees them."""

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from starlette.responses import Response

from tidegate.enforcement.queries import outbox_counts
from tidegate.infra.db import Tx
from tidegate.ledger.queries import unsealed
from tidegate.pipeline.lookback.kinds import left
from tidegate.review.queries import waiting_counts
from tidegate.web.api.endpoint import Call, Endpoint


def _gauge(name: str, text: str, value: float) -> bytes:
    family = GaugeMetricFamily(name, text, value=value)
    lines = [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
    lines += [f"{name} {sample.value}" for sample in family.samples]
    return ("\n".join(lines) + "\n").encode()


def read_metrics(tx: Tx, call: Call) -> Response:
    """The text exposition format."""
    outbox = outbox_counts(tx)
    waiting = sum(sum(states.values()) for states in waiting_counts(tx).values())
    parts = [
        generate_latest(REGISTRY),
        _gauge("tidegate_deliveries_pending", "Deliveries that wait", outbox.pending),
        _gauge("tidegate_deliveries_dead", "Dead letters", outbox.dead),
        _gauge(
            "tidegate_delivery_oldest_seconds",
            "Age of the oldest delivery that waits",
            outbox.oldest_pending_seconds,
        ),
        _gauge("tidegate_cases_waiting", "Cases that wait for a decision", waiting),
        _gauge(
            "tidegate_kinds_left", "Revisions that wait for codes of a new kind, at most", left(tx)
        ),
        _gauge("tidegate_ledger_unsealed", "Ledger entries not sealed yet", unsealed(tx)),
    ]
    return Response(b"".join(parts), media_type=CONTENT_TYPE_PLAIN_1_0_0)


metrics_endpoint = Endpoint(
    method="GET",
    path="/v1/metrics",
    scope="metrics:read",
    summary="Prometheus metrics",
    handler=read_metrics,
)
