"""Two web processes and two workers over one database: they agree; and how processes end."""

import os
import resource
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx
import pytest
from tests.api import item
from tests.journeys.processes_of import descendants, stopped
from tests.journeys.receiving import Receiver
from tests.journeys.stream import KNOWN
from tests.serving import Served, free_port, instance_environment, serving
from tests.waiting import until

from tidegate.infra.postgres import EmbeddedPostgres
from tidegate.infra.procs import FEW_FILES


class Cluster:
    """Web A and web B, and two workers, over one database and one data directory."""

    def __init__(self, parts: list[Served], key: str) -> None:
        self.parts = parts
        self.a, self.b = (
            httpx.Client(base_url=one.url, headers={"authorization": f"Bearer {key}"}, timeout=30)
            for one in parts[:2]
        )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    root = tmp_path_factory.mktemp("cluster")
    server = None
    with instance_environment(root / "instance") as environment:
        if "TIDEGATE_DATABASE_URL" not in environment:
            server = EmbeddedPostgres(root / "instance")
            server.start()
            environment["TIDEGATE_DATABASE_URL"] = server.owner_url
        (root / "instance").mkdir(exist_ok=True)
        roles = ["web", "web", "worker", "worker"]
        parts = [Served(root / "instance", free_port(), environment, role) for role in roles]
        try:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, FEW_FILES // 4), hard))
            for part in parts:  # at once: migrations are safe when several start together
                part.start(wait=False)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for part in parts[:2]:
                part.wait_ready()
            yield Cluster(parts, parts[0].key("admin"))
            assert [part.stop() for part in parts] == [0, 0, 0, 0]
        finally:
            for part in parts:
                if part.process is not None and part.process.poll() is None:
                    part.kill()
            if server is not None:
                server.release()


def test_the_same_post_at_both_is_judged_once(cluster: Cluster) -> None:
    with ThreadPoolExecutor(8) as threads:
        for n in range(10):
            body = item(f"both-{n}", text="the same")
            posts = [
                threads.submit(client.post, "/v1/items", json=body)
                for client in [cluster.a, cluster.b] * 4
            ]
            answers = {post.result().content for post in posts}
            assert len(answers) == 1
            record = cluster.a.get(f"/v1/items/both-{n}").json()
            assert len(record["evaluations"]) == 1


def test_each_process_may_open_as_many_files_as_the_machine_lets_it(cluster: Cluster) -> None:
    for part in cluster.parts:
        assert part.process is not None
        limits = Path(f"/proc/{part.process.pid}/limits").read_text()
        soft, hard = limits.partition("Max open files")[2].split()[:2]
        assert soft == hard


def judged(client: httpx.Client, id: str) -> str:
    """The verdict on a new post of the known text."""
    return client.post("/v1/items", json=item(id, text=KNOWN)).json()["verdict"]


def test_banks_take_effect_everywhere(cluster: Cluster) -> None:
    """An entry soon; a disabled one before the answer to its disabling is read."""
    cluster.a.post("/v1/banks", json={"name": "shared", "stance": "known"})
    assert judged(cluster.b, "unknown") == "pass"
    entry = cluster.a.post(
        "/v1/banks/shared/entries", json={"text": KNOWN, "confirmed": True}
    ).json()
    ids = (f"known-{n}" for n in count())
    until(lambda: judged(cluster.b, next(ids)) == "restrict", "the entry to be found at B")
    for round in range(5):
        path = f"/v1/banks/shared/entries/{entry['id']}"
        assert cluster.a.patch(path, json={"enabled": False}).status_code == 200
        assert judged(cluster.b, f"disabled-{round}") != "restrict"
        assert cluster.a.patch(path, json={"enabled": True}).status_code == 200


