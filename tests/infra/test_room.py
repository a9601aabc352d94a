"""A database without room says so, or is away: both are told by their reason."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database, NoRoom
from tidegate.infra.room import Room

FULL = psycopg.errors.DiskFull("could not extend file")
AWAY = psycopg.errors.CrashShutdown("terminating connection")
GONE = psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a tmpfs is not allowed here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def driver(error: Exception) -> exc.OperationalError:
    return exc.OperationalError("INSERT", None, error)


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_the_database_said_explains_for_a_while_that_it_is_away(wrapped: bool) -> None:
    def of(error: Exception) -> Exception:
        return driver(error) if wrapped else error

    now = [0.0]
    room = Room(now=lambda: now[0])
    assert not room.explains(of(GONE))
    assert room.shortage() == ""
    assert room.explains(of(FULL))
    assert room.explains(of(GONE))
    assert room.explains(of(AWAY))
    assert not room.explains(of(psycopg.errors.DeadlockDetected("a deadlock")))
    assert room.shortage() == "full: so says the database"
    now[0] = 31.0
    assert not room.explains(of(GONE))
    assert room.shortage() == ""


def test_a_disk_of_ours_is_looked_at(small_disk: Path) -> None:
    room = Room(small_disk, [small_disk / "not there"])
    assert room.shortage() == ""
    assert not room.explains(driver(GONE))
    (small_disk / "much").write_bytes(bytes(50 << 20))
    assert room.shortage() == ""  # there is room, but not for a piece of the log
    assert room.explains(driver(GONE))
    assert not room.explains(driver(psycopg.errors.SerializationFailure("try again")))
    (small_disk / "more").write_bytes(bytes(13 << 20))
    assert room.shortage() == f"full: 1 MiB left of 64 at {small_disk}"
    assert Room(None, [small_disk]).shortage()
    (small_disk / "much").unlink()
    assert room.shortage() == ""


def test_a_transaction_without_room_fails_by_that_name(database_url: str) -> None:
    database = Database(database_url, SystemClock())
    raising = "DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$"
    with pytest.raises(NoRoom), database.begin() as tx:
        tx.execute(sa.text(raising))
    with pytest.raises(NoRoom), database.begin() as tx:
        tx.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    database.close()
    database = Database(database_url, SystemClock())
    with pytest.raises(exc.OperationalError) as away, database.begin() as tx:
        tx.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert not isinstance(away.value, NoRoom)
    database.close()
