"""The backup that the documents show: it is one, and no command line has the password in it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.serving import instance_environment

from tidegate.infra.postgres import database_url
from tidegate.infra.postgres.binaries import find_binaries

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
# Stands in for pg_dump, notes all command lines of the machine, and becomes it.
LOOKING = """#!/bin/sh
for each in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $each 2>/dev/null; done > {seen}
exec {program} "$@"
"""


def test_it_is_whole_and_shows_no_password(tmp_path: Path) -> None:
    (line,) = re.findall(r"^\(set -a;.*pg_dump.*$", OPERATIONS.read_text(), re.M)
    seen, dump, programs = tmp_path / "seen", tmp_path / "dump", tmp_path / "programs"
    programs.mkdir()
    looking = programs / "pg_dump"
    looking.write_text(LOOKING.format(seen=seen, program=find_binaries().program("pg_dump")))
    looking.chmod(0o755)
    data_dir = tmp_path / "instance"
    command = line.replace("DIR", shlex.quote(str(data_dir))).replace("FILE", str(dump))
    with instance_environment(data_dir) as environment:
        path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        environment |= {"PATH": ":".join(path)}
        url = environment.get("TIDEGATE_DATABASE_URL") or embedded_url(data_dir, environment)
        with database_url(environment.get("TIDEGATE_DATABASE_URL"), data_dir):
            subprocess.run(["sh", "-c", command], env=environment, check=True)
    assert dump.read_bytes().startswith(b"PGDMP")
    password = re.search(r"//[^:/@]*:([^@]*)@", url)
    assert password
    assert str(data_dir) in seen.read_text()
    assert password[1] not in seen.read_text()


def embedded_url(data_dir: Path, environment: dict[str, str]) -> str:
    """A new instance's, as the role that serves."""
    tidegate = [sys.executable, "-m", "tidegate"]
    make = [*tidegate, "keys", "create", "--name", "x", "--scopes", "admin"]
    show = [*tidegate, "doctor", "--database-url"]
    for command in (make, show):
        done = subprocess.run(
            [*command, "--data-dir", str(data_dir)],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    return done.stdout.strip()
