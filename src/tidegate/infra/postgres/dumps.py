"""A dump of the whole database, and its way back, by PostgreSQL's own programs: of the embedded server
those that belong to it, of a server of one's own those on the PATH, for one of another version may refuse
a server. No command line has the password in it.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from tidegate.infra.postgres.binaries import find_binaries
from tidegate.infra.postgres.errors import PostgresError
from tidegate.infra.postgres.supervisor import environment_of

_FORM = b"PGDMP"  # what a dump begins with in pg_dump's custom format


def dump(url: str, file: Path, *, embedded: bool, without: Sequence[str] = ()) -> None:
    """Write the database as it is at one moment to `file`, for its owner alone; what was there is replaced
    once the new one is whole. Of the tables `without`, no rows. Raises PostgresError."""
    draft = file.with_name(f"{file.name}.part")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            options = ["--format=custom", f"--file={draft}"]
            options += [f"--exclude-table-data=public.{table}" for table in without]
            _run("pg_dump", url, options, embedded=embedded)
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise PostgresError(
            f"{file} cannot be written: {error.strerror}.", "Name another place."
        ) from error


def load(url: str, file: Path, *, embedded: bool) -> None:
    """Fill the empty database at `url` from a dump, wholly or not at all. What is in it then belongs to
    the role in the URL, and nobody else has a right to it. Raises PostgresError for a database that is not
    empty, or a file that is no dump."""
    with psycopg.connect(url) as connection:
        name = connection.info.dbname
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() != (None,):
            raise PostgresError(
                "The database is not empty, and nothing was changed.",
                "Restore into a --data-dir that has none yet. For one that has, stop what runs on it and"
                " move its folder `postgres` away; on a server of your own make another database.",
            )
    options = ["--no-owner", "--no-privileges", "--single-transaction", f"--dbname={name}"]
    _run("pg_restore", url, [*options, str(file)], embedded=embedded)


def refuse_no_dump(file: Path) -> None:
    """Raises PostgresError for a file that cannot be read, or is no dump."""
    try:
        with file.open("rb") as opened:
            found = opened.read(len(_FORM))
    except OSError as error:
        raise PostgresError(
            f"{file} cannot be read: {error.strerror}.", "Name a dump that is there."
        ) from error
    if found != _FORM:
        raise PostgresError(
            f"{file} is no dump of a database.",
            "Name a file that `tidegate database dump` (or pg_dump --format=custom) has written.",
        )


def _run(name: str, url: str, options: list[str], *, embedded: bool) -> None:
    program = find_binaries().program(name) if embedded else shutil.which(name)
    if program is None:
        raise PostgresError(
            f"There is no {name} on the PATH.",
            "Install PostgreSQL's client programs, of your server's version or a later one.",
        )
    done = subprocess.run(
        [str(program), *options],
        env={**_inherited(os.environ, embedded=embedded), **environment_of(url)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").splitlines()
        # The first complaint is the cause. What follows it may quote a row.
        first = next((line for line in said if "error:" in line), "it said nothing")
        raise PostgresError(
            f"{program} ended with status {done.returncode}: {first}. Nothing half-made is left.",
            "Mend that and run this again.",
        )


def _inherited(environment: Mapping[str, str], *, embedded: bool) -> dict[str, str]:
    """What the program takes over: for the embedded server nothing that is said about another one."""
    return {k: v for k, v in environment.items() if not (embedded and k.startswith("PG"))}
