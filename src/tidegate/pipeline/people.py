"""People who may less, or come in no more: what they hold goes back to wait at once, and a bulk of theirs that
is being carried out stops and is undone, in the same transaction."""

from collections.abc import Callable

import msgspec

from tidegate.access import identities, people
from tidegate.access.identities import Rules, Told
from tidegate.access.model import Limits, User
from tidegate.access.queries import get_user
from tidegate.infra.db import Tx
from tidegate.pipeline.bulk import take_back_all
from tidegate.review.holding import take_from


def change_role(tx: Tx, email: str, role: str) -> User:
    """Give a user another role. Raises Refusal as `access.people.change_role` does."""
    return _carry_out(tx, email, lambda: people.change_role(tx, email, role))


def admit(tx: Tx, told: Told, rules: Rules) -> User:
    """Who signed in at a provider, with the role that their groups give them by now. Raises Refusal as
    `access.identities.admit` does."""
    return identities.admit(tx, told, rules, change_role)


def change_limits(tx: Tx, email: str, limits: Limits) -> User:
    """Bind a user to other platforms, queues and languages. Raises Refusal as `access.people.change_limits`
    does."""
    bound = msgspec.structs.asdict(limits)
    return _carry_out(tx, email, lambda: people.change_limits(tx, email, **bound))


def disable_user(tx: Tx, email: str) -> User:
    """Shut a user out. Raises Refusal as `access.people.disable_user` does."""
    return _carry_out(tx, email, lambda: people.disable_user(tx, email))


def _carry_out(tx: Tx, email: str, change: Callable[[], User]) -> User:
    before = get_user(tx, email)
    user = change()
    if user != before:
        take_from(tx, f"user:{user.email}")
        take_back_all(tx, f"user:{user.email}")
    return user
