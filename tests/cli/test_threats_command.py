"""`tidegate threats`: packs are checked, stored, tried and put live, and a text is tried."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tidegate.cli.threats import app
from tidegate.infra.db import Database

PACK = """
[pack]
name = "trial"
language = "en"
version = 1

[[patterns]]
name = "kill"
element = "intent"
phrases = ["i will kill"]
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    file = tmp_path / "trial.toml"
    file.write_text(PACK)
    return file


def run(*words: str, said: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=said)


def test_a_file_is_checked(pack: Path) -> None:
    assert run("check", str(pack)).exit_code == 0
    pack.write_text(PACK.replace("phrases", "phrase").replace("i will", "{will}"))
    result = run("check", str(pack), "--json")
    assert result.exit_code == 1
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert {one["file"] for one in told} == {str(pack)}
    assert any("no key `phrase`" in one["message"] and one["line"] for one in told)


def test_a_text_is_tried_by_files_and_by_what_an_instance_starts_with(
    pack: Path, tmp_path: Path
) -> None:
    nowhere = str(tmp_path / "none")
    told = run("try", "so i will kill", "--pack", str(pack), "--data-dir", nowhere, "--json")
    assert json.loads(told.stdout) == {
        "level": "medium",
        "because": [{"pattern": "trial/kill", "text": "i will kill", "start": 3, "end": 14}],
    }
    quiet = run("try", "good morning", "--pack", str(pack), "--data-dir", nowhere)
    assert quiet.stdout == "no threat\n"
    loud = run("try", "-", "--data-dir", nowhere, said="I will kill you with my gun")
    assert loud.stdout.splitlines()[0].startswith("high_")
    assert not Path(nowhere).exists()


def test_versions_go_live_by_way_of_the_shadow(
    database: Database,
    database_url: str,
    tmp_path: Path,
    pack: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    monkeypatch.setenv("TIDEGATE_DATA_DIR", str(tmp_path / "data"))
    assert run("load", str(pack)).exit_code == 0
    listed = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert {one["name"]: one["state"] for one in listed} == {
        **dict.fromkeys(("ar", "de", "en", "fr"), "live"),
        "trial": "stored",
    }
    refused = run("live", "trial", "1")
    assert refused.exit_code != 0
    assert "threats shadow trial 1" in str(refused.exception)
    assert run("shadow", "trial", "1").exit_code == 0
    assert "0 differ: 0 more would ring" in run("trials", "trial@1").stderr
    assert run("live", "trial", "1", "--reason", "tried for a week").exit_code == 0
    for name in ("ar", "de", "en", "fr"):
        assert run("withdraw", name).exit_code == 0
    assert run("try", "i will kill").stdout.startswith("medium, rings\n")
    assert run("show", "trial", "1").stdout == PACK
    assert "live" in run("list").stdout
