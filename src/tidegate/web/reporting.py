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
_REMEMBERED = 50_000


class Answered:
    """Which reports this process has answered of late. What is among them is likely a retry, and is looked up
    before anything is done about it anew; what another process answered is found by whoever writes it."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._keys: dict[int, None] = {}  # hashes, the oldest first: a wrong one costs a look

    def __contains__(self, key: tuple[str, str]) -> bool:
        return hash(key) in self._keys

    def add(self, key: tuple[str, str]) -> None:
        self._keys[hash(key)] = None
        if len(self._keys) > self._most:
            del self._keys[next(iter(self._keys))]


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
    answered: Answered = request.app.state.answered
    is_long = sum(map(len, words_in(report).values())) > _LONG
    if report.media or is_long or told.taken.key in answered:
        # A retry must not fetch, decode and screen again.
        known = await request.app.state.told.run(told, told.queue)
        if known is not None:
            return known
    told = await examine_report(instance, told)
    told = await _screened(instance, told, is_long=is_long)
    reports: GroupCommit[Told, bytes] = request.app.state.reports
    body = await reports.run(told, told.queue, told.seconds)
    answered.add(told.taken.key)
    return body


async def _screened(instance: Instance, told: Told, *, is_long: bool) -> Told:
    """Screen a report for threats before it waits for its turn."""
    if not is_long:
        return screened_ahead(instance, told)
    return await to_thread.run_sync(screened_ahead, instance, told, limiter=_AT_ONCE)
