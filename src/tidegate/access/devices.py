"""Devices that somebody signed in from: a random cookie, of which a hash is kept with the user.

It opens nothing. It says that failures of strangers are no reason to let this one wait.
"""

import secrets
from uuid import UUID

import sqlalchemy as sa

from tidegate.access.model import DEVICE_LASTS, MOST_DEVICES
from tidegate.access.queries import token_hash
from tidegate.access.tables import devices, users
from tidegate.infra.db import Tx


def is_known(tx: Tx, device: str, email: str) -> bool:
    """Whether somebody signed in to the account from this device, and not too long ago."""
    query = (
        sa.select(sa.literal(1))
        .select_from(devices.join(users, users.c.id == devices.c.user_id))
        .where(devices.c.token_hash == token_hash(device), users.c.email == email.lower())
        .where(devices.c.used_at > tx.now - DEVICE_LASTS)
    )
    return tx.execute(query).first() is not None


def renew_device(tx: Tx, user_id: UUID, device: str | None) -> str:
    """Know the device from which the user has just signed in; returns its cookie's new value.

    The value that came is worth nothing from now on, to whoever copied it or put it there: for all who
    use this device, the new one stands. Of a user's devices the `MOST_DEVICES` used last are known.
    """
    token = secrets.token_urlsafe(32)
    new = token_hash(token)
    if device is not None:
        renamed = sa.update(devices).where(devices.c.token_hash == token_hash(device))
        tx.execute(renamed.values(token_hash=new))
    same = sa.and_(devices.c.token_hash == new, devices.c.user_id == user_id)
    if not tx.execute(sa.update(devices).where(same).values(used_at=tx.now)).rowcount:
        values = {"token_hash": new, "user_id": user_id, "used_at": tx.now}
        tx.execute(sa.insert(devices).values(values))
    kept = (
        sa.select(devices.c.token_hash)
        .where(devices.c.user_id == user_id)
        .order_by(devices.c.used_at.desc(), (devices.c.token_hash == new).desc())
        .limit(MOST_DEVICES)
    )
    beyond = sa.and_(devices.c.user_id == user_id, devices.c.token_hash.not_in(kept))
    tx.execute(sa.delete(devices).where(beyond))
    return token


def forget_devices(tx: Tx, user_id: UUID, keep: str | None = None) -> None:
    """Know none of a user's devices any more, but the one whose cookie is to keep."""
    gone = sa.delete(devices).where(devices.c.user_id == user_id)
    tx.execute(gone if keep is None else gone.where(devices.c.token_hash != token_hash(keep)))
