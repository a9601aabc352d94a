"""The schema's history: the SQL files in `versions/`, run in the order of their numbers.

`NNNN_pre_NAME.sql` only adds, so that the old program still runs on the new schema;
`NNNN_post_NAME.sql` takes away what no running program needs any more.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa

from tidegate.infra.postgres.configuration import OLDEST_MAJOR
from tidegate.infra.postgres.roles import embedded_owner, grant, may_only_serve, serving
from tidegate.infra.settings import Settings, SettingsError

VERSIONS = Path(__file__).parent / "versions"
# Any number, the same in every process: whoever holds this advisory lock migrates.
_LOCK = 0x7464_6D69
# Where a database says of which revision it is: Alembic, which made those of 0.1, called it so.
_TABLE = """CREATE TABLE IF NOT EXISTS alembic_version (
  version_num VARCHAR(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY
)"""


class Revision(msgspec.Struct, frozen=True):
    """One step of the schema. Its name is what a database that has come so far is marked with."""

    name: str
    path: Path


def history(versions: Path | None = None) -> list[Revision]:
    """All revisions, the oldest first. A name is the file's stem and a digest of all files so far: a
    database made by a draft of one must not be taken for one of what was released."""
    digest = hashlib.sha256()
    found: list[Revision] = []
    for path in sorted((versions or VERSIONS).glob("*.sql")):
        digest.update(path.read_bytes())
        found.append(Revision(f"{path.stem}_{digest.hexdigest()[:8]}", path))
    return found


def migrate(
    url: str,
    *,
    upgrade: bool = True,
    app_role: str | None = None,
    tell: Callable[[str], None] = lambda revision: None,
    versions: Path | None = None,
) -> list[str]:
    """Bring the database at `url` to the newest revision, wholly or not at all; the stems of what
    ran, each of which is told as it begins. Safe when several processes start at once.

    An empty database is filled in any case, an older one is changed only with `upgrade`. `app_role`, and
    whatever role serves already, may then do all that serving takes (`infra/postgres/roles.py`). Raises
    SettingsError, having written nothing, when it is older and must not be upgraded here, when its
    schema is unknown, when the role may not change it, or when the server itself is too old.
    """
    known = history(versions)
    plain = sa.engine.make_url(url).set(drivername="postgresql")
    try:
        with psycopg.connect(
            plain.render_as_string(hide_password=False), autocommit=True
        ) as connection:
            refuse_too_old(connection)
            if not _missing(connection, known) and (
                app_role is None or may_only_serve(connection, app_role)
            ):
                return []
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
                # Once more: another process may have done it meanwhile.
                missing = _missing(connection, known)
                if missing and missing != known and not upgrade:
                    raise _older(known, missing)
                _run(connection, missing, tell)
                for role in {*serving(connection)} | ({app_role} if app_role else set[str]()):
                    grant(connection, role)
    except psycopg.errors.InsufficientPrivilege as error:
        raise SettingsError(
            f"The role in the database's URL may not do this: {error.diag.message_primary}. Nothing was"
            " changed. Run `tidegate migrate --database-url URL` with the role that owns the tables in"
            " URL, and `--app-role NAME` with the one that serves."
        ) from error
    return [revision.path.stem for revision in missing]


def migrate_own(settings: Settings, url: str) -> None:
    """Bring the instance's own database to the newest revision, if it is the embedded one, which has a
    role for that; on any other raise SettingsError when it is older."""
    owner, role = embedded_owner(settings.data_dir, url)
    migrate(owner, upgrade=not settings.database_url, app_role=role)


def refuse_too_old(connection: psycopg.Connection[Any]) -> None:
    """Raises SettingsError for a server that lacks what is used here."""
    found = connection.info.server_version
    if found < OLDEST_MAJOR * 10_000:
        raise SettingsError(
            f"The database's server is PostgreSQL {found // 10_000}.{found % 10_000}, and"
            f" {OLDEST_MAJOR} or later is needed. Nothing was changed. Upgrade that server, or leave"
            " TIDEGATE_DATABASE_URL unset for an embedded one."
        )


def _run(
    connection: psycopg.Connection[Any], revisions: list[Revision], tell: Callable[[str], None]
) -> None:
    for revision in revisions:
        tell(revision.path.stem)
        connection.execute(_TABLE)
        connection.execute(revision.path.read_bytes())
        connection.execute("DELETE FROM alembic_version")
        connection.execute("INSERT INTO alembic_version VALUES (%s)", [revision.name])


def _missing(connection: psycopg.Connection[Any], known: list[Revision]) -> list[Revision]:
    """What is yet to run: all for an empty database. Raises SettingsError for an unknown one."""
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return known
    marks = [name for (name,) in connection.execute("SELECT version_num FROM alembic_version")]
    if not marks:
        return known
    names = [revision.name for revision in known]
    if len(marks) > 1 or marks[0] not in names:
        raise SettingsError(
            f"The database was made by another version of Tidegate: its schema ({', '.join(marks)}) is"
            f" not known to this one, whose newest is {names[-1]}. Go on with the version that made it"
            " or a newer one; or restore the backup from before it; or start with an empty --data-dir"
            " or database."
        )
    return known[names.index(marks[0]) + 1 :]


def _older(known: list[Revision], missing: list[Revision]) -> SettingsError:
    found = known[len(known) - len(missing) - 1]
    return SettingsError(
        f"The database is of an older version of Tidegate ({found.path.stem}; this one needs"
        f" {missing[-1].path.stem}). A server of your own is not upgraded unasked: make a backup, then"
        " run `tidegate migrate --database-url URL` with the role that owns the tables in URL."
    )
