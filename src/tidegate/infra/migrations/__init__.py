"""The schema's history: Alembic revisions named `pre` or `post`, by when a deployment runs them.

`pre` revisions only add, so that the old program still runs on the new schema; `post` revisions
take away what no running program needs any more. A single instance runs both at start.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

# Any number, the same in every process: whoever holds this advisory lock migrates.
_LOCK = 0x7464_6D69


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest revision. Safe when several processes start at once."""
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
