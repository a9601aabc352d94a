"""Recovery codes: ten at a time, shown once, each good once, for whoever has no passkey at hand.

A code has 80 random bits, so what is kept is a digest under the instance's key, which costs nothing to
compare; argon2 is for what people choose.
"""

import re
import secrets
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.access.model import User
from tidegate.access.tables import recovery_codes
from tidegate.infra.db import Tx
from tidegate.infra.digests import keyed
from tidegate.ledger.actions import append

COUNT = 10
_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without 0 and O, 1 and I
_GROUPS, _SIZE = 4, 4
_PLAIN = re.compile(f"[{_SIGNS}]{{{_GROUPS * _SIZE}}}")


class Codes(msgspec.Struct, frozen=True):
    """How many codes are left, and since when."""

    left: int
    made_at: datetime | None


def new_code() -> str:
    """A code as people read it: ABCD-EFGH-JKLM-NPQR."""
    groups = ("".join(secrets.choice(_SIGNS) for _ in range(_SIZE)) for _ in range(_GROUPS))
    return "-".join(groups)


def plain_code(typed: str) -> str | None:
    """The code that somebody typed, in whatever case and with whatever between; None for none."""
    plain = re.sub(r"[\s-]", "", typed[:80]).upper()
    return plain if _PLAIN.fullmatch(plain) else None


def make_codes(tx: Tx, key: bytes, user: User) -> list[str]:
    """Ten new codes of the user, whose row is locked; the ones of before are worth nothing any more. `key`
    is the instance's `terms_key`."""
    tx.execute(sa.delete(recovery_codes).where(recovery_codes.c.user_id == user.id))
    codes = [new_code() for _ in range(COUNT)]
    digests = [_digest(key, user.id, code) for code in codes]
    rows = [{"user_id": user.id, "code": one, "made_at": tx.now} for one in digests]
    tx.execute(sa.insert(recovery_codes), rows)
    sealed = sorted(map(code_seal, digests))
    append(tx, "codes.made", {"email": user.email, "codes": sealed}, user.id)
    return codes


def codes_of(tx: Tx, user_id: UUID) -> Codes:
    """What a user has left."""
    table = recovery_codes
    unused = sa.func.count().filter(table.c.used_at.is_(None))
    query = sa.select(unused.label("left"), sa.func.max(table.c.made_at).label("made_at"))
    row = tx.execute(query.where(table.c.user_id == user_id)).one()
    return Codes(row.left, row.made_at)


def use_code(tx: Tx, key: bytes, user_id: UUID, typed: str) -> bool:
    """Use up a code of the user's; whether there was such a one."""
    if (plain := plain_code(typed)) is None:
        return False
    digest = _digest(key, user_id, plain)
    table = recovery_codes
    mine = sa.and_(table.c.user_id == user_id, table.c.code == digest, table.c.used_at.is_(None))
    if not tx.execute(sa.update(table).where(mine).values(used_at=tx.now)).rowcount:
        return False
    append(
        tx, "code.used", {"code": code_seal(digest), "left": codes_of(tx, user_id).left}, user_id
    )
    return True


def code_seal(digest: bytes) -> str:
    """What the ledger says of a code: whether it is the same."""
    return sha256(digest).hexdigest()


def _digest(key: bytes, user_id: UUID, code: str) -> bytes:
    plain = plain_code(code) or ""
    return keyed(key, "recovery code", sha256(user_id.bytes + plain.encode()).digest())
