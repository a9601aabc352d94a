"""Reading who somebody is. The gate calls `read_key` or `principal_of_session` first."""

import hmac
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from tidegate.access.model import (
    ADMIN,
    AUDITS,
    KeyView,
    Principal,
    Scopes,
    User,
    bound_to,
    check_email,
    default_name,
    is_email,
    platforms_of,
)
from tidegate.access.tables import devices, keys, links, preferences, sessions, users
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.networks import read_network
from tidegate.infra.rates import read_rate

_PERSON = (users.c.email, users.c.role, users.c.platforms, users.c.queues, users.c.languages)

NoKey = Literal["unknown", "ended"]
"""Why what was shown is no standing key."""


def token_hash(token: str) -> bytes:
    """SHA-256, enough for secrets of 256 random bits."""
    return sha256(token.encode(errors="surrogatepass")).digest()


def secret_seal(secret_hash: bytes) -> str:
    """What the ledger says of a key's secret: whether it is the same, and nothing of what it is."""
    return sha256(secret_hash).hexdigest()


def living(now: datetime) -> sa.ColumnElement[bool]:
    """The condition that a key is neither revoked nor expired."""
    ends = sa.or_(keys.c.expires_at.is_(None), keys.c.expires_at > now)
    return sa.and_(keys.c.revoked_at.is_(None), ends)


def read_token(token: str) -> tuple[str, str] | None:
    """The id that a key names and its secret; None for what has not the form of one."""
    prefix, _, rest = token.partition("_")
    key_id, _, secret = rest.partition("_")
    well_formed = prefix == "tg" and key_id.isascii() and key_id.isalnum()
    return (key_id, secret) if well_formed and len(key_id) <= 32 and len(secret) <= 128 else None


def read_key(tx: Tx, known: Scopes, token: str) -> Principal | NoKey:
    """Who the bearer of an API key is, or why nobody: what was shown is no key's secret ("unknown"), or
    one that was revoked, has expired, or is of a disabled user ("ended").

    A key bound to a user acts under that name and may never do more than its user may now, nor see more.
    """
    read = read_token(token)
    if read is None:
        return "unknown"
    key_id, secret = read
    query = (
        sa.select(keys, *_PERSON, users.c.disabled_at)
        .outerjoin(users, users.c.id == keys.c.user_id)
        .where(keys.c.id == key_id)
    )
    row = tx.execute(query).one_or_none()
    if row is None or (ends := _ends(row, token_hash(secret))) is None:
        return "unknown"
    if row.revoked_at is not None or any(end is not None and end <= tx.now for end in ends):
        return "ended"
    scopes = known.effective(row.scopes)
    actor = f"key:{row.name}"
    if row.user_id is not None:
        if row.disabled_at is not None:
            return "ended"
        scopes &= known.of_role(row.role)
        actor = f"user:{row.email}"
    return Principal(
        actor=actor,
        scopes=scopes,
        name=row.name,
        platforms=platforms_of(row.platform, row.platforms),
        queues=bound_to(row.queues),
        languages=bound_to(row.languages),
        audits=row.role in AUDITS,
        key=row.id,
        until=min((end for end in ends if end is not None), default=None),
        networks=tuple(map(read_network, row.networks)),
        channels=known.channels if ADMIN in scopes else frozenset(row.channels),
        rate=None if row.rate is None else read_rate(row.rate),
    )


def _ends(row: sa.Row[Any], shown: bytes) -> list[datetime | None] | None:
    """When the secret that was shown ends, or ended; None when it is not one of the key's."""
    if hmac.compare_digest(row.secret_hash, shown):
        return [row.expires_at]
    of_old = None not in (row.old_hash, row.old_until) and hmac.compare_digest(row.old_hash, shown)
    return [row.expires_at, row.old_until] if of_old else None


