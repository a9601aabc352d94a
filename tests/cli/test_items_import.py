"""`tidegate items import`: taken once, whatever happens in between; bad lines told by number."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serving import Served
from tests.waiting import until
from typer.testing import CliRunner, Result

from tidegate.cli.backlog import Checkpoint, Reached
from tidegate.cli.items import app
from tidegate.client import Client
from tidegate.infra.lines import Line, read_lines

Run = Callable[..., Result]
PICTURE = Path(__file__).parents[2] / "demo" / "images" / "horse.png"


def _line(number: int, **fields: object) -> bytes:
    item = {
        "id": f"old-{number}",
        "surface": "post",
        "publicness": "public",
        "author": "somebody",
        "created_at": "2026-01-01T00:00:00Z",
        "text": f"post number {number}",
    }
    return json.dumps(item | fields).encode() + b"\n"


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the import on the test's database, with no server there."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    monkeypatch.setenv("TIDEGATE_JSON_LIMIT", "20000")

    def run(*words: str, input: bytes | None = None) -> Result:
        before = signal.getsignal(signal.SIGTERM)
        try:
            given = ["import", *words, "--data-dir", str(tmp_path / "instance")]
            return CliRunner().invoke(app, given, input=input)
        finally:
            signal.signal(signal.SIGTERM, before)

    return run


def _stored(database_url: str) -> list[tuple[str, str, int]]:
    with psycopg.connect(database_url) as connection:
        query = "SELECT external_id, platform, revision FROM items ORDER BY external_id"
        return connection.execute(query).fetchall()


def test_a_backlog_is_taken_and_taking_it_again_is_free(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "backlog.ndjson"
    file.write_bytes(b"".join(_line(number) for number in range(300)))
    done = run(str(file))
    assert done.exit_code == 0, done.output
    assert "300 taken, 0 refused" in done.stdout
    again = run(str(file))
    assert again.exit_code == 0
    assert [revision for _, _, revision in _stored(database_url)] == [1] * 300
    assert list(tmp_path.glob("backlog.ndjson.*")) == []


def test_bad_lines_are_told_by_number_and_the_others_taken(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "backlog.ndjson"
    media = [{"filename": "a.png", "url": "http://127.0.0.1:1/a.png"}]
    lines = [
        _line(1),
        b"\n",
        b"no json\n",
        _line(2, publicness="secret"),
        _line(3, text="x" * 30_000),
        _line(4, platform="forum"),
        b'{"id": "\xff"}\n',
        _line(5, media=media),
        _line(6).rstrip(),
    ]
    file.write_bytes(b"".join(lines))
    done = run(str(file), "--platform", "blog")
    assert done.exit_code == 1
    assert "3 taken, 5 refused" in done.stdout
    told = [line.partition(":")[0] for line in done.stderr.splitlines() if line.startswith("line ")]
    assert told == ["line 3", "line 4", "line 5", "line 7", "line 8"]
    assert "/publicness" in done.stderr
    assert _stored(database_url) == [
        ("old-1", "blog", 1),
        ("old-4", "forum", 1),
        ("old-6", "blog", 1),
    ]


def test_standard_input_is_a_backlog(run: Run, database_url: str) -> None:
    done = run("-", input=_line(1) + _line(2) + b"{}\n")
    assert done.exit_code == 1
    assert "2 taken, 1 refused" in done.stdout
    assert len(_stored(database_url)) == 2


def test_pictures_are_judged_like_any_other(run: Run, tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "backlog.ndjson"
    data = base64.b64encode(PICTURE.read_bytes()[:9000]).decode()  # cut short, as happens
    file.write_bytes(_line(1, media=[{"filename": "horse.png", "data": data}]))
    assert run(str(file)).exit_code == 0
    with psycopg.connect(database_url) as connection:
        verdict, problems = connection.execute(
            "SELECT verdict, problems FROM evaluations"
        ).fetchone() or ("", [])
    assert verdict == "review"
    assert problems


def test_a_missing_file_and_a_missing_key_are_told(run: Run, tmp_path: Path) -> None:
    absent = run(str(tmp_path / "absent.ndjson"))
    assert absent.exit_code == 2
    assert "absent.ndjson" in absent.stderr
    keyless = run("-", "--url", "http://127.0.0.1:1", input=b"")
    assert keyless.exit_code == 2
    assert "--key" in keyless.stderr


@pytest.mark.long
def test_a_killed_import_goes_on(run: Run, tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "backlog.ndjson"
    file.write_bytes(b"".join(_line(number) for number in range(8000)))
    checkpoint = file.with_name("backlog.ndjson.imported")
    command = [sys.executable, "-m", "tidegate", "items", "import", str(file)]
    first = subprocess.Popen(
        [*command, "--data-dir", str(tmp_path / "instance")],
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: checkpoint.exists() or first.poll() is not None, "the first checkpoint")
    first.kill()
    assert first.wait() == -signal.SIGKILL, "it was done before it could be killed"
    done = run(str(file))
    assert done.exit_code == 0
    assert "Going on after line" in done.stderr
    assert "8,000 taken" in done.stdout
    stored = _stored(database_url)
    assert len(stored) == 8000
    assert {revision for _, _, revision in stored} == {1}


def test_it_goes_through_a_server_as_well(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "backlog.ndjson"
    file.write_bytes(_line(1, id="by-url-1") + b"null\n" + _line(2, id="by-url-2"))
    key = served.key("items:write,items:read")
    done = served.command(
        "items", "import", str(file), "--url", served.url, "--key", key, "--platform", "old"
    )
    assert done.returncode == 1
    assert "2 taken, 1 refused" in done.stdout
    assert "line 2:" in done.stderr
    with Client(served.url, key, platform="old") as client:
        assert client.item("by-url-2").platform == "old"


def test_it_works_beside_a_running_server(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "backlog.ndjson"
    file.write_bytes(_line(1, id="beside-1"))
    assert served.command("items", "import", str(file)).returncode == 0
    with Client(served.url, served.key("items:read")) as client:
        assert client.item("beside-1").verdict == "pass"


@given(st.binary(max_size=200).map(lambda raw: raw.replace(b"\x00", b"\n")), st.integers(1, 12))
def test_lines_are_those_of_the_file(raw: bytes, limit: int) -> None:
    expected: list[Line] = []
    end = 0
    for number, line in enumerate(raw.split(b"\n"), 1):
        end = min(end + len(line) + 1, len(raw))
        if len(line) > limit:
            expected.append(Line(number, end, None))
        elif line.strip():
            expected.append(Line(number, end, line.strip()))
    assert list(read_lines(io.BytesIO(raw), 0, 0, limit)) == expected


def test_a_checkpoint_is_only_for_the_same_file_and_target(tmp_path: Path) -> None:
    file = tmp_path / "backlog.ndjson"
    file.write_bytes(b"one\ntwo\n")
    reached = Reached(target="here", offset=4, line=1, taken=1, refused=0)
    Checkpoint(file, "here").save(reached)
    assert Checkpoint(file, "here").load().offset == 4
    assert Checkpoint(file, "elsewhere").load().offset == 0
    file.write_bytes(b"one\ntwo\nthree\n")  # it grew
    assert Checkpoint(file, "here").load().offset == 4
    file.write_bytes(b"new\ntwo\n")
    assert Checkpoint(file, "here").load().offset == 0
    file.write_bytes(b"one")
    assert Checkpoint(file, "here").load().offset == 0
    Checkpoint(file, "here").path.write_bytes(b"garbage")
    assert Checkpoint(file, "here").load().offset == 0
