"""The embedded PostgreSQL: a small supervisor around the programs of a Python wheel.

Start here: `EmbeddedPostgres` is one process's hold on the server of a data directory.
"""

from tidegate.infra.postgres.diagnosis import diagnose
from tidegate.infra.postgres.errors import PostgresError
from tidegate.infra.postgres.supervisor import (
    EmbeddedPostgres,
    database_url,
    embedded,
    environment_of,
)

__all__ = [
    "EmbeddedPostgres",
    "PostgresError",
    "database_url",
    "diagnose",
    "embedded",
    "environment_of",
]
