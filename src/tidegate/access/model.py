"""Who may do what, as pure types: scopes, roles, principals, and how long a guesser must wait.

A request is authenticated into a `Principal` at the rim's gate; every route then names its scope.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from tidegate.infra.acting import Acting, Knows
from tidegate.infra.errors import FieldError, Refusal
from tidegate.infra.networks import Network, read_address, within
from tidegate.infra.rates import Rate
from tidegate.infra.scopes import Scope

ADMIN = "admin"

# A person has one. What each may do, the slices say at their scopes.
ROLES = (
    "reviewer",
    "senior",
    "policy",
    "curator",
    "intake",
    "compliance",
    "auditor",
    "legal",
    "officer",
    "approver",
    "analyst",
    ADMIN,
)
AUDITS = frozenset({"compliance", "auditor"})
"""Roles to which content, and who wrote it, are closed until they open it, which is recorded."""

LINK_LIFETIME = timedelta(hours=24)
FORGET_FAILURES = timedelta(hours=24)
# What failed sign-ins are counted by, and how many of them are free.
CounterKind = Literal["account", "address", "device"]
FREE_FAILURES: dict[CounterKind, int] = {"account": 5, "address": 20, "device": 5}
DEVICE_LASTS = timedelta(days=180)
"""A device is known for so long after somebody signed in from it."""
MOST_DEVICES = 10
# How a session was begun: one of these, or a password and then a passkey or a recovery code.
Way = Literal["password", "link", "passkey", "oidc", "code"]
FRESH_FOR = timedelta(minutes=10)
"""For so long after somebody showed a factor, they are not asked for it again."""
_LONGEST_WAIT = timedelta(minutes=15)

_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}\Z")
_KEY_NAME = re.compile(r"[A-Za-z0-9_.:@ -]{1,64}\Z")
_PLATFORM = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_.-]{1,64}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
_LONGEST_NAME = 40


class Scopes:
    """Every scope there is, with what it allows, and the roles that have it; and the `channels` of
    reports that a key must have been given. Made once, of what the slices name, where they are put
    together; whoever reads or makes keys is given it."""

    def __init__(self, scopes: Iterable[Scope], channels: Iterable[str] = ()) -> None:
        self.known = {scope.name: scope for scope in scopes}
        self.channels = frozenset(channels)
        named = {role for scope in self.known.values() for role in scope.roles}
        if unknown := named - set(ROLES):
            raise ValueError(f"scopes name roles that do not exist: {sorted(unknown)}")
        self._of_roles = {
            role: self.effective(
                scope.name for scope in self.known.values() if role in (ADMIN, *scope.roles)
            )
            for role in ROLES
        }

    def effective(self, scopes: Iterable[str]) -> frozenset[str]:
        """The scopes with all that they imply."""
        given = frozenset(scopes)
        if ADMIN in given:
            return frozenset(self.known)
        implied = (self.known[one].implies for one in given if one in self.known)
        return given.union(one for one in implied if one is not None)

    def of_role(self, role: str) -> frozenset[str]:
        """All that a role may."""
        return self._of_roles[role]

    def roles_with(self, scope: str) -> list[str]:
        """The roles that may it."""
        return [role for role, scopes in self._of_roles.items() if scope in scopes]

    def check(self, scopes: Iterable[str]) -> frozenset[str]:
        """The scopes as a set. Raises Refusal (422) that lists the known ones."""
        wanted = frozenset(scopes)
        unknown = sorted(wanted - self.known.keys())
        if unknown or not wanted:
            got = ", ".join(scope[:64] for scope in unknown) or "none"
            raise bad("/scopes", f"scopes out of {', '.join(self.known)}", got)
        return wanted

    def check_channels(self, channels: Iterable[str]) -> frozenset[str]:
        """The channels as a set. Raises Refusal (422) that lists those that a key can be given."""
        wanted = frozenset(channels)
        if unknown := sorted(wanted - self.channels):
            known = ", ".join(sorted(self.channels))
            raise bad(
                "/channels",
                f"channels out of {known} (the others are open to every key that may report)",
                ", ".join(channel[:64] for channel in unknown),
            )
        return wanted


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who a request acts for. `scopes` are all that it may, with what they imply; `platforms` binds
    it to these (None: it may see all), and so do `queues` and `languages` where it works on cases. To
    whom `audits` content is closed until they open it. `session` (the stored hash), its public `session_id`
    and `csrf` are there when a person signed in on the pages, `fresh_at` says when they last showed a
    factor, `called` is what others know them by, `language` in what they want to be spoken to, `zone` by
    which clock.

    `key` is the id of the API key that was shown. It is good before `until`, from `networks` alone (none:
    from anywhere) and for reports over `channels`, of those that need a key of their own. It may ask as
    often as `rate` says (None: as the setting does).
    """

    actor: str
    scopes: frozenset[str]
    name: str
    called: str = ""
    platforms: frozenset[str] | None = None
    queues: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    audits: bool = False
    key: str | None = None
    until: datetime | None = None
    networks: tuple[Network, ...] = ()
    channels: frozenset[str] = frozenset()
    rate: Rate | None = None
    session: bytes | None = None
    csrf: str | None = None
    session_id: UUID | None = None
    fresh_at: datetime | None = None
    seen_at: datetime | None = None  # as it is kept: to the minute
    language: str = "auto"
    zone: str = "UTC"

    @property
    def is_person(self) -> bool:
        """Whether somebody answers for it: a session's user, or the one to whom a key is registered."""
        return self.acting.is_person

    def is_fresh(self, now: datetime) -> bool:
        """Whether they showed a factor a short while ago."""
        return self.fresh_at is not None and now - self.fresh_at < FRESH_FOR

    @property
    def acting(self) -> Acting:
        """What its transactions are begun with."""
        return Acting(
            actor=self.actor,
            key=self.key,
            platforms=self.platforms,
            queues=self.queues,
            languages=self.languages,
            audits=self.audits,
            orders=self.orders,
        )

    @property
    def orders(self) -> Knows:
        """What they are told of legal orders. A key that reads no cases is a system's that acts: it is told
        nothing by which an ordered item could be known from any other."""
        if self.may("orders:read"):
            return "all"
        return "free" if self.session is not None or self.may("cases:read") else "none"

    @property
    def queue(self) -> str:
        """Whose costly work waits for one another, and for nobody else's: a key's, or a person's."""
        return self.key or self.actor

    @property
    def limited(self) -> bool:
        """Whether there is anything of their work that they do not see."""
        return any(one is not None for one in (self.platforms, self.queues, self.languages))

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def stands(self, now: datetime) -> bool:
        """Whether the key that was shown is good at that time."""
        return self.until is None or now < self.until

    def may_come_from(self, address: str) -> bool:
        """Whether the key may be used from a network address."""
        if not self.networks:
            return True
        found = read_address(address)
        return found is not None and within(found, self.networks)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is bound to: of which platforms they see things, of which queues and languages they
    see cases. None: of all."""

    platforms: list[str] | None = None
    queues: list[str] | None = None
    languages: list[str] | None = None


NO_LIMITS = Limits()


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person with a role, bound to `platforms`, `queues` and `languages` as far as these are not None.
    Others know them by `display_name`. The password's hash never leaves `queries`."""

    id: UUID
    email: str
    display_name: str
    role: str
    platforms: list[str] | None
    queues: list[str] | None
    languages: list[str] | None
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None

    @property
    def limits(self) -> Limits:
        return Limits(platforms=self.platforms, queues=self.queues, languages=self.languages)


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as it is listed: everything but the secret, which nobody keeps."""

    id: str
    name: str
    scopes: list[str]
    platform: str | None
    user: str | None
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    expires_at: datetime | None
    old_until: datetime | None  # the secret of before it was rotated is good until then
    networks: list[str]  # none: from anywhere
    channels: list[str]
    rate: str | None  # null: what the setting says


def wait_after(kind: CounterKind, failures: int) -> timedelta:
    """How long the next try must wait after that many failures in a row, by `kind` of counter:
    a few are free, then the wait doubles from 2 seconds to 15 minutes."""
    beyond = failures - FREE_FAILURES[kind]
    if beyond <= 0:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(beyond, 20)), _LONGEST_WAIT)


def check_key_name(name: str) -> str:
    """The name. Raises Refusal (422)."""
    if not _KEY_NAME.match(name) or name != name.strip():
        expected = "1 to 64 letters, digits, _.:@- or spaces between them"
        raise bad("/name", expected, repr(name[:64]))
    return name


def check_platform(platform: str | None, pointer: str = "/platform") -> str | None:
    """The platform. Raises Refusal (422)."""
    if platform is not None and not _PLATFORM.match(platform):
        raise bad(pointer, "1 to 64 letters, digits or _.-, not . or ..", repr(platform[:64]))
    return platform


def check_platforms(platforms: Iterable[str] | None) -> list[str] | None:
    """What a person is bound to, each once; None stays None. Raises Refusal (422), also for no platform
    at all."""
    if platforms is None:
        return None
    wanted = sorted({one for one in platforms if check_platform(one, "/platforms") is not None})
    if not wanted:
        raise bad("/platforms", "at least one platform", "none")
    return wanted


def check_limits(limits: Limits) -> Limits:
    """The limits, of each what it names once. Raises Refusal (422), also for one that names nothing."""
    queues = _named(limits.queues, _PLATFORM, "/queues", "queues such as reports")
    languages = _named(limits.languages, _LANGUAGE, "/languages", "languages such as de or ar")
    return Limits(platforms=check_platforms(limits.platforms), queues=queues, languages=languages)


def _named(
    given: Iterable[str] | None, form: re.Pattern[str], pointer: str, expected: str
) -> list[str] | None:
    if given is None:
        return None
    wanted = sorted(set(given))
    if wrong := [one[:64] for one in wanted if not form.match(one)]:
        raise bad(pointer, expected, ", ".join(wrong))
    if not wanted:
        raise bad(pointer, f"{expected}, at least one", "none")
    return wanted


def platforms_of(key: str | None, person: Sequence[str] | None) -> frozenset[str] | None:
    """What a person with a key is bound to: to what both are; None: to nothing."""
    bound = bound_to(person)
    if key is None:
        return bound
    return frozenset({key}) if bound is None else bound & {key}


def bound_to(names: Sequence[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def check_display_name(name: str) -> str:
    """What others know somebody by: never an address. Raises Refusal (422)."""
    plain = " ".join(name.split())
    if not (0 < len(plain) <= _LONGEST_NAME and plain == name and name.isprintable()) or (
        set(name) & set("@:<>/")
    ):
        expected = f"1 to {_LONGEST_NAME} characters, with none of @ : < > /"
        raise bad("/display_name", expected, repr(name[:64]))
    return name


def default_name(email: str) -> str:
    """What others know somebody by who has chosen nothing: the part before the @."""
    kept = "".join(one for one in email.partition("@")[0] if one not in ":<>/")
    return kept[: _LONGEST_NAME - 6] or "somebody"


def is_email(email: str) -> bool:
    """Whether it looks like an e-mail address; `name@localhost` does."""
    return email.isprintable() and _EMAIL.match(email) is not None


def check_email(email: str) -> str:
    """The address in lower case. Raises Refusal (422)."""
    if not is_email(email):
        raise bad("/email", "an e-mail address", repr(email[:64]))
    return email.lower()


def check_role(role: str) -> str:
    """The role. Raises Refusal (422)."""
    if role not in ROLES:
        raise bad("/role", f"one of {', '.join(ROLES)}", repr(role[:64]))
    return role


def bad(pointer: str, expected: str, got: str, why: str = "") -> Refusal:
    """The 422 of a key or a user that cannot be made as was asked; `why`, where that is not plain."""
    got = got[:120]
    return Refusal(
        "invalid-access",
        422,
        "Keys and users are not made like this",
        f"{pointer[1:]}: {why or f'expected {expected}, got {got}'}.",
        errors=[FieldError(pointer, expected, got)],
    )
