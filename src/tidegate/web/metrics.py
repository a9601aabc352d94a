"""`GET /v1/metrics`: Prometheus metrics of this process, with the slices' gauges as the database
sees them."""

import time

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.infra.pulse import Board, read_board
from tidegate.infra.slices import Gauge
from tidegate.pipeline.duties import gauges
from tidegate.web.api.endpoint import Call, Endpoint

_DEATHS = "Decoders of this process that a file killed, or that were killed for what they answered"


def read_metrics(tx: Tx, call: Call) -> Response:
    """The text exposition format."""
    deaths = Gauge("tidegate_decoder_deaths", _DEATHS, call.instance.media.replaced)
    board = read_board(call.instance.board)
    parts = _parts(board) if board is not None else []
    lines = [generate_latest(REGISTRY), *map(_line, [*gauges(tx), deaths]), *parts]
    return Response(b"".join(lines), media_type=CONTENT_TYPE_PLAIN_1_0_0)


def _line(gauge: Gauge) -> bytes:
    lines = (
        f"# HELP {gauge.name} {gauge.text}",
        f"# TYPE {gauge.name} gauge",
        f"{gauge.name} {float(gauge.value)}",
    )
    return ("\n".join(lines) + "\n").encode()


def _parts(board: Board) -> list[bytes]:
    """What the supervisor has seen of its processes."""
    faults = board.faults(time.monotonic())
    table = {
        "tidegate_part_ended_total": ("counter", "Ends of a process that was started again"),
        "tidegate_part_hung_total": ("counter", "Processes that hung, and were replaced"),
        "tidegate_part_unready": ("gauge", "1 for a process that does not do its work now"),
    }
    lines: list[str] = []
    for name, (kind, text) in table.items():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        for part, seen in board.parts.items():
            value = {"tidegate_part_ended_total": seen.ended, "tidegate_part_hung_total": seen.hung}
            lines.append(f'{name}{{part="{part}"}} {float(value.get(name, part in faults))}')
    return ["".join(f"{line}\n" for line in lines).encode()]


metrics_endpoint = Endpoint(
    method="GET",
    path="/v1/metrics",
    scope="metrics:read",
    summary="Prometheus metrics",
    handler=read_metrics,
    whole=True,
)
