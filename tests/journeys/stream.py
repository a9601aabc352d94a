"""A platform that keeps sending: posts one by one and in batches, reports, decisions. It remembers
what was acknowledged, and sends again what was not, as the API says one may.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
from tests.api import item
from tests.serving import Served
from tests.waiting import until
from tests.web.live import Stream

KNOWN = "Bring your weapons to the square tomorrow, brothers, and leave nobody standing"
BATCH = 40


class Platform:
    """Sends from several threads until told to stop. `acknowledged` maps what to the answer."""

    def __init__(self, served: Served, key: str) -> None:
        self.served, self.key = served, key
        self.items: dict[str, Any] = {}
        self.reports: dict[str, Any] = {}
        self.decisions: dict[str, Any] = {}
        self.refused: list[str] = []  # what should not have been answered like that
        self.told: Counter[str] = Counter()  # why something was not acknowledged, and sent again
        self._cases: list[str] = []
        self._stop = threading.Event()
        jobs: list[Callable[[], None]] = [self._one_by_one, self._batches, self._report]
        jobs += [lambda: self._decide("restrict"), lambda: self._decide("pass")]
        self._threads = [threading.Thread(target=self._guarded, args=(job,)) for job in jobs]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def progress(self) -> int:
        return len(self.items) + len(self.reports) + len(self.decisions)

    def wait_for_progress(self, more: int) -> None:
        """Until so many more things are acknowledged."""
        target = self.progress + more
        until(
            lambda: self.progress >= target,
            f"{more} more acknowledgements",
            shown=lambda: f"{self.refused[-3:]} {self.served.tail()[-2000:]}",
        )

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:
            self.refused.append(f"{job}: {error!r}")

    def _send(self, client: httpx.Client, path: str, body: object, key: str = "") -> Any:
        """POST until it is answered; None when stopped. A 503 or a lost connection is no answer."""
        headers = {"authorization": f"Bearer {self.key}"}
        if key:
            headers["idempotency-key"] = key
        while not self._stop.is_set():
            try:
                answer = client.post(f"{self.served.url}{path}", json=body, headers=headers)
            except httpx.TransportError as error:
                self.told[type(error).__name__] += 1
                self._stop.wait(0.02)
                continue
            if answer.status_code == 503:
                self.told[answer.json()["type"].removeprefix("/problems/")] += 1
                if not answer.headers.get("retry-after"):
                    self.refused.append("a 503 without Retry-After")
                self._stop.wait(0.02)
                continue
            if answer.status_code not in (200, 201, 409):
                self.refused.append(f"{path}: {answer.status_code} {answer.text[:300]}")
            return answer
        return None

    def _one_by_one(self) -> None:
        with httpx.Client(timeout=20) as client:
            count = 0
            while not self._stop.is_set():
                count += 1
                text = KNOWN if count % 5 == 0 else f"A quiet word, the {count}th"
                answer = self._send(client, "/v1/items", item(f"one-{count}", text=text))
                if answer is not None and answer.status_code == 200:
                    self.items[f"one-{count}"] = answer.json()

    def _batches(self) -> None:
        count = 0
        while not self._stop.is_set():
            ids = [f"batch-{count + n}" for n in range(BATCH)]
            while not self._stop.is_set() and not all(id in self.items for id in ids):
                try:
                    self._batch(ids)
                except (OSError, EOFError, IndexError, ValueError):
                    self._stop.wait(0.02)  # cut off, or half an answer: the same once more
            count += BATCH

    def _batch(self, ids: list[str]) -> None:
        port, kind = self.served.port, "application/x-ndjson"
        with Stream(port, self.key, "/v1/items/batch", kind) as stream:
            stream.socket.settimeout(20)
            for id in ids:
                text = KNOWN if id.endswith("7") else f"One of many, {id}"
                stream.send(json.dumps(item(id, text=text)).encode() + b"\n")
            stream.end()
            if stream.start() != 200:
                return
            for line in stream.lines():
                id = ids[line["index"]]
                if line["status"] == 200:
                    assert line["item"]["id"] == id
                    self.items[id] = line["item"]
                elif line["status"] == 503:
                    self.told[line["problem"]["type"].removeprefix("/problems/")] += 1
                else:
                    self.refused.append(f"batch line: {line}")

    def _report(self) -> None:
        with httpx.Client(timeout=20) as client:
            count = 0
            while not self._stop.is_set():
                known = [id for id in list(self.items) if id.startswith("one-")]
                if count >= len(known):
                    self._stop.wait(0.01)
                    continue
                report = {
                    "id": f"report-{count}",
                    "item_id": known[count],
                    "channel": "user_report",
                    "reason": "terrorism",
                    "created_at": "2025-12-31T23:30:00Z",
                }
                answer = self._send(client, "/v1/reports", report)
                if answer is not None and answer.status_code == 201:
                    self.reports[report["id"]] = answer.json()
                    self._cases.append(answer.json()["case"])
                count += 1

    def _decide(self, outcome: str) -> None:
        """Two of these decide the same cases, differently: one of them may win."""
        body = {"outcome": outcome, "label": "propaganda", "exemption": "none", "reason": "seen"}
        if outcome == "pass":
            body = {"outcome": outcome, "reason": "seen"}
        with httpx.Client(timeout=20) as client:
            count = 0
            while not self._stop.is_set():
                if count >= len(self._cases):
                    self._stop.wait(0.01)
                    continue
                case = self._cases[count]
                answer = self._send(
                    client, f"/v1/cases/{case}/decide", body, key=f"{outcome}-{case}"
                )
                if answer is not None and answer.status_code == 200:
                    self.decisions[f"{outcome} {case}"] = answer.json()
                count += 1
