"""What a look at an address says: gone only by an explicit signal, twice, while the host is up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.infra.settings import SettingsError
from tidegate.oversight.checks.model import (
    APART,
    EXPLICIT,
    MOST_LOOKS,
    Look,
    Outcome,
    Saw,
    address_of,
    decide,
    kept_headers,
    kept_url,
    pause_after,
    says,
)
from tidegate.oversight.checks.reading import Sign, Signs, read_signs

START = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = "https://forum.example/p/1"
OWN = Signs(
    [
        Sign(
            says="removed",
            source="the forum's own word",
            hosts=["forum.example"],
            text="This post was removed",
        ),
        Sign(
            says="account_gone",
            source="the forum's own word",
            hosts=["forum.example"],
            redirect="/suspended$",
        ),
    ]
)


def saw(status: int | None = 200, url: str = ASKED, **more: Any) -> Saw:
    given: dict[str, Any] = {"asked": ASKED, "at": START, "sha256": "aa", "whole": True}
    return Saw(status=status, url=url, **given | more)


CASES: list[tuple[str, Saw, Outcome]] = [
    ("200", saw(), "up"),
    ("404", saw(404), "removed"),
    ("410", saw(410), "removed"),
    ("451", saw(451), "geo_blocked"),
    ("401", saw(401), "login_wall"),
    ("403", saw(403), "unknown"),
    ("429", saw(429), "unknown"),
    ("500", saw(500), "unknown"),
    ("503", saw(503), "unknown"),
    ("202", saw(202), "unknown"),
    ("unreachable", saw(None, fault="unreachable"), "unreachable"),
    ("too many redirects", saw(None, fault="redirects"), "unknown"),
    ("log-in", saw(url="https://forum.example/login?next=/p/1"), "login_wall"),
    ("log-in of a php site", saw(url="https://forum.example/login.php"), "login_wall"),
    ("log-in that is missing", saw(404, "https://forum.example/users/sign_in"), "login_wall"),
    ("log-in elsewhere", saw(url="https://accounts.other.example/x"), "login_wall"),
    ("a path with log-in in it", saw(url="https://forum.example/p/login-tips"), "up"),
    ("consent", saw(url="https://consent.forum.example/m?continue=p"), "unknown"),
    ("front page", saw(url="https://forum.example/"), "unknown"),
    ("www", saw(url="https://www.forum.example/p/1"), "up"),
    ("404 under www", saw(404, "https://www.forum.example/p/1"), "removed"),
    ("404 after http", saw(404, "http://forum.example/p/1/"), "removed"),
    ("404 under a subdomain", saw(404, "https://m.forum.example/p/1"), "unknown"),
    ("404 of another path", saw(404, "https://forum.example/anmelden"), "unknown"),
    ("410 of another path", saw(410, "https://forum.example/gone"), "unknown"),
    ("404 that says when to ask again", saw(404, headers={"retry-after": "60"}), "unknown"),
    (
        "the words of the host on another's page",
        saw(url="https://parked.example/p/1", body=b"They wrote: This post was removed."),
        "unknown",
    ),
    ("another host", saw(url="https://parked.example/p/1"), "unknown"),
    ("404 of another host", saw(404, "https://parked.example/p/1"), "unknown"),
    ("challenge with 404", saw(404, headers={"cf-mitigated": "challenge"}), "unknown"),
    ("tombstone of the host", saw(body=b"<p>This post was REMOVED.</p>"), "removed"),
    ("account", saw(url="https://forum.example/suspended"), "account_gone"),
]


@pytest.mark.parametrize(("seen", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_a_look_says_by_itself(seen: Saw, expected: Outcome) -> None:
    shipped = read_signs()
    signs = Signs([*shipped._signs, *OWN._signs])
    assert says(seen, signs) == expected


def test_the_words_of_one_host_say_nothing_of_another() -> None:
    other = "https://board.example/p/1"
    assert says(saw(url=other, asked=other, body=b"This post was removed"), OWN) == "up"


def test_what_is_shipped_knows_telegrams_word_and_that_its_frame_says_nothing() -> None:
    signs, asked = read_signs(), "https://t.me/somebody/5?embed=1"
    gone = b'<div class="tgme_widget_message_error">Post not found</div>'
    frame = b'<div class="tgme_page_wrap"><iframe></iframe></div>'
    assert says(saw(asked=asked, url=asked, body=gone), signs) == "removed"
    assert says(saw(asked=asked, url=asked, body=frame), signs) == "unknown"


@pytest.mark.parametrize(
    ("known", "whole", "expected"),
    [
        ([], True, "up"),
        (["aa", "bb"], True, "up"),
        (["bb"], True, "changed"),
        (["bb"], False, "up"),
    ],
    ids=["nothing known", "the same", "another", "read in part"],
)
def test_what_differs_is_changed_where_all_was_read(
    known: list[str], whole: bool, expected: str
) -> None:
    assert says(saw(whole=whole), OWN, known) == expected


def minutes(*looks: tuple[float, Outcome, bool | None]) -> list[Look]:
    return [Look(START + timedelta(minutes=at), one, control) for at, one, control in looks]


def test_gone_takes_two_looks_ten_minutes_apart_with_the_host_up() -> None:
    once = decide(minutes((0, "removed", True)))
    assert (once.outcome, once.again_at) == (None, START + APART)
    assert decide(minutes((0, "removed", True), (10, "removed", True))).outcome == "removed"
    early = decide(minutes((0, "removed", True), (9.9, "removed", True)))
    assert (early.outcome, early.again_at) == (None, START + APART)


@pytest.mark.parametrize("control", [False, None])
def test_gone_on_a_host_that_is_down_is_unknown(control: bool | None) -> None:
    assert decide(minutes((0, "removed", control))).outcome == "unknown"
    twice = minutes((0, "removed", True), (10, "removed", control))
    assert decide(twice).outcome == "unknown"


def test_what_comes_back_is_what_it_is_then() -> None:
    assert decide(minutes((0, "removed", True), (10, "up", None))).outcome == "up"
    assert decide(minutes((0, "removed", True), (10, "login_wall", None))).outcome == "login_wall"


def test_a_host_that_says_something_else_each_time_is_unknown() -> None:
    said = minutes((0, "removed", True), (10, "account_gone", True), (20, "removed", True))
    assert decide(said[:2]).outcome is None
    assert decide(said).outcome == "unknown"


_OUTCOMES: list[Outcome] = [
    "up",
    "changed",
    "removed",
    "geo_blocked",
    "account_gone",
    "login_wall",
    "unreachable",
    "unknown",
]
_LOOKS = st.lists(
    st.tuples(
        st.integers(0, 1300),
        st.one_of(st.sampled_from(("removed", "account_gone")), st.sampled_from(_OUTCOMES)),
        st.sampled_from([True, True, False, None]),
    ),
    min_size=1,
    max_size=5,
)


def _may_be_gone(looks: Sequence[Look]) -> bool:
    """The rule itself, over every pair: the last look and an earlier one that say the same, far enough apart, the
    host up at both and at all between, which say the same too."""
    last = looks[-1]
    for place, first in enumerate(looks[:-1]):
        between = looks[place:]
        same = all(one.says == last.says and one.control is True for one in between)
        if same and last.says in EXPLICIT and last.at >= first.at + timedelta(minutes=10):
            return True
    return False


@given(_LOOKS)
def test_nothing_is_called_gone_that_the_rule_does_not(
    steps: list[tuple[int, Outcome, bool | None]],
) -> None:
    at, looks = START, list[Look]()
    for seconds, said, control in steps:
        at += timedelta(seconds=seconds)
        looks.append(Look(at, said, control))
        decision = decide(looks)
        assert (decision.outcome in EXPLICIT) == _may_be_gone(looks)
        if decision.outcome is None:
            assert len(looks) < MOST_LOOKS
            assert said in EXPLICIT
            assert decision.again_at is not None
            assert decision.again_at > at
        elif decision.outcome not in EXPLICIT:
            assert decision.outcome == (said if said not in EXPLICIT else "unknown")


@given(_LOOKS)
def test_a_host_that_is_down_is_never_proof(
    steps: list[tuple[int, Outcome, bool | None]],
) -> None:
    at, looks = START, list[Look]()
    for seconds, said, _ in steps:
        at += timedelta(seconds=seconds)
        looks.append(Look(at, said, False))
        assert decide(looks).outcome not in EXPLICIT


@pytest.mark.parametrize(
    ("status", "asked", "seconds"),
    [
        (200, None, 1),
        (404, "100", 1),
        (None, None, 1),
        (429, None, 60),
        (429, "90", 90),
        (503, "0", 60),
        (429, "999999", 3600),
        (429, "Thu, 01 Jan 2026 00:02:00 GMT", 120),
        (429, "soon", 60),
    ],
)
def test_who_is_busy_is_left_alone_as_long_as_it_asks(
    status: int | None, asked: str | None, seconds: int
) -> None:
    assert pause_after(status, asked, START) == timedelta(seconds=seconds)


def test_cookies_and_queries_are_not_kept() -> None:
    headers = {"Set-Cookie": "id=secret", "Location": "/?token=secret", "ETag": "x" * 900}
    assert kept_headers(headers) == {"etag": "x" * 500}
    assert len(kept_headers({f"x-{n}": "1" for n in range(99)})) == 40
    assert kept_url("https://forum.example/login?token=secret#x") == "https://forum.example/login"


def test_an_address_is_taken_with_its_host() -> None:
    found = address_of(" https://Forum.Example.:8443/p/1?a=b#part")
    assert (found.url, found.host) == ("https://Forum.Example.:8443/p/1?a=b", "forum.example")


@pytest.mark.parametrize(
    ("spelled", "host"),
    [
        ("http://127.0.0.1/p", "127.0.0.1"),
        ("http://2130706433/p", "127.0.0.1"),
        ("http://0x7f.1/p", "127.0.0.1"),
        ("http://127.1:8080/p", "127.0.0.1"),
        ("http://[::ffff:127.0.0.1]/p", "127.0.0.1"),
        ("http://[0:0::ffff:7f00:1]/p", "127.0.0.1"),
        ("http://[::1]/p", "::1"),
        ("https://fa\xdf.example/p", "xn--fa-hia.example"),
        ("https://xn--fa-hia.example/p", "xn--fa-hia.example"),
        ("https://FORUM.example./p", "forum.example"),
    ],
)
def test_a_host_is_one_however_it_is_spelled(spelled: str, host: str) -> None:
    assert address_of(spelled).host == host


def test_a_sign_and_a_word_to_stop_hold_however_the_host_is_spelled() -> None:
    sign = Sign(says="unclear", source="its own word", hosts=["xn--fa-hia.example"], text="robot")
    asked = "https://fa\xdf.example/p/1"
    signs = Signs([sign], asked_to_stop=["xn--fa-hia.example", "127.0.1.9"])
    assert says(saw(asked=asked, url=asked, body=b"Are you a robot?"), signs) == "unknown"
    assert not signs.may_ask(address_of(asked).host)
    assert not signs.may_ask(address_of("http://127.0.265/p").host)


@pytest.mark.parametrize(
    "text",
    [
        "ftp://forum.example/p",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "/p/1",
        "",
        "https://",
        "https://me:secret@forum.example/p",
        "https://me@forum.example/p",
        "https://forum.example:0/p",
        "https://forum.example:port/p",
        "https://[::1/p",
        "https://forum.example/\0",
        "https://forum.example/" + "x" * 9000,
    ],
    ids=range(13),
)
def test_what_is_no_address_of_the_web_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        address_of(text)
    assert refused.value.status == 422
    assert "secret" not in str(refused.value.document())


def written(folder: Path, text: str) -> Path:
    (folder / "policies").mkdir()
    (folder / "policies" / "checks-providers.toml").write_text(text)
    return folder


def test_an_instance_has_signs_and_controls_of_its_own(tmp_path: Path) -> None:
    signs = read_signs(
        written(
            tmp_path,
            """
            asked_to_stop = ["quiet.example"]
            [[sign]]
            says = "removed"
            hosts = ["forum.example"]
            source = "its own words, seen on 1 March"
            text = "gone for good"
            [[control]]
            hosts = ["forum.example"]
            url = "https://forum.example/about"
            """,
        )
    )
    assert says(saw(body=b"Gone for good."), signs) == "removed"
    assert signs.control_of(ASKED, "forum.example") == "https://forum.example/about"
    assert signs.control_of("http://a.example:81/p?q#x", "a.example") == "http://a.example:81/"
    assert not signs.may_ask("www.quiet.example")
    assert signs.may_ask("notquiet.example")


@pytest.mark.parametrize(
    "text",
    [
        '[[sign]]\nsays = "removed"\nsource = "a guess"\ntext = "not found"',
        '[[sign]]\nsays = "login_wall"\nsource = "a guess"',
        '[[sign]]\nsays = "login_wall"\nsource = "a guess"\nredirect = "((("',
        '[[sign]]\nsays = "vanished"\nsource = "a guess"\ntext = "not found"',
        '[[sign]]\nsays = "login_wall"\nredirect = "/login"',
        '[[control]]\nhosts = ["a.example"]\nurl = "https://b.example/"',
        "nothing = 1",
    ],
    ids=["of no host", "of nothing", "no expression", "no outcome", "no source", "elsewhere", "x"],
)
def test_signs_that_would_call_anything_gone_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"checks-providers\.toml"):
        read_signs(written(tmp_path, text))
