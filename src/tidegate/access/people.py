"""The verbs that change what people may: their role, their limits, and whether they are let in at all.

Nobody does it to themselves, and one administrator stays whom nothing limits. Whoever changes somebody
waits for whoever else does, so that of two administrators who remove each other one is left.
"""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from tidegate.access.actions import end_sessions
from tidegate.access.challenges import forget_challenges
from tidegate.access.devices import forget_devices
from tidegate.access.model import ADMIN, NO_LIMITS, User, check_limits, check_role
from tidegate.access.queries import get_user
from tidegate.access.tables import links, users
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.actions import append

Names = Iterable[str] | None | UnsetType
_UNLIMITED = sa.and_(*(users.c[name].is_(None) for name in NO_LIMITS.__struct_fields__))


def change_role(tx: Tx, email: str, role: str) -> User:
    """Give a user another role, and end their sessions. Raises Refusal: 404; 422; 409 "own-account",
    "last-admin"."""
    check_role(role)
    user = _lock(tx, email)
    if user.role != role:
        _keep_an_admin(tx, user)
        tx.execute(sa.update(users).where(users.c.id == user.id).values(role=role))
        end_sessions(tx, user.id)
        record = {"email": user.email, "role": role, "previous": user.role}
        append(tx, "user.role_changed", record, user.id)
    return get_user(tx, email)


def change_limits(
    tx: Tx,
    email: str,
    *,
    platforms: Names = UNSET,
    queues: Names = UNSET,
    languages: Names = UNSET,
) -> User:
    """Bind a user to other platforms, queues or languages, or (None) to none, and end their sessions; what
    is not named stays. Raises Refusal: 404; 422; 409 "own-account", "last-admin"."""
    given = {"platforms": platforms, "queues": queues, "languages": languages}
    wanted = {
        name: None if names is None else list(names)
        for name, names in given.items()
        if not isinstance(names, UnsetType)
    }
    user = _lock(tx, email)
    limits = check_limits(msgspec.structs.replace(user.limits, **wanted))
    changed = {
        name: value
        for name, value in msgspec.structs.asdict(limits).items()
        if value != getattr(user, name)
    }
    if not changed:
        return user
    if user.limits == NO_LIMITS:
        _keep_an_admin(tx, user)
    tx.execute(sa.update(users).where(users.c.id == user.id).values(changed))
    end_sessions(tx, user.id)
    for name, value in changed.items():
        record = {"email": user.email, name: value, "previous": getattr(user, name)}
        append(tx, f"user.{name}_changed", record, user.id)
    return get_user(tx, email)


def disable_user(tx: Tx, email: str) -> User:
    """Shut a user out: sessions end, links, passkeys and bound keys stop working. Raises Refusal:
    404; 409
    "own-account", "last-admin"."""
    user = _lock(tx, email)
    if user.disabled_at is None:
        _keep_an_admin(tx, user)
        tx.execute(sa.update(users).where(users.c.id == user.id).values(disabled_at=tx.now))
        end_sessions(tx, user.id)
        tx.execute(sa.delete(links).where(links.c.user_id == user.id))
        forget_challenges(tx, user.id)
        forget_devices(tx, user.id)
        append(tx, "user.disabled", {"email": user.email}, user.id)
    return get_user(tx, email)


def enable_user(tx: Tx, email: str) -> User:
    """Let a disabled user in again. Raises Refusal: 404; 409 "own-account"."""
    user = _lock(tx, email)
    if user.disabled_at is not None:
        tx.execute(sa.update(users).where(users.c.id == user.id).values(disabled_at=None))
        append(tx, "user.enabled", {"email": user.email}, user.id)
    return get_user(tx, email)


def lock_people(tx: Tx) -> None:
    """Nobody else changes what anybody may until the end. It comes before the lock of anybody's row."""
    tx.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('people', 0))"))


def _lock(tx: Tx, email: str) -> User:
    """The user, whom nobody else changes until the end."""
    lock_people(tx)
    user = get_user(tx, email, lock=True)
    if tx.actor == f"user:{user.email}":
        raise Refusal(
            "own-account",
            409,
            "Nobody changes what they may do themselves",
            "Nothing was changed. Another administrator can.",
        )
    return user


def is_last_admin(tx: Tx, user: User) -> bool:
    """Whether nobody would be left who may do everything, if this one may no more. The caller holds the
    people."""
    if user.role != ADMIN or user.disabled_at is not None:
        return False
    others = sa.select(users.c.id).where(
        users.c.role == ADMIN, users.c.disabled_at.is_(None), users.c.id != user.id
    )
    if user.limits == NO_LIMITS:
        others = others.where(_UNLIMITED)
    return tx.execute(others.limit(1)).first() is None


def _keep_an_admin(tx: Tx, user: User) -> None:
    """Raises Refusal (409) where this is the last one."""
    if is_last_admin(tx, user):
        raise Refusal(
            "last-admin",
            409,
            "One administrator has to stay",
            f"{user.email} is the last whom nothing limits. Nothing was changed. Make another one first.",
        )
