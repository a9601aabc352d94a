"""Who may upgrade a database: `tidegate migrate` any, every other command that of the embedded server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from scripts.schema_diff import schema_of

from tidegate.infra.migrations import VERSIONS, history
from tidegate.infra.postgres import EmbeddedPostgres

# What makes the program, and whatever it starts, the next version: a history that is one revision
# longer than today's. Python reads it at its start.
NEXT_VERSION = """
from pathlib import Path
from tidegate.infra import migrations
migrations.VERSIONS = Path({versions!r})
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    shutil.copytree(VERSIONS, tmp_path / "versions")
    (tmp_path / "versions" / "9001_pre_more.sql").write_text("ALTER TABLE counters ADD more TEXT;")
    return tmp_path / "versions"


@pytest.fixture
def run(versions: Path, tmp_path: Path) -> Run:
    """Run the next version's command line; with `url`, on a server of one's own."""

    def make(*words: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TIDEGATE_DATABASE")}
        next_version = tmp_path / "next"
        next_version.mkdir(exist_ok=True)
        (next_version / "sitecustomize.py").write_text(NEXT_VERSION.format(versions=str(versions)))
        environment |= {"PYTHONPATH": str(next_version)}
        return subprocess.run(
            [sys.executable, "-m", "tidegate", *words, "--data-dir", str(tmp_path / "instance")],
            env=environment | ({"TIDEGATE_DATABASE_URL": url} if url else {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return make


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "instance")
    yield server
    server.release()
    server.remove()


def mark(url: str) -> str:
    with psycopg.connect(url) as connection:
        ((name,),) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return name


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("keys", "list"), ("policy", "list")])
def test_on_a_server_of_ones_own_every_command_names_the_one_that_upgrades(
    run: Run, database_url: str, words: tuple[str, ...]
) -> None:
    before = schema_of(database_url)
    refused = run(*words, url=database_url)
    assert refused.returncode == 2
    assert refused.stderr.count("run `tidegate migrate --database-url URL`") == 1
    assert schema_of(database_url) == before
    assert mark(database_url) == history()[-1].name
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT * FROM identity").fetchall() == []


def test_that_command_shows_what_it_runs_and_does_it_once(
    run: Run, owner_url: str, database_url: str, versions: Path
) -> None:
    first = run("migrate", "--database-url", owner_url)
    assert (first.returncode, first.stdout) == (0, "The database is up to date.\n")
    assert first.stderr == "9001_pre_more …\n"
    assert mark(database_url) == history(versions)[-1].name
    again = run("migrate", url=owner_url)
    assert (again.returncode, again.stdout) == (0, "The database is already current.\n")
    assert again.stderr == ""
    assert run("keys", "list", url=database_url).returncode == 0


def test_the_embedded_database_is_upgraded_by_whoever_comes_first(
    run: Run, embedded: EmbeddedPostgres, versions: Path
) -> None:
    url = embedded.start()
    older = [sys.executable, "-m", "tidegate", "keys", "create", "--name", "x", "--scopes", "admin"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TIDEGATE_DATABASE")}
    older += ["--data-dir", str(versions.parent / "instance")]
    subprocess.run(older, env=environment, check=True, capture_output=True)
    assert mark(url) == history()[-1].name
    listed = run("keys", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "admin" in listed.stdout
    assert mark(url) == history(versions)[-1].name
