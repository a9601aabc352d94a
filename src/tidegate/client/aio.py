"""The asynchronous client: `sync.py` with awaiting; everything else is shared."""

import asyncio
import random
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
)
from types import TracebackType
from typing import Any, Concatenate, Self, TypeVar

import httpx

from tidegate.client import (
    alert_calls,
    batch,
    calls,
    calls_authority,
    calls_casework,
    calls_clocks,
    calls_clusters,
    calls_exchange,
    calls_incidents,
    calls_intake,
    calls_measures,
    calls_orders,
    calls_oversight,
    calls_scorecards,
)
from tidegate.client.aio_verb import Verb
from tidegate.client.alert_model import Alert, AlertState, NamedReport
from tidegate.client.call import Attempts, Call, answer_of, base_url, headers_of, request_of
from tidegate.client.incidents import Incident
from tidegate.client.model import (
    Action,
    BatchAnswer,
    Case,
    Entry,
    LedgerEntry,
    Page,
    ReportView,
)
from tidegate.client.reports import ReportBatchAnswer

T = TypeVar("T")


class AsyncClient:
    """As `Client`, for asyncio."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        platform: str | None = None,
        timeout: float = 60.0,
        retries: int = 5,
        user_agent: str = "tidegate-client",
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url(url),
            headers=headers_of(key, user_agent),
            timeout=timeout,
            transport=transport,
            trust_env=transport is None,
        )
        self._platform = platform
        self._retries = retries
        self._sleep = sleep
        self._jitter = random.Random()  # noqa: S311

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Make a call; tries again where that is safe."""
        attempts = Attempts(self._retries, self._jitter)
        while True:
            try:
                response = await self._http.send(request_of(self._http, call, self._platform))
            except httpx.TransportError as error:
                wait = attempts.failed(error)
            else:
                wait = attempts.answered(response)
                if wait is None:
                    return answer_of(call, response, repeated=attempts.repeated)
            await self._sleep(wait)

    submit = Verb(calls.submit)
    item = Verb(calls.item)
    erase = Verb(calls.erase)
    decide_item = Verb(calls.decide_item)
    lift = Verb(calls.lift)
    hold = Verb(calls.hold)
    lift_hold = Verb(calls.lift_hold)
    hold_of = Verb(calls.hold_of)
    open_hold = Verb(calls.open_hold)
    report = Verb(calls.report)
    get_report = Verb(calls.get_report)
    reference = Verb(calls.reference)
    ask_reporter = Verb(calls_intake.ask_reporter)
    say_more = Verb(calls_intake.say_more)
    source = Verb(calls_intake.source)
    grade = Verb(calls_intake.grade)
    grades_page = Verb(calls_intake.grades_page)
    grading_schemes = Verb(calls_intake.grading_schemes)
    create_flagger = Verb(calls_intake.create_flagger)
    flaggers_page = Verb(calls_intake.flaggers_page)
    flagger = Verb(calls_intake.flagger)
    suspend_flagger = Verb(calls_intake.suspend_flagger)
    resume_flagger = Verb(calls_intake.resume_flagger)
    notifier = Verb(calls_intake.notifier)
    warn_notifier = Verb(calls_intake.warn_notifier)
    suspend_notifier = Verb(calls_intake.suspend_notifier)
    lift_notifier = Verb(calls_intake.lift_notifier)
    clocks_page = Verb(calls_clocks.clocks_page)
    clock = Verb(calls_clocks.clock)
    acknowledge_clock = Verb(calls_clocks.acknowledge_clock)
    rings = Verb(calls_clocks.rings)
    acknowledge_ring = Verb(calls_clocks.acknowledge_ring)
    register_party = Verb(calls_exchange.register_party)
    parties_page = Verb(calls_exchange.parties_page)
    party = Verb(calls_exchange.party)
    confirm_party = Verb(calls_exchange.confirm_party)
    revoke_party_key = Verb(calls_exchange.revoke_party_key)
    set_party_provisional = Verb(calls_exchange.set_party_provisional)
    orders_page = Verb(calls_orders.orders_page)
    order = Verb(calls_orders.order)
    order_document = Verb(calls_orders.order_document)
    order_message = Verb(calls_orders.order_message)
    replay_order_message = Verb(calls_orders.replay_order_message)
    upload_order = Verb(calls_orders.upload_order)
    execute_order = Verb(calls_orders.execute_order)
    impede_order = Verb(calls_orders.impede_order)
    resume_order = Verb(calls_orders.resume_order)
    ask_issuer = Verb(calls_orders.ask_issuer)
    authenticate_order = Verb(calls_orders.authenticate_order)
    reject_order = Verb(calls_orders.reject_order)
    annul_order = Verb(calls_orders.annul_order)
    author_asked = Verb(calls_orders.author_asked)
    author_answered = Verb(calls_orders.author_answered)
    acknowledge_order = Verb(calls_orders.acknowledge_order)
    ask_scrutiny = Verb(calls_orders.ask_scrutiny)
    draft_order = Verb(calls_authority.draft_order)
    submit_order = Verb(calls_authority.submit_order)
    approve_order = Verb(calls_authority.approve_order)
    issue_order = Verb(calls_authority.issue_order)
    clarify_order = Verb(calls_authority.clarify_order)
    revoke_order = Verb(calls_authority.revoke_order)
    extend_order = Verb(calls_authority.extend_order)
    preserve_order = Verb(calls_authority.preserve_order)
    ask_access = Verb(calls_authority.ask_access)
    finalise_order = Verb(calls_authority.finalise_order)
    order_carried = Verb(calls_authority.order_carried)
    order_claimed = Verb(calls_authority.order_claimed)
    inform_provider = Verb(calls_authority.inform_provider)
    scrutinies_page = Verb(calls_authority.scrutinies_page)
    scrutiny = Verb(calls_authority.scrutiny)
    intend_infringement = Verb(calls_authority.intend_infringement)
    decide_scrutiny = Verb(calls_authority.decide_scrutiny)
    communicate_scrutiny = Verb(calls_authority.communicate_scrutiny)
    scrutiny_carried = Verb(calls_authority.scrutiny_carried)
    refer = Verb(calls_authority.refer)
    referrals_page = Verb(calls_authority.referrals_page)
    referral = Verb(calls_authority.referral)
    answer_referral = Verb(calls_authority.answer_referral)
    withdraw_referral = Verb(calls_authority.withdraw_referral)
    referral_carried = Verb(calls_authority.referral_carried)
    referral_claimed = Verb(calls_authority.referral_claimed)
    checks_page = Verb(calls_oversight.checks_page)
    ask_check = Verb(calls_oversight.ask_check)
    draft_measure = Verb(calls_measures.draft_measure)
    measures_page = Verb(calls_measures.measures_page)
    measures_csv = Verb(calls_measures.measures_csv)
    measure = Verb(calls_measures.measure)
    measure_csv = Verb(calls_measures.measure_csv)
    measure_letter = Verb(calls_measures.measure_letter)
    assess_measure = Verb(calls_measures.assess_measure)
    sign_measure = Verb(calls_measures.sign_measure)
    notify_measure = Verb(calls_measures.notify_measure)
    measure_replied = Verb(calls_measures.measure_replied)
    conclude_measure = Verb(calls_measures.conclude_measure)
    withdraw_measure = Verb(calls_measures.withdraw_measure)
    scorecards = Verb(calls_scorecards.scorecards)
    scorecards_csv = Verb(calls_scorecards.scorecards_csv)
    scorecard = Verb(calls_scorecards.scorecard)
    scorecard_csv = Verb(calls_scorecards.scorecard_csv)
    scorecard_file = Verb(calls_scorecards.scorecard_file)
    scorecard_rows = Verb(calls_scorecards.scorecard_rows)
    scorecard_rows_csv = Verb(calls_scorecards.scorecard_rows_csv)
    send_scorecard = Verb(calls_scorecards.send_scorecard)
    contest_row = Verb(calls_scorecards.contest_row)
    reply_to_scorecard = Verb(calls_scorecards.reply_to_scorecard)
    settle_contest = Verb(calls_scorecards.settle_contest)
    banks = Verb(calls.banks)
    create_bank = Verb(calls.create_bank)
    bank = Verb(calls.bank)
    change_bank = Verb(calls.change_bank)
    delete_bank = Verb(calls.delete_bank)
    entries_page = Verb(calls.entries_page)
    add_text = Verb(calls.add_text)
    add_url = Verb(calls.add_url)
    add_value = Verb(calls.add_value)
    add_file = Verb(calls.add_file)
    entry = Verb(calls.entry)
    change_entry = Verb(calls.change_entry)
    delete_entry = Verb(calls.delete_entry)
    confirm_entry = Verb(calls.confirm_entry)
    refute_entry = Verb(calls.refute_entry)
    cases_page = Verb(calls.cases_page)
    case_reports_page = Verb(calls.case_reports_page)
    case = Verb(calls.case)
    claim = Verb(calls.claim)
    release = Verb(calls.release)
    decide = Verb(calls.decide)
    undo = Verb(calls.undo)
    alerts_page = Verb(alert_calls.alerts_page)
    alert = Verb(alert_calls.alert)
    alert_reports_page = Verb(alert_calls.alert_reports_page)
    acknowledge_alert = Verb(alert_calls.acknowledge_alert)
    close_alert = Verb(alert_calls.close_alert)
    actions_page = Verb(calls.actions_page)
    replay = Verb(calls.replay)
    ledger_page = Verb(calls.ledger_page)
    policy = Verb(calls.policy)
    check_policy = Verb(calls.check_policy)
    cluster = Verb(calls_clusters.cluster)
    merge_clusters = Verb(calls_clusters.merge_clusters)
    split_cluster = Verb(calls_clusters.split_cluster)
    pin_to_cluster = Verb(calls_clusters.pin_to_cluster)
    undo_cluster_change = Verb(calls_clusters.undo_cluster_change)
    tasks = Verb(calls_casework.tasks)
    add_task = Verb(calls_casework.add_task)
    finish_task = Verb(calls_casework.finish_task)
    link_cases = Verb(calls_casework.link_cases)
    unlink_cases = Verb(calls_casework.unlink_cases)
    incidents_page = Verb(calls_incidents.incidents_page)
    incident_schemes = Verb(calls_incidents.incident_schemes)
    incident = Verb(calls_incidents.incident)
    propose_incident = Verb(calls_incidents.propose_incident)
    open_incident = Verb(calls_incidents.open_incident)
    step_incident = Verb(calls_incidents.step_incident)
    close_incident = Verb(calls_incidents.close_incident)

    async def submit_many(
        self,
        items: Iterable[batch.Line] | AsyncIterable[batch.Line],
        *,
        window: int = batch.LINES,
    ) -> AsyncGenerator[BatchAnswer]:
        """As `Client.submit_many`; `items` may be an asynchronous stream."""
        async for answer in self._many(batch.ITEMS, items, window):
            yield answer

    async def report_batch(
        self,
        reports: Iterable[batch.Line] | AsyncIterable[batch.Line],
        *,
        window: int = batch.LINES,
    ) -> AsyncGenerator[ReportBatchAnswer]:
        """As `Client.report_batch`; `reports` may be an asynchronous stream."""
        async for answer in self._many(batch.REPORTS, reports, window):
            yield answer

    async def _many(
        self,
        route: batch.Route[batch.A],
        lines: Iterable[batch.Line] | AsyncIterable[batch.Line],
        window: int,
    ) -> AsyncIterator[batch.A]:
        packer = batch.Packer(route, window)
        async for line in _stream(lines):
            if (full := packer.add(line)) is not None:
                async for answer in self._batch(full):
                    yield answer
        if (rest := packer.rest()) is not None:
            async for answer in self._batch(rest):
                yield answer

    async def _batch(self, window: batch.Window[batch.A]) -> AsyncIterator[batch.A]:
        attempts = Attempts(self._retries, self._jitter)
        params = {"platform": self._platform} if self._platform else {}
        while window.owed:
            body, headers = window.body(), batch.HEADERS
            try:
                async with self._http.stream(
                    "POST", window.route.path, params=params, headers=headers, content=body
                ) as response:
                    if response.is_success:
                        async for received in response.aiter_bytes():
                            for answer in window.take(received, attempts):
                                yield answer
                            if window.wait is not None:
                                break
                    else:
                        await response.aread()
                        window.refused(response, attempts)
                window.ended(attempts)
            except httpx.TransportError as error:
                window.wait = attempts.failed(error)
            if window.wait is not None:
                await self._sleep(window.wait)

    def entries(self, bank: str) -> AsyncIterator[Entry]:
        """All entries of a bank, the newest first."""
        return self._pages(lambda cursor: calls.entries_page(bank, cursor))

    def cases(self, queue: str | None = None, state: str | None = None) -> AsyncIterator[Case]:
        """All cases, the oldest first."""
        return self._pages(lambda cursor: calls.cases_page(queue, state, cursor, order="oldest"))

    def incidents(self, state: str | None = None) -> AsyncIterator[Incident]:
        """All incidents, the last proposed first."""
        return self._pages(lambda cursor: calls_incidents.incidents_page(state, cursor))

    def case_reports(self, id: str) -> AsyncIterator[ReportView]:
        """All reports of a case, the first first."""
        return self._pages(lambda cursor: calls.case_reports_page(id, cursor))

    def alerts(self, state: AlertState | None = None) -> AsyncIterator[Alert]:
        """All alerts, the latest first."""
        return self._pages(lambda cursor: alert_calls.alerts_page(state, cursor))

    def alert_reports(self, id: str) -> AsyncIterator[NamedReport]:
        """All reports that an alert names, the first first."""
        return self._pages(lambda cursor: alert_calls.alert_reports_page(id, cursor))

    def actions(
        self, after: str | None = None, *, follow: bool = False, poll: float = 1.0
    ) -> AsyncIterator[Action]:
        """All actions after the one numbered `after`; with `follow` it never ends."""
        return self._growing(calls.actions_page, after, follow, poll)

    def ledger(
        self, after: str | None = None, *, follow: bool = False, poll: float = 1.0
    ) -> AsyncIterator[LedgerEntry]:
        """All sealed ledger entries after number `after`; `follow` as for actions."""
        return self._growing(calls.ledger_page, after, follow, poll)

    async def _pages(self, page: Callable[[str | None], Call[Page[T]]]) -> AsyncIterator[T]:
        cursor = None
        while True:
            found = await self.send(page(cursor))
            for one in found.data:
                yield one
            cursor = found.next
            if cursor is None:
                return

    async def _growing(
        self,
        page: Callable[Concatenate[str | None, ...], Call[Page[Any]]],
        after: str | None,
        follow: bool,
        poll: float,
    ) -> AsyncIterator[Any]:
        while True:
            found = await self.send(page(after))
            for one in found.data:
                yield one
            after = found.next
            if not found.data:
                if not follow:
                    return
                await self._sleep(poll)


async def _stream(
    items: Iterable[batch.Line] | AsyncIterable[batch.Line],
) -> AsyncIterator[batch.Line]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
