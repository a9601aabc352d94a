"""Making a cluster, once, and refusing one that is lost or of another version.

A new cluster appears by a rename when it is complete, so a crash leaves none or a whole one.
"""

import re
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tidegate.infra.postgres.binaries import MAJOR, Binaries
from tidegate.infra.postgres.configuration import DATABASE, OWNER, ROLE, configuration_files
from tidegate.infra.postgres.errors import PostgresError
from tidegate.infra.postgres.place import (
    ORIGIN,
    Place,
    make_directory,
    renote,
    sync_directory,
    write_private,
)

# Nothing of the caller's environment reaches PostgreSQL; TZ spares initdb a search.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}

_INITDB_OPTIONS = (
    *("--username=postgres", "--auth=reject", "--no-sync", "--no-instructions"),
    # The same everywhere, whatever locales the machine has: code points, UTF-8.
    *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    "--text-search-config=simple",
)
_SINGLE_USER_OPTIONS = ("-c", "exit_on_error=on", "-c", "scram_iterations=1")
_INITDB_SECONDS = 120
_COMPLAINT = re.compile(r"\b(FATAL|PANIC|ERROR|error):")


def refuse_other_version(place: Place) -> None:
    """Raises PostgresError for a cluster of another major version; nothing is changed."""
    path = place.data / "PG_VERSION"
    try:
        found = path.read_text(encoding="ascii", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return
    if found != str(MAJOR):
        raise PostgresError(
            f"{place.data} was made by PostgreSQL {found}, and this Tidegate brings {MAJOR}."
            " Nothing was changed.",
            "Dump it with the Tidegate version that made it (`tidegate database dump`) and restore that"
            " into a new instance (`tidegate database restore`), or set TIDEGATE_DATABASE_URL to a server of that"
            " version.",
        )


def make_cluster(place: Place, binaries: Binaries) -> Place:
    """Make the cluster if there is none yet; write the configuration. Under the instance's lock."""
    refuse_other_version(place)
    if not (place.data / "PG_VERSION").exists():
        if place.note.initialised or place.data.exists():
            raise PostgresError(
                f"The database of {place.directory} is gone: {place.data} is missing or empty.",
                "Restore it from a backup. To start anew with nothing in it, move"
                f" {place.directory} away.",
            )
        place = renote(place, owner_password=secrets.token_urlsafe(32))
        _create(place, binaries)
        place = renote(place, initialised=True, separated=True)
    if not place.note.initialised:
        place = renote(place, initialised=True)
    gid = None if place.account is None else place.account.gid
    files = configuration_files(place.data)
    if place.account is not None:
        files[ORIGIN] = str(place.directory)
    for name, text in files.items():
        path = place.home / name
        if not path.exists() or path.read_text() != text:
            write_private(path, text.encode(), gid)
    return place


def separate_roles(place: Place, binaries: Binaries) -> Place:
    """Give a cluster of release 0.1, where one role did all, the role that owns the tables. Nothing else
    may run on it. Cut short, it is done again."""
    place = renote(place, owner_password=place.note.owner_password or secrets.token_urlsafe(32))
    single = [binaries.program("postgres"), "--single", "-D", place.data, *_SINGLE_USER_OPTIONS]
    made = f"SELECT FROM pg_roles WHERE rolname = '{OWNER}'"
    run_program(
        place,
        [*single, "postgres"],
        f"DO $$BEGIN IF NOT EXISTS ({made}) THEN CREATE ROLE {OWNER}; END IF; END$$\n"
        f"ALTER ROLE {OWNER} LOGIN CREATEDB PASSWORD '{place.note.owner_password}'\n"
        f"ALTER ROLE {ROLE} NOCREATEDB\n",
    )
    run_program(place, [*single, DATABASE], f"REASSIGN OWNED BY {ROLE} TO {OWNER}\n")
    return renote(place, separated=True)


def run_program(place: Place, command: Sequence[str | Path], stdin: str = "") -> None:
    """Run one of PostgreSQL's programs as the cluster's user. Raises PostgresError if it fails."""
    program, account = Path(command[0]), place.account
    try:
        done = subprocess.run(
            [str(part) for part in command],
            input=stdin,
            env=ENVIRONMENT,
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_INITDB_SECONDS,
            check=False,
            user=account and account.uid,
            group=account and account.gid,
            extra_groups=account and [],
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresError(
            f"{program} could not be run{as_user(place)}: {error}.",
            "Let that user run it, or set TIDEGATE_DATABASE_URL.",
        ) from error
    if done.returncode != 0:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        # The first complaint is the cause, the later ones follow from it.
        said = [line for line in said if _COMPLAINT.search(line)][:2] or said[-2:]
        raise PostgresError(
            f"{program.name} failed{as_user(place)} with exit status {done.returncode}:"
            f" {' / '.join(said) or 'it said nothing'}. Nothing half-made is left.",
            "Mend that and start again.",
        )


def as_user(place: Place) -> str:
    return "" if place.account is None else f" as user {place.account.name}"


def _create(place: Place, binaries: Binaries) -> None:
    draft = place.home / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    make_directory(draft, 0o700, place.account)
    initdb, postgres = binaries.program("initdb"), binaries.program("postgres")
    try:
        run_program(place, [initdb, "-D", draft, *_INITDB_OPTIONS])
        # Nobody logs in as the superuser, ever: the two roles that may are made in single-user
        # mode. Their passwords are 256 random bits, which many iterations make no safer, only slower.
        run_program(
            place,
            [postgres, "--single", "-F", "-D", draft, *_SINGLE_USER_OPTIONS, "postgres"],
            f"CREATE ROLE {OWNER} LOGIN CREATEDB PASSWORD '{place.note.owner_password}'\n"
            f"CREATE ROLE {ROLE} LOGIN PASSWORD '{place.note.password}'\n"
            f"CREATE DATABASE {DATABASE} OWNER {OWNER}\n",
        )
        run_program(place, [initdb, "--sync-only", "-D", draft])
        draft.rename(place.data)
        sync_directory(place.home)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
