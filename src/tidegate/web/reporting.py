"""One way for reports to come in over HTTP, whether a key sends them or somebody fills in a public form."""

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from tidegate.infra.acting import Acting
from tidegate.infra.groupcommit import GroupCommit
from tidegate.intake.model import ReportIn
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.screening import screened_ahead, words_in
from tidegate.pipeline.told import Told, describe_report, examine_report

_LONG = 4_000  # characters: what takes longer than a few milliseconds to read is read beside other requests
_AT_ONCE = CapacityLimiter(2)


async def hear_report(
    request: Request, report: ReportIn, *, platform: str, by: Acting, queue: str
) -> bytes:
    """Hear one report and answer when it is durable. `queue`: whose turn it takes. Raises Refusal."""
    instance: Instance = request.app.state.services
    told = describe_report(
        instance,
        report,
        platform=platform,
        by=by,
        request_id=request.state.request_id,
        now=instance.clock.now(),
        queue=queue,
    )
    if report.media:
        # A retry must not fetch and decode again.
        known = await request.app.state.told.run(told, told.queue)
        if known is not None:
            return known
        told = await examine_report(instance, told)
    told = await _screened(instance, told)
    reports: GroupCommit[Told, bytes] = request.app.state.reports
    return await reports.run(told, told.queue, told.seconds)


async def _screened(instance: Instance, told: Told) -> Told:
    """Screen a report for threats before it waits for its turn."""
    if sum(map(len, words_in(told.taken.said).values())) <= _LONG:
        return screened_ahead(instance, told)
    return await to_thread.run_sync(screened_ahead, instance, told, limiter=_AT_ONCE)
