"""Whether the ledger explains the keys and people that there are, and what they may do."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.access.model import NO_LIMITS
from tidegate.access.queries import secret_seal
from tidegate.access.tables import keys, users
from tidegate.infra.db import Tx
from tidegate.infra.slices import Heard

# What the entry of a key's making says of it; older ones say less.
_COLUMNS = ("id", "name", "scopes", "platform", "networks", "channels", "rate", "user_id")
_SECRETS = ("secret_hash", "old_hash")
# Of times only what is asked: somebody may have made one of them that Python does not know.
_KEYS = sa.select(
    *(keys.c[name] for name in (*_COLUMNS, *_SECRETS)),
    sa.cast(keys.c.expires_at, sa.Text).label("expires_at"),
    sa.cast(keys.c.old_until, sa.Text).label("old_until"),
    keys.c.revoked_at.isnot(None).label("revoked"),
).order_by(keys.c.created_at)
_USERS = sa.select(
    users.c.id,
    users.c.email,
    users.c.role,
    *(users.c[name] for name in NO_LIMITS.__struct_fields__),
    users.c.disabled_at.isnot(None).label("disabled"),
).order_by(users.c.created_at)
_SAID = ("scopes", "platform", "networks", "channels", "rate")


class KeyWitness:
    """Keys: made, rotated and revoked as the ledger says, and able to do what it says."""

    kinds = ("key.created", "key.rotated", "key.revoked")

    def __init__(self, tx: Tx) -> None:
        self._made: dict[str, Heard] = {}
        # Of each key, which secret was put in which one's place: independent of the order in which two
        # changes were sealed. The first came in no one's place, and 0.1 did not say which it was.
        self._secrets: dict[str, dict[str | None, str | None]] = {}
        self._until: dict[tuple[str, str | None], str | None] = {}  # how long that one is good
        self._revoked: dict[str, Heard] = {}

    def hear(self, entry: Heard) -> None:
        if entry.record is None:
            return  # it is about no item: that it was blanked is a fault of its own
        key = entry.record["key"]
        if entry.kind == "key.created":
            self._made[key] = entry
        elif entry.kind == "key.revoked":
            self._revoked[key] = entry
            return
        said = self._secrets.setdefault(key, {})
        secret = entry.record.get("secret")
        said[secret] = entry.record.get("replaced")
        self._until[key, secret] = entry.record.get("old_until")

    def say(self, tx: Tx) -> Iterator[str]:
        rows = {row.id: row for row in tx.execute(_KEYS)}
        for id, row in rows.items():
            named = f"the key {id} ({row.name})"
            made, revoked = self._made.get(id), self._revoked.get(id)
            if made is None:
                yield f"{named} is there, and no entry of the ledger explains it. Revoke it"
                continue
            if wrong := _differing(made, row):
                yield f"{named} differs in {', '.join(wrong)} from what {made.name} says"
            said, secret = self._secrets[id], secret_seal(row.secret_hash)
            if said.keys() != {None} and (secret not in said or secret in said.values()):
                yield f"{named} has a secret that no entry explains. Revoke it"
            elif row.old_hash is not None and said.get(secret) != secret_seal(row.old_hash):
                yield f"{named} has a second secret, and no entry explains that it was rotated"
            elif (
                # The rotations of 0.1 did not say which secret they were about.
                (id, secret) in self._until
                and _moment(row.old_until) != _moment(self._until[id, secret])
            ):
                yield f"{named} has a second secret that is good until another time than its entry says"
            if revoked is not None and not row.revoked:
                yield f"{named} was revoked by {revoked.name}, and is good again. Revoke it"
            if revoked is None and row.revoked:
                yield f"{named} is revoked, and no entry explains it"
        for id, made in self._made.items():
            if id not in rows:
                yield f"the key {id} was made by {made.name}, and is gone without an entry"


def _differing(made: Heard, row: sa.Row[Any]) -> list[str]:
    said = made.record or {}
    wrong = [name for name in _SAID if name in said and getattr(row, name) != said[name]]
    if _moment(row.expires_at) != _moment(said.get("expires_at")):
        wrong.append("expires_at")
    return wrong if made.subject == row.user_id else [*wrong, "user"]


def _moment(text: str | None) -> datetime | str | None:
    """A time as the database or a record writes it; what is none stays a text."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return text


class UserWitness:
    """People: their roles and limits, and who is shut out."""

    kinds = (
        "user.created",
        "user.role_changed",
        *(f"user.{name}_changed" for name in NO_LIMITS.__struct_fields__),
        "user.disabled",
        "user.enabled",
    )

    def __init__(self, tx: Tx) -> None:
        self._made: dict[UUID, Heard] = {}
        # Roles given less roles taken: independent of the order in which two changes were sealed.
        self._roles: dict[UUID, Counter[str]] = {}
        self._given: dict[UUID, set[str]] = {}
        self._untold: set[UUID] = set()  # changed by 0.1, which did not say from which role
        # By the name of a limit, as the roles. Who was made before there was one is not bound by it.
        self._limits: dict[tuple[UUID, str], Counter[str]] = {}
        self._shut_out: Counter[UUID] = Counter()

    def hear(self, entry: Heard) -> None:
        id, said = entry.subject, entry.record
        if id is None or said is None:
            return
        if entry.kind in ("user.disabled", "user.enabled"):
            self._shut_out[id] += 1 if entry.kind == "user.disabled" else -1
            return
        made = entry.kind == "user.created"
        for name in NO_LIMITS.__struct_fields__:
            if made or entry.kind == f"user.{name}_changed":
                bound = self._limits.setdefault((id, name), Counter())
                bound[str(said.get(name))] += 1
                if not made:
                    bound[str(said.get("previous"))] -= 1
                    return
        roles = self._roles.setdefault(id, Counter())
        roles[said["role"]] += 1
        self._given.setdefault(id, set()).add(said["role"])
        if made:
            self._made[id] = entry
        elif "previous" in said:
            roles[said["previous"]] -= 1
        else:
            self._untold.add(id)

    def say(self, tx: Tx) -> Iterator[str]:
        rows = {row.id: row for row in tx.execute(_USERS)}
        for id, row in rows.items():
            named = f"the user {row.email}"
            if id not in self._made:
                yield f"{named} is there, and no entry of the ledger explains it. Disable it"
                continue
            if id in self._untold:
                explained = row.role in self._given[id]
            else:
                explained = self._roles[id][row.role] == 1
            if not explained:
                yield f"{named} has the role {row.role}, and no entry explains it"
            for name in NO_LIMITS.__struct_fields__:
                if self._limits[id, name][str(getattr(row, name))] != 1:
                    yield f"{named} is bound to other {name} than any entry explains"
            if self._shut_out[id] != row.disabled:
                now = "disabled" if row.disabled else "enabled"
                yield f"{named} is {now}, and no entry explains it"
        for id, made in self._made.items():
            if id not in rows:
                yield f"the user that {made.name} made is gone without an entry"
