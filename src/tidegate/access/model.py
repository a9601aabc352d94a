"""Who may do what, as pure types: scopes, roles, principals, and how long a guesser must wait.

A request is authenticated into a `Principal` at the rim's gate; every route then names its scope.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec

from tidegate.infra.errors import FieldError, Refusal

SCOPES: dict[str, str] = {
    "items:write": "submit, erase and hold items",
    "items:read": "read items, their evaluations and decisions",
    "holds:write": "open what only a hold keeps",
    "reports:write": "submit reports",
    "banks:write": "make and change banks and entries",
    "banks:read": "read banks and search in them",
    "cases:decide": "claim and decide cases, decide and lift without a case",
    "cases:read": "read cases and queues",
    "actions:write": "replay actions",
    "actions:read": "read actions and their deliveries",
    "webhooks:write": "make and change webhooks",
    "webhooks:read": "read webhooks, without their secrets",
    "policy:read": "read and check policy packs",
    "ledger:read": "read the ledger",
    "metrics:read": "read the metrics",
    "admin": "everything",
}

# Who may change a thing may read it.
_IMPLIED = {
    "items:write": "items:read",
    "banks:write": "banks:read",
    "cases:decide": "cases:read",
    "actions:write": "actions:read",
    "webhooks:write": "webhooks:read",
}

ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset({"admin"}),
    "reviewer": frozenset(
        {"items:read", "cases:decide", "cases:read", "banks:read", "policy:read", "actions:read"}
    ),
    "curator": frozenset({"banks:write", "banks:read", "items:read", "policy:read"}),
    "auditor": frozenset(scope for scope in SCOPES if scope.endswith(":read")),
}

LINK_LIFETIME = timedelta(hours=24)
FORGET_FAILURES = timedelta(hours=24)
FREE_FAILURES = {"account": 5, "address": 20}
_LONGEST_WAIT = timedelta(minutes=15)

_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}\Z")
_KEY_NAME = re.compile(r"[A-Za-z0-9_.:@ -]{1,64}\Z")
_PLATFORM = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")


@lru_cache(maxsize=1024)
def effective(scopes: frozenset[str]) -> frozenset[str]:
    """The scopes with all that they imply."""
    if "admin" in scopes:
        return frozenset(SCOPES)
    return scopes | {_IMPLIED[scope] for scope in scopes if scope in _IMPLIED}


class Principal(msgspec.Struct, frozen=True):
    """Who a request acts for. `platform` binds it to one platform; `session` (the stored hash) and
    `csrf` are there when a person signed in on the pages."""

    actor: str
    scopes: frozenset[str]
    platform: str | None
    name: str
    session: bytes | None = None
    csrf: str | None = None

    def may(self, scope: str) -> bool:
        """Whether it has the scope, or one that implies it."""
        return scope in effective(self.scopes)


class User(msgspec.Struct, frozen=True):
    """A person with a role. The password's hash never leaves `queries`."""

    id: UUID
    email: str
    role: str
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None


class KeyView(msgspec.Struct, frozen=True):
    """An API key as it is listed: everything but the secret, which nobody keeps."""

    id: str
    name: str
    scopes: list[str]
    platform: str | None
    user: str | None
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


def wait_after(kind: str, failures: int) -> timedelta:
    """How long the next try must wait after that many failures in a row, by `kind` of counter:
    a few are free, then the wait doubles from 2 seconds to 15 minutes."""
    beyond = failures - FREE_FAILURES[kind]
    if beyond <= 0:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(beyond, 20)), _LONGEST_WAIT)


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes as a set. Raises Refusal (422) that lists the known ones."""
    wanted = frozenset(scopes)
    unknown = sorted(wanted - SCOPES.keys())
    if unknown or not wanted:
        got = ", ".join(scope[:64] for scope in unknown) or "none"
        raise _bad("/scopes", f"scopes out of {', '.join(SCOPES)}", got)
    return wanted


def check_key_name(name: str) -> str:
    """The name. Raises Refusal (422)."""
    if not _KEY_NAME.match(name):
        raise _bad("/name", "1 to 64 letters, digits, spaces or _.:@-", repr(name[:64]))
    return name


def check_platform(platform: str | None) -> str | None:
    """The platform. Raises Refusal (422)."""
    if platform is not None and not _PLATFORM.match(platform):
        raise _bad("/platform", "1 to 64 letters, digits or _.-", repr(platform[:64]))
    return platform


def is_email(email: str) -> bool:
    """Whether it looks like an e-mail address; `name@localhost` does."""
    return email.isprintable() and _EMAIL.match(email) is not None


def check_email(email: str) -> str:
    """The address in lower case. Raises Refusal (422)."""
    if not is_email(email):
        raise _bad("/email", "an e-mail address", repr(email[:64]))
    return email.lower()


def check_role(role: str) -> str:
    """The role. Raises Refusal (422)."""
    if role not in ROLES:
        raise _bad("/role", f"one of {', '.join(ROLES)}", repr(role[:64]))
    return role


def _bad(pointer: str, expected: str, got: str) -> Refusal:
    return Refusal(
        "invalid-access",
        422,
        "Keys and users are not made like this",
        f"{pointer[1:]}: expected {expected}, got {got}.",
        errors=[FieldError(pointer, expected, got)],
    )
