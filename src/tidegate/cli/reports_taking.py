"""How `tidegate reports import` takes the reports of a file."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import msgspec

from tidegate.cli.importing import Taken
from tidegate.cli.taking import ACTOR, MEDIA_AHEAD, in_order
from tidegate.cli.taking import through_server as sent_through
from tidegate.client import AsyncClient, ReportBatchAnswer
from tidegate.infra.acting import Acting
from tidegate.infra.errors import Refusal
from tidegate.infra.groupcommit import GroupCommit
from tidegate.intake.imports.model import Parsed
from tidegate.intake.model import Before, ReportIn
from tidegate.intake.queries import stored_reports
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.report_group import report_committer, stored_report_answers
from tidegate.pipeline.told import Told, describe_report, examine_report

_json = msgspec.json.Encoder()


async def through_server(
    client: AsyncClient, reports: Iterator[Parsed], limit: int
) -> AsyncIterator[Taken[Parsed]]:
    """Take reports through a running server, which takes lines up to `limit` bytes. Raises ClientError when
    it cannot go on."""

    def sent(one: Parsed) -> bytes | dict[str, Any]:
        if one.report is None:
            assert one.problem is not None
            return one.problem.document()
        line = _json.encode(one.report)
        return line if len(line) <= limit else _too_long(limit).document()

    def answered(answer: ReportBatchAnswer) -> bytes | None:
        if answer.report is None:
            return None
        body = _json.encode(answer.report)
        return Before(body) if answer.before else body

    async def reference(report: ReportIn) -> str | None:
        return (await client.get_report(report.id)).reference

    async for taken in sent_through(reports, sent, client.report_batch, answered):
        yield await _known(taken, reference)


async def on_database(
    instance: Instance, reports: Iterator[Parsed], platform: str
) -> AsyncIterator[Taken[Parsed]]:
    """Take reports on the instance's database. Raises Refusal (503) when it cannot go on."""
    group: GroupCommit[Told, bytes] = GroupCommit(instance.database, report_committer(instance))
    media = asyncio.Semaphore(MEDIA_AHEAD)
    request_id = f"import-{uuid4().hex[:12]}"

    def described(report: ReportIn) -> Told:
        by, now = Acting(ACTOR), instance.clock.now()
        return describe_report(
            instance, report, platform=platform, by=by, request_id=request_id, now=now
        )

    async def take(one: Parsed) -> bytes:
        return await _take(instance, group, media, one, described)

    async def reference(report: ReportIn) -> str | None:
        return await asyncio.to_thread(_reference, instance, platform, report.id)

    group.start()
    try:
        async for taken in in_order(reports, take):
            yield await _known(taken, reference)
    finally:
        await asyncio.to_thread(group.close)


async def _take(
    instance: Instance,
    group: GroupCommit[Told, bytes],
    media: asyncio.Semaphore,
    one: Parsed,
    described: Callable[[ReportIn], Told],
) -> bytes:
    """Hear one report; the answer, once it is durable. Raises Refusal."""
    if one.report is None:
        assert one.problem is not None
        raise one.problem
    told = described(one.report)
    if not one.report.media:
        return await group.run(told, told.queue, told.seconds)
    async with media:
        known = await asyncio.to_thread(_stored, instance, told)
        if known is not None:
            return known
        told = await examine_report(instance, told)
        return await group.run(told, told.queue, told.seconds)


def _stored(instance: Instance, told: Told) -> bytes | None:
    """The answer that it got before: then nothing is fetched or decoded again. Raises Refusal."""
    with instance.database.begin() as tx:
        (answer,) = stored_report_answers(tx, [told])
    if isinstance(answer, Refusal):
        raise answer
    return answer


def _reference(instance: Instance, platform: str, id: str) -> str | None:
    key = platform, id
    with instance.database.begin() as tx:
        found = stored_reports(tx, [key]).get(key)
    return None if found is None else reference_in(found.answer)


def reference_in(answer: bytes | None) -> str | None:
    """The reporter's code in a report's answer."""
    return None if answer is None else msgspec.json.decode(answer, type=_Answer).reference


class _Answer(msgspec.Struct):
    reference: str | None = None


async def _known(
    taken: Taken[Parsed], reference: Callable[[ReportIn], Awaitable[str | None]]
) -> Taken[Parsed]:
    """What was there before with the id and the reference that it has. So is a report whose id is a digest of
    all that it says, and whose time the import chose, where its id is taken: the file had another time then."""
    report, answer = taken.entry.report, taken.answer
    changed = taken.problem is not None and taken.problem["type"] == "/problems/report-changed"
    if report is None or not (taken.before is not None or (changed and taken.entry.chosen)):
        return taken
    code = await reference(report) if answer is None else reference_in(answer)
    told = f"as {report.id}" + (f", reference {code}" if code else "")
    answer = answer or Before(_json.encode(_Answer(code)))
    return Taken(taken.entry, answer=answer, before=told)


def _too_long(limit: int) -> Refusal:
    return Refusal(
        "line-too-long",
        413,
        "The report is too long for a line",
        f"With its files it is over {limit:,} bytes, which is all that a server takes in one line. Import"
        " it where the instance lives, without --url.",
    )
