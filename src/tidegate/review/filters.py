"""Which cases are asked for, as it stands in the address of the queue. Pure.

`/cases?queue=reports&band=0,1&lang=ar`: of several values with commas between them any will do. The same
words stand in links, in forms (`filter`) and in what people save under a name.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec

from tidegate.infra.durations import read_duration
from tidegate.infra.errors import FieldError, Refusal
from tidegate.intake.channels import CHANNELS
from tidegate.review.priority import LAST

WAITING = "waiting"
STATES = (WAITING, "open", "claimed", "reopened", "decided")
MEDIA = ("image", "video", "other", "none")
HELD = ("me", "none", "other")
PRIORITY = "priority"
ORDERS = (PRIORITY, "oldest")
QUARANTINE = "quarantine"
FIRST_MATCHES = "first-matches"
"""Not queues of their own, but asked for as such: cases about entries that matched too much, and cases of a
match with an entry that nobody has confirmed, whatever queue they are in."""
LONGEST = 512
_WORD = re.compile(r"[\w.@:+ -]{1,64}")
_LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,4}")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of cases is narrowed to, and its order; empty is not at all. `since` is a time (RFC 3339) or a while
    before now (`24h`), `q` an item's id, its beginning, or a case's id, and `same` the key of a group of
    the same content."""

    state: str = WAITING
    queue: str = ""
    band: str = ""
    lang: str = ""
    channel: str = ""
    label: str = ""
    bank: str = ""
    media: str = ""
    held: str = ""
    since: str = ""
    q: str = ""
    same: str = ""
    order: str = PRIORITY

    @classmethod
    def read(cls, address: Mapping[str, str]) -> "Filter":
        """The filter that an address names; what is no part of it is left out. Raises Refusal (422)."""
        given = {name: address[name].strip() for name in cls.__struct_fields__ if address.get(name)}
        given = {name: value for name, value in given.items() if value}
        for name, value in given.items():
            _check(name, value)
        return cls(**given)

    @classmethod
    def of_address(cls, query: str) -> "Filter":
        """The filter of a query string, as forms and saved filters carry it. Raises Refusal (422)."""
        return cls.read(dict(parse_qsl(query.removeprefix("?"))))

    def address(self) -> str:
        """The query string, without what is empty or as it is anyway."""
        return urlencode(self.chosen())

    def chosen(self) -> dict[str, str]:
        """What it narrows to, by name."""
        values: dict[str, Any] = msgspec.structs.asdict(self)
        usual = {"state": WAITING, "order": PRIORITY}
        return {name: value for name, value in values.items() if value != usual.get(name, "")}

    def without(self, name: str) -> "Filter":
        """The filter with one part of it taken away."""
        return msgspec.structs.replace(self, **{name: getattr(Filter(), name)})

    def values(self, name: str) -> list[str]:
        """Any of these will do; none where it is not asked about."""
        return [value for one in getattr(self, name).split(",") if (value := one.strip())]

    def earliest(self, now: datetime) -> datetime | None:
        """What `since` comes to."""
        return _time(self.since, now) if self.since else None

    @property
    def ranked(self) -> bool:
        """Whether what passes comes by priority: what is decided has none, the last of it comes first."""
        return not self.decided and self.order == PRIORITY

    @property
    def decided(self) -> bool:
        """Whether it asks for what waits no more."""
        return self.state == "decided"


def _time(since: str, now: datetime) -> datetime | None:
    """None where it is no time."""
    try:
        if (back := read_duration(since)) is not None:
            return now - back
        # In an address a plus is a space.
        found = datetime.fromisoformat(since.replace(" ", "+"))
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _check(name: str, value: str) -> None:
    if len(value) > LONGEST:
        raise bad_filter(name, f"at most {LONGEST} characters", f"{value[:60]}…")
    known: Mapping[str, tuple[str, ...]] = {
        "state": STATES,
        "band": tuple(map(str, range(LAST + 1))),
        "channel": CHANNELS,
        "media": MEDIA,
        "held": HELD,
        "order": ORDERS,
    }
    several = [one.strip() for one in value.split(",") if one.strip()]
    if name in known and not (several and set(several) <= set(known[name])):
        raise bad_filter(name, f"some of {', '.join(known[name])}", value)
    if name == "order" and len(several) > 1:
        raise bad_filter(name, f"one of {', '.join(ORDERS)}", value)
    if name == "state" and len(several) > 1 and {"decided", WAITING} & set(several):
        raise bad_filter(name, "decided cases or such that wait, not both", value)
    if name == "lang" and not all(_LANGUAGE.fullmatch(one) for one in several):
        raise bad_filter(name, "languages as in BCP 47: ar, pt-BR", value)
    if name in ("queue", "label", "bank") and not all(_WORD.fullmatch(one) for one in several):
        raise bad_filter(name, "names, with commas between them", value)
    if name == "since" and _time(value, datetime(2100, 1, 1, tzinfo=UTC)) is None:
        raise bad_filter(name, "a time (2026-01-31T08:00:00Z) or a while (24h, 7d)", value)
    if name == "same" and _uuid(value) is None:
        raise bad_filter(name, "the key of a row", value)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def case_named(q: str) -> UUID | None:
    """The id of a case, where what is looked for may be one."""
    return _uuid(q)


def bad_filter(name: str, expected: str, got: str) -> Refusal:
    """The 422 of a part of an address that is none."""
    return Refusal(
        "invalid-parameter",
        422,
        "A parameter is not what this route takes",
        f"{name}: expected {expected}, got {got[:60]!r}.",
        errors=[FieldError(name, expected, got[:60])],
    )
