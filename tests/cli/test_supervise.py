"""The supervisor's pieces: a process below it that hangs, dies or keeps dying; its socket; systemd."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.waiting import until

from tidegate.cli import listening
from tidegate.cli.context import note_address, was_served
from tidegate.cli.listening import listen, tell_systemd
from tidegate.cli.part import (
    CANNOT_START,
    KEEPS_DYING,
    LATE_SECONDS,
    LIVED_SECONDS,
    LONGEST_PAUSE,
    Part,
)
from tidegate.cli.supervise import _Supervisor
from tidegate.infra.procs import start_time
from tidegate.infra.pulse import Beat, make_board
from tidegate.infra.settings import Settings, SettingsError

PATIENCE = 15.0
# What a process below does here: takes what it was handed, and beats as it is told.
CHILD = """
import os, signal, sys
from tidegate.infra.procs import die_with_parent
from tidegate.infra.pulse import take_handed
handed = take_handed()
die_with_parent(handed.parent)
os.write(handed.pulse, sys.argv[1].encode())
signal.pause()
"""
UP = '{"up":true,"hangs":[]}\n'


class Watched:
    """A part that is looked at by hand, with a clock of its own."""

    def __init__(self, said: str = UP, code: str = CHILD) -> None:
        self.part = Part("worker", [sys.executable, "-c", code, said], PATIENCE)
        self.now = 1000.0
        self.board = make_board()

    def start(self) -> int:
        assert self.part.due(self.now)
        self.part.start(self.now, self.board)
        assert self.part._process is not None
        return self.part._process.pid

    def look(self, later: float = 0.0) -> None:
        self.now += later
        self.part.look(self.now)

    def until_up(self) -> None:
        def up() -> bool:
            self.look()
            return self.part._beat != Beat(False)

        until(up, "its first line")

    @property
    def fault(self) -> str:
        return self.part.seen(self.now).fault


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.part.stop(0.0)


def test_who_is_silent_is_told_of_and_then_replaced(watched: Watched) -> None:
    pid = watched.start()
    watched.until_up()
    assert watched.part.was_up
    os.kill(pid, signal.SIGSTOP)
    watched.look(LATE_SECONDS)
    assert watched.fault == ""
    watched.look(1.0)
    assert watched.fault == "has given no sign of life for 6 s"
    assert start_time(pid) is not None
    watched.look(PATIENCE)
    assert start_time(pid) is None
    seen = watched.part.seen(watched.now)
    assert (seen.ended, seen.hung) == (1, 1)
    assert watched.start() != pid  # at once
    assert watched.fault == ""


@pytest.mark.parametrize("together", [True, False])
def test_the_worker_waits_for_the_web_process_at_the_very_first_start_alone(
    *, together: bool
) -> None:
    web, worker = (Watched('{"up":false,"hangs":[]}\n') for _ in range(2))
    supervisor = _Supervisor([web.part, worker.part], [], together=together)
    try:
        supervisor._start_what_is_due(web.now)
        assert (web.part.running, worker.part.running) == (True, together)
    finally:
        for one in (web, worker):
            one.part.stop(0.0)


def test_an_instance_that_was_served_before_is_known(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert not was_served(settings)
    note_address(settings)
    assert was_served(settings)


def test_while_we_were_stopped_ourselves_nobody_was_silent(watched: Watched) -> None:
    pid = watched.start()
    watched.until_up()
    watched.part.postpone(3600.0)
    watched.look(3600.0 + PATIENCE)
    assert start_time(pid) is not None


def test_who_says_that_something_hangs_is_replaced_at_once() -> None:
    watched = Watched('{"up":true,"hangs":["seal"]}\n')
    pid = watched.start()
    until(lambda: watched.look() or not watched.part.running, "its end")
    assert start_time(pid) is None
    assert watched.part.seen(watched.now).hung == 1


def test_who_starts_may_be_silent_for_longer() -> None:
    watched = Watched(code="import signal; signal.pause()")
    pid = watched.start()
    watched.look(PATIENCE + 1)
    assert start_time(pid) is not None
    assert "no sign of life" in watched.fault
    watched.look(110.0)
    assert start_time(pid) is None


def test_who_keeps_dying_is_started_ever_more_rarely_and_told_of() -> None:
    watched = Watched(code="raise SystemExit(3)")
    pauses: list[float] = []
    for ends in range(1, 9):
        assert watched.fault == "" or ends > KEEPS_DYING
        watched.start()
        until(lambda: watched.look() or not watched.part.running, "its end")
        pauses.append(watched.part._due - watched.now)
        assert watched.part.due(watched.now) == (ends == 1)
        watched.now += LONGEST_PAUSE
    assert watched.part.status == 3
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.0, LONGEST_PAUSE)
    assert watched.fault == "ended 8 times in a row, last with status 3"


def test_who_cannot_be_started_at_all_is_tried_ever_more_rarely_too() -> None:
    part = Part("web", ["/no/such/program"], PATIENCE)
    board, now, tries = make_board(), 0.0, 0
    while now < 60.0:
        if part.due(now):
            part.start(now, board)
            tries += 1
        now += 0.05
    os.close(board)
    assert tries <= 12
    assert not part.running
    assert "ended" in part.seen(now).fault
    assert part.status == CANNOT_START, "the supervisor that never had one ends with it"


def test_who_has_lived_for_a_while_begins_anew(watched: Watched) -> None:
    for _ in range(4):
        pid = watched.start()
        watched.until_up()
        watched.now += LIVED_SECONDS + 1
        os.kill(pid, signal.SIGKILL)
        until(lambda: watched.look() or not watched.part.running, "its end")
        assert watched.part.due(watched.now)
    assert watched.part.seen(watched.now).ended == 4


def test_nonsense_in_a_pulse_is_a_sign_of_life_and_no_more() -> None:
    watched = Watched("nonsense\n{}\n" + "x" * 100_000)
    watched.start()
    until(lambda: watched.look() or watched.part._line, "what it said")
    assert watched.part.running
    assert not watched.part.was_up
    watched.part.stop(0.0)


def test_a_taken_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "TAKEN_SECONDS", 0.0)
    [taken] = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(SettingsError, match=f"port {port}, cannot be listened on.*--port"):
        listen("127.0.0.1", port)
    taken.close()
    with pytest.raises(SettingsError, match="cannot be listened on"):
        listen("no.such.host.invalid", 0)


def test_all_addresses_of_a_host_share_a_port() -> None:
    sockets = listen("localhost", 0)
    assert len({one.getsockname()[1] for one in sockets}) == 1
    for one in sockets:
        with socket.create_connection(one.getsockname()[:2], timeout=5):
            pass
        one.close()


def test_what_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_systemd("READY=1")  # nobody asked
    for address in (str(tmp_path / "notify"), f"\0tidegate-test-{os.getpid()}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asked:
            asked.bind(address)
            asked.settimeout(30)
            monkeypatch.setenv("NOTIFY_SOCKET", address.replace("\0", "@"))
            tell_systemd("READY=1")
            assert asked.recv(100) == b"READY=1"
    tell_systemd("READY=1")  # and nobody is there any more
