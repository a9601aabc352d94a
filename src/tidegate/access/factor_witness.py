"""Whether the ledger explains what people can sign in by: a passkey, a recovery code or a name at a
provider that somebody put into the database is a way in."""

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa

from tidegate.access.codes import code_seal
from tidegate.access.identities import identity_seal
from tidegate.access.passkeys import passkey_seal
from tidegate.access.tables import identities, passkeys, recovery_codes, users
from tidegate.infra.db import Tx
from tidegate.infra.slices import Heard


class FactorWitness:
    """Passkeys, recovery codes and identities: each was added as the ledger says, for whom it says."""

    kinds = ("passkey.added", "passkey.removed", "codes.made", "code.used", "identity.linked")

    def __init__(self, tx: Tx) -> None:
        self._added: dict[str, tuple[UUID | None, str]] = {}  # passkeys, by id: whose, and which
        self._removed: set[str] = set()
        self._codes: dict[UUID | None, set[str]] = {}
        self._used: set[str] = set()
        self._linked: set[tuple[UUID | None, str]] = set()

    def hear(self, entry: Heard) -> None:
        if (said := entry.record) is None:
            return
        if entry.kind == "passkey.added":
            self._added[said["passkey"]] = (entry.subject, said["key"])
        elif entry.kind == "passkey.removed":
            self._removed.add(said["passkey"])
        elif entry.kind == "codes.made":
            self._codes.setdefault(entry.subject, set()).update(said["codes"])
        elif entry.kind == "code.used":
            self._used.add(said["code"])
        else:
            self._linked.add((entry.subject, said["identity"]))

    def say(self, tx: Tx) -> Iterator[str]:
        yield from self._say_passkeys(tx)
        yield from self._say_codes(tx)
        query = sa.select(identities, users.c.email).join(users, users.c.id == identities.c.user_id)
        for row in tx.execute(query.order_by(users.c.email)):
            if (row.user_id, identity_seal(row.issuer, row.subject)) not in self._linked:
                yield f"the user {row.email} has a name at {row.issuer} that no entry explains"

    def _say_passkeys(self, tx: Tx) -> Iterator[str]:
        query = sa.select(passkeys, users.c.email).join(users, users.c.id == passkeys.c.user_id)
        there: set[str] = set()
        for row in tx.execute(query.order_by(passkeys.c.created_at)):
            id = str(row.id)
            there.add(id)
            named = f"the passkey {id} of {row.email}"
            if self._added.get(id) != (row.user_id, passkey_seal(row.public_key)):
                yield f"{named} is there, and no entry of the ledger explains it. Remove it"
            elif id in self._removed:
                yield f"{named} was removed, and is there again. Remove it"
        for id in self._added.keys() - there - self._removed:
            yield f"the passkey {id} is gone without an entry"

    def _say_codes(self, tx: Tx) -> Iterator[str]:
        query = sa.select(recovery_codes, users.c.email).join(
            users, users.c.id == recovery_codes.c.user_id
        )
        wrong: set[str] = set()
        for row in tx.execute(query):
            seal = code_seal(row.code)
            again = row.used_at is None and seal in self._used
            if again or seal not in self._codes.get(row.user_id, ()):
                wrong.add(row.email)
        for email in sorted(wrong):
            yield f"the user {email} has recovery codes that no entry explains. Make new ones"
