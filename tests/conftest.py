"""Fixtures on a real PostgreSQL: one migrated template a run, one clone of it a test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx


def _with_database(url: str, name: str) -> str:
    parsed = sa.engine.make_url(url).set(drivername="postgresql", database=name)
    return parsed.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server to make databases on: TIDEGATE_TEST_DATABASE_URL, or an embedded one of this run."""
    if url := os.environ.get("TIDEGATE_TEST_DATABASE_URL"):
        yield url
        return
    from tidegate.infra.postgres import EmbeddedPostgres

    with tempfile.TemporaryDirectory(prefix="tg-test-") as directory:
        server = EmbeddedPostgres(Path(directory))
        yield server.start()
        server.release()
        if hasattr(server, "remove"):
            server.remove()


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a migrated database that tests are cloned from."""
    from tidegate.infra.migrations import migrate

    name = f"template_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    migrate(_with_database(server_url, name))
    yield name
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A fresh, migrated database of this test alone."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _with_database(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(database_url: str, clock: FakeClock) -> Iterator[Database]:
    database = Database(database_url, clock, pool_size=4)
    yield database
    database.close()


@pytest.fixture
def tx(database: Database) -> Iterator[Tx]:
    """An open transaction that is rolled back at the end."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        yield Tx(connection, database.clock.now(), "user:tester@example.org", "test")
        transaction.rollback()
