"""Two ways in which an instance takes a backlog's lines: on its database, or through its server.

Both answer in order, each line once its item is durable, and keep a bounded number under way.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

from tidegate.client import AsyncClient
from tidegate.content.model import ItemIn
from tidegate.infra.db import UNAVAILABLE, NoRoom, no_room, unavailable
from tidegate.infra.errors import Refusal
from tidegate.infra.groupcommit import GroupCommit
from tidegate.infra.lines import Line
from tidegate.infra.parsing import decode
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.retry import stored_answers
from tidegate.pipeline.submission import Submission, describe, examine_media
from tidegate.pipeline.submit import committer

AHEAD_LINES, AHEAD_BYTES = 1024, 32 << 20
_MEDIA_AHEAD = 16  # items with media under way: each may have 16 files, and 256 may wait
_ACTOR = "system:import"

Taken = tuple[Line, dict[str, Any] | None]  # the problem document of a line that was refused


async def through_server(
    client: AsyncClient, lines: Iterator[Line], limit: int
) -> AsyncIterator[Taken]:
    """Take lines through a running server. Raises ClientError when it cannot go on."""
    owed: deque[Line] = deque()

    async def sent() -> AsyncIterator[bytes]:
        while (line := await _next(lines)) is not None:
            owed.append(line)
            if line.data is not None:
                yield line.data

    async for answer in client.submit_many(sent()):
        while owed[0].data is None:
            yield owed.popleft(), too_long(limit)
        yield owed.popleft(), answer.problem
    while owed:
        yield owed.popleft(), too_long(limit)


async def on_database(
    instance: Instance, lines: Iterator[Line], platform: str | None
) -> AsyncIterator[Taken]:
    """Take lines on the instance's database. Raises Refusal (503) when it cannot go on."""
    submissions: GroupCommit[Submission, bytes] = GroupCommit(
        instance.database, committer(instance)
    )
    media = asyncio.Semaphore(_MEDIA_AHEAD)
    request_id = f"import-{uuid4().hex[:12]}"
    owed: deque[tuple[Line, asyncio.Task[None]]] = deque()
    ahead = 0
    submissions.start()
    try:
        line = await _next(lines)
        while line is not None or owed:
            if line is not None and len(owed) < AHEAD_LINES and ahead < AHEAD_BYTES:
                work = _take(instance, submissions, media, line, platform, request_id)
                owed.append((line, asyncio.create_task(work)))
                ahead += len(line.data or b"")
                line = await _next(lines)
                continue
            first, task = owed[0]
            problem = await _settled(task)
            owed.popleft()
            ahead -= len(first.data or b"")
            yield first, problem
    finally:
        for _, task in owed:
            task.cancel()
        await asyncio.to_thread(submissions.close)


async def _take(
    instance: Instance,
    submissions: GroupCommit[Submission, bytes],
    media: asyncio.Semaphore,
    line: Line,
    platform: str | None,
    request_id: str,
) -> None:
    """Judge one line's item; returns when it is durable. Raises Refusal."""
    if line.data is None:
        raise _too_long(instance.settings.json_limit)
    item = decode(line.data, ItemIn)
    submission = describe(
        instance,
        item,
        platform=item.platform or platform or "default",
        actor=_ACTOR,
        request_id=request_id,
        now=instance.clock.now(),
    )
    if not item.media:
        await submissions.run(submission)
        return
    async with media:
        if await asyncio.to_thread(_known, instance, submission):
            return
        await submissions.run(await examine_media(instance, item.media, submission))


def _known(instance: Instance, submission: Submission) -> bool:
    """Whether it was taken before: then nothing is fetched or decoded again."""
    with instance.database.begin() as tx:
        (answer,) = stored_answers(tx, [submission])
    if isinstance(answer, BaseException):
        raise answer
    return answer is not None


async def _settled(task: "asyncio.Task[None]") -> dict[str, Any] | None:
    """The problem of a refused line, None of a taken one. Raises Refusal for what is not the
    line's fault."""
    try:
        await task
    except Refusal as refusal:
        if refusal.status >= 500:
            raise
        return refusal.document()
    except UNAVAILABLE as error:
        raise (no_room() if isinstance(error, NoRoom) else unavailable()) from error
    return None


async def _next(lines: Iterator[Line]) -> Line | None:
    # A slow pipe must not hold up what is under way.
    return await asyncio.to_thread(next, lines, None)


def _too_long(limit: int) -> Refusal:
    return Refusal(
        "line-too-long", 413, "A line is over the limit", f"A line has at most {limit:,} bytes."
    )


def too_long(limit: int) -> dict[str, Any]:
    """The problem of a line over the limit."""
    return _too_long(limit).document()
