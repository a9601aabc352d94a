"""Fixtures on a real PostgreSQL: a migrated template, of which tests share one clone, or have one of their own."""

import gc
import os
import signal
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings

from tests.compiled import share_compiled
from tests.kept_database import KeptDatabase
from tests.quick import EXAMPLES, forbid_opening, is_listed, is_quick
from tests.serving import Served, drop_database, serving
from tests.waiting import until
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx

if TYPE_CHECKING:
    from tests.api import Api
    from tests.kinds import MoreKinds
    from tidegate.infra.postgres import EmbeddedPostgres
    from tidegate.pipeline.instance import Instance

# No test depends on how fast the machine is. Of a property that does not say how many examples show it,
# `make test` tries some, and `make test-long` all.
hypothesis.settings.register_profile("all", deadline=None)
hypothesis.settings.register_profile("tidegate", deadline=None, max_examples=40)
hypothesis.settings.load_profile("tidegate")

share_compiled()

# The fixtures import what they open: a slice's tests do not load the slices after it.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only the tests of tests/quick.py")


def pytest_configure(config: pytest.Config) -> None:
    if str(config.getoption("-m")).startswith("long"):
        settings.load_profile("all")
    if config.getoption("--quick"):
        settings.register_profile("quick", max_examples=EXAMPLES)
        settings.load_profile("quick")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    listed = is_listed(collection_path.relative_to(config.rootpath).as_posix())
    return True if listed and config.getoption("--quick") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        config.hook.pytest_deselected(items=[item for item in items if not is_quick(item)])
        items[:] = [item for item in items if is_quick(item)]
        forbid_opening()


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector of garbage need not walk over it again and again."""
    gc.collect()
    gc.freeze()


def _with_database(url: str, name: str) -> str:
    parsed = sa.engine.make_url(url).set(drivername="postgresql", database=name)
    return parsed.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def server_urls() -> Iterator[tuple[str, str]]:
    """A server to make databases on, TIDEGATE_TEST_DATABASE_URL or an embedded one of this run: by the
    role that owns their tables, and by the one that serves, which is the same on the former."""
    if url := os.environ.get("TIDEGATE_TEST_DATABASE_URL"):
        yield url, url
        return
    from tidegate.infra.postgres import EmbeddedPostgres

    with tempfile.TemporaryDirectory(prefix="tg-test-") as directory:
        server = EmbeddedPostgres(Path(directory))
        url = server.start()
        _hurry(server)
        yield server.owner_url, url
        server.release()
        if hasattr(server, "remove"):
            server.remove()


def _hurry(server: "EmbeddedPostgres") -> None:
    """Nothing on it outlives the tests, so it need not wait for the disk: a database is made and dropped
    for each. What is said of durability is tested on servers of their own."""
    place = server._place
    (place.home / "local.conf").write_text(
        "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n"
    )
    pid = int((place.data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGHUP)


@pytest.fixture(scope="session")
def server_url(server_urls: tuple[str, str]) -> str:
    """That server, with the role that makes databases."""
    return server_urls[0]


@pytest.fixture(scope="session")
def template(server_urls: tuple[str, str]) -> Iterator[str]:
    """The name of a migrated database that tests are cloned from."""
    from tidegate.infra.migrations import migrate

    server_url, app_url = server_urls
    name = f"template_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    app_role = None if app_url == server_url else sa.engine.make_url(app_url).username
    migrate(_with_database(server_url, name), app_role=app_role)
    yield name
    drop_database(server_url, name)


@pytest.fixture(scope="session")
def started(server_urls: tuple[str, str], template: str) -> Iterator[str]:
    """The name of a database that has also what the first start of an instance stores, whichever it is: to read
    and write the packs takes as long as many a test."""
    from tidegate.intake.threats.actions import ensure_threat_packs
    from tidegate.policy.actions import ensure_default

    with cloned(server_urls, template) as (owner_url, app_url):
        database = Database(app_url, FakeClock())
        with database.begin() as tx:
            ensure_default(tx)
            ensure_threat_packs(tx)
        database.close()
        yield str(sa.engine.make_url(owner_url).database)


@contextmanager
def empty(server_url: str) -> Generator[str]:
    """A fresh database without a schema."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    yield _with_database(server_url, name)
    drop_database(server_url, name)


