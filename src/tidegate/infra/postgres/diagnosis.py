"""The look that `tidegate doctor` takes at the database's set-up. It starts and changes nothing."""

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import psycopg

from tidegate.infra.findings import Finding
from tidegate.infra.postgres.binaries import MAJOR, find_binaries
from tidegate.infra.postgres.cluster import refuse_other_version
from tidegate.infra.postgres.configuration import OLDEST_MAJOR
from tidegate.infra.postgres.errors import PostgresError
from tidegate.infra.postgres.place import Place, abandoned_homes, find_place, lock_directory
from tidegate.infra.postgres.roles import diagnose_roles
from tidegate.infra.postgres.server import Server

_LEAST_FREE_BYTES = 1 << 30


def diagnose(data_dir: Path, database_url: str | None = None) -> list[Finding]:
    """What was found, in the order of setting up; of the operator's own server if a URL is set."""
    if database_url:
        return list(_external(database_url))
    return list(_embedded(data_dir.absolute()))


def _embedded(data_dir: Path) -> Generator[Finding]:
    try:
        binaries = find_binaries()
        yield Finding("postgres programs", True, f"PostgreSQL {MAJOR} in {binaries.install}")
    except PostgresError as error:
        yield _failed("postgres programs", error)
    try:
        place = find_place(data_dir)
        if place is not None:
            refuse_other_version(place)
    except PostgresError as error:
        yield _failed("postgres cluster", error)
        return
    if place is None:
        yield _writable(data_dir)
        yield _space(data_dir)
        return
    yield _cluster(place)
    if place.account is not None:
        yield _account(place)
    yield _space(place.home)
    yield from _process(place)
    if os.geteuid() == 0:
        yield from _abandoned()


def _cluster(place: Place) -> Finding:
    if place.note.initialised and not (place.data / "PG_VERSION").exists():
        return Finding(
            "postgres cluster",
            False,
            f"{place.data} is missing or empty, although a database was made there",
            "Restore it from a backup, or move the data directory away to start with nothing.",
        )
    state = "" if place.note.initialised else ", to be made at the next start"
    return Finding("postgres cluster", True, f"{place.data}{state}")


def _account(place: Place) -> Finding:
    """Under `nobody` the files are one stray process away from others; a user of its own is not."""
    assert place.account is not None
    detail = f"PostgreSQL runs under {place.account.name} (group id {place.account.gid})"
    if place.account.name == "nobody":
        detail += "; a system user `tidegate`, made before the first start, would be its own"
    return Finding("postgres user", True, detail)


def _abandoned() -> Generator[Finding]:
    """No fault of this instance, but disk that nobody uses."""
    for home, directory in abandoned_homes():
        yield Finding(
            "postgres leftovers",
            True,
            f"{home} holds the database of {directory}, which is gone",
            f"If {directory} won't come back: end what runs there, then rm -r {home}",
        )


def _process(place: Place) -> Generator[Finding]:
    postmaster = Server(place).running()
    if postmaster is None:
        yield Finding("postgres server", True, "not running; it is started when it is needed")
        return
    detail = f"process {postmaster.pid}, socket {place.socket_file}"
    try:
        with psycopg.connect(place.url, connect_timeout=5) as connection:
            roles = diagnose_roles(connection)
    except psycopg.OperationalError as error:
        yield Finding(
            "postgres server",
            False,
            f"{detail}: it does not answer ({str(error).strip()})",
            f"It may still be recovering: read {place.home / 'log'}. If it hangs, the next command"
            " that needs it ends it and starts it anew.",
        )
        return
    yield Finding("postgres server", True, f"{detail}, log in {place.home / 'log'}")
    if roles is not None:
        yield roles


def _writable(data_dir: Path) -> Finding:
    """Whether the instance can be made: the nearest directory that exists must take it."""
    nearest = next(p for p in (lock_directory(data_dir), data_dir, *data_dir.parents) if p.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("postgres cluster", True, f"none yet; to be made for {data_dir}")
    return Finding(
        "postgres cluster",
        False,
        f"{data_dir} cannot be made or written by user id {os.geteuid()}, because of {nearest}",
        "Choose another --data-dir, or let this user write there.",
    )


def _space(path: Path) -> Finding:
    nearest = next(p for p in (path, *path.parents) if p.exists())
    free = shutil.disk_usage(nearest).free
    detail = f"{free / (1 << 30):.1f} GiB free at {nearest}"
    if free < _LEAST_FREE_BYTES:
        return Finding("postgres disk", False, detail, "Free at least 1 GiB, or move the data.")
    return Finding("postgres disk", True, detail)


def _external(url: str) -> Generator[Finding]:
    name = "postgres server"
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version
            where = f"{connection.info.host or 'the local socket'}, {connection.info.dbname}"
            old = version < OLDEST_MAJOR * 10000  # then it is asked nothing more
            roles = None if old else diagnose_roles(connection)
    except psycopg.Error as error:
        # One that cannot be read is quoted by the driver, with the password in it.
        unread = isinstance(error, psycopg.ProgrammingError)
        said = "PostgreSQL cannot read it" if unread else str(error).strip()
        yield Finding(
            name,
            False,
            f"TIDEGATE_DATABASE_URL cannot be used: {said}",
            "Correct the URL, start that server, or unset the variable for an embedded one.",
        )
        return
    detail = f"PostgreSQL {version // 10000}.{version % 10000} at {where}"
    if old:
        yield Finding(name, False, detail, f"Use PostgreSQL {OLDEST_MAJOR} or later.")
        return
    yield Finding(name, True, detail)
    if roles is not None:
        yield roles


def _failed(name: str, error: PostgresError) -> Finding:
    return Finding(name, False, error.what, error.mend)
