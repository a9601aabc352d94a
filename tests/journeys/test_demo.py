"""The demo, as `make demo HEADLESS=1` runs it, and what it refuses."""

import json
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.serving import free_port

from tidegate.infra.postgres import EmbeddedPostgres


def _demo(data_dir: Path, port: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tidegate", "demo", "--headless"]
    return subprocess.run(
        [*command, "--port", str(port), "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.long
def test_everything_that_the_summary_shows_happens(tmp_path: Path) -> None:
    data_dir = tmp_path / "demo"
    try:
        done = _demo(data_dir, free_port())
        assert done.returncode == 0, done.stdout + done.stderr
        for words in (
            "bridge, other edits",
            "p99",
            "cases decided",
            "first of",
            "SIGKILL",
            "intact",
        ):
            assert words in done.stdout
        lines = (data_dir / "received.ndjson").read_text().splitlines()
        told = [json.loads(line) for line in lines]
        played = Counter(one["type"] for one in told if not str(one["item"]).startswith("desk/"))
        assert (played["action.restrict"], played["action.lift"]) == (12, 1)
    finally:
        EmbeddedPostgres(data_dir).remove()


def test_a_taken_port_is_told_before_anything_is_touched(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = _demo(tmp_path / "demo", taken.getsockname()[1])
    assert done.returncode == 1
    assert "--port" in done.stdout
    assert not (tmp_path / "demo").exists()


def test_a_directory_that_is_no_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    done = _demo(tmp_path, free_port())
    assert done.returncode == 1
    assert "--data-dir" in done.stdout
    assert (tmp_path / "precious.txt").read_text() == "mine"
