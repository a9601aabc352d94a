"""Puts what strangers were refused into the ledger: the first after a quiet minute soon, then what came
in each minute together, and the rest at the end."""

import asyncio
import time

import structlog
from starlette.concurrency import run_in_threadpool

from tidegate.access.refused import write_refused
from tidegate.pipeline.instance import Instance

PAUSE_SECONDS = 60.0
LOOK_SECONDS = 1.0

log = structlog.get_logger()


def write(instance: Instance) -> None:
    """Write what is counted; what cannot be written is counted on."""
    taken = instance.refused.take()
    if not taken:
        return
    try:
        with instance.database.begin() as tx:
            write_refused(tx, taken)
    except Exception as error:
        instance.refused.give_back(taken)
        log.warning("refused.not_written", error=type(error).__name__)


async def keep_writing(instance: Instance) -> None:
    """Until it is cancelled."""
    last = -PAUSE_SECONDS
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = time.monotonic()
        if instance.refused.waiting and now - last >= PAUSE_SECONDS:
            last = now
            await run_in_threadpool(write, instance)
