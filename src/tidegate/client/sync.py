"""The synchronous client: carries calls over httpx, waits and tries again in between."""

import random
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

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

P = ParamSpec("P")
T = TypeVar("T")


class _Verb(Generic[P, T]):
    """A function of `calls` as a method that makes the call."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __get__(self, client: "Client", owner: object = None) -> Callable[P, T]:
        def verb(*args: P.args, **kwargs: P.kwargs) -> T:
            return client.send(self._build(*args, **kwargs))

        verb.__doc__ = self.__doc__
        return verb


class Client:
    """A client of one server, safe to share between threads.

    `platform` names whose ids are meant where the key is not bound to one. Connection failures and
    "not now" (429, 502, 503, 504, with Retry-After) are tried again up to `retries` times: every
    write carries an id or an Idempotency-Key, so nothing is done twice. Raises Problem for what the
    server refuses, Unreachable when no answer came.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        platform: str | None = None,
        timeout: float = 60.0,
        retries: int = 5,
        user_agent: str = "tidegate-client",
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = httpx.Client(
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Make a call; tries again where that is safe."""
        attempts = Attempts(self._retries, self._jitter)
        while True:
            try:
                response = self._http.send(request_of(self._http, call, self._platform))
            except httpx.TransportError as error:
                wait = attempts.failed(error)
            else:
                wait = attempts.answered(response)
                if wait is None:
                    return answer_of(call, response, repeated=attempts.repeated)
            self._sleep(wait)

    submit = _Verb(calls.submit)
    item = _Verb(calls.item)
    erase = _Verb(calls.erase)
    decide_item = _Verb(calls.decide_item)
    lift = _Verb(calls.lift)
    hold = _Verb(calls.hold)
    lift_hold = _Verb(calls.lift_hold)
    hold_of = _Verb(calls.hold_of)
    open_hold = _Verb(calls.open_hold)
    report = _Verb(calls.report)
    get_report = _Verb(calls.get_report)
    reference = _Verb(calls.reference)
    ask_reporter = _Verb(calls_intake.ask_reporter)
    say_more = _Verb(calls_intake.say_more)
    source = _Verb(calls_intake.source)
    grade = _Verb(calls_intake.grade)
    grades_page = _Verb(calls_intake.grades_page)
    grading_schemes = _Verb(calls_intake.grading_schemes)
    create_flagger = _Verb(calls_intake.create_flagger)
    flaggers_page = _Verb(calls_intake.flaggers_page)
    flagger = _Verb(calls_intake.flagger)
    suspend_flagger = _Verb(calls_intake.suspend_flagger)
    resume_flagger = _Verb(calls_intake.resume_flagger)
    notifier = _Verb(calls_intake.notifier)
    warn_notifier = _Verb(calls_intake.warn_notifier)
    suspend_notifier = _Verb(calls_intake.suspend_notifier)
    lift_notifier = _Verb(calls_intake.lift_notifier)
    clocks_page = _Verb(calls_clocks.clocks_page)
    clock = _Verb(calls_clocks.clock)
    acknowledge_clock = _Verb(calls_clocks.acknowledge_clock)
    rings = _Verb(calls_clocks.rings)
    acknowledge_ring = _Verb(calls_clocks.acknowledge_ring)
    register_party = _Verb(calls_exchange.register_party)
    parties_page = _Verb(calls_exchange.parties_page)
    party = _Verb(calls_exchange.party)
    confirm_party = _Verb(calls_exchange.confirm_party)
    revoke_party_key = _Verb(calls_exchange.revoke_party_key)
    set_party_provisional = _Verb(calls_exchange.set_party_provisional)
    orders_page = _Verb(calls_orders.orders_page)
    order = _Verb(calls_orders.order)
    order_document = _Verb(calls_orders.order_document)
    order_message = _Verb(calls_orders.order_message)
    replay_order_message = _Verb(calls_orders.replay_order_message)
    upload_order = _Verb(calls_orders.upload_order)
    execute_order = _Verb(calls_orders.execute_order)
    impede_order = _Verb(calls_orders.impede_order)
    resume_order = _Verb(calls_orders.resume_order)
    ask_issuer = _Verb(calls_orders.ask_issuer)
    authenticate_order = _Verb(calls_orders.authenticate_order)
    reject_order = _Verb(calls_orders.reject_order)
    annul_order = _Verb(calls_orders.annul_order)
    author_asked = _Verb(calls_orders.author_asked)
    author_answered = _Verb(calls_orders.author_answered)
    acknowledge_order = _Verb(calls_orders.acknowledge_order)
    ask_scrutiny = _Verb(calls_orders.ask_scrutiny)
    draft_order = _Verb(calls_authority.draft_order)
    submit_order = _Verb(calls_authority.submit_order)
    approve_order = _Verb(calls_authority.approve_order)
    issue_order = _Verb(calls_authority.issue_order)
    clarify_order = _Verb(calls_authority.clarify_order)
    revoke_order = _Verb(calls_authority.revoke_order)
    extend_order = _Verb(calls_authority.extend_order)
    preserve_order = _Verb(calls_authority.preserve_order)
    ask_access = _Verb(calls_authority.ask_access)
    finalise_order = _Verb(calls_authority.finalise_order)
    order_carried = _Verb(calls_authority.order_carried)
    order_claimed = _Verb(calls_authority.order_claimed)
    inform_provider = _Verb(calls_authority.inform_provider)
    scrutinies_page = _Verb(calls_authority.scrutinies_page)
    scrutiny = _Verb(calls_authority.scrutiny)
    intend_infringement = _Verb(calls_authority.intend_infringement)
    decide_scrutiny = _Verb(calls_authority.decide_scrutiny)
    communicate_scrutiny = _Verb(calls_authority.communicate_scrutiny)
    scrutiny_carried = _Verb(calls_authority.scrutiny_carried)
    refer = _Verb(calls_authority.refer)
    referrals_page = _Verb(calls_authority.referrals_page)
    referral = _Verb(calls_authority.referral)
    answer_referral = _Verb(calls_authority.answer_referral)
    withdraw_referral = _Verb(calls_authority.withdraw_referral)
    referral_carried = _Verb(calls_authority.referral_carried)
    referral_claimed = _Verb(calls_authority.referral_claimed)
    checks_page = _Verb(calls_oversight.checks_page)
    ask_check = _Verb(calls_oversight.ask_check)
    draft_measure = _Verb(calls_measures.draft_measure)
    measures_page = _Verb(calls_measures.measures_page)
    measures_csv = _Verb(calls_measures.measures_csv)
    measure = _Verb(calls_measures.measure)
    measure_csv = _Verb(calls_measures.measure_csv)
    measure_letter = _Verb(calls_measures.measure_letter)
    assess_measure = _Verb(calls_measures.assess_measure)
    sign_measure = _Verb(calls_measures.sign_measure)
    notify_measure = _Verb(calls_measures.notify_measure)
    measure_replied = _Verb(calls_measures.measure_replied)
    conclude_measure = _Verb(calls_measures.conclude_measure)
    withdraw_measure = _Verb(calls_measures.withdraw_measure)
    scorecards = _Verb(calls_scorecards.scorecards)
    scorecards_csv = _Verb(calls_scorecards.scorecards_csv)
    scorecard = _Verb(calls_scorecards.scorecard)
    scorecard_csv = _Verb(calls_scorecards.scorecard_csv)
    scorecard_file = _Verb(calls_scorecards.scorecard_file)
    scorecard_rows = _Verb(calls_scorecards.scorecard_rows)
    scorecard_rows_csv = _Verb(calls_scorecards.scorecard_rows_csv)
    send_scorecard = _Verb(calls_scorecards.send_scorecard)
    contest_row = _Verb(calls_scorecards.contest_row)
    reply_to_scorecard = _Verb(calls_scorecards.reply_to_scorecard)
    settle_contest = _Verb(calls_scorecards.settle_contest)
    banks = _Verb(calls.banks)
    create_bank = _Verb(calls.create_bank)
    bank = _Verb(calls.bank)
    change_bank = _Verb(calls.change_bank)
    delete_bank = _Verb(calls.delete_bank)
    entries_page = _Verb(calls.entries_page)
    add_text = _Verb(calls.add_text)
    add_url = _Verb(calls.add_url)
    add_value = _Verb(calls.add_value)
    add_file = _Verb(calls.add_file)
    entry = _Verb(calls.entry)
    change_entry = _Verb(calls.change_entry)
    delete_entry = _Verb(calls.delete_entry)
    confirm_entry = _Verb(calls.confirm_entry)
    refute_entry = _Verb(calls.refute_entry)
    cases_page = _Verb(calls.cases_page)
    case_reports_page = _Verb(calls.case_reports_page)
    case = _Verb(calls.case)
    claim = _Verb(calls.claim)
    release = _Verb(calls.release)
    decide = _Verb(calls.decide)
    undo = _Verb(calls.undo)
    alerts_page = _Verb(alert_calls.alerts_page)
    alert = _Verb(alert_calls.alert)
    alert_reports_page = _Verb(alert_calls.alert_reports_page)
    acknowledge_alert = _Verb(alert_calls.acknowledge_alert)
    close_alert = _Verb(alert_calls.close_alert)
    actions_page = _Verb(calls.actions_page)
    replay = _Verb(calls.replay)
    ledger_page = _Verb(calls.ledger_page)
    policy = _Verb(calls.policy)
    check_policy = _Verb(calls.check_policy)
    cluster = _Verb(calls_clusters.cluster)
    merge_clusters = _Verb(calls_clusters.merge_clusters)
    split_cluster = _Verb(calls_clusters.split_cluster)
    pin_to_cluster = _Verb(calls_clusters.pin_to_cluster)
    undo_cluster_change = _Verb(calls_clusters.undo_cluster_change)
    tasks = _Verb(calls_casework.tasks)
    add_task = _Verb(calls_casework.add_task)
    finish_task = _Verb(calls_casework.finish_task)
    link_cases = _Verb(calls_casework.link_cases)
    unlink_cases = _Verb(calls_casework.unlink_cases)
    incidents_page = _Verb(calls_incidents.incidents_page)
    incident_schemes = _Verb(calls_incidents.incident_schemes)
    incident = _Verb(calls_incidents.incident)
    propose_incident = _Verb(calls_incidents.propose_incident)
    open_incident = _Verb(calls_incidents.open_incident)
    step_incident = _Verb(calls_incidents.step_incident)
    close_incident = _Verb(calls_incidents.close_incident)

    def submit_many(
        self, items: Iterable[batch.Line], *, window: int = batch.LINES
    ) -> Generator[BatchAnswer]:
        """Submit a stream of items of any length; yields one answer an item, in order, each once
        its item is durable. A bad item fails alone, in its answer.

        `items` may be lines of JSON, too. At most `window` of them are on their way at a time, and
        no more are kept.
        """
        yield from self._many(batch.ITEMS, items, window)

    def report_batch(
        self, reports: Iterable[batch.Line], *, window: int = batch.LINES
    ) -> Generator[ReportBatchAnswer]:
        """Send a stream of reports of any length, as `submit_many` does items."""
        yield from self._many(batch.REPORTS, reports, window)

    def _many(
        self, route: batch.Route[batch.A], lines: Iterable[batch.Line], window: int
    ) -> Iterator[batch.A]:
        packer = batch.Packer(route, window)
        for line in lines:
            if (full := packer.add(line)) is not None:
                yield from self._batch(full)
        if (rest := packer.rest()) is not None:
            yield from self._batch(rest)

    def _batch(self, window: batch.Window[batch.A]) -> Iterator[batch.A]:
        attempts = Attempts(self._retries, self._jitter)
        params = {"platform": self._platform} if self._platform else {}
        while window.owed:
            body, headers = window.body(), batch.HEADERS
            try:
                with self._http.stream(
                    "POST", window.route.path, params=params, headers=headers, content=body
                ) as response:
                    if response.is_success:
                        for received in response.iter_bytes():
                            yield from window.take(received, attempts)
                            if window.wait is not None:
                                break
                    else:
                        response.read()
                        window.refused(response, attempts)
                window.ended(attempts)
            except httpx.TransportError as error:
                window.wait = attempts.failed(error)
            if window.wait is not None:
                self._sleep(window.wait)

    def entries(self, bank: str) -> Iterator[Entry]:
        """All entries of a bank, the newest first."""
        return self._pages(lambda cursor: calls.entries_page(bank, cursor))

    def cases(self, queue: str | None = None, state: str | None = None) -> Iterator[Case]:
        """All cases, the oldest first."""
        return self._pages(lambda cursor: calls.cases_page(queue, state, cursor, order="oldest"))

    def case_reports(self, id: str) -> Iterator[ReportView]:
        """All reports of a case, the first first."""
        return self._pages(lambda cursor: calls.case_reports_page(id, cursor))

    def incidents(self, state: str | None = None) -> Iterator[Incident]:
        """All incidents, the last proposed first."""
        return self._pages(lambda cursor: calls_incidents.incidents_page(state, cursor))

    def alerts(self, state: AlertState | None = None) -> Iterator[Alert]:
        """All alerts, the latest first."""
        return self._pages(lambda cursor: alert_calls.alerts_page(state, cursor))

    def alert_reports(self, id: str) -> Iterator[NamedReport]:
        """All reports that an alert names, the first first."""
        return self._pages(lambda cursor: alert_calls.alert_reports_page(id, cursor))

    def actions(
        self, after: str | None = None, *, follow: bool = False, poll: float = 1.0
    ) -> Iterator[Action]:
        """All actions after the one numbered `after`. With `follow` it never ends: it asks again
        every `poll` seconds, and misses none."""
        return self._growing(calls.actions_page, after, follow, poll)

    def ledger(
        self, after: str | None = None, *, follow: bool = False, poll: float = 1.0
    ) -> Iterator[LedgerEntry]:
        """All sealed ledger entries after number `after`; `follow` as for actions."""
        return self._growing(calls.ledger_page, after, follow, poll)

    def _pages(self, page: Callable[[str | None], Call[Page[T]]]) -> Iterator[T]:
        cursor = None
        while True:
            found = self.send(page(cursor))
            yield from found.data
            cursor = found.next
            if cursor is None:
                return

    def _growing(
        self,
        page: Callable[Concatenate[str | None, ...], Call[Page[Any]]],
        after: str | None,
        follow: bool,
        poll: float,
    ) -> Iterator[Any]:
        while True:
            found = self.send(page(after))
            yield from found.data
            after = found.next
            if not found.data:
                if not follow:
                    return
                self._sleep(poll)
