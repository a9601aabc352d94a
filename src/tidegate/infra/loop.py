"""The event loop of a process whose threads are busy too."""

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

# A group of submissions makes some thousand objects; at the default of 700 each is looked at often.
_GC_THRESHOLDS = (20_000, 10, 50)
# After each word from the database or the network whoever waits for it waits for its turn to go on: at the
# default of 5 ms, while other threads compute, that would be most of the time.
_SWITCH_SECONDS = 0.0005


def run_among_threads(main: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine. What was loaded so far stays: collecting garbage need not look at it
    again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
