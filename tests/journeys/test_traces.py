"""With the extra and a collector, one trace leads from a request to the ledger; without, there is none."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.serving import serving
from tests.waiting import until

CALLER = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{CALLER}-b7ad6b7169203331-01"
POST = {
    "id": "a-person-could-be-named-here",
    "surface": "post",
    "publicness": "public",
    "author": "anna",
    "created_at": "2026-01-01T12:00:00Z",
    "text": "private words",
}


class Collector:
    """Takes traces as a collector does."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.bodies: list[bytes] = []
        spans, bodies = self.spans, self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    raise AssertionError("traces are not compressed unless asked for")
                bodies.append(body)
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        spans.extend(scope.spans)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def named(self, name: str) -> list[Any]:
        return [one for one in list(self.spans) if one.name == name]

    def below(self, parent: Any, name: str) -> list[Any]:
        return [one for one in self.named(name) if one.parent_span_id == parent.span_id]


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.mark.long
def test_a_trace_leads_from_the_request_to_the_ledger(tmp_path: Path, collector: Collector) -> None:
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with serving(tmp_path / "instance", settings=traced) as served:
        key = {"authorization": f"Bearer {served.key('admin')}", "traceparent": PARENT}
        assert httpx.post(f"{served.url}/v1/items", json=POST, headers=key).status_code == 200
        # What is refused names what it is about, and a trace does not.
        bank = {"name": "jane-roe", "stance": "known"}
        for status in (201, 409):
            made = httpx.post(f"{served.url}/v1/banks", json=bank, headers=key)
            assert made.status_code == status
        missing = httpx.get(f"{served.url}/v1/items/nobody-s-post", headers=key)
        assert missing.status_code == 404
        until(lambda: collector.named("ledger.seal"), "the entries to be sealed")
        until(lambda: collector.named("POST /v1/items"), "the request's span")
        until(lambda: collector.named("GET /v1/items/{id}"), "the refused request's span")
    (request,) = collector.named("POST /v1/items")
    (transaction,) = collector.below(request, "transaction")
    (appended,) = collector.below(transaction, "ledger.append")
    assert {request.trace_id.hex(), appended.trace_id.hex()} == {CALLER}
    assert {one.key: one.value.string_value for one in appended.attributes}["kind"] == "item.judged"
    said = b"".join(collector.bodies)
    words = ("a-person-could-be-named-here", "anna", "private words", "jane-roe", "nobody-s-post")
    for word in (*words, key["authorization"]):
        assert word.encode() not in said
