"""The client against a real server: every verb, sync and async."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints
from uuid import uuid4

import pytest
from tests.serving import Served

from tidegate.client import (
    AsyncClient,
    Client,
    Decision,
    Effective,
    File,
    Item,
    Media,
    Problem,
    Report,
    alert_calls,
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
from tidegate.client.call import Call
from tidegate.web.api import endpoints

PICTURE = Path(__file__).parents[2] / "demo" / "images" / "horse.png"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def key(served: Served) -> str:
    return served.key("admin")


@pytest.fixture
def client(served: Served, key: str) -> Iterator[Client]:
    with Client(served.url, key) as client:
        yield client


def _item(id: str | None = None, **fields: Any) -> Item:
    fields.setdefault("text", f"words of {uuid4()}")
    return Item(
        id=id or uuid4().hex,
        surface="post",
        publicness="public",
        author="somebody",
        created_at=NOW,
        **fields,
    )


def _name() -> str:
    return f"bank-{uuid4().hex[:12]}"


def test_an_item_is_judged_and_read_back(client: Client) -> None:
    item = _item("a/b ?&%2F ü")
    answer = client.submit(item)
    assert (answer.id, answer.revision, answer.verdict) == (item.id, 1, "pass")
    assert client.submit(item) == answer
    record = client.item(item.id)
    assert record.id == item.id
    assert [one["content"]["text"] for one in record.revisions] == [item.text]


def test_files_go_inline_or_as_uploads(client: Client) -> None:
    data = PICTURE.read_bytes()
    entry = client.add_file(client.create_bank(_name(), "known").name, File(data, "horse.png"))
    inline = client.submit(_item(media=[Media("horse.png", "image/png", data)]))
    upload = client.submit(_item(), [File(data, "horse.png", "image/png")])
    for answer in (inline, upload):
        assert answer.verdict == "review"
        assert entry.id in {match.entry for match in answer.evaluation.matches}
    client.delete_bank(entry.bank)


def test_a_refusal_says_which_field(client: Client) -> None:
    with pytest.raises(Problem) as caught:
        client.submit({"id": "1", "surface": "post"})
    problem = caught.value
    assert (problem.status, problem.type) == (422, "/problems/invalid-body")
    assert problem.errors[0].pointer == "/publicness"


def test_a_wrong_key_is_told(served: Served) -> None:
    with Client(served.url, "nonsense") as client, pytest.raises(Problem) as caught:
        client.banks()
    assert caught.value.status == 401


def test_a_batch_answers_in_order_and_a_bad_line_fails_alone(client: Client) -> None:
    items: list[Item | dict[str, Any] | bytes] = [_item() for _ in range(25)]
    items[3], items[24] = {"id": "bad"}, b"no json"
    answers = list(client.submit_many(items, window=10))
    assert [answer.index for answer in answers] == list(range(25))
    assert {a.index: a.status for a in answers if a.status != 200} == {3: 422, 24: 400}
    taken = [answer.item.id for answer in answers if answer.item]
    assert taken == [one.id for one in items if isinstance(one, Item)]


def test_banks_and_entries(client: Client) -> None:
    name = _name()
    bank = client.create_bank(name, "known", radius={"pdq": 20}, labels=["propaganda"], note="n")
    assert (bank.name, bank.stance, bank.note) == (name, "known", "n")
    assert client.change_bank(name, note="other", enabled=True).note == "other"
    assert name in {one.name for one in client.banks().data}
    text = client.add_text(name, "the quick brown fox", note="x")
    url = client.add_url(name, "https://example.org/path", confirmed=True)
    value = client.add_value(name, "md5", "d41d8cd98f00b204e9800998ecf8427e", labels=["threat"])
    file = client.add_file(
        name, File(PICTURE.read_bytes(), "horse.png"), labels=["a", "b"], confidence=7
    )
    assert (text.state, url.state, value.labels) == ("unconfirmed", "confirmed", ["threat"])
    assert (file.labels, file.confidence, file.has_file) == (["a", "b"], 7, True)
    assert client.confirm_entry(name, text.id).state == "confirmed"
    assert client.refute_entry(name, text.id).state == "refuted"
    assert client.change_entry(name, value.id, note="seen").note == "seen"
    assert client.entry(name, value.id).note == "seen"
    assert [one.id for one in client.entries_page(name, limit=1).data] == [file.id]
    assert {one.id for one in client.entries(name)} == {text.id, url.id, value.id, file.id}
    client.delete_entry(name, text.id)
    assert text.id not in {one.id for one in client.entries(name)}
    client.delete_bank(name)
    with pytest.raises(Problem) as caught:
        client.bank(name)
    assert caught.value.status == 404


def test_a_match_tells_of_its_entry(client: Client) -> None:
    bank = client.create_bank(_name(), "known", note="a partner's").name
    entry = client.add_text(bank, words := f"words that nobody says {uuid4()}")
    match = client.submit(_item(text=words)).evaluation.matches[0]
    assert (match.entry, match.exact, match.allowed) == (entry.id, True, False)
    assert (match.provenance, match.note) == (None, "a partner's")


def test_a_report_becomes_a_case_that_a_person_decides(client: Client) -> None:
    item = client.submit(_item())
    report = Report(uuid4().hex, "user", "violence", NOW, item_id=item.id)
    answer = client.report(report)
    assert client.report(report) == answer
    assert answer.case in {case.id for case in client.cases(state="waiting")}
    assert answer.case in {one.id for one in client.cases_page(limit=500).data}
    assert [one.id for one in client.case_reports(answer.case)] == [report.id]
    assert client.claim(answer.case).state == "claimed"
    assert client.release(answer.case).state == "open"
    decision = Decision("restrict", "It calls for violence.", "threat")
    assert client.decide(answer.case, decision).state == "decided"
    detail = client.case(answer.case)
    assert detail.decisions[0]["outcome"] == "restrict"
    with pytest.raises(Problem) as caught:
        client.decide(answer.case, {"outcome": "pass", "reason": "No."})
    assert caught.value.type == "/problems/case-decided"
    (standing,) = client.item(item.id).restrictions
    assert (standing.scope, standing.territory, standing.source) == ("item", None, "decision")
    assert client.lift(item.id, "A mistake.", [standing.id])["lifts"] == [standing.id]
    found = [one for one in client.actions() if one.item == item.id]
    assert [one.kind for one in found] == ["restrict", "lift"]
    assert [one.effective for one in found] == [Effective(True, "item"), Effective(False)]
    after = [one.number for one in client.actions(str(found[0].number))]
    assert after[0] == found[0].number + 1
    with pytest.raises(Problem, match="No webhook"):
        client.replay(found[0].id)


def test_an_incident_is_proposed_opened_and_closed(client: Client) -> None:
    schemes = {one.name: one for one in client.incident_schemes().data}
    made = client.propose_incident("attack-response", "What happens there", note="by telephone")
    assert (made.state, made.title, made.note) == ("proposed", "What happens there", "by telephone")
    opened = client.open_incident(
        made.id, "It is one.", level="two", criteria=["ongoing"], routes={"languages": ["de"]}
    )
    assert (opened.state, opened.level, opened.criteria) == ("open", "two", ["ongoing"])
    step = schemes["attack-response"].steps[0]["name"]
    assert [one["step"] for one in client.step_incident(made.id, step).steps] == [step]
    closed = client.close_incident(made.id, "handled", "It is over.")
    assert client.incident(made.id) == closed
    assert made.id in {one.id for one in client.incidents("closed")}
    assert made.id in {one.id for one in client.incidents_page(limit=500).data}


def test_the_source_of_a_report_is_seen_for_a_purpose(client: Client) -> None:
    item = client.submit(_item())
    told = {"name": "Bert Brunnen", "contact": "0555 1234"}
    report = Report(uuid4().hex, "tip", "violence", NOW, item_id=item.id, source=told)
    client.report(report)
    source = client.source(report.id, "threat_to_life")
    assert (source.name, source.contact, source.relation) == ("Bert Brunnen", "0555 1234", None)
    assert "Bert" not in f"{source}{source!r}"


def test_a_report_is_graded(client: Client) -> None:
    item = client.submit(_item())
    report = Report(uuid4().hex, "tip", "violence", NOW, item_id=item.id)
    client.report(report)
    given = client.grade(report.id, "admiralty", "B", "2", handling="TLP:RED", note="as before")
    assert (given.source.code, given.handling and given.handling.code) == ("B", "TLP:RED")
    assert client.grades_page(report.id).data == [given]
    assert "admiralty" in {one.name for one in client.grading_schemes().data}


def test_flaggers_and_notifiers(client: Client) -> None:
    flagger = client.create_flagger(_name(), areas=["terrorism"])
    assert flagger.id in {one.id for one in client.flaggers_page(limit=500).data}
    assert client.suspend_flagger(flagger.id, "It is looked into.").state == "suspended"
    assert client.resume_flagger(flagger.id, "It was nothing.").state == "active"
    read = client.flagger(flagger.id)
    assert read.quality is not None
    assert (read.quality.reports, read.months) == (0, [])
    report = Report(
        uuid4().hex, "notice", "hate", NOW, url="https://example.org/n", reporter=uuid4().hex
    )
    case = client.report(report).case
    (who,) = (one.reporter for one in client.case_reports(case) if one.id == report.id)
    assert who is not None
    assert client.warn_notifier(who, "Nothing in it.").state == "warned"
    until = datetime.now(UTC) + timedelta(days=3)
    assert client.suspend_notifier(who, "Nothing in it.", until).until == until
    assert client.lift_notifier(who, "It was somebody else.").state == "none"
    assert len(client.notifier(who).measures) == 3


def test_an_item_is_held_and_erased(client: Client) -> None:
    item = client.submit(_item())
    assert (
        client.decide_item(item.id, Decision("restrict", "By hand.", "threat"))["outcome"]
        == "restrict"
    )
    hold = client.hold(item.id, "A court asked for it.", purpose="review", source="letter 7")
    assert (hold.purpose, hold.source) == ("review", "letter 7")
    assert client.hold_of(hold.id).reason == hold.reason
    opened = client.open_hold(hold.id, "review", "The court asks what it says.")
    assert (opened.hold, opened.item) == (hold.id, item.id)
    with pytest.raises(Problem) as caught:
        client.erase(item.id)
    assert caught.value.status == 409
    client.lift_hold(item.id, hold.id)
    client.erase(item.id)
    with pytest.raises(Problem) as caught:
        client.item(item.id)
    assert caught.value.status == 410


def test_ids_belong_to_a_platform(served: Served, key: str) -> None:
    item = _item()
    with Client(served.url, key, platform="forum") as forum, Client(served.url, key) as other:
        forum.submit(item)
        assert [one.status for one in forum.submit_many([_item("batched-in-forum")])] == [200]
        assert forum.item(item.id).platform == "forum"
        assert forum.item("batched-in-forum").platform == "forum"
        with pytest.raises(Problem):
            other.item(item.id)


def test_an_alert_is_acknowledged_and_closed(client: Client) -> None:
    item = client.submit(_item())
    report = Report(uuid4().hex, "user", "threat_to_life", NOW, item_id=item.id)
    case = client.report(report).case
    one = next(alert for alert in client.alerts("open") if alert.item == item.id)
    assert (one.kind, one.case, one.reports) == ("threat_to_life", case, [report.id])
    assert [named.id for named in client.alert_reports(one.id)] == [report.id]
    assert one.id in {alert.id for alert in client.alerts_page(limit=500).data}
    heard = client.acknowledge_alert(one.id)
    assert (heard.state, len(heard.acknowledgements)) == ("acknowledged", 1)
    closed = client.close_alert(one.id, "referred", "It is theirs.", "the police")
    assert client.alert(one.id) == closed
    assert (closed.outcome, closed.referred_to) == ("referred", "the police")
    with pytest.raises(Problem) as caught:
        client.close_alert(one.id, "handled", "once more")
    assert (caught.value.status, caught.value.type) == (409, "/problems/alert-closed")


def test_clocks_are_read_and_a_key_is_no_person(client: Client) -> None:
    assert client.clocks_page("us", "running", ringing=True, due_before=NOW).data == []
    assert client.rings().data == []
    for refused in (client.acknowledge_clock, client.acknowledge_ring):
        with pytest.raises(Problem) as caught:
            refused(str(uuid4()))
        assert (caught.value.status, caught.value.type) == (403, "/problems/person-needed")
    with pytest.raises(Problem) as caught:
        client.clock(str(uuid4()))
    assert caught.value.type == "/problems/clock-unknown"


def test_looks_are_read_and_a_key_is_no_person(client: Client) -> None:
    assert client.checks_page(str(uuid4()), organisation="forum.example").data == []
    with pytest.raises(Problem) as caught:
        client.ask_check("https://forum.example/p/1", NOW)
    assert (caught.value.status, caught.value.type) == (403, "/problems/person-needed")


def test_the_ledger_and_the_policy_are_read(client: Client) -> None:
    for _ in range(5):
        client.submit(_item())
    followed = client.ledger(follow=True, poll=0.05)
    assert [next(followed).seq for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    assert next(client.ledger("5")).seq == 6
    assert [one.seq for one in client.ledger_page(limit=2).data] == [1, 2]
    assert client.policy()["pack"] == "tvec"
    assert client.check_policy("not toml [")["ok"] is False


def test_the_async_client_does_the_same(served: Served, key: str) -> None:
    async def stream() -> AsyncIterator[Item]:
        for _ in range(3):
            yield _item()

    async def story() -> None:
        async with AsyncClient(served.url, key) as client:
            items = [_item() for _ in range(3)]
            answers = await asyncio.gather(*(client.submit(item) for item in items))
            assert [answer.id for answer in answers] == [item.id for item in items]
            assert [one.status async for one in client.submit_many(items, window=2)] == [200] * 3
            assert [one.status async for one in client.submit_many(stream())] == [200] * 3
            bank = await client.create_bank(_name(), "allow")
            await client.add_text(bank.name, "some words that are allowed")
            assert len([one async for one in client.entries(bank.name)]) == 1
            report = Report(uuid4().hex, "user", "violence", NOW, item_id=items[0].id)
            case = (await client.report(report)).case
            assert case in [one.id async for one in client.cases(state="open")]
            await client.decide(case, Decision("restrict", "It is so.", "threat"))
            assert items[0].id in [one.item async for one in client.actions()]
            assert await anext(aiter(client.ledger()))
            with pytest.raises(Problem):
                await client.item("nobody-sent-this")

    asyncio.run(story())


def _builders() -> dict[str, Any]:
    return {
        name: one
        for module in (
            calls,
            alert_calls,
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
        for name, one in vars(module).items()
        if inspect.isfunction(one)
        and not name.startswith("_")
        and one.__module__ == module.__name__
    }


def test_both_clients_have_every_verb() -> None:
    for name in _builders():
        assert name in vars(Client), name
        assert name in vars(AsyncClient), name
    assert {n for n in vars(Client) if not n.startswith("_")} == {
        n for n in vars(AsyncClient) if not n.startswith("_")
    }


def test_every_route_of_the_api_has_a_verb() -> None:
    made: set[tuple[str, str]] = set()
    for build in _builders().values():
        parameters = inspect.signature(build).parameters.values()
        hints = get_type_hints(build)
        given = [
            File(b"x") if hints[one.name] is File else "x"
            for one in parameters
            if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
        ]
        calls_made: list[Call[Any]] = [build(*given)]
        if any(one.name == "n" and one.default is None for one in parameters):
            calls_made.append(build(*given, n="x"))  # about one item of an order
        made |= {(call.method, call.path) for call in calls_made}
    missing = [
        (endpoint.method, endpoint.path)
        for endpoint in endpoints
        if (endpoint.method, re.sub(r"\{\w+\}", "x", endpoint.path)) not in made
    ]
    assert missing == []


def test_tips_are_sent_with_files_and_in_batches_and_read_again(client: Client) -> None:
    data = PICTURE.read_bytes()
    tip = Report(uuid4().hex, "tip", "threat", NOW, text="He said so.", location="the mill")
    answer = client.report(tip, [File(data, "horse.png", "image/png")])
    assert answer.item.startswith("tip:")
    assert client.report(tip, [File(data, "horse.png", "image/png")]) == answer
    assert client.item(answer.item).revisions[0]["content"]["media"][0]["filename"] == "horse.png"
    found = client.get_report(tip.id)
    assert (found.case, found.location, found.state) == (answer.case, "the mill", "waiting")
    told = client.reference(answer.reference.lower())
    assert (told.id, told.state, told.messages) == (tip.id, "waiting", [])
    with pytest.raises(Problem) as caught:
        client.reference("K7QF-3MRT-XCQ")
    assert caught.value.type == "/problems/mistyped"
    reports: list[Report | dict[str, Any] | bytes] = [
        Report(uuid4().hex, "tip", "other", NOW, text=f"the {n}th") for n in range(7)
    ]
    reports[2] = {"id": "bad"}
    answers = list(client.report_batch(reports, window=3))
    assert [(one.index, one.status) for one in answers] == [
        (n, 422 if n == 2 else 201) for n in range(7)
    ]
    assert [one.report.id for one in answers if one.report] == [
        one.id for one in reports if isinstance(one, Report)
    ]
