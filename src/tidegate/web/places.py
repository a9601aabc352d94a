"""Handlers that wait for the database take a thread and a connection of the few that there are. One key
or person has at most so many of them at once: what it asks beyond waits for its own, and holds up nobody
else."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from tidegate.access.model import Principal

P = ParamSpec("P")
T = TypeVar("T")

EACH = 6  # of the instance's 16 connections


class Places:
    """`each`: how many handlers run at once for one who asks."""

    def __init__(self, each: int = EACH) -> None:
        self._each = each
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def run(self, whose: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, done in a thread when `whose` turn it is."""
        places = self._places.get(whose)  # there for as long as anybody has it in hand
        if places is None:
            places = self._places[whose] = asyncio.Semaphore(self._each)
        async with places:
            return await run_in_threadpool(work, *args, **kwargs)


async def in_turn(request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do the work of a request in a thread: a key and a person take turns with themselves, strangers
    with those at the same address."""
    places: Places = request.app.state.places
    principal: Principal | None = request.state.principal
    whose = principal.queue if principal else request.state.address
    return await places.run(whose, work, *args, **kwargs)
