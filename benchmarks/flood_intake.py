"""How many tips an instance takes, durably, in batches over HTTP: `python -m benchmarks.flood_intake`.

A real `tidegate serve` with its own PostgreSQL, the default pack and banks of 10,000 entries; every tip is
new, has a reporter or none by turns, and opens a case. What was answered is then counted in the database.
On a machine that others use, the processor time of each tip says more than the rate: both are printed.
FLOOD_SECONDS says how long.
"""

import os
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import psycopg
import uvloop

from benchmarks.instance import Instance, running
from benchmarks.load import Run, in_batches, percentile, request
from benchmarks.material import fill_banks, text

BATCH = 500
SECONDS = float(os.environ.get("FLOOD_SECONDS", "12"))


class Tips:
    """Requests with tips that were never sent before."""

    def __init__(self, key: str) -> None:
        self.sent = 0
        self._key = key
        self._name = uuid4().hex[:8]
        self._now = datetime.now(UTC).isoformat()
        self._texts = [text() for _ in range(20_000)]

    def tip(self) -> bytes:
        """The JSON of a tip; the number in it makes each one new."""
        self.sent += 1
        said: dict[str, object] = {
            "id": f"{self._name}-{self.sent}",
            "channel": "tip",
            "reason": "other",
            "created_at": self._now,
            "text": f"{self._texts[self.sent % len(self._texts)]} {self.sent}",
            "language": "en",
        }
        if self.sent % 2:
            said["reporter"] = f"person-{self.sent % 5000}"
        return msgspec.json.encode(said)

    def batch(self) -> bytes:
        body = b"\n".join(self.tip() for _ in range(BATCH))
        return request("POST", "/v1/reports/batch", self._key, body, "application/x-ndjson")


def measure(instance: Instance, tips: Tips, seconds: float) -> tuple[Run, dict[str, float]]:
    """A round in batches; the processor time of each tip by process, in µs."""
    before, own = instance.cpu_seconds(), time.process_time()
    run = uvloop.run(in_batches(instance.port, tips.batch, seconds=seconds, connections=4))
    after, own = instance.cpu_seconds(), time.process_time() - own
    count = len(run.latencies) * BATCH
    used = {name: (after[name] - before[name]) / count * 1e6 for name in before}
    return run, used | {"load generator": own / count * 1e6}


def main() -> int:
    with running() as instance:
        fill_banks(instance.database_url, 10_000)
        tips = Tips(instance.key)
        measure(instance, tips, 1.0)
        run, used = measure(instance, tips, SECONDS)
        count = len(run.latencies) * BATCH
        refused = sum(body.count(b'"problem":') for body in run.bodies)
        if refused:
            raise RuntimeError(f"{refused} tips were refused")
        with psycopg.connect(instance.database_url) as connection:
            kept = connection.execute("SELECT count(*) FROM reports").fetchone()
        if kept is None or kept[0] != tips.sent:
            raise RuntimeError(f"{tips.sent} tips were sent, {kept} are kept")
        print(f"{count / run.seconds:,.0f} tips/s, {count:,} in {run.seconds:.1f} s")
        print(
            f"a batch of {BATCH}: p50 {percentile(run.latencies, 0.5):,.0f} ms,"
            f" p95 {percentile(run.latencies, 0.95):,.0f} ms"
        )
        for name, micros in used.items():
            print(f"CPU {name}: {micros:,.0f} µs/tip")
        print(f"load average {os.getloadavg()[0]:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
