"""What a look at an address saw, and what that says. Pure.

A false "gone" is the worse error. `removed` and `account_gone` take an explicit signal twice, at least ten minutes
apart, each while another address on that host was up; whatever is not clear is `unknown`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from tidegate.enforcement.model import asked_delay
from tidegate.infra.errors import bad_field
from tidegate.infra.networks import embedded, literal
from tidegate.oversight.checks.reading import Signs, host_within
from tidegate.signals.fingerprints.host import read_host

Outcome = Literal[
    "up",
    "changed",
    "removed",
    "geo_blocked",
    "account_gone",
    "login_wall",
    "unreachable",
    "unknown",
]
Fault = Literal["unreachable", "redirects", "asked_to_stop", "busy", "failed"]
"""Why there is no answer: nobody answered in time, or at an address that may be reached; more redirects than are
followed; the host asked us to stay away; it was asked too much by others of ours; a fault of ours."""

EXPLICIT: frozenset[Outcome] = frozenset(("removed", "account_gone"))
"""What is believed only twice."""
SEEN: frozenset[Outcome] = frozenset(("up", "changed"))
TELL_NOTHING: frozenset[Outcome] = frozenset(("unknown", "unreachable", "login_wall"))
"""After these nobody knows whether it was there."""
APART = timedelta(minutes=10)
MOST_LOOKS = 3
"""Of one check: a host that says something else each time is `unknown`."""
DUE_AFTER = (timedelta(hours=1), timedelta(hours=24), timedelta(days=7), timedelta(days=30))
"""When is looked, from the receipt on."""
PACE = timedelta(seconds=1)
"""Between the end of one request to a host and the beginning of the next."""
CONTROL_HOLDS = timedelta(minutes=1)
"""For how long a look at a host's control address is good for every check of that host."""

_GONE = frozenset((404, 410))
_UP = frozenset((200, 203, 206))
_BUSY = frozenset((429, 503))
_BUSY_PAUSE = timedelta(minutes=1)
_MOST_HEADERS, _LONGEST_HEADER = 40, 500
_DROPPED = frozenset(("set-cookie", "set-cookie2", "authentication-info", "location"))
_LONGEST_URL = 8192


class Saw(msgspec.Struct, frozen=True, kw_only=True):
    """What one look saw. `url` is where redirects ended, `body` the beginning of what came, `sha256` the digest of
    all that was read; `whole`: that was all there is. With a `fault` there is no `status`."""

    asked: str
    at: datetime
    url: str
    status: int | None = None
    fault: Fault | None = None
    headers: Mapping[str, str] = {}
    body: bytes = b""
    sha256: str | None = None
    whole: bool = False


class Look(msgspec.Struct, frozen=True):
    """What a look says by itself. `control`: whether the control address was up meanwhile; None: not looked at."""

    at: datetime
    says: Outcome
    control: bool | None = None


class Decision(msgspec.Struct, frozen=True):
    """The outcome; None: look again, not before `again_at`."""

    outcome: Outcome | None
    again_at: datetime | None = None


class Place(msgspec.Struct, frozen=True):
    """An address that can be looked at, without its fragment, and its host."""

    url: str
    host: str


def says(saw: Saw, signs: Signs, known: Sequence[str] = ()) -> Outcome:
    """What a look says by itself. `known` are the SHA-256 of what was captured: any of them is the same content."""
    if saw.fault is not None or saw.status is None:
        return "unreachable" if saw.fault == "unreachable" else "unknown"
    asked, found = host_of(saw.asked), host_of(saw.url)
    sign = signs.read(asked, saw.url, saw.status, saw.headers, saw.body, moved=_moved(saw))
    elsewhere = not _same_site(asked, found)
    if sign == "unclear" or (sign in EXPLICIT and elsewhere):
        return "unknown"
    if sign is not None:
        return sign
    if saw.status == 451:
        return "geo_blocked"
    if saw.status == 401:
        return "login_wall"
    if elsewhere:
        return "unknown"  # what another says is nothing about this one
    if saw.status in _GONE:
        return "unknown" if _led_away(saw) else "removed"
    if saw.status not in _UP or _front_page(saw):
        return "unknown"
    differs = known and saw.whole and saw.sha256 not in known
    return "changed" if differs else "up"


