"""The worker's loops: a duty that fails is done again, and ends none of the others."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tidegate.infra.clock import FileClock
from tidegate.infra.pulse import Steps
from tidegate.infra.slices import Duty, Home
from tidegate.ledger.sequencer import LedgerBroken
from tidegate.pipeline import worker
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.worker import repeat


def doing(steps: Sequence[int | Exception], stop: Callable[[], object]) -> Callable[[Home], int]:
    """Work that does one step after the other, and then asks to stop."""
    left = list(steps)

    def work(_: Home) -> int:
        if len(left) == 1:
            stop()
        step = left.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    return work


def run(instance: Instance, seconds: float, steps: Sequence[int | Exception]) -> None:
    """Repeat until every step was done; a step that never comes fails by the timeout."""

    async def all_steps() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        work = doing(steps, lambda: loop.call_soon_threadsafe(stop.set))
        await asyncio.wait_for(repeat(Duty("test", seconds, work), instance, stop, Steps()), 30)

    asyncio.run(all_steps())


def test_a_duty_that_fails_is_done_again(instance: Instance) -> None:
    run(instance, 0.0, [ValueError("a fault of ours"), 0, KeyError("another"), 0])


def test_a_duty_that_found_something_goes_on_without_rest(instance: Instance) -> None:
    run(instance, 3600.0, [1, 5, 2, 0])


def test_nothing_is_sealed_in_haste_on_a_broken_ledger(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Were its own pause kept, the second step would come in an hour.
    monkeypatch.setattr(worker, "BROKEN_SECONDS", 0.0)
    run(instance, 3600.0, [LedgerBroken("an entry was changed"), 0])


def test_once_the_ledger_is_mended_it_is_sealed_as_before(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    waits = asyncio.wait_for

    async def noted(what: Any, seconds: float) -> object:
        pauses.append(seconds)
        return await waits(what, seconds)

    monkeypatch.setattr(worker, "BROKEN_SECONDS", 0.01)
    monkeypatch.setattr(asyncio, "wait_for", noted)
    run(instance, 0.0, [LedgerBroken("an entry was changed"), 0, 0])
    assert pauses[1:3] == [0.01, 0.0]  # the first is this test's own


def test_a_duty_that_rests_wakes_when_time_jumps(instance: Instance, tmp_path: Path) -> None:
    file = tmp_path / "now"
    file.write_text("2026-03-01T00:00:00Z")
    instance.clock = FileClock(file)
    seen: list[datetime] = []

    async def jumping() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        resting = asyncio.Event()

        def work(home: Home) -> int:
            seen.append(home.clock.now())
            loop.call_soon_threadsafe((resting if len(seen) == 1 else stop).set)
            return 0

        duty = asyncio.create_task(repeat(Duty("rare", 3600.0, work), instance, stop, Steps()))
        await resting.wait()
        draft = file.with_name("draft")
        draft.write_text("2026-09-01T00:00:00Z")
        draft.rename(file)
        await asyncio.wait_for(duty, 30)

    asyncio.run(jumping())
    assert [one.month for one in seen] == [3, 9]
