"""`serve` outlives what it starts: who was killed or hangs comes back, and says so."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.api import item
from tests.journeys.processes_of import children, descendants, parts, postmaster, send, stopped
from tests.journeys.receiving import Receiver
from tests.journeys.stream import KNOWN
from tests.serving import Served, free_port, instance_environment
from tests.waiting import until

OWN_SERVER = "TIDEGATE_TEST_DATABASE_URL" not in os.environ


def other(served: Served, role: str, before: list[int]) -> int:
    """The process of a role that has taken the place of those."""
    until(lambda: set(parts(served, role)) - set(before), f"another {role}", shown=served.tail)
    [pid] = set(parts(served, role)) - set(before)
    return pid


def counted(metrics: str, what: str, part: str) -> float:
    line = f'tidegate_part_{what}_total{{part="{part}"}} '
    return next(float(one[len(line) :]) for one in metrics.splitlines() if one.startswith(line))


def test_connections_wait_while_the_web_process_is_replaced(served: Served) -> None:
    key = served.key("admin", name="waits")
    before = parts(served, "web")
    decoders = [pid for web in before for pid in children(web)]
    send(signal.SIGKILL, before)
    # Nobody is refused: the socket is the supervisor's.
    for n in range(5):
        answer = httpx.post(
            f"{served.url}/v1/items",
            json=item(f"waits-{n}", text="x"),
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
        )
        assert answer.status_code == 200
    other(served, "web", before)
    assert stopped(decoders)
    assert served.process is not None
    assert served.process.poll() is None
    head = {"authorization": f"Bearer {key}"}
    assert counted(httpx.get(f"{served.url}/v1/metrics", headers=head).text, "ended", "web") >= 1
    assert '"web.ended"' in served.tail()


def test_what_memory_runs_out_for_first(served: Served) -> None:
    """Decoders before the web process and the worker, those before the supervisor and PostgreSQL."""

    def points(pid: int) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    assert served.process is not None
    own = points(served.process.pid)
    until(lambda: parts(served, "web") and parts(served, "worker"), "both")
    [web], [worker] = parts(served, "web"), parts(served, "worker")
    until(lambda: points(web) > points(worker) > own, "their points")
    until(lambda: {points(pid) for pid in children(web)} == {900}, "the decoders' points")
    if pid := postmaster(served.data_dir):
        assert points(pid) == own


def test_an_address_in_use_is_told(served: Served, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tidegate", "serve", "--data-dir", str(tmp_path / "other")]
    done = subprocess.run(
        [*command, "--port", str(served.port)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert f"port {served.port}, cannot be listened on: Address already in use" in done.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.long
def test_a_worker_that_hangs_is_told_of_and_replaced(served: Served, tmp_path: Path) -> None:
    key = served.key("admin", name="hangs")
    head = {"authorization": f"Bearer {key}"}
    receiver = Receiver(tmp_path / "receiver")
    words = ["webhooks", "create", "--url", receiver.url, "--allow-private", "--enforce"]
    receiver.start(served.cli(*words))
    try:
        with httpx.Client(base_url=served.url, headers=head, timeout=60) as client:
            client.post("/v1/banks", json={"name": "hangs", "stance": "known"})
            entry = {"text": KNOWN, "confirmed": True}
            assert client.post("/v1/banks/hangs/entries", json=entry).status_code == 201
            until(lambda: parts(served, "worker"), "a worker")
            before = parts(served, "worker")
            send(signal.SIGSTOP, before)
            answer = client.post("/v1/items", json=item("hangs", text=KNOWN)).json()
            assert answer["verdict"] == "restrict"
            until(lambda: client.get("/readyz").status_code == 503, "word of it")
            assert "no sign of life" in client.get("/readyz").json()["worker"]
            other(served, "worker", before)
            assert stopped(before)
            until(lambda: client.get("/readyz").status_code == 200, "readiness")
            until(lambda: len(receiver.got()) >= 1, "the message")
            assert counted(client.get("/v1/metrics").text, "hung", "worker") >= 1
        assert '"worker.hung"' in served.tail()
    finally:
        receiver.kill()


@pytest.mark.long
def test_a_web_process_that_hangs_is_replaced(served: Served) -> None:
    before = parts(served, "web")
    send(signal.SIGSTOP, before)
    other(served, "web", before)
    assert stopped(before)
    served.wait_ready()
    assert '"web.hung"' in served.tail()


@pytest.mark.long
def test_what_is_killed_one_after_another_comes_back_each_time(served: Served) -> None:
    assert served.process is not None
    supervisor = served.process.pid
    for role in ("worker", "web", "worker", "web"):
        until(lambda role=role: parts(served, role), f"a {role}")
        before = parts(served, role)
        send(signal.SIGKILL, before)
        other(served, role, before)
        served.wait_ready()
    if OWN_SERVER:
        pid = postmaster(served.data_dir)
        assert pid is not None
        send(signal.SIGKILL, [pid])
        until(lambda: postmaster(served.data_dir) not in (pid, None), "another PostgreSQL")
        served.wait_ready()
        # It is the supervisor's child, and so goes with nobody else.
        assert postmaster(served.data_dir) in children(supervisor)
    assert served.process.pid == supervisor
    assert served.process.poll() is None


@pytest.mark.long
def test_systemd_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with (
        instance_environment(tmp_path / "instance") as environment,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
    ):
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(120)
        environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        served = Served(tmp_path / "instance", free_port(), environment)
        served.start(wait=False)

        def told(what: bytes) -> bool:
            while (said := notified.recv(100)) != what:
                assert said == b"WATCHDOG=1"
            return True

        assert told(b"READY=1")
        assert httpx.get(f"{served.url}/readyz", timeout=30).status_code == 200
        assert served.process is not None
        until(lambda: parts(served, "worker"), "a worker")
        below = descendants(served.process.pid)
        assert served.stop() == 0
        assert told(b"STOPPING=1")
        assert stopped(below)
