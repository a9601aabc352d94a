"""The schema's history: Alembic revisions named `pre` or `post`, by when a deployment runs them.

`pre` revisions only add, so that the old program still runs on the new schema; `post` revisions
take away what no running program needs any more. A single instance runs both at start.
"""

from pathlib import Path

import psycopg
import sqlalchemy as sa

# Any number, the same in every process: whoever holds this advisory lock migrates.
_LOCK = 0x7464_6D69
_HEAD = max(path.stem for path in (Path(__file__).parent / "versions").glob("[0-9]*.py"))


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest revision. Safe when several processes start at once."""
    if _is_current(url):
        return
    # Imported only where there is something to do: it takes as long as a whole short command.
    from alembic import command
    from alembic.config import Config

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
