"""What people are called: the name by which others know them on the pages, never their address."""

import sqlalchemy as sa

from tidegate.access.model import User, check_display_name
from tidegate.access.queries import get_user
from tidegate.access.tables import users
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal
from tidegate.ledger.actions import append


def free_name(tx: Tx, wanted: str) -> str:
    """The name that is wanted, with the first number that makes it nobody else's. Whoever takes a name
    waits here for whoever else does."""
    _lock(tx)
    lower = sa.func.lower(users.c.display_name)
    close = sa.or_(lower == wanted.lower(), lower.startswith(f"{wanted.lower()} ", autoescape=True))
    taken = set(tx.execute(sa.select(lower).where(close)).scalars())
    number, name = 1, wanted
    while name.lower() in taken:
        number += 1
        name = f"{wanted} {number}"
    return name


def rename(tx: Tx, email: str, name: str) -> User:
    """Have others know a user by another name. Raises Refusal: 404; 422; 409 "name-taken"."""
    check_display_name(name)
    _lock(tx)
    user = get_user(tx, email, lock=True)
    if user.display_name == name:
        return user
    same = sa.func.lower(users.c.display_name) == name.lower()
    if tx.execute(sa.select(users.c.id).where(same, users.c.id != user.id)).first() is not None:
        raise Refusal(
            "name-taken",
            409,
            "Somebody has this name",
            f"Others know somebody else as {name}. Choose another name.",
            errors=[FieldError("/display_name", "a name that nobody has", name)],
        )
    tx.execute(sa.update(users).where(users.c.id == user.id).values(display_name=name))
    record = {"email": user.email, "name": name, "previous": user.display_name}
    append(tx, "user.renamed", record, user.id)
    return get_user(tx, email)


def _lock(tx: Tx) -> None:
    tx.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('display names', 0))"))