def test_a_case_decided_at_both_has_one_winner(cluster: Cluster) -> None:
    with ThreadPoolExecutor(2) as threads:
        for n in range(6):
            cluster.a.post("/v1/items", json=item(f"case-{n}", text=f"to be judged {n}"))
            report = {"id": f"report-{n}", "item_id": f"case-{n}", "channel": "user_report"}
            report |= {"reason": "terrorism", "created_at": "2025-12-31T23:30:00Z"}
            case = cluster.b.post("/v1/reports", json=report).json()["case"]
            bodies = [
                {"outcome": "pass", "reason": "fine"},
                {"outcome": "restrict", "label": "threat", "reason": "a threat"},
            ]
            posts = [
                threads.submit(client.post, f"/v1/cases/{case}/decide", json=body)
                for client, body in zip([cluster.a, cluster.b], bodies, strict=True)
            ]
            answers = [post.result() for post in posts]
            assert sorted(one.status_code for one in answers) == [200, 409]
            won = next(one for one in answers if one.status_code == 200).json()
            lost = next(one for one in answers if one.status_code == 409).json()
            assert str(won["decision"]) in str(lost)


def test_two_workers_deliver_each_message(cluster: Cluster, tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "receiver")
    words = ["webhooks", "create", "--url", receiver.url, "--allow-private", "--enforce"]
    receiver.start(cluster.parts[1].cli(*words))
    try:
        decision = {"outcome": "restrict", "label": "threat", "reason": "a threat"}
        for n in range(10):
            cluster.a.post("/v1/items", json=item(f"deliver-{n}", text="hello"))
            path = f"/v1/items/deliver-{n}/decisions"
            assert cluster.b.post(path, json=decision).status_code == 201
        until(lambda: len(receiver.got()) >= 10, "ten messages")
        assert len({one["id"] for one in receiver.got()}) == 10
        assert all(one["verified"] for one in receiver.got())
    finally:
        receiver.kill()


COMMANDS = [
    ("keys", "list"),
    ("users", "list"),
    ("webhooks", "list"),
    ("ledger", "verify"),
    ("doctor", "--database-url"),
]


@pytest.mark.long
def test_how_serve_ends_and_begins_again(tmp_path: Path) -> None:
    with serving(tmp_path / "instance") as served:
        key = served.key("admin")
        head = {"authorization": f"Bearer {key}"}
        run_commands(served)  # while it runs
        with httpx.Client(base_url=served.url, headers=head, timeout=30) as client:
            assert client.post("/v1/items", json=item("kept", text="x")).status_code == 200

        # SIGKILL: its workers go with it, and serve on the same port starts unaided.
        assert served.process is not None
        below = [pid for pid in descendants(served.process.pid) if _is_ours(pid)]
        assert len(below) >= 2
        served.kill()
        until(lambda: stopped(below), "the workers' end")
        served.start()
        assert httpx.get(f"{served.url}/v1/items/kept", headers=head).status_code == 200

        # SIGTERM: what is in flight finishes.
        with ThreadPoolExecutor(4) as threads:

            def post(n: int) -> int | str:
                url, body = f"{served.url}/v1/items", item(f"flight-{n}", text="x")
                try:
                    return httpx.post(url, json=body, headers=head, timeout=30).status_code
                except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError):
                    return "not taken"  # also a connection that no request was read from yet

            posts = [threads.submit(post, n) for n in range(60)]
            until(lambda: sum(one.done() for one in posts) > 10, "some answers")
            os.kill(served.process.pid, signal.SIGTERM)
            results = [one.result() for one in posts]
        assert set(results) <= {200, "not taken"}
        assert served.process.wait(30) == 0
        served.start()
        for n, result in enumerate(results):
            kept = httpx.get(f"{served.url}/v1/items/flight-{n}", headers=head)
            assert kept.status_code == (200 if result == 200 else 404)
        assert served.stop() == 0
        run_commands(served)  # and while it doesn't


def run_commands(served: Served) -> None:
    """All at once: they share the database server, whoever starts it."""
    with ThreadPoolExecutor(len(COMMANDS)) as threads:
        list(threads.map(lambda words: served.cli(*words), COMMANDS))


def _is_ours(pid: int) -> bool:
    """Whether a process is one of ours, not PostgreSQL's, which outlives us and is adopted."""
    return b"postgres" not in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
