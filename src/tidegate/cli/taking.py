"""Two ways in which an instance takes the parts of a long file: on its database, or through its server.

Both answer in order, each part once what it says is durable, and keep a bounded number under way.
"""

import asyncio
from collections import deque
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Iterator,
)
from typing import Any, Protocol, TypeVar

from tidegate.cli.importing import E, Taken
from tidegate.infra.db import UNAVAILABLE, NoRoom, no_room, unavailable
from tidegate.infra.errors import Refusal
from tidegate.intake.model import Before

AHEAD, AHEAD_BYTES = 1024, 32 << 20
MEDIA_AHEAD = 16  # parts with media under way: each may have 16 files, and 256 may wait
ACTOR = "system:import"

A_co = TypeVar("A_co", covariant=True)


class Answer(Protocol):
    """A line of a batch's answer."""

    @property
    def problem(self) -> dict[str, Any] | None: ...


S = TypeVar("S", bound=Answer)


async def through_server(
    entries: Iterator[E],
    sent: Callable[[E], bytes | dict[str, Any]],
    stream: Callable[[AsyncIterator[bytes]], AsyncIterator[S]],
    answered: Callable[[S], bytes | None] = lambda answer: None,
) -> AsyncIterator[Taken[E]]:
    """Take parts through a running server. `sent` makes a part's line, or says as a problem document why
    there is none; `stream` sends lines and yields as many answers in their order; `answered` says what is
    kept of one. Raises ClientError when it cannot go on."""
    owed: deque[tuple[E, dict[str, Any] | None]] = deque()

    async def lines() -> AsyncIterator[bytes]:
        while (entry := await following(entries)) is not None:
            line = sent(entry)
            if isinstance(line, bytes):
                owed.append((entry, None))
                yield line
            else:
                owed.append((entry, line))

    async for answer in stream(lines()):
        while owed[0][1] is not None:
            yield Taken(*owed.popleft())
        body = answered(answer)
        before = "" if isinstance(body, Before) else None
        yield Taken(owed.popleft()[0], answer.problem, body, before)
    while owed:
        yield Taken(*owed.popleft())


async def in_order(
    entries: Iterator[E], take: Callable[[E], Coroutine[Any, Any, bytes | None]]
) -> AsyncIterator[Taken[E]]:
    """Take parts on the instance's database: `take` returns once one is durable, or raises Refusal. Raises
    Refusal (503) when it cannot go on."""
    owed: deque[tuple[E, asyncio.Task[bytes | None]]] = deque()
    ahead = 0
    try:
        entry = await following(entries)
        while entry is not None or owed:
            if entry is not None and len(owed) < AHEAD and ahead < AHEAD_BYTES:
                owed.append((entry, asyncio.create_task(take(entry))))
                ahead += entry.size
                entry = await following(entries)
                continue
            first, task = owed[0]
            taken = await _settled(first, task)
            owed.popleft()
            ahead -= first.size
            yield taken
    finally:
        for _, task in owed:
            task.cancel()


async def _settled(entry: E, task: "asyncio.Task[bytes | None]") -> Taken[E]:
    """What became of a part. Raises Refusal for what is not its fault."""
    try:
        answer = await task
        return Taken(entry, answer=answer, before="" if isinstance(answer, Before) else None)
    except Refusal as refusal:
        if refusal.status >= 500:
            raise
        return Taken(entry, refusal.document())
    except UNAVAILABLE as error:
        raise (no_room() if isinstance(error, NoRoom) else unavailable()) from error


async def following(entries: Iterator[E]) -> E | None:
    """The next part. A slow pipe must not hold up what is under way."""
    return await asyncio.to_thread(next, entries, None)
