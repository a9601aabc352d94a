"""One database, one instance: a process with other secrets than the database's own is turned away.

Pseudonyms and the ledger's signature come from `DIR/secrets`. Two processes with different ones on
one database would not know each other's authors, and would break the ledger's chain. The database
also knows whether its instance is synthetic: what is made up there must never pass for what is real.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import psycopg
import sqlalchemy as sa
import structlog
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx, metadata
from tidegate.infra.keying import key_old_digests
from tidegate.infra.postgres.configuration import OLDEST_MAJOR
from tidegate.infra.secrets import InstanceSecrets
from tidegate.infra.settings import SettingsError

log = structlog.get_logger()

identity = sa.Table(
    "identity",
    metadata,
    sa.Column("is_it", sa.Boolean, sa.CheckConstraint("is_it", name="one_row"), primary_key=True),
    sa.Column("mark", sa.LargeBinary, nullable=False),  # a digest over the instance's secrets
    sa.Column("synthetic", sa.Boolean, nullable=False, server_default=sa.false()),  # for ever
)


def mark_of(secrets: InstanceSecrets) -> bytes:
    """A digest that tells one instance's secrets from another's and gives nothing of them away."""
    before = _mark_without_organisation(secrets)
    public = secrets.organisation_key.public_key().public_bytes_raw()
    return hashlib.sha256(before + public).digest()


def _mark_without_organisation(secrets: InstanceSecrets) -> bytes:
    """The mark of before there was `organisation.key`."""
    return hashlib.sha256(_mark_without_sources(secrets) + secrets.sources_key).digest()


def _mark_without_sources(secrets: InstanceSecrets) -> bytes:
    """The mark of before there was `sources.key`."""
    return hashlib.sha256(_mark_of_0_1(secrets) + secrets.terms_key).digest()


def _mark_of_0_1(secrets: InstanceSecrets) -> bytes:
    """The mark of release 0.1, which had no `terms.key` either."""
    public = secrets.ledger_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(b"tidegate instance\n" + secrets.author_key + public).digest()


_Mark = Callable[[InstanceSecrets], bytes]
# Each mark that databases of before may have, the oldest first, and the keys that were made since. None
# of these was lost where it is missing: the next start makes it.
_OLDER: tuple[tuple[_Mark, tuple[str, ...]], ...] = (
    (_mark_of_0_1, ("terms", "sources", "organisation")),
    (_mark_without_sources, ("sources", "organisation")),
    (_mark_without_organisation, ("organisation",)),
)


def unmade_keys(secrets: InstanceSecrets, mark: bytes) -> tuple[str, ...]:
    """The keys that came after the program that gave a database this mark, and that its next start makes
    where they are missing. None for the mark of today, or of another instance."""
    for made, since in _OLDER:
        # A mark is made of the keys of its time: one that is missing was lost, and it is no match.
        try:
            if made(secrets) == mark:
                return since
        except SettingsError:
            continue
    return ()


def is_mark_of(secrets: InstanceSecrets, mark: bytes) -> bool:
    """Whether a database with this mark is the instance's with these keys. Raises SettingsError where a
    key that it is made of cannot be read."""
    return bool(unmade_keys(secrets, mark)) or mark == mark_of(secrets)


def mark_at(url: str) -> bytes | None:
    """The mark of the database at `url`; None where there is none yet, or it cannot be asked."""
    try:
        with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
            if connection.info.server_version < OLDEST_MAJOR * 10_000:
                return None  # another finding says so; it is asked nothing
            row = connection.execute("SELECT mark FROM identity").fetchone()
    except psycopg.Error:
        return None
    return None if row is None else bytes(row[0])


def claim_database(tx: Tx, secrets: InstanceSecrets, trace: Path, *, synthetic: bool) -> None:
    """Mark a fresh database as this instance's, whose keys are made now if `trace` does not say that it
    was used; of one that an older program filled, make the keys that came since, and put the digests of
    release 0.1 under theirs. Raises SettingsError when it is another's, a key was lost, or whether it is
    `synthetic` was said otherwise at the first start."""
    standing = sa.select(identity.c.mark)
    claimed = tx.execute(standing).scalar_one_or_none()
    if claimed is None:
        secrets.make(trace)
        first = insert(identity).values(is_it=True, mark=mark_of(secrets), synthetic=synthetic)
        tx.execute(first.on_conflict_do_nothing())
    else:
        for name in unmade_keys(secrets, claimed):
            if not secrets.has(name):
                secrets.make_one(name)
    _agree(tx.execute(sa.select(identity.c.synthetic)).scalar_one(), synthetic)
    mark = mark_of(secrets)
    if tx.execute(standing).scalar_one() == mark:
        return
    # Whoever comes second waits here, and then finds it done.
    found = tx.execute(standing.with_for_update()).scalar_one()
    if unmade := unmade_keys(secrets, found):
        if "terms" in unmade:
            log.info("digests.keyed", count=key_old_digests(tx, secrets.terms_key))
        tx.execute(sa.update(identity).values(mark=mark))
    elif found != mark:
        raise SettingsError(
            f"The database belongs to another instance than {secrets.directory.parent}: the secrets "
            "differ. Give every process of one instance the same --data-dir (or a copy of its "
            "secrets folder), or name another database."
        )


def synthetic_since(tx: Tx) -> bool | None:
    """Whether the instance is synthetic, as was said at its first start; None before that."""
    return tx.execute(sa.select(identity.c.synthetic)).scalar_one_or_none()


def _agree(standing: bool, synthetic: bool) -> None:
    """Raises SettingsError where the setting says otherwise than at the first start."""
    if standing and not synthetic:
        raise SettingsError(
            "synthetic: the instance has been a synthetic one since its first start, and is so for ever: what"
            " it keeps is made up, and must not pass for what is real. Set synthetic = true again (or"
            " TIDEGATE_SYNTHETIC=true); for a real instance name another --data-dir and database."
        )
    if synthetic and not standing:
        raise SettingsError(
            "synthetic: the instance has been a real one since its first start, and is so for ever: what it"
            " keeps and signs must not pass for what is made up, nor its time be turned. Take the setting"
            " away; for a synthetic instance name another --data-dir and database."
        )


def database_identity(tx: Tx) -> str:
    """What tells this database from every other that was made or restored by itself: files made from
    one are of no use beside another."""
    return str(tx.execute(_IDENTITY).scalar_one())


_IDENTITY = sa.text(
    "SELECT system_identifier || '/' || oid FROM pg_control_system(), pg_database"
    " WHERE datname = current_database()"
)
