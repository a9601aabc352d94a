"""The embedded server of one process: starting, surviving what kills it, stopping."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgres_instances import Instance, rows
from psycopg.conninfo import make_conninfo
from tests.waiting import until

from tidegate.infra.postgres import EmbeddedPostgres, database_url, embedded, server
from tidegate.infra.postgres.server import Server


@pytest.fixture
def held(instance: Instance) -> Iterator[EmbeddedPostgres]:
    holder = EmbeddedPostgres(instance.data_dir)
    holder.start()
    yield holder
    holder.release()


def test_it_serves_durably_and_privately(held: EmbeddedPostgres) -> None:
    with psycopg.connect(held.url) as connection:
        show = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index,arg-type]
            for name in ("fsync", "synchronous_commit", "listen_addresses", "server_encoding")
        }
        superuser = connection.execute("SELECT usesuper FROM pg_user WHERE usename = user")
        assert superuser.fetchone() == (False,)
    assert show == {
        "fsync": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
    }


@pytest.mark.parametrize(
    "conninfo",
    [{"password": "guessed"}, {"user": "postgres"}, {"user": "postgres", "password": ""}],
)
def test_reaching_the_socket_is_not_enough(
    held: EmbeddedPostgres, conninfo: dict[str, str]
) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(make_conninfo(held.url, **conninfo))


def test_the_log_has_neither_statements_nor_values(
    held: EmbeddedPostgres, instance: Instance
) -> None:
    with psycopg.connect(held.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE private (email text PRIMARY KEY)")
        for _ in range(2):
            with contextlib.suppress(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO private VALUES (%s)", ["anna@example.org"])
        with pytest.raises(psycopg.errors.DataError):
            connection.execute("SELECT 'anna@example.org'::uuid")
        connection.execute("DROP TABLE private")
    home = instance.place.home
    logs = [instance.place.start_log, *(home / "log").iterdir()]
    text = b"".join(path.read_bytes() for path in logs)
    assert b"ready to accept connections" in text
    assert b"anna" not in text
    assert b"INSERT" not in text


def test_what_was_written_is_there_after_a_stop_and_a_start(instance: Instance) -> None:
    with (
        embedded(instance.data_dir) as url,
        psycopg.connect(instance.place.owner_url) as connection,
    ):
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS n")
    assert instance.running() is None
    assert instance.processes() == []
    with embedded(instance.data_dir) as again:
        assert again == url
        assert rows(instance.place.owner_url, "SELECT n FROM kept") == [(42,)]


def test_a_killed_server_is_started_again_with_all_that_was_committed(
    held: EmbeddedPostgres, instance: Instance
) -> None:
    assert held.ensure_running() is False
    with psycopg.connect(held.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE survivor AS SELECT 7 AS n")
    killed = instance.running()
    assert killed is not None
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: not killed.alive(), "the end of the killed server")
    assert held.ensure_running() is True
    assert held.ensure_running() is False
    assert rows(held.owner_url, "SELECT n FROM survivor") == [(7,)]


def test_a_backend_that_outlives_the_server_is_ended_first(
    held: EmbeddedPostgres, instance: Instance
) -> None:
    """It computes and does not notice that its parent is gone; two servers would be a disaster."""
    busy = psycopg.connect(held.url)
    backend = busy.info.backend_pid
    query = "SELECT count(*) FROM generate_series(1, 1000000000000)"

    def compute() -> None:
        with contextlib.suppress(psycopg.Error):
            busy.execute(query)

    thread = threading.Thread(target=compute)
    thread.start()
    active = f"SELECT state FROM pg_stat_activity WHERE pid = {backend}"
    until(lambda: rows(held.url, active) == [("active",)], "the query to run")
    killed = instance.running()
    assert killed is not None
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: not killed.alive(), "the end of the killed server")
    assert held.ensure_running() is True
    assert backend not in instance.processes()
    assert rows(held.url, "SELECT 1") == [(1,)]
    thread.join()
    busy.close()


def test_a_removed_socket_is_mended(held: EmbeddedPostgres, instance: Instance) -> None:
    instance.place.socket_file.unlink()
    assert held.ensure_running() is True
    assert rows(held.url, "SELECT 1") == [(1,)]


def test_a_server_that_a_stranger_told_to_stop_is_back_at_once(
    held: EmbeddedPostgres, instance: Instance
) -> None:
    """It would wait for our connections to end, and take no new ones meanwhile."""
    with psycopg.connect(held.url) as open_connection:
        main = instance.running()
        assert main is not None
        os.kill(main.pid, signal.SIGTERM)
        until(Server(instance.place).stopping, "the server to be stopping")
        assert held.ensure_running() is True
        assert not main.alive()
        assert rows(held.url, "SELECT 1") == [(1,)]
        with pytest.raises(psycopg.OperationalError):
            open_connection.execute("SELECT 1")


def test_a_server_that_hangs_is_ended_and_started_anew(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(server, "_CONNECT_SECONDS", 2)
    first, second = EmbeddedPostgres(instance.data_dir), EmbeddedPostgres(instance.data_dir)
    first.start()
    hung = instance.running()
    assert hung is not None
    os.kill(hung.pid, signal.SIGSTOP)
    assert rows(second.start(), "SELECT 1") == [(1,)]
    assert not hung.alive()
    assert first.ensure_running() is True  # it had another one before
    first.release()
    second.release()
    assert instance.running() is None


def test_a_stale_pid_file_that_names_a_stranger_hurts_neither(instance: Instance) -> None:
    """After a crash in a container the old process id often belongs to somebody else."""
    with embedded(instance.data_dir):
        text = (instance.place.data / "postmaster.pid").read_text()
    stale = instance.place.data / "postmaster.pid"
    stale.write_text("\n".join([str(os.getpid()), *text.split("\n")[1:]]))
    with embedded(instance.data_dir) as url:
        assert rows(url, "SELECT 1") == [(1,)]


def test_an_operators_own_settings_hold_but_none_opens_the_server(instance: Instance) -> None:
    with embedded(instance.data_dir):
        local = instance.place.home / "local.conf"
    local.write_text("work_mem = '3MB'\nlisten_addresses = '127.0.0.1'\n")
    local.chmod(0o644)
    with embedded(instance.data_dir) as url:
        assert rows(url, "SHOW work_mem") == [("3MB",)]
        assert rows(url, "SHOW listen_addresses") == [("",)]
    local.unlink()


def test_an_external_server_is_used_as_it_is(tmp_path: Path) -> None:
    with database_url("postgresql://elsewhere/db", tmp_path / "unused") as url:
        assert url == "postgresql://elsewhere/db"
    assert not (tmp_path / "unused").exists()
