"""The verbs on keys, and those that make users. What people may is in `people.py`, what signs them in and
out in `sign_in.py`.

Secrets are made here, returned once, and kept as hashes.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tidegate.access.bounds import Bounds
from tidegate.access.challenges import forget_challenges
from tidegate.access.devices import forget_devices
from tidegate.access.model import (
    LINK_LIFETIME,
    NO_LIMITS,
    Limits,
    Scopes,
    User,
    check_email,
    check_key_name,
    check_limits,
    check_platform,
    check_role,
    default_name,
)
from tidegate.access.names import free_name
from tidegate.access.queries import get_user, living, lock_key, secret_seal, token_hash
from tidegate.access.tables import keys, links, sessions, users
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append

_NO_OLD: dict[str, Any] = {"old_hash": None, "old_until": None}


def create_key(
    tx: Tx,
    known: Scopes,
    name: str,
    scopes: Iterable[str],
    platform: str | None = None,
    user_email: str | None = None,
    bounds: Bounds = Bounds(),
) -> tuple[str, str]:
    """Make an API key; returns (id, token). The token is nowhere kept.

    Its name stands for the person it is registered to, unless `user_email` binds it to a user,
    whose role and platforms it cannot exceed. Raises Refusal: 422 for a bad name, scope, platform or channel; 404
    for the user; 409 "key-name-taken" by a living key.
    """
    check_key_name(name)
    check_platform(platform)
    wanted = known.check(scopes)
    channels = sorted(known.check_channels(bounds.channels))
    user = None if user_email is None else get_user(tx, user_email)
    if user is not None and (beyond := wanted - known.of_role(user.role)):
        allowed = ", ".join(sorted(known.of_role(user.role)))
        raise Refusal(
            "scope-beyond-role",
            422,
            "The key would do more than its user may",
            f"The role {user.role} has {allowed}.",
            errors=[FieldError("/scopes", f"scopes of the role {user.role}", ", ".join(beyond))],
        )
    if user is not None and platform is not None and platform not in (user.platforms or [platform]):
        raise _beyond_platforms(platform, user.platforms or [])
    _refuse_taken(tx, name)
    networks = list(map(str, bounds.networks))
    rate = None if bounds.rate is None else str(bounds.rate)
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    hashed = token_hash(secret)
    tx.execute(
        sa.insert(keys).values(
            id=key_id,
            name=name,
            secret_hash=hashed,
            scopes=sorted(wanted),
            platform=platform,
            user_id=None if user is None else user.id,
            created_at=tx.now,
            created_by=tx.actor,
            expires_at=bounds.expires_at,
            networks=networks,
            channels=channels,
            rate=rate,
        )
    )
    record = {"key": key_id, "name": name, "scopes": sorted(wanted), "platform": platform}
    bound = {"expires_at": bounds.expires_at, "networks": networks, "channels": channels}
    record |= bound | {"rate": rate, "secret": secret_seal(hashed)}
    append(tx, "key.created", record, None if user is None else user.id)
    return key_id, f"tg_{key_id}_{secret}"


def _beyond_platforms(platform: str, bound: list[str]) -> Refusal:
    known = ", ".join(bound)
    return Refusal(
        "platform-beyond-user",
        422,
        "The key would see more than its user may",
        f"The user is bound to {known}.",
        errors=[FieldError("/platform", f"one of {known}", platform)],
    )


def _refuse_taken(tx: Tx, name: str) -> None:
    """Raises Refusal (409) while a living key has the name. Two who want it at once wait for each other
    here: whether a key lives depends on the time, so no index can say it."""
    lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    tx.execute(lock, {"name": f"key name {name}"})
    named = sa.select(keys.c.id).where(keys.c.name == name, living(tx.now))
    if (taken := tx.execute(named).scalars().first()) is not None:
        raise Refusal(
            "key-name-taken",
            409,
            "A living key has this name",
            f"{name!r} is the key {taken}. Choose another name, give that key a new secret (tidegate keys"
            f" rotate {taken}), or end it first (tidegate keys revoke {taken}).",
            key=taken,
        )


def rotate_key(tx: Tx, name_or_id: str, overlap: timedelta) -> tuple[str, str]:
    """Give a key a new secret; returns (id, token). The one of now is good for `overlap` yet, one that
    an earlier rotation left at once no more. Raises Refusal: 404; 409 "key-ended" for one that is
    revoked or expired.
    """
    row = lock_key(tx, name_or_id)
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= tx.now):
        raise Refusal(
            "key-ended",
            409,
            "The key is revoked or expired",
            "It stays so. `tidegate keys create` makes another.",
        )
    secret = secrets.token_hex(32)
    hashed = token_hash(secret)
    old = {"old_hash": row.secret_hash, "old_until": tx.now + overlap} if overlap else _NO_OLD
    changed = {"secret_hash": hashed, **old}
    tx.execute(sa.update(keys).where(keys.c.id == row.id).values(changed))
    record = {"key": row.id, "name": row.name, "old_until": old["old_until"]}
    record |= {"secret": secret_seal(hashed), "replaced": secret_seal(row.secret_hash)}
    append(tx, "key.rotated", record, row.user_id)
    return row.id, f"tg_{row.id}_{secret}"


def revoke_key(tx: Tx, name_or_id: str) -> str:
    """End a key at once, with all of its secrets; returns its id. Raises Refusal (404) for an unknown
    one; again is no error."""
    row = lock_key(tx, name_or_id)
    if row.revoked_at is None:
        ended = {"revoked_at": tx.now, **_NO_OLD}
        tx.execute(sa.update(keys).where(keys.c.id == row.id).values(ended))
        append(tx, "key.revoked", {"key": row.id, "name": row.name})
    return row.id


def create_user(tx: Tx, email: str, role: str, limits: Limits = NO_LIMITS) -> tuple[User, str]:
    """Make a user with limits, or none; returns it with the token of a one-time link. Raises Refusal as
    `add_user` does."""
    user = add_user(tx, email, role, limits)
    return user, _link(tx, user.id)


def add_user(tx: Tx, email: str, role: str, limits: Limits = NO_LIMITS) -> User:
    """The same without a link: a user who signs in elsewhere. Others know them by the part before the @,
    with a number where somebody has that name.

    Raises Refusal: 422 for a bad address, role or limit, 409 when the user is there.
    """
    bound = msgspec.structs.asdict(check_limits(limits))
    address, user_id = check_email(email), uuid7(tx.now)
    check_role(role)
    name = free_name(tx, default_name(address))
    try:
        with tx.connection.begin_nested():
            values = {"id": user_id, "email": address, "role": role, "display_name": name} | bound
            tx.execute(sa.insert(users).values(**values, created_at=tx.now))
    except IntegrityError:
        detail = f"{address} is a user already. `tidegate users link` makes a new one-time link."
        raise Refusal("user-exists", 409, "There is such a user already", detail) from None
    append(tx, "user.created", {"email": address, "role": role} | bound, user_id)
    return get_user(tx, address)


def create_link(tx: Tx, email: str) -> str:
    """The token of a new one-time link; older ones stand until they are used or expire.

    Raises Refusal: 404 for an unknown user, 409 for a disabled one.
    """
    user = get_user(tx, email)
    if user.disabled_at is not None:
        detail = f"{user.email} is disabled. `tidegate users enable` comes first."
        raise Refusal("user-disabled", 409, "The user is disabled", detail)
    append(tx, "link.created", {"email": user.email}, user.id)
    return _link(tx, user.id)


def _link(tx: Tx, user_id: UUID) -> str:
    token = secrets.token_urlsafe(32)
    tx.execute(
        sa.insert(links).values(
            token_hash=token_hash(token),
            user_id=user_id,
            created_at=tx.now,
            expires_at=tx.now + LINK_LIFETIME,
        )
    )
    return token


def set_password(
    tx: Tx,
    email: str,
    password_hash: str,
    keep_session: bytes | None,
    keep_device: str | None = None,
) -> None:
    """Store a password's hash (of `passwords.hash_password`), end every other session, and forget every
    other device: whoever knew the old one may have them. Raises Refusal (404)."""
    user = get_user(tx, email, lock=True)
    tx.execute(sa.update(users).where(users.c.id == user.id).values(password_hash=password_hash))
    end_sessions(tx, user.id, keep_session)
    forget_challenges(tx, user.id)
    forget_devices(tx, user.id, keep_device)
    append(tx, "user.password_set", {"email": user.email}, user.id)


def end_sessions(tx: Tx, user_id: UUID, keep: bytes | None = None) -> None:
    """End a user's sessions, all but the one to keep."""
    query = sa.delete(sessions).where(sessions.c.user_id == user_id)
    tx.execute(query if keep is None else query.where(sessions.c.token_hash != keep))
