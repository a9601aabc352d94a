"""The background work of an instance: every duty of the house, over and over. Any number of processes
may do it side by side; each piece is claimed in the database.
"""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog

from tidegate.infra.clock import Clock, can_jump, jumps_of
from tidegate.infra.db import UNAVAILABLE
from tidegate.infra.loop import run_among_threads
from tidegate.infra.pulse import Pulse, Steps
from tidegate.infra.slices import Duty, Home
from tidegate.ledger.sequencer import LedgerBroken
from tidegate.pipeline.duties import duties_of, errands_of, urgent_of
from tidegate.pipeline.instance import Instance

log = structlog.get_logger()

LOOK_SECONDS = 0.25  # how often a duty that rests looks whether injected time has jumped
BROKEN_SECONDS = 30.0  # nothing is sealed on a chain that was tampered with


def run_worker(instance: Instance, pulse: Pulse) -> None:
    """Work until SIGTERM or SIGINT; what is in hand is finished or handed back. The pulse tells of
    duties that do not end: what hangs in a thread is ended with the process alone."""
    run_among_threads(_work(instance, pulse))


async def _work(instance: Instance, pulse: Pulse) -> None:
    stop, steps = asyncio.Event(), Steps()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    first = urgent_of(instance)
    # Threads of their own: the common ones may all be busy with what nobody waits for.
    threads = ThreadPoolExecutor(len(first), thread_name_prefix="urgent")
    urgent = [repeat(duty, instance, stop, steps, threads) for duty in first]
    urgent += [errand(instance, stop, steps) for errand in errands_of(instance)]
    async with asyncio.TaskGroup() as group:
        for one in urgent:
            group.create_task(one)
        # What opens the index of items: that may take long, and nobody waits for it.
        duties = await asyncio.to_thread(duties_of, instance)
        pulse.up(steps.hanging)
        for duty in duties:
            group.create_task(repeat(duty, instance, stop, steps))


async def repeat(
    duty: Duty,
    home: Home,
    stop: asyncio.Event,
    steps: Steps,
    threads: ThreadPoolExecutor | None = None,
) -> None:
    """Do a duty in one of the threads (the loop's own by default), again at once while it finds something,
    else after a pause. A lost database is waited for; nothing that fails ends the loop."""
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        done, seconds, jumps = 0, duty.seconds, jumps_of(home.clock)
        try:
            with steps.step(duty.name, duty.patience):
                done = await loop.run_in_executor(threads, duty.work, home)
        except UNAVAILABLE as error:
            log.warning("worker.waiting", work=duty.name, error=type(error).__name__)
        except LedgerBroken as error:
            log.error("ledger.broken", error=str(error))
            seconds = BROKEN_SECONDS
        except Exception as error:
            log.error("worker.failed", work=duty.name, error=type(error).__name__)
        if done == 0:
            await _rest(home.clock, stop, seconds, jumps)


async def _rest(clock: Clock, stop: asyncio.Event, seconds: float, jumps: int) -> None:
    """For so long, until the event is set, or until injected time has jumped: then much may be due."""
    looks = LOOK_SECONDS if can_jump(clock) else seconds
    while not stop.is_set() and jumps_of(clock) == jumps:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(seconds, looks))
        seconds -= looks
        if seconds <= 0:
            return
