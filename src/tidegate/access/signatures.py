"""The name and post by which a person signs what binds: they stand in the annexes of legal orders, which name an
authorised person, and nowhere else. The ledger keeps that they changed, not what they are.
"""

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from tidegate.access.model import bad
from tidegate.access.queries import get_user
from tidegate.access.tables import users
from tidegate.infra.db import Tx
from tidegate.ledger.actions import append

LONGEST = 200


class Signature(msgspec.Struct, frozen=True):
    """What somebody signs as, as far as it was said."""

    name: str | None = None
    post: str | None = None


def signature_of(tx: Tx, email: str) -> Signature:
    """What a person signs as; nothing of an unknown one."""
    query = sa.select(users.c.signs_name, users.c.signs_post).where(users.c.email == email)
    row = tx.execute(query).one_or_none()
    return Signature() if row is None else Signature(row.signs_name, row.signs_post)


def set_signature(
    tx: Tx, email: str, *, name: str | UnsetType = UNSET, post: str | UnsetType = UNSET
) -> Signature:
    """Say what somebody signs as; "" for nothing, and what is not named stays. Raises Refusal: 404; 422."""
    given = {"name": name, "post": post}
    said = {
        field: _check(field, one) for field, one in given.items() if not isinstance(one, UnsetType)
    }
    user = get_user(tx, email, lock=True)
    before = signature_of(tx, user.email)
    after = msgspec.structs.replace(before, **said)
    if after != before:
        values = {"signs_name": after.name, "signs_post": after.post}
        tx.execute(sa.update(users).where(users.c.id == user.id).values(values))
        record = {"email": user.email, "name": after.name is not None}
        append(tx, "user.signature_changed", record | {"post": after.post is not None}, user.id)
    return after


def _check(field: str, text: str) -> str | None:
    plain = text.strip()
    if len(plain) > LONGEST or not plain.isprintable():
        raise bad(f"/{field}", f"at most {LONGEST} characters, in one line", repr(plain[:64]))
    return plain or None