def decide(looks: Sequence[Look]) -> Decision:
    """What one check says after these looks, the oldest first."""
    last = looks[-1]
    if last.says not in EXPLICIT:
        return Decision(last.says)
    if not last.control:
        return Decision("unknown")
    first = last
    for one in reversed(looks):
        if one.says != last.says or not one.control:
            break
        first = one
    if last.at - first.at >= APART:
        return Decision(last.says)
    if len(looks) >= MOST_LOOKS:
        return Decision("unknown")
    return Decision(None, first.at + APART)


def is_live(saw: Saw, signs: Signs) -> bool:
    """Whether a control address is up: the host answers us as it answers others."""
    return says(saw, signs) == "up"


def pause_after(status: int | None, retry_after: str | None, at: datetime) -> timedelta:
    """How long a host is left alone after an answer: a second, or what it asks for, at most an hour."""
    if status not in _BUSY:
        return PACE
    asked = asked_delay(retry_after, at)
    return max(PACE, asked) if asked is not None else _BUSY_PAUSE


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What is kept of an answer's headers: the first 40, without cookies, each at most 500 characters."""
    kept = [(name, value) for name, value in headers.items() if name.lower() not in _DROPPED]
    return {
        name.lower()[:100]: value[:_LONGEST_HEADER].replace("\0", "")
        for name, value in kept[:_MOST_HEADERS]
    }


def kept_url(url: str) -> str:
    """Where redirects ended, without its query, in which there may be what nobody else should have."""
    return urlsplit(url)._replace(query="", fragment="").geturl()[:_LONGEST_URL]


def address_of(text: str) -> Place:
    """Where an address leads. Raises Refusal (422) for what is none that can be looked at."""
    expected = "an address of the web, http:// or https://, without a user name or password"
    try:
        found = urlsplit(text.strip())
        host, port = _named(found.hostname or ""), found.port
    except (ValueError, UnicodeError):
        raise bad_field("/url", expected, "what is no address") from None
    if found.scheme not in ("http", "https") or not host or port == 0 or "\0" in text:
        raise bad_field("/url", expected, "another kind of address")
    if found.username is not None or found.password is not None:
        raise bad_field("/url", expected, "one with a user name or password")
    if len(text) > _LONGEST_URL:
        raise bad_field("/url", f"at most {_LONGEST_URL} characters", "more")
    return Place(found._replace(fragment="").geturl(), host)


def host_of(url: str) -> str:
    return _named(urlsplit(url).hostname or "")


def _named(host: str) -> str:
    """A host in the one way to write it, however it is spelled; nothing for what is none."""
    found = read_host(f"[{host}]" if ":" in host else host) or ""
    address = literal(found.strip("[]"))
    return found if address is None else str(embedded(address))


def _moved(saw: Saw) -> bool:
    """Whether a redirect led to another path or host than was asked for."""
    asked, found = urlsplit(saw.asked), urlsplit(saw.url)
    return (host_of(saw.asked), asked.path) != (host_of(saw.url), found.path)


def _led_away(saw: Saw) -> bool:
    """Whether a redirect led to another host, but for "www.", or to another path: what is missing there need not be
    what was asked for."""
    asked, found = urlsplit(saw.asked), urlsplit(saw.url)
    one, other = (host_of(url).removeprefix("www.") for url in (saw.asked, saw.url))
    return (one, asked.path.rstrip("/")) != (other, found.path.rstrip("/"))


def _front_page(saw: Saw) -> bool:
    """Whether a redirect led to the host's front page, which says nothing of what was asked for."""
    return urlsplit(saw.asked).path not in ("", "/") and urlsplit(saw.url).path in ("", "/")


def _same_site(asked: str, found: str) -> bool:
    one, other = asked.removeprefix("www."), found.removeprefix("www.")
    return host_within(one, other) or host_within(other, one)
