"""People who come from an OpenID provider: who is known there as whom, and what their groups make of them."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.access.actions import add_user
from tidegate.access.model import ADMIN, User, check_role, is_email
from tidegate.access.people import change_role, is_last_admin, lock_people
from tidegate.access.queries import get_user
from tidegate.access.tables import identities, users
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.actions import append


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of somebody who signed in there. `email` is None unless it vouches for it."""

    issuer: str
    subject: str
    email: str | None
    groups: frozenset[str] = frozenset()


class Rules(msgspec.Struct, frozen=True):
    """What becomes of it: the first group of `roles` that somebody is in gives the role (none: roles are
    given here), and `creates` says whether somebody new is let in at all."""

    roles: tuple[tuple[str, str], ...] = ()
    creates: bool = False


def role_of(rules: Rules, groups: frozenset[str]) -> str | None:
    """The role that these groups give."""
    return next((role for group, role in rules.roles if group in groups), None)


def read_rules(pairs: Sequence[str], creates: bool) -> Rules:
    """Of `group=role`. Raises Refusal (422)."""
    read = [pair.rpartition("=") for pair in pairs]
    return Rules(
        tuple((group.strip(), check_role(role.strip())) for group, _, role in read), creates
    )


def admit(
    tx: Tx, told: Told, rules: Rules, give: Callable[[Tx, str, str], User] = change_role
) -> User:
    """The user that somebody is who signed in at a provider, as its groups say by now; `give` gives them
    the role (by address) that these name.

    They are known by the provider's name for them; the first time by an address that it vouches for. Raises
    Refusal (403) for who has no place here, and nothing is written then.
    """
    if rules.roles:
        lock_people(tx)
    user = _known(tx, told) or _recognised(tx, told, rules)
    if user.disabled_at is not None:
        raise no_place()
    if not rules.roles:
        return user
    role = role_of(rules, told.groups)
    if role is None:
        raise no_place()
    if role != ADMIN and is_last_admin(tx, user):
        return user  # somebody must be left who can give it back
    return give(tx, user.email, role)


def is_known_as(tx: Tx, user_id: UUID, told: Told) -> bool:
    """Whether it is this user who signed in at the provider."""
    known = _known(tx, told)
    return known is not None and known.id == user_id and known.disabled_at is None


def has_identity(tx: Tx, user_id: UUID, issuer: str) -> bool:
    """Whether the user has come from this provider."""
    mine = sa.and_(identities.c.user_id == user_id, identities.c.issuer == issuer)
    return tx.execute(sa.select(sa.literal(1)).where(mine)).first() is not None


def identity_seal(issuer: str, subject: str) -> str:
    """What the ledger says of somebody's name at a provider: whether it is the same."""
    return sha256(f"{issuer}\n{subject}".encode()).hexdigest()


def no_place() -> Refusal:
    return Refusal(
        "no-place-here",
        403,
        "You have no place here",
        "You signed in there, but nobody has given you a role here. Anybody here with the role admin can.",
    )


def _known(tx: Tx, told: Told) -> User | None:
    query = (
        sa.select(users.c.email)
        .join(identities, identities.c.user_id == users.c.id)
        .where(identities.c.issuer == told.issuer, identities.c.subject == told.subject)
    )
    email = tx.execute(query).scalar_one_or_none()
    return None if email is None else get_user(tx, email, lock=True)


def _recognised(tx: Tx, told: Told, rules: Rules) -> User:
    """Whose address it is, or somebody new."""
    if told.email is None or not is_email(told.email):
        raise Refusal(
            "address-unverified",
            403,
            "Your address is not vouched for",
            "The provider says no e-mail address of yours that it has verified, so we cannot tell who you"
            " are here. Whoever runs it can mend that.",
        )
    email = told.email.lower()
    there = tx.execute(sa.select(users.c.id).where(users.c.email == email)).scalar_one_or_none()
    if there is not None:
        user = get_user(tx, email, lock=True)
    else:
        role = role_of(rules, told.groups)
        if not rules.creates or role is None:
            raise no_place()
        user = add_user(tx, email, role)
    if has_identity(tx, user.id, told.issuer):
        raise Refusal(
            "identity-taken",
            403,
            "Somebody else signs in with this address",
            "The provider knows another person by it. Anybody here with the role admin can look into it.",
        )
    tx.execute(
        sa.insert(identities).values(
            issuer=told.issuer, subject=told.subject, user_id=user.id, created_at=tx.now
        )
    )
    sealed = identity_seal(told.issuer, told.subject)
    record = {"email": user.email, "issuer": told.issuer, "identity": sealed}
    append(tx, "identity.linked", record, user.id)
    return user
