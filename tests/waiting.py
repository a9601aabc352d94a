"""Waiting for what another process or thread does. The one place in the tests that sleeps: who can
turn a clock, step the work or wait for an event does that instead.
"""

import asyncio
import time
from collections.abc import Callable

PATIENCE = 120.0  # seconds; far more than anything takes: running out of it is always a failure
_BETWEEN = 0.005


def until(
    holds: Callable[[], object], what: str, *, shown: Callable[[], object] | None = None
) -> None:
    """Return once something holds. If it never does, fail with `what` was waited for, and with
    what `shown` gives then (the end of a log, say)."""
    end = time.monotonic() + PATIENCE
    while not holds():
        _still(end, what, shown)
        time.sleep(_BETWEEN)


async def until_async(
    holds: Callable[[], object], what: str, *, shown: Callable[[], object] | None = None
) -> None:
    """The same, while the event loop goes on."""
    end = time.monotonic() + PATIENCE
    while not holds():
        _still(end, what, shown)
        await asyncio.sleep(_BETWEEN)


def lasts(seconds: float, step: Callable[[], object]) -> None:
    """Do a step over and over for so long: what a test needs that lets something be away for a time."""
    end = now() + seconds
    while now() < end:
        step()
        time.sleep(_BETWEEN)


def now() -> float:
    """The clock that all processes here share, for what is stamped with it."""
    return time.monotonic()


def _still(end: float, what: str, shown: Callable[[], object] | None) -> None:
    if time.monotonic() > end:
        raise AssertionError(f"waited in vain for {what}{f': {shown()}' if shown else ''}")
