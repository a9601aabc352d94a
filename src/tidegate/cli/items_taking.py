"""How `tidegate items import` takes the lines of a backlog, each an item."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

from tidegate.cli.importing import Taken
from tidegate.cli.taking import ACTOR, MEDIA_AHEAD, in_order
from tidegate.cli.taking import through_server as sent_through
from tidegate.client import AsyncClient
from tidegate.content.model import ItemIn
from tidegate.infra.errors import Refusal
from tidegate.infra.groupcommit import GroupCommit
from tidegate.infra.lines import Line
from tidegate.infra.parsing import decode
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.retry import stored_answers
from tidegate.pipeline.submission import Submission, describe, examine_media
from tidegate.pipeline.submit import committer


async def through_server(
    client: AsyncClient, lines: Iterator[Line], limit: int
) -> AsyncIterator[Taken[Line]]:
    """Take lines through a running server. Raises ClientError when it cannot go on."""

    def sent(line: Line) -> bytes | dict[str, Any]:
        return too_long(limit).document() if line.data is None else line.data

    async for taken in sent_through(lines, sent, client.submit_many):
        yield taken


async def on_database(
    instance: Instance, lines: Iterator[Line], platform: str | None
) -> AsyncIterator[Taken[Line]]:
    """Take lines on the instance's database. Raises Refusal (503) when it cannot go on."""
    submissions: GroupCommit[Submission, bytes] = GroupCommit(
        instance.database, committer(instance)
    )
    media = asyncio.Semaphore(MEDIA_AHEAD)
    request_id = f"import-{uuid4().hex[:12]}"
    submissions.start()
    try:
        async for taken in in_order(
            lines, lambda line: _take(instance, submissions, media, line, platform, request_id)
        ):
            yield taken
    finally:
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
        raise too_long(instance.settings.json_limit)
    item = decode(line.data, ItemIn)
    submission = describe(
        instance,
        item,
        platform=item.platform or platform or "default",
        actor=ACTOR,
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


def too_long(limit: int) -> Refusal:
    """The refusal of a line over the limit."""
    return Refusal(
        "line-too-long", 413, "A line is over the limit", f"A line has at most {limit:,} bytes."
    )