@contextmanager
def cloned(server_urls: tuple[str, str], template: str) -> Generator[tuple[str, str]]:
    """A fresh, migrated database: by its owner's URL, and by that of the role that serves."""
    server_url, app_url = server_urls
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as admin:

        def made() -> bool:
            try:
                admin.execute(
                    f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'.encode()
                )
            except psycopg.errors.ObjectInUse:
                return False  # autovacuum is looking at the template
            return True

        until(made, "the template to be free")
    yield _with_database(server_url, name), _with_database(app_url, name)
    drop_database(server_url, name)


@pytest.fixture
def more_kinds(monkeypatch: pytest.MonkeyPatch) -> "MoreKinds":
    """Registers kinds of fingerprints for this test, as a file and a line more would."""
    from tidegate.signals import fingerprints

    registered = fingerprints._kinds
    return lambda kind: monkeypatch.setitem(registered, kind.name, kind)


@pytest.fixture
def database_urls(server_urls: tuple[str, str], template: str) -> Iterator[tuple[str, str]]:
    """A fresh, migrated database of this test alone, as `cloned` gives it."""
    with cloned(server_urls, template) as urls:
        yield urls


@pytest.fixture(scope="session")
def kept_database(server_urls: tuple[str, str], template: str) -> Iterator[KeptDatabase]:
    """The database that most tests share, one after another."""
    kept = KeptDatabase(lambda: cloned(server_urls, template))
    yield kept
    kept.drop()


@pytest.fixture(scope="session")
def kept_started(server_urls: tuple[str, str], started: str) -> Iterator[KeptDatabase]:
    """The database that those share who open an instance on it."""
    kept = KeptDatabase(lambda: cloned(server_urls, started))
    yield kept
    kept.drop()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database that is as it was made, with the role that serves: a fresh one for who has its owner's role
    too, and may change it for good; for an instance one with the packs of a first start."""
    if "database_urls" in request.fixturenames:
        urls: tuple[str, str] = request.getfixturevalue("database_urls")
        yield urls[1]
        return
    opens = "instance" in request.fixturenames
    kept: KeptDatabase = request.getfixturevalue("kept_started" if opens else "kept_database")
    with kept.lent() as urls:
        yield urls[1]


@pytest.fixture
def owner_url(database_urls: tuple[str, str]) -> str:
    """The same database, with the role that owns its tables."""
    return database_urls[0]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(database_url: str, clock: FakeClock) -> Iterator[Database]:
    database = Database(database_url, clock, pool_size=4)
    yield database
    database.close()


@pytest.fixture
def owner(owner_url: str, clock: FakeClock) -> Iterator[Database]:
    """The same database in the hands of the role that owns its tables."""
    database = Database(owner_url, clock, pool_size=4)
    yield database
    database.close()


@pytest.fixture
def instance(database_url: str, clock: FakeClock, tmp_path: Path) -> "Iterator[Instance]":
    """An open instance on the test's database, with a clock that stands still."""
    from tidegate.infra.settings import Settings
    from tidegate.pipeline.instance import opened

    settings = Settings(data_dir=tmp_path, media_workers=1)  # to start one takes as long as a test
    with opened(settings, database_url, clock) as instance:
        yield instance


@pytest.fixture
def api(instance: "Instance") -> "Iterator[Api]":
    """The real application, called in process with a key of scope `admin`."""
    from starlette.testclient import TestClient

    from tests.api import Api
    from tidegate.web.app import create_app

    with TestClient(create_app(instance), base_url="http://tidegate", follow_redirects=False) as c:
        yield Api(instance, c)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real `tidegate serve`, shared by the tests of a file: use ids and banks of your own."""
    with serving(tmp_path_factory.mktemp("served") / "instance") as served:
        yield served


@pytest.fixture
def tx(database: Database) -> Iterator[Tx]:
    """An open transaction that is rolled back at the end."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        yield Tx(connection, database.clock.now(), "user:tester@example.org", "test")
        transaction.rollback()
