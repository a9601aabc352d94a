"""The schema's history: Alembic revisions named `pre` or `post`, by when a deployment runs them.

`pre` revisions only add, so that the old program still runs on the new schema; `post` revisions
take away what no running program needs any more. A single instance runs both at start.
"""

import hashlib
from pathlib import Path

import psycopg
import sqlalchemy as sa

from tidegate.infra.settings import SettingsError

# Any number, the same in every process: whoever holds this advisory lock migrates.
_LOCK = 0x7464_6D69


def name_of(revision: Path) -> str:
    """A revision is named by its file and by its statements: until the first release these change in
    place, and a database of another time must not be taken for one of today."""
    digest = hashlib.sha256(revision.with_suffix(".sql").read_bytes()).hexdigest()
    return f"{revision.stem}_{digest[:8]}"


_HEAD = name_of(max((Path(__file__).parent / "versions").glob("[0-9]*.py")))


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest revision. Safe when several processes start at once.

    Raises SettingsError when another version of the program made it, whose schema is unknown here.
    """
    if _is_current(url):
        return
    # Imported only where there is something to do: it takes as long as a whole short command.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    engine = sa.create_engine(
        sa.engine.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.pool.NullPool
    )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
        try:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        except CommandError as error:
            raise SettingsError(
                "The database was made by another version of Tidegate, whose schema this one does not"
                f" know ({error}). Until the first release schemas are not carried over: start with an"
                " empty --data-dir or database, or go on with the version that made this one."
            ) from error
        finally:
            connection.rollback()
            connection.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            connection.commit()
    engine.dispose()


def _is_current(url: str) -> bool:
    """Whether the newest revision is in place, by Alembic's own table."""
    plain = sa.engine.make_url(url).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False)) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return False
        return connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (_HEAD,)
        ]
