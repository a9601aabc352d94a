"""`/events` on a real socket: what is told to whom, going on after a break, and how a stream ends."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from tests.api import Api
from tests.waiting import lasts
from tests.web.following import Following, signed_in
from tests.web.live import live

from tidegate.access.people import change_limits, change_role, disable_user
from tidegate.infra.clock import FakeClock
from tidegate.infra.settings import Settings
from tidegate.pipeline.instance import Instance, opened
from tidegate.review.actions import note
from tidegate.web import events, hub


@pytest.fixture
def port(api: Api) -> Iterator[int]:
    """A server of the same instance beside the one that `api` calls."""
    with live(api.instance) as port:
        yield port


def case_of(api: Api, id: str, **fields: Any) -> str:
    """A case that waits: a post that somebody reported."""
    api.submit(id, text=f"the words of {id}", **fields)
    return report(api, id, fields.get("platform"))


def report(api: Api, id: str, platform: str | None = None, reason: str = "spam") -> str:
    body = {"id": f"of-{id}-{reason}-{api.count('reports')}", "channel": "user", "reason": reason,
            "item_id": id, "created_at": "2025-12-31T23:30:00Z"}  # fmt: skip
    at = "/v1/reports" + (f"?platform={platform}" if platform else "")
    answer = api.post(at, body)
    assert answer.status_code == 201, answer.text
    return answer.json()["case"]


def test_a_case_is_told_by_its_id_and_state_and_nothing_of_its_content(api: Api, port: int) -> None:
    with Following(port, signed_in(api.instance)) as stream:
        assert stream.answer.status == 200
        named = stream.answer.headers
        assert named["content-type"] == "text/event-stream"
        assert "no-store" in named["cache-control"]
        assert "default-src 'none'" in named["content-security-policy"]
        type, data = stream.next() or ("", {})
        assert type == "session"
        assert data["ends_at"].startswith("2026-01-01T12:00:00")
        case = case_of(api, "post-1")
        told = stream.until("case")
        assert told[-1] == ("case", {"id": case, "state": "open"})
        assert stream.next() == ("queue", {"queue": "reports"})
        api.post(f"/v1/cases/{case}/claim")
        claimed = {"id": case, "state": "claimed", "held_by": f"key:{api.name}"}
        assert stream.until("case")[-1] == ("case", claimed)


def test_a_stranger_gets_no_stream(port: int) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port}/events", follow_redirects=False)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/session-ended")


def test_who_comes_again_is_told_what_there_was_meanwhile(api: Api, port: int) -> None:
    session = signed_in(api.instance)
    with Following(port, session) as stream:
        first = case_of(api, "post-1")
        stream.until("case", id=first)
        known = stream.id
    second = case_of(api, "post-2")
    with Following(port, session, known) as stream:
        told = stream.until("case", id=second)
        assert ("case", {"id": first, "state": "open"}) not in told
    for unknown in ("1" * 12, "nothing", "9" * 40):
        with Following(port, session, unknown) as stream:
            assert stream.until("reset")


def test_a_step_that_commits_late_is_not_lost(api: Api, port: int) -> None:
    """Its number is lower than one that was told already; nor is it for who comes again just then."""
    late, early = UUID(case_of(api, "post-1")), UUID(case_of(api, "post-2"))
    session = signed_in(api.instance)
    with Following(port, session) as stream:
        stream.until("session")
        with api.instance.database.begin() as slow:
            lock(slow, late)
            note(slow, late, "reported", {})
            with api.instance.database.begin() as quick:
                lock(quick, early)
                note(quick, early, "reported", {})
            stream.until("case", id=str(early))
            known = stream.id
        assert stream.until("case", id=str(late))
    with Following(port, session, known) as stream:
        assert stream.until("case", id=str(late))


def lock(tx: Any, case: UUID) -> None:
    tx.execute(sa.text("SELECT 1 FROM cases WHERE id = :id FOR UPDATE"), {"id": case})


def test_a_stream_is_bounded_by_the_person_s_platforms(api: Api, port: int) -> None:
    with Following(port, signed_in(api.instance, "reviewer", "a")) as stream:
        stream.until("session")
        of_b = case_of(api, "post-1", platform="b")
        report(api, "post-1", "b", "threat_to_life")
        of_a = case_of(api, "post-2", platform="a")
        told = str(stream.until("case", id=of_a))
        assert of_b not in told
        assert "alert" not in told
        known = "1"
        with api.instance.database.begin() as tx:
            change_limits(tx, "reviewer-a@example.org", platforms=["b"])
        assert stream.rest()[-1] == ("session", {"ended": True})
    with Following(port, signed_in(api.instance, "senior", "a"), known) as stream:
        report(api, "post-2", "a", "threat_to_life")
        told = str(stream.until("alert", case=of_a))
        assert of_b not in told


def test_one_that_rings_anew_is_told_anew(api: Api, port: int) -> None:
    case = case_of(api, "post-1")
    report(api, "post-1", None, "threat_to_life")
    alert = api.get("/v1/alerts").json()["data"][0]["id"]
    with Following(port, signed_in(api.instance)) as stream:
        stream.until("alert", id=alert, case=case)
        api.post(f"/v1/alerts/{alert}/acknowledge")
        (*_, (_, heard)) = stream.until("alert", id=alert)
        assert "acknowledged_by" in heard
        report(api, "post-1", None, "threat_to_life")
        (*_, (_, rings)) = stream.until("alert", id=alert)
        assert "acknowledged_by" not in rings


def test_who_may_not_read_cases_is_told_of_the_session_alone(api: Api, port: int) -> None:
    session = signed_in(api.instance, "curator")
    with Following(port, session) as stream:
        report(api, api.submit("post-1", text="x").json()["id"], None, "threat_to_life")
        with api.instance.database.begin() as tx:
            disable_user(tx, "curator@example.org")
        assert [type for type, _ in stream.rest()] == ["session", "session"]


def test_who_gets_another_role_is_told_nothing_from_then_on(api: Api, port: int) -> None:
    session = signed_in(api.instance)
    with Following(port, session) as stream:
        stream.until("session")
        with api.instance.database.begin() as tx:
            change_role(tx, "reviewer@example.org", "curator")
        case_of(api, "post-1")
        assert stream.rest() == [("session", {"ended": True})]


def test_a_session_that_is_ended_or_over_ends_its_stream(
    api: Api, port: int, clock: FakeClock
) -> None:
    revoked, over = signed_in(api.instance), signed_in(api.instance, "senior")
    with Following(port, revoked) as stream, Following(port, over) as other:
        stream.until("session")
        other.until("session")
        with api.instance.database.begin() as tx:
            disable_user(tx, "reviewer@example.org")
        assert stream.rest() == [("session", {"ended": True})]
        clock.advance(13 * 3600)
        assert other.rest() == [("session", {"ended": True})]


def test_that_a_session_lasts_longer_is_told(api: Api, port: int) -> None:
    with Following(port, signed_in(api.instance)) as stream:
        stream.until("session")
        later = sa.text("UPDATE sessions SET expires_at = expires_at + interval '1 hour'")
        with api.instance.database.begin() as tx:
            tx.execute(later)
        assert stream.next() == ("session", {"ends_at": "2026-01-01T13:00:00Z"})


def test_a_silent_stream_gives_a_sign_of_life_and_is_not_idle(
    server_urls: tuple[str, str],
    template: str,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.conftest import cloned

    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.1)
    settings = Settings(data_dir=tmp_path, media_workers=1, idle_seconds=0.2, head_seconds=0.2)
    with (
        cloned(server_urls, template) as (_, url),
        opened(settings, url) as instance,
        live(instance) as port,
        Following(port, signed_in(instance)) as stream,
    ):
        stream.until("session")
        lasts(1.0, lambda: None)
        beats = [stream.answer.readline() for _ in range(12)]
        assert beats.count(b": still here\n") >= 3


def test_who_is_too_slow_is_told_so_and_cut_off(
    api: Api, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [UUID(case_of(api, f"post-{n}")) for n in range(8)]
    with Following(port, signed_in(api.instance)) as stream:
        stream.until("session")
        monkeypatch.setattr(hub, "MOST_BYTES", 400)
        with api.instance.database.begin() as tx:
            for case in waiting:
                lock(tx, case)
                note(tx, case, "reported", {})
        assert stream.rest()[-1] == ("reset", {})


def test_too_much_at_once_is_one_event(
    api: Api, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.review import steps

    monkeypatch.setattr(steps, "MOST", 3)
    case = UUID(case_of(api, "post-1"))
    with Following(port, signed_in(api.instance)) as stream:
        stream.until("session")
        with api.instance.database.begin() as tx:
            lock(tx, case)
            for _ in range(5):
                note(tx, case, "reported", {})
        assert stream.until("reset")
        api.post(f"/v1/cases/{case}/claim")
        assert stream.until("case", state="claimed")


def test_a_server_that_stops_ends_its_streams(instance: Instance) -> None:
    session = signed_in(instance)
    with live(instance) as port:
        stream = Following(port, session)
        stream.until("session")
    assert stream.rest() == []  # to its proper end: http.client would say if it had been cut
    stream.answer.close()


def test_what_listeners_cost_does_not_grow_with_them(api: Api, port: int) -> None:
    asked: list[str] = []
    session = signed_in(api.instance)
    streams = [Following(port, session) for _ in range(40)]
    for stream in streams:
        stream.until("session")

    def count(*args: Any) -> None:
        asked.append(args[2])

    event.listen(api.instance.database.engine, "before_cursor_execute", count)
    lasts(1.6, lambda: None)
    event.remove(api.instance.database.engine, "before_cursor_execute", count)
    assert 2 <= len(asked) <= 8  # four looks, and what sessions stand in half of them
    case = case_of(api, "post-1")
    for stream in streams:
        assert stream.until("case", id=case)
        stream.__exit__()


def test_a_listener_holds_no_thread_and_no_connection(api: Api, port: int) -> None:
    session = signed_in(api.instance)
    streams = [Following(port, session) for _ in range(60)]
    headers = {"Authorization": f"Bearer {api.admin}"}
    answers = [httpx.get(f"http://127.0.0.1:{port}/v1/cases", headers=headers) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    for stream in streams:
        stream.__exit__()
    assert msgspec.json.decode(answers[0].content)["data"] == []
