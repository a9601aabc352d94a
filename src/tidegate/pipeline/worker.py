"""The background work of an instance: every duty of the house, over and over. Any number of processes
may do it side by side; each piece is claimed in the database.
"""

import asyncio
import signal

import structlog

from tidegate.infra.db import UNAVAILABLE
from tidegate.infra.slices import Duty, Home
from tidegate.ledger.sequencer import LedgerBroken
from tidegate.pipeline.duties import duties_of, errands
from tidegate.pipeline.instance import Instance

log = structlog.get_logger()

BROKEN_SECONDS = 30.0  # nothing is sealed on a chain that was tampered with


async def run_worker(instance: Instance) -> None:
    """Work until SIGTERM or SIGINT; what is in hand is finished or handed back."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await asyncio.gather(
        *(errand(instance, stop) for errand in errands()),
        *(repeat(duty, instance, stop) for duty in duties_of(instance)),
    )


async def repeat(duty: Duty, home: Home, stop: asyncio.Event) -> None:
    """Do a duty in a thread, again at once while it finds something, else after a pause. A lost
    database is waited for; nothing that fails ends the loop."""
    seconds = duty.seconds
    while not stop.is_set():
        done = 0
        try:
            done = await asyncio.to_thread(duty.work, home)
        except UNAVAILABLE as error:
            log.warning("worker.waiting", work=duty.name, error=type(error).__name__)
        except LedgerBroken as error:
            log.error("ledger.broken", error=str(error))
            seconds = BROKEN_SECONDS
        except Exception as error:
            log.error("worker.failed", work=duty.name, error=type(error).__name__)
        if done == 0:
            try:
                await asyncio.wait_for(stop.wait(), seconds)
            except TimeoutError:
                continue
