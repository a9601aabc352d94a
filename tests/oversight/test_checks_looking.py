"""Looks at a real host: each outcome, with the control address up and down; where a look never goes; its pace."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs
from tests.infra.test_egress import reply
from tests.orders.letters import found_ours
from tests.orders.test_messages_witness import faults
from tests.oversight.looked import (
    CONTROL,
    Answer,
    Host,
    due,
    endless,
    look,
    passing,
    rows,
    seen,
    silent,
)

from tidegate.infra.clock import FakeClock
from tidegate.infra.settings import Settings
from tidegate.oversight.checks.actions import LEASE, claim, record
from tidegate.oversight.checks.model import Saw
from tidegate.oversight.checks.queries import checks_of, known_of
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.oversight.looking import Looker

NewHost = Callable[..., Host]
INSIDE = "127.0.0.2"  # which no look may reach
SIGNS = """
asked_to_stop = ["127.0.1.9"]
[[sign]]
says = "removed"
hosts = ["127.0.0.1"]
source = "the words of this host"
text = "This post was removed"
[[sign]]
says = "account_gone"
hosts = ["127.0.0.1"]
source = "the words of this host"
text = "This account was closed"
"""


@pytest.fixture
def instance(database_url: str, clock: FakeClock, tmp_path: Path) -> Iterator[Instance]:
    """One that may reach some addresses of this machine."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "checks-providers.toml").write_text(SIGNS)
    networks = ["127.0.0.1/32", "127.0.1.0/24"]
    settings = Settings(data_dir=tmp_path, media_workers=1, allowed_addresses=networks)
    with opened(settings, database_url, clock) as instance:
        found_ours(instance)
        yield instance


@pytest.fixture
def host(clock: FakeClock) -> Iterator[NewHost]:
    with ExitStack() as stack:

        def start(address: str = "127.0.0.1", **answers: list[Answer]) -> Host:
            one = Host(clock, address)
            one.answers |= {f"/{name}": given for name, given in answers.items()}
            stack.callback(one.close)
            return one

        yield start


def _only_others(request: BaseHTTPRequestHandler) -> None:
    known = request.headers["user-agent"].startswith("tidegate")
    reply(403 if known else 200)(request)


MISSING, POST = reply(404, b"Not here"), reply(200, b"A post")
CASES: list[tuple[str, list[Answer], str, str]] = [
    ("200", [POST], "up", "up"),
    ("404 once", [MISSING, POST], "up", "unknown"),
    ("404 twice", [MISSING], "removed", "unknown"),
    ("410", [reply(410)], "removed", "unknown"),
    ("tombstone", [reply(200, b"<p>This post was removed.</p>")], "removed", "unknown"),
    ("account", [reply(200, b"This account was closed.")], "account_gone", "unknown"),
    ("451", [reply(451)], "geo_blocked", "geo_blocked"),
    ("log-in", [reply(302, Location="/login?next=p")], "login_wall", "login_wall"),
    ("front page", [reply(302, Location="/")], "unknown", "unknown"),
    ("403 to us", [_only_others], "unknown", "unknown"),
    ("429", [reply(429, Retry_After="5")], "unknown", "unknown"),
    ("circle", [reply(302, Location="/p")], "unknown", "unknown"),
    ("another scheme", [reply(302, Location="ftp://127.0.0.1/p")], "unreachable", "unreachable"),
    ("slow", [silent], "unreachable", "unreachable"),
    ("50 MB", [endless(50 << 20)], "up", "up"),
]


