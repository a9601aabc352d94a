"""Time that a file holds: it runs, jumps when the file is replaced, and never goes back."""

import os
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.waiting import until

from tidegate.infra import clock as clock_module
from tidegate.infra.clock import (
    FileClock,
    SystemClock,
    clock_beside,
    jumps_of,
    note_clock,
    outside,
)
from tidegate.infra.settings import SettingsError

SOON = timedelta(seconds=60)  # more than any test takes
START = datetime(2026, 3, 1, 2, 13, tzinfo=UTC)
Turn = Callable[[str], None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "now"
    path.write_text("2026-03-01T03:13:00+01:00\n")
    return path


@pytest.fixture
def clock(file: Path) -> FileClock:
    return FileClock(file)


@pytest.fixture
def turn(file: Path) -> Turn:
    def put(text: str) -> None:
        draft = file.with_name("draft")
        draft.write_text(text)
        draft.rename(file)

    return put


def ago(seconds: float) -> float:
    """What the machine's clock said then, as files have it."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).timestamp()


def near(moment: datetime, other: datetime) -> bool:
    return timedelta(0) <= moment - other < SOON


def test_it_runs_from_the_moment_when_the_file_was_written(file: Path) -> None:
    written = ago(3600)
    os.utime(file, (written, written))
    clock = FileClock(file)
    assert near(clock.now(), START + timedelta(hours=1))
    first, second = clock.now(), clock.now()
    assert START < first <= second
    assert first.tzinfo is UTC
    os.utime(file, (written - 7200, written - 7200))  # it was written even earlier
    assert near(clock.now(), START + timedelta(hours=3))


def test_all_who_read_the_file_have_the_same_time(file: Path, clock: FileClock) -> None:
    before = clock.now()
    assert before <= FileClock(file).now() <= clock.now()


def test_another_file_in_its_place_is_a_jump(clock: FileClock, turn: Turn) -> None:
    assert near(clock.now(), START)
    assert (clock.jumps, jumps_of(clock)) == (0, 0)
    turn("2026-09-01T00:00:00.5Z")
    assert jumps_of(clock) == 1
    assert near(clock.now(), datetime(2026, 9, 1, tzinfo=UTC) + timedelta(milliseconds=500))
    assert jumps_of(clock) == 1


def test_it_never_goes_back(clock: FileClock, turn: Turn) -> None:
    turn("2026-03-02T00:00:00Z")
    last = clock.now()
    with capture_logs() as said:
        turn("2026-03-01T23:00:00Z")
        for _ in range(3):
            assert last <= (last := clock.now())
    assert [one["event"] for one in said] == ["clock.refused"]
    assert near(last, datetime(2026, 3, 2, tzinfo=UTC))
    assert clock.jumps == 1
    turn("2026-03-02T01:00:00Z")
    assert near(clock.now(), datetime(2026, 3, 2, 1, tzinfo=UTC))


def test_who_starts_after_a_refusal_goes_by_the_time_of_the_others(
    file: Path, turn: Turn, tmp_path: Path
) -> None:
    note_clock(tmp_path, first := FileClock(file, tmp_path))
    turn("2026-03-02T00:00:00Z")
    seen = first.now()
    turn("2026-03-01T23:00:00Z")
    assert seen <= (seen := first.now())
    for _ in range(2):
        with capture_logs() as said:
            later = clock_beside(tmp_path)
            assert seen <= later.now()
            assert near(later.now(), seen)
        assert [one["event"] for one in said] == ["clock.refused"]
        # Nor does it lose it by that, when nobody goes on who saw it.
        del first, later
        first = FileClock(file, tmp_path)
    turn("2026-03-02T02:00:00Z")
    assert near(first.now(), datetime(2026, 3, 2, 2, tzinfo=UTC))


def test_a_time_that_was_not_seen_yet_is_taken_at_the_start(
    file: Path, turn: Turn, tmp_path: Path
) -> None:
    """Who stopped for a night, and goes on an hour later by the file."""
    night = ago(10 * 3600)
    os.utime(file, (night, night))
    evening = {"origin": START - timedelta(seconds=night), "until": START + timedelta(minutes=5)}
    (tmp_path / "time-seen").write_bytes(msgspec.json.encode(evening))
    turn((START + timedelta(hours=1)).isoformat())
    with capture_logs() as said:
        assert near(FileClock(file, tmp_path).now(), START + timedelta(hours=1))
    assert said == []


def test_started_again_at_once_nothing_is_refused(file: Path, tmp_path: Path) -> None:
    with capture_logs() as said:
        before = FileClock(file, tmp_path).now()
        assert before <= FileClock(file, tmp_path).now()
    assert said == []


def test_what_is_earlier_is_refused_also_by_who_has_not_looked_since(
    clock: FileClock, file: Path, turn: Turn
) -> None:
    """Else two processes would go by two times."""
    hour_ago = ago(3600)
    os.utime(file, (hour_ago, hour_ago))
    other = FileClock(file)
    other.now()
    assert near(clock.now(), START + timedelta(hours=1))
    turn((START + timedelta(minutes=30)).isoformat())  # later than the file said, earlier than now
    for one in (clock, other):
        assert near(one.now(), START + timedelta(hours=1))


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-03-02T00:00:00", "2026-13-02T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_file_without_a_time_is_told_once_and_the_time_before_goes_on(
    clock: FileClock, turn: Turn, text: str
) -> None:
    last = clock.now()
    with capture_logs() as said:
        turn(text)
        for _ in range(3):
            assert last <= (last := clock.now())
    assert [one["event"] for one in said] == ["clock.unreadable"]
    assert near(last, START)
    assert clock.jumps == 0
    turn("2026-03-02T00:00:00Z")
    assert near(clock.now(), datetime(2026, 3, 2, tzinfo=UTC))


def test_a_file_that_is_gone_is_told_once_and_the_time_before_goes_on(
    clock: FileClock, file: Path, turn: Turn
) -> None:
    file.unlink()
    with capture_logs() as said:
        assert near(clock.now(), START)
        assert near(clock.now(), START)
    assert [one["event"] for one in said] == ["clock.unreadable"]
    turn("2026-03-02T00:00:00Z")
    assert near(clock.now(), datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize("text", [None, "soon", "\xff"])
def test_it_does_not_begin_without_a_time(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "now"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"--time-from: .*now cannot be used: .*2026-03-01T"):
        FileClock(path)


def test_the_machines_clock_may_go_back_and_this_one_does_not(
    clock: FileClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    last, real = clock.now(), int(ago(10)) * 10**9
    monkeypatch.setattr(clock_module.time, "time_ns", lambda: real)
    assert clock.now() >= last


def test_commands_beside_a_server_go_by_its_clock(clock: FileClock, tmp_path: Path) -> None:
    assert isinstance(clock_beside(tmp_path), SystemClock)
    note_clock(tmp_path, clock)
    assert near(clock_beside(tmp_path).now(), START)
    note_clock(tmp_path, SystemClock())
    assert isinstance(clock_beside(tmp_path), SystemClock)
    note_clock(tmp_path, SystemClock())


def test_others_are_told_the_machines_time(clock: FileClock) -> None:
    assert near(outside(clock), datetime.now(UTC) - timedelta(seconds=5))


def test_who_rests_misses_no_jump(clock: FileClock, turn: Turn) -> None:
    """Else an earlier time that follows would be refused by others alone, and two processes of an instance
    would have two times."""
    turn("2026-03-02T00:00:00Z")
    until(lambda: clock.jumps == 1, "the jump to be seen")
    turn("2026-03-01T23:00:00Z")
    assert near(clock.now(), datetime(2026, 3, 2, tzinfo=UTC))


def test_nobody_looks_for_a_clock_that_is_gone(file: Path) -> None:
    found = weakref.ref(FileClock(file))
    until(lambda: found() is None, "the clock to be forgotten")
