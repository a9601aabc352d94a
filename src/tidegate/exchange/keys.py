"""The keys by which this organisation signs: `secrets/organisation.key`, and those that follow it, which are
`organisation-2.key` and so on. They never leave their files; what is public of them lies in the database.

A new key signs from the moment that it is valid from. The one before stays good for verifying what it signed, until
it is revoked. Others trust a new one once two people there have confirmed it.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.exchange.model import thumbprint, unpadded
from tidegate.exchange.published import MOST_KEYS, Jwk
from tidegate.exchange.queries import get_organisation, set_at
from tidegate.exchange.tables import organisation_keys
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.parsing import check_words
from tidegate.infra.secrets import InstanceSecrets
from tidegate.infra.settings import SettingsError
from tidegate.ledger.actions import append

_FIRST = 1
_AHEAD = timedelta(minutes=10)
_LONGEST_REASON = 1000


class OwnKey:
    """Signs with Ed25519. `x` is its public part, `kid` its fingerprint."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.x = unpadded(private.public_key().public_bytes_raw())
        self.kid = thumbprint(self.x)

    @classmethod
    def of(cls, secrets: InstanceSecrets, n: int = _FIRST) -> "OwnKey":
        """The instance's `n`th. Raises SettingsError where it is lost."""
        if n == _FIRST:
            return cls(secrets.organisation_key)
        return cls(Ed25519PrivateKey.from_private_bytes(secrets.further(_name(n))))

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)


class OwnKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is public of a key of ours, by its number."""

    n: int
    kid: str
    x: str
    valid_from: datetime
    revoked_at: datetime | None = None

    def signs(self, now: datetime) -> bool:
        return self.valid_from <= now and (self.revoked_at is None or now < self.revoked_at)


def own_keys(tx: Tx) -> list[OwnKeyRow]:
    """The keys of ours by their numbers; none while there is the first alone."""
    columns = [organisation_keys.c[name] for name in OwnKeyRow.__struct_fields__]
    rows = tx.execute(sa.select(*columns).order_by(organisation_keys.c.n)).mappings()
    return [OwnKeyRow(**row) for row in rows]


def signing_key(tx: Tx, secrets: InstanceSecrets) -> OwnKey:
    """The key that signs now: of those that are valid the newest. Raises SettingsError where it is lost."""
    valid = [one for one in own_keys(tx) if one.signs(tx.now)]
    newest = max(valid, key=lambda one: (one.valid_from, one.n), default=None)
    return OwnKey.of(secrets, _FIRST if newest is None else newest.n)


def published_keys(tx: Tx, secrets: InstanceSecrets) -> list[Jwk]:
    """What is published of the keys, those to come and the revoked ones among them."""
    rows = own_keys(tx) or [_first(tx, secrets)]
    return [
        Jwk(x=one.x, kid=one.kid, valid_from=one.valid_from, revoked_at=one.revoked_at)
        for one in rows
    ]


def check_own_keys(tx: Tx, secrets: InstanceSecrets) -> None:
    """Raises SettingsError where the file of a key that is not revoked is lost, damaged, or another key's."""
    for one in own_keys(tx):
        if one.revoked_at is None and OwnKey.of(secrets, one.n).kid != one.kid:
            raise SettingsError(
                f"{secrets.directory / _name(one.n)}.key is another key than {one.kid}, which others know this"
                " organisation by. Nothing was changed. Put the right file back from the backup of the secrets."
            )


def add_own_key(tx: Tx, secrets: InstanceSecrets, valid_from: datetime) -> OwnKeyRow:
    """Make another key, which signs from a moment on. Its file is there before anybody hears of it. Raises Refusal:
    404 before the organisation was set; 422 for a moment that is past; 409 "too-many-keys"."""
    get_organisation(tx)
    if valid_from < tx.now:
        raise bad_field("/valid_from", "a moment that is not past", valid_from.isoformat())
    rows = _all(tx, secrets)
    if len(rows) >= MOST_KEYS:
        raise Refusal(
            "too-many-keys",
            409,
            "No more keys can be published",
            f"There are {MOST_KEYS}, which is as many as others read.",
        )
    n = rows[-1].n + 1
    secrets.make_one(_name(n))
    key = OwnKey.of(secrets, n)
    row = OwnKeyRow(n=n, kid=key.kid, x=key.x, valid_from=valid_from)
    _keep(tx, row)
    return row


def revoke_own_key(
    tx: Tx, secrets: InstanceSecrets, kid: str, at: datetime, reason: str
) -> OwnKeyRow:
    """Sign with a key no more, and publish that it counts no more, as of a moment; of several the earliest stands.
    Raises Refusal: 404; 422; 409 "last-key" where none would be left to sign with."""
    reason = check_words("/reason", reason) or ""
    if not 0 < len(reason.strip()) <= _LONGEST_REASON:
        expected = f"1 to {_LONGEST_REASON} characters"
        raise bad_field("/reason", expected, f"{len(reason)} characters")
    if at > tx.now + _AHEAD:
        raise bad_field("/at", "a moment that has come", at.isoformat())
    get_organisation(tx)
    rows = _all(tx, secrets)
    found = next((one for one in rows if one.kid == kid), None)
    if found is None:
        detail = "`tidegate organisation keys list` shows those that there are."
        raise Refusal("own-key-unknown", 404, "The organisation has no such key", detail)
    if not any(one.signs(tx.now) and one.revoked_at is None for one in rows if one.kid != kid):
        raise Refusal(
            "last-key",
            409,
            "No key would be left to sign with",
            "Nothing was changed. Add another first: `tidegate organisation keys add`.",
        )
    if found.revoked_at is not None and found.revoked_at <= at:
        return found
    this = organisation_keys.c.n == found.n
    values = {"revoked_at": at, "revoked_reason": reason}
    tx.execute(sa.update(organisation_keys).where(this).values(values))
    append(tx, "organisation.key_revoked", {"kid": kid, "at": at, "reason": reason})
    return msgspec.structs.replace(found, revoked_at=at)


def _all(tx: Tx, secrets: InstanceSecrets) -> list[OwnKeyRow]:
    """All keys as rows, the first among them, which has had none until there is something to say of it. Nobody else
    changes them until the end."""
    tx.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('own keys', 0))"))
    rows = own_keys(tx)
    if not rows:
        rows = [_first(tx, secrets)]
        _keep(tx, rows[0])
    return rows


def _first(tx: Tx, secrets: InstanceSecrets) -> OwnKeyRow:
    key = OwnKey.of(secrets)
    return OwnKeyRow(n=_FIRST, kid=key.kid, x=key.x, valid_from=set_at(tx))


def _keep(tx: Tx, row: OwnKeyRow) -> None:
    said: dict[str, Any] = {name: getattr(row, name) for name in ("n", "kid", "x", "valid_from")}
    tx.execute(sa.insert(organisation_keys).values(said | {"added_at": tx.now}))
    append(tx, "organisation.key_added", said)


def _name(n: int) -> str:
    return "organisation" if n == _FIRST else f"organisation-{n}"