@pytest.mark.parametrize("up", [True, False], ids=["control up", "control down"])
@pytest.mark.parametrize(
    ("answers", "expected", "down"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_each_answer_has_its_outcome(
    instance: Instance,
    host: NewHost,
    clock: FakeClock,
    answers: list[Answer],
    expected: str,
    down: str,
    up: bool,
) -> None:
    one = host(p=answers)
    if not up:
        one.answers[CONTROL] = [reply(503)]
    owner = due(instance, f"{one.url}/p")
    look(instance, clock, 700, timeout=1)
    (row,) = rows(instance, owner)
    assert row.outcome == (expected if up else down)
    looks = seen(instance)
    if row.outcome in ("removed", "account_gone"):
        assert [one.control_up for one in looks] == [True, True]
        assert looks[1].at - looks[0].at >= timedelta(minutes=10)
        assert row.second_look_at == looks[1].at
    assert row.done_at is not None
    assert row.vantage == "forum.example direct"


@pytest.mark.parametrize("status", [404, 503])
def test_a_control_that_dies_in_between_proves_nothing(
    instance: Instance, host: NewHost, clock: FakeClock, status: int
) -> None:
    one = host(p=[MISSING])
    one.answers[CONTROL] = [POST, reply(status)]
    owner = due(instance, f"{one.url}/p")
    look(instance, clock, 60)
    assert rows(instance, owner)[0].outcome is None
    look(instance, clock, 700)
    assert rows(instance, owner)[0].outcome == "unknown"


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.2:{port}/x", "http://0177.0.0.2:{port}/x", "http://169.254.169.254/x"],
    ids=["an address", "in octal", "a cloud's own"],
)
def test_a_redirect_into_the_inside_is_not_followed(
    instance: Instance, host: NewHost, clock: FakeClock, target: str
) -> None:
    inside = host(INSIDE)
    one = host(p=[reply(302, Location=target.format(port=inside.port))])
    owner = due(instance, f"{one.url}/p")
    look(instance, clock, 5)
    assert rows(instance, owner)[0].outcome == "unreachable"
    assert inside.asked == []


def test_an_address_of_the_inside_is_not_asked(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    inside = host(INSIDE)
    owner = due(instance, f"{inside.url}/p")
    look(instance, clock, 5)
    assert rows(instance, owner)[0].outcome == "unreachable"
    assert inside.asked == []


def test_who_asks_is_said_and_no_cookie_comes_back(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    one = host(p=[reply(302, b"", Location="/q", Set_Cookie="id=secret")])
    due(instance, f"{one.url}/p")
    look(instance, clock, 5)
    assert [path for path, _ in one.asked] == ["/p", "/q"]
    for method, _, headers in one.seen:
        assert method == "GET"
        assert "cookie" not in {name.lower() for name in headers}
        assert headers["user-agent"] == (
            "tidegate (availability check; forum.example; legal@forum.example)"
        )


def test_what_was_seen_is_kept_without_the_body_cookies_and_queries(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    body = b"words that nobody should keep"
    answer = reply(200, body, Set_Cookie="id=secret", ETag="v1")
    one = host(p=[reply(302, Location="/q?token=secret")], q=[answer])
    owner = due(instance, f"{one.url}/p")
    look(instance, clock, 5)
    (row,) = rows(instance, owner)
    assert (row.outcome, row.status) == ("up", 200)
    assert row.evidence == hashlib.sha256(body).hexdigest()
    (kept,) = seen(instance)
    assert kept.headers["etag"] == "v1"
    assert kept.ended == f"{one.url}/q"
    assert "secret" not in str(kept)
    assert "words that nobody" not in str(kept)


def test_what_differs_from_the_capture_or_the_first_look_is_changed(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    one = host(p=[POST, POST, reply(200, b"Another post")], q=[POST])
    known = hashlib.sha256(b"A post").hexdigest()
    hours = [clock.now() + timedelta(hours=n) for n in range(3)]
    owner = due(instance, f"{one.url}/p", at=hours[0])
    for at in hours[1:]:
        due(instance, f"{one.url}/p", at=at, owner=owner)
    same = due(instance, f"{one.url}/q", captured=[known])
    other = due(instance, f"{one.url}/q", captured=["ab" * 32])
    due(instance, f"{one.url}/p", at=hours[2] + timedelta(hours=9), owner=owner)
    look(instance, clock, 3 * 3600)
    looks = rows(instance, owner)
    assert [row.outcome for row in looks] == ["up", "up", "changed", None]
    with instance.database.begin() as tx:
        (found,) = checks_of(tx, [owner]).values()
        (last,) = known_of(tx, [owner, uuid4()]).values()
    assert [one.outcome for one in found] == [row.outcome for row in looks]
    assert last.told_at == last.seen_at == looks[2].done_at
    assert [rows(instance, one)[0].outcome for one in (same, other)] == ["up", "changed"]


def test_one_look_at_the_control_is_enough_for_a_minute(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    one = host()
    paths = [f"/p{n}" for n in range(5)]
    one.answers |= {path: [MISSING] for path in paths}
    owner = due(instance, *(one.url + path for path in paths))
    look(instance, clock, 30)
    assert [path for path, _ in one.asked].count(CONTROL) == 1
    look(instance, clock, 700)
    assert {row.outcome for row in rows(instance, owner)} == {"removed"}
    assert [path for path, _ in one.asked].count(CONTROL) == 2


def test_a_host_is_asked_once_a_second_by_all(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    """Two workers, looks at ten addresses, five of them gone, and others that are led there from elsewhere."""
    one, other = host("127.0.1.1"), host("127.0.1.2")
    one.answers |= {f"/p{n}": [MISSING] for n in range(5)}
    other.answers |= {f"/q{n}": [reply(302, Location=f"{one.url}/x{n}")] for n in range(5)}
    first = due(instance, *(f"{one.url}/p{n}" for n in range(10)))
    second = due(instance, *(f"{other.url}/q{n}" for n in range(5)))

    look(instance, clock, 900, workers=2)
    assert all(row.done_at for row in rows(instance, first))
    assert {row.outcome for row in rows(instance, second)} == {"unknown"}  # another host's word
    assert len(one.asked) == 5 + 5 * 2 + 5 + 2  # once, twice, led there, the control each time
    assert min(one.pauses()) >= 1
    assert min(other.pauses()) >= 1


def test_a_host_that_asks_for_patience_is_left_alone(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    one = host(p0=[reply(429, Retry_After="90")], p1=[POST])
    first = due(instance, f"{one.url}/p0")
    clock.advance(1)
    second = due(instance, f"{one.url}/p1")
    look(instance, clock, 80)
    assert [rows(instance, one)[0].outcome for one in (first, second)] == ["unknown", None]
    look(instance, clock, 30)
    assert rows(instance, second)[0].outcome == "up"
    assert one.pauses() == [pytest.approx(90, abs=2)]
    assert min(one.pauses()) >= 90


def test_a_look_that_is_led_to_a_busy_host_is_done_later(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    busy = host("127.0.1.1", p=[reply(503, Retry_After="300")])
    one = host(q=[reply(302, Location=f"{busy.url}/x")])
    due(instance, f"{busy.url}/p")
    look(instance, clock)
    owner = due(instance, f"{one.url}/q")
    look(instance, clock, 120)
    assert rows(instance, owner)[0].outcome is None
    look(instance, clock, 400)
    assert rows(instance, owner)[0].outcome == "unknown"
    assert min(busy.pauses()) >= 300


def test_a_host_that_asked_us_to_stay_away_is_not_asked(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    quiet = host("127.0.1.9")
    one = host(p=[reply(302, Location=f"{quiet.url}/p")])
    owner = due(instance, f"{quiet.url}/p", f"{one.url}/p")
    look(instance, clock, 5)
    assert {row.outcome for row in rows(instance, owner)} == {"unknown"}
    assert {kept.fault for kept in seen(instance)} == {"asked_to_stop"}
    assert quiet.asked == []


def test_what_a_killed_worker_had_is_done_again(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    one = host()
    owner = due(instance, f"{one.url}/p")
    with instance.database.begin() as tx:
        claimed = claim(tx, "127.0.0.1", tx.now, "elsewhere")
    assert claimed is not None
    assert look(instance, clock, 60) == 0
    clock.advance(LEASE.total_seconds())
    assert look(instance, clock) == 1
    assert rows(instance, owner)[0].outcome == "up"
    late = Saw(asked=one.url, at=clock.now(), url=one.url, status=451)
    with instance.database.begin() as tx:  # it was not dead: what it comes back with is not written
        assert record(tx, claimed, late, "geo_blocked", None, "elsewhere") is None
    assert rows(instance, owner)[0].outcome == "up"
    assert len(seen(instance)) == 1


def test_a_worker_that_is_started_again_does_what_it_had(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    one = host()
    owner = due(instance, f"{one.url}/p")
    looker = Looker(instance, wait=passing(clock))
    with instance.database.begin() as tx:
        assert claim(tx, "127.0.0.1", tx.now, looker._place) is not None
    with instance.database.begin() as tx:
        looker.free(tx, str(looker._place))
    asyncio.run(looker.aclose())
    assert look(instance, clock, 40) == 1
    assert rows(instance, owner)[0].outcome == "up"


def test_no_address_stands_in_the_log(instance: Instance, host: NewHost, clock: FakeClock) -> None:
    one = host(p=[silent])
    due(instance, f"{one.url}/p?token=secret", "http://nowhere.invalid/secret")
    with capture_logs() as logs:
        look(instance, clock, 5, timeout=0.3)
    assert "secret" not in str(logs)


def test_the_ledger_tells_what_looks_came_to(
    instance: Instance, host: NewHost, clock: FakeClock
) -> None:
    one = host(p=[MISSING])
    due(instance, f"{one.url}/p", f"{one.url}/q")
    look(instance, clock, 700)
    assert faults(instance) == []
    _change(instance, "UPDATE checks SET outcome = 'up' WHERE outcome = 'removed'")
    (said,) = faults(instance)
    assert "is not what entry" in said


def _change(instance: Instance, statement: str) -> None:
    with instance.database.begin() as tx:
        tx.connection.exec_driver_sql(statement)