def principal_of_session(tx: Tx, known: Scopes, cookie: str) -> Principal | None:
    """Who signed in with this cookie; None when the session expired, ended or never was."""
    query = (
        sa.select(
            sessions.c.token_hash,
            sessions.c.csrf,
            sessions.c.id,
            sessions.c.fresh_at,
            sessions.c.last_seen_at,
            users.c.display_name,
            *_PERSON,
            preferences.c.chosen,
        )
        .join(users, users.c.id == sessions.c.user_id)
        .outerjoin(preferences, preferences.c.person == sa.func.concat("user:", users.c.email))
        .where(sessions.c.token_hash == token_hash(cookie))
        .where(sessions.c.expires_at > tx.now, users.c.disabled_at.is_(None))
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    may = known.of_role(row.role)
    wants: dict[str, Any] = row.chosen or {}
    return Principal(
        actor=f"user:{row.email}",
        scopes=may,
        name=row.email,
        called=row.display_name,
        platforms=bound_to(row.platforms),
        queues=bound_to(row.queues),
        languages=bound_to(row.languages),
        audits=row.role in AUDITS,
        session=row.token_hash,
        csrf=row.csrf,
        session_id=row.id,
        fresh_at=row.fresh_at,
        seen_at=row.last_seen_at,
        language=wants.get("language", "auto"),
        zone=wants.get("zone", "UTC"),
    )


def session_ends(tx: Tx, session: bytes) -> datetime | None:
    """When a session (`Principal.session`) ends by itself; None when it has ended."""
    query = sa.select(sessions.c.expires_at).where(sessions.c.token_hash == session)
    ends = tx.execute(query).scalar_one_or_none()
    return ends if ends is not None and ends > tx.now else None


def standing_sessions(tx: Tx, hashes: Collection[bytes]) -> dict[bytes, datetime]:
    """Until when those of some sessions stand that do, by the hash of their token. What a person may do,
    and for which platforms, does not change in a session: whoever changes it ends them."""
    query = (
        sa.select(sessions.c.token_hash, sessions.c.expires_at)
        .join(users, users.c.id == sessions.c.user_id)
        .where(sessions.c.token_hash.in_(hashes))
        .where(sessions.c.expires_at > tx.now, users.c.disabled_at.is_(None))
    )
    return {row.token_hash: row.expires_at for row in tx.execute(query)}


def list_keys(tx: Tx) -> list[KeyView]:
    """Every key, the revoked too, the newest first."""
    query = (
        sa.select(keys, users.c.email)
        .outerjoin(users, users.c.id == keys.c.user_id)
        .order_by(keys.c.created_at.desc(), keys.c.id)
    )
    return [
        KeyView(
            id=row.id,
            name=row.name,
            scopes=row.scopes,
            platform=row.platform,
            user=row.email,
            created_at=row.created_at,
            created_by=row.created_by,
            revoked_at=row.revoked_at,
            expires_at=row.expires_at,
            old_until=row.old_until if row.old_until and row.old_until > tx.now else None,
            networks=row.networks,
            channels=row.channels,
            rate=row.rate,
        )
        for row in tx.execute(query)
    ]


def lock_key(tx: Tx, name_or_id: str) -> sa.Row[Any]:
    """The key of that id, whether it lives or not, else the living one of that name; its row locked.
    Raises Refusal (404)."""
    named = sa.and_(keys.c.name == name_or_id, living(tx.now))
    query = (
        sa.select(keys)
        .where(sa.or_(keys.c.id == name_or_id, named))
        .order_by(keys.c.id != name_or_id)
        .limit(1)
    )
    row = tx.execute(query.with_for_update()).one_or_none()
    if row is None:
        detail = f"No key {name_or_id[:64]!r}. `tidegate keys list` shows them."
        raise Refusal("key-unknown", 404, "There is no such key", detail)
    return row


def list_users(tx: Tx) -> list[User]:
    """Every user by address, the disabled too."""
    return [_user(row) for row in tx.execute(sa.select(users).order_by(users.c.email))]


def get_user(tx: Tx, email: str, *, lock: bool = False) -> User:
    """The user. Raises Refusal (404)."""
    query = sa.select(users).where(users.c.email == check_email(email))
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise user_unknown(email)
    return _user(row)


def people_called(tx: Tx, names: Collection[str], platform: str | None) -> list[str]:
    """The addresses of those who are called by one of these names, in lower case: what others know them
    by, without its spaces, their e-mail address or the part before its @. Only who may sign in, and sees
    this platform (None: what is everybody's)."""
    if not names:
        return []
    called = sa.func.split_part(users.c.email, "@", 1)
    known = sa.func.lower(sa.func.replace(users.c.display_name, " ", ""))
    sees = users.c.platforms.is_(None)
    if platform is not None:
        sees = sa.or_(sees, users.c.platforms.contains([platform]))
    query = (
        sa.select(users.c.email)
        .where(sa.or_(users.c.email.in_(names), called.in_(names), known.in_(names)))
        .where(users.c.disabled_at.is_(None), sees)
        .order_by(users.c.email)
    )
    return list(tx.execute(query).scalars())


def user_by_id(tx: Tx, user_id: UUID) -> User:
    """The user by their id. Raises Refusal (404)."""
    row = tx.execute(sa.select(users).where(users.c.id == user_id)).one_or_none()
    if row is None:
        raise user_unknown(user_id)
    return _user(row)


def user_unknown(who: object) -> Refusal:
    detail = f"No user {str(who)[:64]!r}. `tidegate users list` shows them."
    return Refusal("user-unknown", 404, "There is no such user", detail)


def last_seen(tx: Tx) -> dict[UUID, datetime]:
    """When each user was here last, as far as that is known yet."""
    seen = sa.func.coalesce(sessions.c.last_seen_at, sessions.c.created_at)
    came = (devices.c.used_at, devices.c.user_id), (seen, sessions.c.user_id)
    both = sa.union_all(*(sa.select(at.label("at"), user.label("user")) for at, user in came))
    found = both.subquery()
    query = sa.select(found.c.user, sa.func.max(found.c.at).label("at")).group_by(found.c.user)
    return {row.user: row.at for row in tx.execute(query)}


def display_names(tx: Tx) -> dict[str, str]:
    """What others know people by, by e-mail address."""
    rows = tx.execute(sa.select(users.c.email, users.c.display_name))
    return {row.email: row.display_name for row in rows}


def names_of(tx: Tx, actors: Collection[str]) -> dict[str, str]:
    """What others know these actors by: of a person (`user:ADDRESS`) never the address; whatever else
    acts is called as it is."""
    addresses = {one: one.removeprefix("user:") for one in actors if one.startswith("user:")}
    if not addresses:
        return {one: one for one in actors}
    query = sa.select(users.c.email, users.c.display_name)
    rows = tx.execute(query.where(users.c.email.in_(addresses.values())))
    known = {row.email: row.display_name for row in rows}
    named = {one: known.get(at) or default_name(at) for one, at in addresses.items()}
    return {one: named.get(one, one) for one in actors}


def others_of(tx: Tx, roles: Collection[str]) -> bool:
    """Whether anybody but the actor has one of these roles, may sign in, and sees all platforms."""
    query = sa.select(users.c.email).where(
        users.c.role.in_(roles), users.c.disabled_at.is_(None), users.c.platforms.is_(None)
    )
    return any(f"user:{email}" != tx.identity for email in tx.execute(query).scalars())


def find_password(tx: Tx, email: str) -> tuple[UUID, str | None] | None:
    """(id, password hash) of a user who may sign in, for checking a password."""
    if not is_email(email):
        return None
    query = sa.select(users.c.id, users.c.password_hash).where(
        users.c.email == email.lower(), users.c.disabled_at.is_(None)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else (row.id, row.password_hash)


def owner_of_link(tx: Tx, token: str) -> str | None:
    """Whom a one-time link would sign in, by their address; None for one that is used, expired or was
    never made. Looking does not use it up."""
    query = (
        sa.select(users.c.email)
        .select_from(links.join(users, users.c.id == links.c.user_id))
        .where(links.c.token_hash == token_hash(token), links.c.used_at.is_(None))
        .where(links.c.expires_at > tx.now, users.c.disabled_at.is_(None))
    )
    return tx.execute(query).scalar_one_or_none()


def _user(row: sa.Row[Any]) -> User:
    has_password = row.password_hash is not None
    return User(
        id=row.id,
        email=row.email,
        display_name=row.display_name,
        role=row.role,
        platforms=row.platforms,
        queues=row.queues,
        languages=row.languages,
        has_password=has_password,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
