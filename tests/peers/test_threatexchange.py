"""The unchanged command line of python-threatexchange takes what we write, and we take what it prints."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.peers import environment
from typer.testing import CliRunner, Result

from tidegate.cli.bank import app

pytestmark = pytest.mark.long

IMAGES = Path(__file__).parents[2] / "demo" / "images"
# Its index of one single code finds nothing once it was saved and loaded.
KNOWN = [IMAGES / name for name in ("horse.png", "rocket.jpg", "coffee.png", "astronaut.png")]
OTHER = IMAGES / "chelsea.png"
TEXT = "a sentence that somebody sent to many people on one day in spring"
URL = "https://example.org/a/page?x=1"

Peer = Callable[..., str]
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def command() -> Path:
    """The peer's command, in the environment that the benchmarks use."""
    try:
        python = environment(["threatexchange==1.2.17", "pdqhash==0.2.8"])
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"threatexchange 1.2.17 cannot be installed here: {error}")
    return python.with_name("threatexchange")


@pytest.fixture
def peer(command: Path, tmp_path: Path) -> Peer:
    """Runs it with a home of its own, where it keeps its state; returns what it prints."""

    def run(*words: str | Path) -> str:
        home = {**os.environ, "HOME": str(tmp_path)}
        given = [str(command), *map(str, words)]
        done = subprocess.run(given, env=home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)

    def run(*words: str | Path) -> Result:
        given = [*map(str, words), "--data-dir", str(tmp_path / "instance")]
        done = CliRunner().invoke(app, given)
        assert done.exit_code == 0, done.output
        return done

    for name in ("a", "b"):
        run("create", "--name", name)
    return run


def exchange(peer: Peer, name: str, list_file: Path, *more: str) -> None:
    """Make the list its own, as one of its exchanges, and have it fetched."""
    peer("config", "collab", "edit", "local_file", "--create", name, "--filename", list_file, *more)
    peer("fetch")


def test_what_it_prints_goes_round_through_us(peer: Peer, run: Run, tmp_path: Path) -> None:
    printed = tmp_path / "printed.txt"
    printed.write_text("".join(peer("hash", "photo", one) for one in KNOWN))
    run("import", "a", printed)
    listed = tmp_path / "listed.txt"
    run("export", "a", "--format", "pdq", "-o", listed)
    assert printed.read_text().replace("pdq ", "") == listed.read_text()
    exchange(peer, "bare", listed, "--signal-type", "pdq")
    assert [peer("match", "photo", one).count("(bare)") for one in [*KNOWN, OTHER]] == [
        1,
        1,
        1,
        1,
        0,
    ]


def test_it_matches_by_what_we_write_and_we_by_what_it_holds(
    peer: Peer, run: Run, tmp_path: Path
) -> None:
    """Codes with a quality, a text and an address."""
    codes = [peer("hash", "photo", one).split()[1] for one in KNOWN]
    ours = tmp_path / "ours.ndjson"
    pictures = [{"kind": "pdq", "value": code, "quality": 97} for code in codes]
    entries = [*pictures, {"text": TEXT}, {"url": URL}]
    ours.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    run("import", "a", ours)
    listed = tmp_path / "listed.txt"
    run("export", "a", "--format", "threatexchange", "-o", listed)
    exchange(peer, "typed", listed)
    assert [peer("match", "photo", one).count("(typed)") for one in [*KNOWN, OTHER]] == [
        1,
        1,
        1,
        1,
        0,
    ]
    assert "(typed)" in peer("match", "text", "--", *TEXT.split())
    assert "(typed)" in peer("match", "url", "--", URL)
    held = tmp_path / "held.txt"
    held.write_text(peer("dataset", "--print-signals"))
    run("import", "b", held)
    exported = [run("export", bank, "--format", "threatexchange").stdout for bank in ("a", "b")]
    assert sorted(exported[0].splitlines()) == sorted(exported[1].splitlines())
