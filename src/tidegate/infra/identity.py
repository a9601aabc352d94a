"""One database, one instance: a process with other secrets than the database's own is turned away.

Pseudonyms and the ledger's signature come from `DIR/secrets`. Two processes with different ones on
one database would not know each other's authors, and would break the ledger's chain.
"""

import hashlib
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
)


def mark_of(secrets: InstanceSecrets) -> bytes:
    """A digest that tells one instance's secrets from another's and gives nothing of them away."""
    return hashlib.sha256(_mark_of_0_1(secrets) + secrets.terms_key).digest()


def _mark_of_0_1(secrets: InstanceSecrets) -> bytes:
    """The mark of release 0.1, which had no `terms.key`."""
    public = secrets.ledger_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(b"tidegate instance\n" + secrets.author_key + public).digest()


def is_mark_of(secrets: InstanceSecrets, mark: bytes) -> bool:
    """Whether a database with this mark is the instance's with these keys."""
    return mark in (mark_of(secrets), _mark_of_0_1(secrets))


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


def claim_database(tx: Tx, secrets: InstanceSecrets, trace: Path) -> None:
    """Mark a fresh database as this instance's, whose keys are made now if `trace` does not say that it
    was used; of one that release 0.1 filled, put the digests under the key that is new. Raises
    SettingsError when it is another's, or a key was lost."""
    standing = sa.select(identity.c.mark)
    claimed = tx.execute(standing).scalar_one_or_none()
    if claimed is None:
        secrets.make(trace)
        tx.execute(
            insert(identity).values(is_it=True, mark=mark_of(secrets)).on_conflict_do_nothing()
        )
    elif not secrets.has("terms") and claimed == _mark_of_0_1(secrets):
        secrets.make_one("terms")
    mark = mark_of(secrets)
    if tx.execute(standing).scalar_one() == mark:
        return
    # Whoever comes second waits here, and then finds it done.
    found = tx.execute(standing.with_for_update()).scalar_one()
    if found == _mark_of_0_1(secrets):
        count = key_old_digests(tx, secrets.terms_key)
        tx.execute(sa.update(identity).values(mark=mark))
        log.info("digests.keyed", count=count)
    elif found != mark:
        raise SettingsError(
            f"The database belongs to another instance than {secrets.directory.parent}: the secrets "
            "differ. Give every process of one instance the same --data-dir (or a copy of its "
            "secrets folder), or name another database."
        )


def database_identity(tx: Tx) -> str:
    """What tells this database from every other that was made or restored by itself: files made from
    one are of no use beside another."""
    return str(tx.execute(_IDENTITY).scalar_one())


_IDENTITY = sa.text(
    "SELECT system_identifier || '/' || oid FROM pg_control_system(), pg_database"
    " WHERE datname = current_database()"
)
