"""The backup and its way back, as the documents tell them: it is whole, nothing shows the password, and
an instance is made of it anew.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.api import item
from tests.conftest import empty
from tests.serving import Served, free_port, serving
from tests.waiting import until
from typer.testing import CliRunner, Result

from tidegate.cli.database import app
from tidegate.infra.db import Database
from tidegate.infra.postgres import EmbeddedPostgres, PostgresError, dumps, embedded
from tidegate.infra.postgres.binaries import find_binaries
from tidegate.infra.postgres.roles import may_only_serve

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
OLD = "#!/bin/sh\necho 'pg_dump: error: aborting because of server version mismatch' >&2; exit 1\n"


# --- with the embedded server ---


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """An instance with a key in it; nothing runs on it."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("backup") / "instance")
    done = tidegate(server.data_dir, "keys", "create", "--name", "x", "--scopes", "admin")
    assert done.returncode == 0, done.stderr
    yield server
    server.release()
    server.remove()


def without_settings() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("TIDEGATE_")}


def tidegate(data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tidegate", *words, "--data-dir", str(data_dir)]
    return subprocess.run(command, env=without_settings(), capture_output=True, text=True)


def documented(beginning: str, data_dir: Path, file: Path) -> str:
    """A line of the documents, as somebody pastes it who has other names."""
    (line,) = re.findall(rf"^{re.escape(beginning)}.*$", OPERATIONS.read_text(), re.M)
    named = re.sub(r"\bDIR\b", shlex.quote(str(data_dir)), line)
    return re.sub(r"\bFILE\b", shlex.quote(str(file)), named)


@pytest.mark.parametrize("beginning", ["tidegate database dump", "(set -a;"])
def test_the_fitting_program_makes_it_whatever_the_system_has(
    made: EmbeddedPostgres, tmp_path: Path, beginning: str
) -> None:
    programs, file = tmp_path / "programs", tmp_path / "a dump"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore"):
        (programs / name).write_text(OLD)
        (programs / name).chmod(0o755)
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = without_settings() | {"PATH": ":".join(path), "PGHOST": "elsewhere"}
    command = documented(beginning, made.data_dir, file)
    with nullcontext() if beginning.startswith("tidegate") else embedded(made.data_dir):
        subprocess.run(["sh", "-c", command], env=environment, check=True)
    dumps.refuse_no_dump(file)


def test_nothing_shows_the_password_while_it_runs(made: EmbeddedPostgres, tmp_path: Path) -> None:
    url = made.start()
    command = documented("tidegate database dump", made.data_dir, tmp_path / "dump")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = without_settings() | {"PATH": path}
    with psycopg.connect(url) as holding:
        holding.execute("LOCK TABLE counters")  # what dumps it waits
        with subprocess.Popen(["sh", "-c", command], env=environment) as running:
            shown: list[str] = []
            until(lambda: shown.extend(command_lines("dump.part")) or shown, "pg_dump")
            holding.rollback()
            assert running.wait() == 0
    password = re.search(r"//[^:/@]*:([^@]*)@", url)
    assert password
    assert not [line for line in shown if password[1] in line]
    made.release()


def command_lines(part: str) -> list[str]:
    """Those of all processes, once one of them is a pg_dump with that in its own."""
    lines: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return lines if any("bin/pg_dump " in one and part in one for one in lines) else []


@pytest.mark.long
def test_an_instance_is_made_of_it_anew(tmp_path: Path) -> None:
    file, later = tmp_path / "dump", tmp_path / "later"
    with serving(tmp_path / "instance") as served:
        if "TIDEGATE_DATABASE_URL" in served.environment:
            pytest.skip("this is about the embedded server")
        key = served.key()
        answer = submit(served, key, "post-1")
        assert answer.status_code == 200, answer.text
        served.cli("database", "dump", str(file))
        served.stop()
        served.cli("database", "dump", str(later))  # as before an upgrade, when nothing runs
        assert later.stat().st_mode & 0o777 == 0o600
        again = Served(tmp_path / "again", free_port(), served.environment)
        try:
            assert "is restored" in again.cli("database", "restore", str(later))
            for name in ("secrets", "evidence"):
                if (served.data_dir / name).exists():
                    shutil.copytree(served.data_dir / name, again.data_dir / name)
            refused = again.command("database", "restore", str(file))
            assert refused.returncode == 2
            assert "not empty" in refused.stderr
            head = str(served.data_dir / "ledger-head.json")
            assert "intact" in again.cli("ledger", "verify", "--head", head)
            again.start()
            found = httpx.get(f"{again.url}/v1/items/post-1", headers=bearer(key))
            assert (found.status_code, found.json()["id"]) == (200, "post-1")
            assert submit(again, key, "post-1").json() == answer.json()  # known by its digest
            assert submit(again, key, "post-2").json()["revision"] == 1
            until(lambda: " 0 not sealed yet" in again.cli("ledger", "verify"), "all to be sealed")
            with embedded(again.data_dir) as url, psycopg.connect(url) as connection:
                assert may_only_serve(connection, connection.info.user)
        finally:
            again.stop()
            EmbeddedPostgres(again.data_dir).remove()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def submit(served: Served, key: str, id: str) -> httpx.Response:
    return httpx.post(f"{served.url}/v1/items", json=item(id, text=id), headers=bearer(key))


# --- with any server ---

Command = Callable[..., Result]


@pytest.fixture
def command(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `tidegate database …` on the test's database, as on a server of one's own."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    monkeypatch.setenv("PATH", f"{find_binaries().program('')}:{os.environ['PATH']}")
    return lambda *words: CliRunner().invoke(app, [*words, "--data-dir", str(tmp_path)])


def test_a_database_of_ones_own_gets_its_roles_back(
    command: Command, server_urls: tuple[str, str], database: Database, tmp_path: Path
) -> None:
    if server_urls[0] == server_urls[1]:
        pytest.skip("the server of TIDEGATE_TEST_DATABASE_URL has one role")
    with database.begin() as tx:
        tx.connection.exec_driver_sql("INSERT INTO counters (name, value) VALUES ('kept', 7)")
        walk = "INSERT INTO term_walks VALUES ('items', '1', 7, 7, 7, 7)"
        tx.connection.exec_driver_sql(walk)
    file = tmp_path / "dump"
    assert command("dump", str(file)).exit_code == 0
    with empty(server_urls[0]) as url, psycopg.connect(database.url) as serving:
        words = ["--database-url", url, "--app-role", serving.info.user]
        (tmp_path / "index").mkdir()
        done = command("restore", str(file), *words)
        assert done.exit_code == 0, done.output
        assert not (tmp_path / "index").exists()
        with psycopg.connect(url) as connection:
            kept = connection.execute("SELECT value FROM counters WHERE name = 'kept'").fetchone()
            assert kept == (7,)
            # Terms are made anew, from the beginning.
            assert connection.execute("SELECT count(*) FROM term_walks").fetchone() == (0,)
            assert may_only_serve(connection, serving.info.user)
            open_to_all = (
                "SELECT has_function_privilege('public', 'ledger_blank(uuid, uuid)', 'EXECUTE')"
            )
            assert connection.execute(open_to_all).fetchone() == (False,)


def test_what_is_no_dump_or_half_of_one_changes_nothing(
    command: Command, server_url: str, tmp_path: Path
) -> None:
    whole, half, none = tmp_path / "whole", tmp_path / "half", tmp_path / "none"
    assert command("dump", str(whole)).exit_code == 0
    half.write_bytes(whole.read_bytes()[:-2000])
    none.write_text("-- SQL")
    with empty(server_url) as url:
        for file in (half, none, tmp_path / "nowhere", tmp_path):
            refused = command("restore", str(file), "--database-url", url)
            assert isinstance(refused.exception, PostgresError), file
            with psycopg.connect(url) as connection:
                tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                assert connection.execute(tables).fetchall() == []


def test_a_dump_that_fails_leaves_the_one_before(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dump"
    file.write_text("the one before")
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", "postgresql://nobody@/nothing?host=/nowhere")
    failed = command("dump", str(file))
    assert isinstance(failed.exception, PostgresError)
    assert "pg_dump ended with status" in str(failed.exception)
    assert isinstance(command("dump", str(tmp_path / "no" / "dump")).exception, PostgresError)
    assert [path.name for path in tmp_path.iterdir()] == ["dump"]
    assert file.read_text() == "the one before"
