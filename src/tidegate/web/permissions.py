"""Who may do what on which route, made from the routes themselves: for `/permissions.json`, the page of the
documentation, and the test that walks it."""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from tidegate.access.model import ROLES
from tidegate.pipeline.house import SCOPES
from tidegate.web import events
from tidegate.web.api import batch, endpoints
from tidegate.web.metrics import metrics_endpoint

May = Literal["yes", "own", "no"]

# What is bounded by the queues, languages and platforms that somebody has, and what is about themselves.
_OF_CASES = r"cases|tasks|bulk|decisions|alerts|events"
_OF_ONESELF = r"account|me"
_OWN = re.compile(rf"/(?:v1/)?(?:{_OF_CASES}|{_OF_ONESELF})(?:/.*)?\Z")


# What is called by its id alone in a path that people are told.
_BY_ID = re.compile(r"\{(?:alert|bulk|case|change|cluster|decision|entry|flagger|incident|task)\}")


class Permission(msgspec.Struct, frozen=True):
    """What each role may on a route. `yes`: all that there is of it, on the platforms that they have.
    `own`: the cases of their queues, languages and platforms, or what is about themselves. `no`: it answers
    403."""

    method: str
    path: str
    roles: dict[str, May]


def told() -> list[Permission]:
    """The permissions, with paths as they are written for people."""
    return [
        msgspec.structs.replace(one, path=_BY_ID.sub("{id}", one.path)) for one in permissions()
    ]


def may(role: str, scopes: Sequence[str], path: str) -> May:
    """What a role may on a route that needs one of these scopes (none: to have signed in)."""
    if scopes and SCOPES.of_role(role).isdisjoint(scopes):
        return "no"
    return "own" if _OWN.match(path) else "yes"


def permissions() -> list[Permission]:
    """Every route of the pages and of the API, by path. The `.json` twin of a page is for whom the page
    is."""
    from tidegate.web import pages  # which shows this

    declared: dict[tuple[str, str], Sequence[str]] = {
        (page.method, page.path): page.scopes
        for page in pages.routes
        if not (page.public or page.twin)
    }
    declared |= {(one.method, one.path): one.scopes for one in [*endpoints, metrics_endpoint]}
    declared |= {("POST", kind.path): [kind.scope] for kind in batch.KINDS}
    declared["GET", events.route.path] = []  # to have signed in
    return [
        Permission(method, path, {role: may(role, scopes, path) for role in ROLES})
        for (method, path), scopes in sorted(declared.items(), key=lambda one: one[0][::-1])
    ]


def render_permissions() -> str:
    """The permissions' page, in Markdown."""
    binding = {(one.method, one.path) for one in endpoints if one.person}
    rows = [
        " | ".join([f"| {one.method}", _path(one, binding), *map(_cell, one.roles.values())]) + " |"
        for one in told()
    ]
    return "\n".join(
        [
            "# Permissions",
            "",
            "What each role may on each route, by a session on the pages or by a key that is bound to a"
            " person of that role (a key of its own may what its scopes say). **yes**: all that there is,"
            " on the platforms that a person has. **own**: the cases of the queues, languages and"
            " platforms that they have, or what is about themselves. Empty: 403. A page's `.json` twin is"
            " for whom the page is; `/sign-in` and what lies under `/public/` are open. What binds (†) takes a"
            " person: a key of its own gets 403 there. The roles `compliance` and `auditor` read"
            " everything but content and persons, and open those one by one, for a purpose, for half an"
            " hour. The same stands in `/permissions.json`. This page is written from the routes.",
            "",
            f"| | route | {' | '.join(ROLES)} |",
            "|---|---|" + "---|" * len(ROLES),
            *rows,
            "",
        ]
    )


def _path(one: Permission, binding: set[tuple[str, str]]) -> str:
    return f"`{one.path}`{' †' if (one.method, one.path) in binding else ''}"


def _cell(may: May) -> str:
    return "" if may == "no" else may
