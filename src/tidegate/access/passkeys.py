"""Whose passkeys there are, and the verbs on them."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tidegate.access.ceremony import Known, NewPasskey, passkey_refused
from tidegate.access.model import User
from tidegate.access.tables import passkeys, users
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append

MOST = 20
_LONGEST_NAME = 60


class Passkey(msgspec.Struct, frozen=True):
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    created_at: datetime
    used_at: datetime | None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey as it is compared with what a device signed."""

    id: UUID
    user_id: UUID
    email: str
    public_key: bytes
    sign_count: int


def passkeys_of(tx: Tx, user_id: UUID) -> list[Passkey]:
    """A user's passkeys, the oldest first."""
    query = sa.select(passkeys).where(passkeys.c.user_id == user_id).order_by(passkeys.c.created_at)
    return [Passkey(row.id, row.name, row.created_at, row.used_at) for row in tx.execute(query)]


def known_passkeys(tx: Tx, user_id: UUID) -> list[Known]:
    """The same as a browser finds them."""
    query = sa.select(passkeys).where(passkeys.c.user_id == user_id).order_by(passkeys.c.created_at)
    return [Known(row.credential, row.transports) for row in tx.execute(query)]


def has_passkeys(tx: Tx, user_id: UUID) -> bool:
    """Whether a password alone does not let the user in."""
    query = sa.select(sa.literal(1)).where(passkeys.c.user_id == user_id)
    return tx.execute(query.limit(1)).first() is not None


def find_passkey(tx: Tx, credential: bytes) -> Kept | None:
    """The passkey of that name, of a user who is not disabled."""
    query = (
        sa.select(passkeys, users.c.email)
        .join(users, users.c.id == passkeys.c.user_id)
        .where(passkeys.c.credential == credential, users.c.disabled_at.is_(None))
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return Kept(
        id=row.id,
        user_id=row.user_id,
        email=row.email,
        public_key=row.public_key,
        sign_count=row.sign_count,
    )


def add_passkey(tx: Tx, user: User, name: str, new: NewPasskey) -> UUID:
    """Keep what a device made for the user, whose row is locked. Raises Refusal: 422 for the name, 409
    "passkey-known" for one that is kept already, "too-many-passkeys"."""
    name = check_name(name)
    if len(passkeys_of(tx, user.id)) >= MOST:
        detail = f"Nobody has more than {MOST} passkeys. Remove one that is not used any more."
        raise Refusal("too-many-passkeys", 409, "There are too many passkeys", detail)
    id = uuid7(tx.now)
    try:
        with tx.savepoint():
            tx.execute(
                sa.insert(passkeys).values(
                    id=id,
                    user_id=user.id,
                    credential=new.credential,
                    public_key=new.public_key,
                    sign_count=new.sign_count,
                    transports=new.transports,
                    name=name,
                    created_at=tx.now,
                )
            )
    except IntegrityError:
        detail = "This device has a passkey for this place already."
        raise Refusal("passkey-known", 409, "The passkey is known", detail) from None
    append(tx, "passkey.added", _record(user.email, id, new.public_key), user.id)
    return id


def rename_passkey(tx: Tx, user_id: UUID, id: UUID, name: str) -> None:
    """Call a user's passkey something else. Raises Refusal (404, 422)."""
    name = check_name(name)
    mine = sa.and_(passkeys.c.id == id, passkeys.c.user_id == user_id)
    if not tx.execute(sa.update(passkeys).where(mine).values(name=name)).rowcount:
        raise passkey_unknown()


def remove_passkey(tx: Tx, user: User, id: UUID) -> None:
    """Accept a user's passkey no more. Raises Refusal (404)."""
    mine = sa.and_(passkeys.c.id == id, passkeys.c.user_id == user.id)
    row = tx.execute(sa.delete(passkeys).where(mine).returning(passkeys.c.public_key)).one_or_none()
    if row is None:
        raise passkey_unknown()
    append(tx, "passkey.removed", _record(user.email, id, row.public_key), user.id)


def count_use(tx: Tx, passkey: Kept, sign_count: int) -> None:
    """Note that a passkey was used. Raises Refusal (401) when it was used, removed, or its owner disabled
    since it was looked at: of two with one count, one is let in."""
    standing = sa.select(users.c.id).where(
        users.c.id == passkeys.c.user_id, users.c.disabled_at.is_(None)
    )
    same = sa.and_(passkeys.c.id == passkey.id, passkeys.c.sign_count == passkey.sign_count)
    change = sa.update(passkeys).where(same, standing.exists())
    if not tx.execute(change.values(sign_count=sign_count, used_at=tx.now)).rowcount:
        raise passkey_refused()


def check_name(name: str) -> str:
    """What a passkey is called. Raises Refusal (422)."""
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        expected, got = f"1 to {_LONGEST_NAME} characters", f"{len(name)} characters"
        raise Refusal(
            "invalid-name",
            422,
            "The passkey cannot be called so",
            f"Expected {expected}.",
            errors=[FieldError("/name", expected, got)],
        )
    return name


def passkey_unknown() -> Refusal:
    return Refusal("passkey-unknown", 404, "There is no such passkey", "It may be removed already.")


def passkey_seal(public_key: bytes) -> str:
    """What the ledger says of a passkey: whether it is the same."""
    return sha256(public_key).hexdigest()


def _record(email: str, id: UUID, public_key: bytes) -> dict[str, object]:
    return {"email": email, "passkey": id, "key": passkey_seal(public_key)}
