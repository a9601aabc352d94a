"""Whether the ledger explains whom the instance speaks for, and whom it trusts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tidegate.exchange.model import SAID, thumbprint
from tidegate.exchange.tables import organisation, organisation_keys, parties, party_keys
from tidegate.infra.db import Tx
from tidegate.infra.slices import Heard
from tidegate.infra.times import EARLIEST

_ORGANISATION = sa.select(*(c for c in organisation.c if c.name not in ("is_it", "set_at")))
_PARTIES = sa.select(*(parties.c[name] for name in (*SAID, "state", "provisional"))).order_by(
    parties.c.id
)
# Of times only what is asked: somebody may have made one of them that Python does not know.
_KEYS = sa.select(
    party_keys.c.party_id,
    party_keys.c.kid,
    party_keys.c.x,
    party_keys.c.confirmed_at.isnot(None).label("confirmed"),
    sa.cast(party_keys.c.revoked_at, sa.Text).label("revoked_at"),
).order_by(party_keys.c.party_id, party_keys.c.kid)

_OWN = sa.select(
    organisation_keys.c.kid,
    organisation_keys.c.x,
    sa.cast(organisation_keys.c.revoked_at, sa.Text).label("revoked_at"),
).order_by(organisation_keys.c.n)


class _Last:
    """What was said last of something; of what was said at one moment any, whatever order it was sealed in."""

    def __init__(self) -> None:
        self._at = EARLIEST
        self._said: list[dict[str, Any]] = []

    def hear(self, at: datetime | None, said: dict[str, Any]) -> None:
        at = at or EARLIEST
        if at > self._at:
            self._at, self._said = at, []
        if at == self._at:
            self._said.append(said)

    def explains(self, row: dict[str, Any]) -> bool:
        return any(all(said.get(name) == one for name, one in row.items()) for said in self._said)


class ExchangeWitness:
    """The organisation, registered ones and their keys: each as it was set, confirmed and revoked."""

    kinds = (
        "organisation.set",
        "organisation.key_added",
        "organisation.key_revoked",
        "party.added",
        "party.confirmed",
        "party.key_revoked",
        "party.provisional",
        "parties.named",
    )

    def __init__(self, tx: Tx) -> None:
        self._set = _Last()
        # By id and whether it was trusted by that.
        self._parties: dict[tuple[str, bool], _Last] = {}
        self._trusted: set[tuple[str, str]] = set()
        self._revoked: dict[tuple[str, str], set[datetime]] = {}
        self._provisional: dict[str, _Last] = {}
        self._own: dict[str, str] = {}  # the public part of each key of ours
        self._own_revoked: dict[str, set[datetime]] = {}

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return  # it is about no item: that it was blanked is a fault of its own
        if entry.kind == "organisation.set":
            self._set.hear(entry.at, said)
        elif entry.kind == "organisation.key_added":
            self._own[said["kid"]] = said["x"]
        elif entry.kind == "organisation.key_revoked":
            moment = datetime.fromisoformat(said["at"])
            self._own_revoked.setdefault(said["kid"], set()).add(moment)
        elif entry.kind == "parties.named":
            for one in said["parties"]:
                self._of(one["id"], trusted=False).hear(entry.at, one)
        elif entry.kind == "party.provisional":
            self._provisional.setdefault(said["id"], _Last()).hear(entry.at, said)
        elif entry.kind == "party.key_revoked":
            moment = datetime.fromisoformat(said["at"])
            self._revoked.setdefault((said["id"], said["kid"]), set()).add(moment)
        else:
            trusted = entry.kind == "party.confirmed"
            self._of(said["id"], trusted=trusted).hear(entry.at, said)
            if trusted:
                self._trusted |= {(said["id"], kid) for kid in said["keys"]}

    def say(self, tx: Tx) -> Iterator[str]:
        for row in tx.execute(_ORGANISATION).mappings():
            if not self._set.explains(dict(row)):
                yield f"the organisation {row['id']} is not what was set last"
        yield from self._wrong_own(tx)
        for row in tx.execute(_PARTIES).mappings():
            switched = self._provisional.get(row["id"])
            on = {"on": row["provisional"]}
            if row["provisional"] if switched is None else not switched.explains(on):
                yield f"whether orders of {row['id']} are executed provisionally is not what was said last"
            said = {name: row[name] for name in SAID}
            trusted = row["state"] == "confirmed"
            if not self._of(row["id"], trusted=trusted).explains(said):
                how = "confirmed" if trusted else "added"
                yield f"the registered organisation {row['id']} is not what was {how} last"
        for row in tx.execute(_KEYS):
            yield from self._wrong_key(row)

    def _wrong_own(self, tx: Tx) -> Iterator[str]:
        rows = {row.kid: row for row in tx.execute(_OWN)}
        for kid, row in rows.items():
            if self._own.get(kid) != row.x:
                yield f"the key {kid} is called ours, and no entry explains it"
            if _moment(row.revoked_at) != min(self._own_revoked.get(kid, set()), default=None):
                yield f"our key {kid} is revoked as of another time than any entry says, or not at all"
        for kid in sorted(self._own.keys() - rows.keys()):
            yield f"our key {kid} was added, and is not there"

    def _wrong_key(self, row: sa.Row[Any]) -> Iterator[str]:
        named, key = f"the key {row.kid} of {row.party_id}", (row.party_id, row.kid)
        if thumbprint(row.x) != row.kid:
            yield f"{named} is another than its fingerprint says"
        if row.confirmed != (key in self._trusted):
            how = "and no entry explains it" if row.confirmed else "though an entry confirms it"
            yield f"{named} is {'trusted' if row.confirmed else 'not trusted'}, {how}"
        first = min(self._revoked.get(key, set()), default=None)
        if row.revoked_at is None and first is not None:
            yield f"{named} was revoked, and is good again. Revoke it"
        elif _moment(row.revoked_at) != first:
            yield f"{named} is revoked as of another time than any entry says"

    def _of(self, id: str, *, trusted: bool) -> _Last:
        return self._parties.setdefault((id, trusted), _Last())


def _moment(text: str | None) -> datetime | str | None:
    """A time as the database writes it; what is none stays a text."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return text
