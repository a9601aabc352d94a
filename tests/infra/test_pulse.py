"""Signs of life, and the board on which the supervisor puts what it sees."""

import asyncio
import contextlib
import os

import pytest
from tests.waiting import until

from tidegate.infra.pulse import (
    STALE_SECONDS,
    Beat,
    Board,
    Handed,
    Pulse,
    Seen,
    Steps,
    make_board,
    read_board,
    take_handed,
    write_board,
)


def test_what_is_handed_down_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = Handed(parent=1, pulse=5, board=6, sockets=[7, 8])
    [(name, text)] = handed.environment().items()
    monkeypatch.setenv(name, text)
    assert take_handed() == handed
    assert name not in os.environ
    assert take_handed() is None


def test_a_step_hangs_when_its_time_is_over_and_not_before() -> None:
    now = [0.0]
    steps = Steps(lambda: now[0])
    with steps.step("seal", 10.0):
        steps.turn("deliver", 5.0)
        now[0] = 4.0
        steps.turn("deliver", 5.0)
        now[0] = 8.0
        assert steps.hanging() == []
        now[0] = 11.0
        assert steps.hanging() == ["deliver", "seal"]
    assert steps.hanging() == ["deliver"]
    steps.over("deliver")
    assert steps.hanging() == []


def test_a_pulse_beats_from_the_start_and_then_from_the_loop() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    said = bytearray()

    def heard(words: bytes) -> bool:
        with contextlib.suppress(BlockingIOError):
            said.extend(os.read(reading, 4096))
        return words in said

    pulse = Pulse(writing)
    until(lambda: heard(b'{"up":false,"hangs":[]}\n'), "a beat while starting")

    async def main() -> None:
        pulse.up(lambda: ["seal"])

    asyncio.run(main())
    until(lambda: heard(b'{"up":true,"hangs":["seal"]}\n'), "a beat of the loop")
    os.close(reading)
    pulse._write(Beat(True))  # nobody reads: no harm
    os.close(writing)


def test_the_board_tells_of_faults_and_of_a_supervisor_that_hangs() -> None:
    file = make_board()
    assert read_board(None) is None
    assert read_board(file) is None  # nothing there yet
    board = Board(100.0, {"web": Seen(ended=2), "worker": Seen(fault="hangs", hung=1)})
    write_board(file, board)
    assert read_board(file) == board
    assert board.faults(101.0) == {"worker": "hangs"}
    late = board.faults(100.0 + STALE_SECONDS + 1)
    assert late == {"worker": "hangs", "supervisor": "has not looked for 16 s"}
    write_board(file, Board(1.0, {"web": Seen(fault="x" * 5000)}))  # no room: what was there stays
    assert read_board(file) == board
    write_board(file, Board(2.0, {}))
    assert read_board(file) == Board(2.0, {})
