"""A database is brought to today's schema, or turned away with a word of what to do."""

import psycopg
import pytest

from tidegate.infra.migrations import migrate
from tidegate.infra.settings import SettingsError


def test_migrating_again_changes_nothing(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        before = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    migrate(database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == before


def test_a_database_of_another_version_is_turned_away_and_left_alone(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001_pre_spine_01234567'")
        connection.execute("DROP TABLE sightings")
    with pytest.raises(SettingsError, match="another version of Tidegate"):
        migrate(database_url)
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert kept == ("0001_pre_spine_01234567",)
        assert connection.execute("SELECT to_regclass('sightings')").fetchone() == (None,)
