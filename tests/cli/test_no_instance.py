"""Commands on a data directory that is none: they say so, and make no instance there."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tidegate.cli.main import app_for

COMMANDS = (
    ["ledger", "verify"],
    ["migrate"],
    ["items", "refingerprint"],
    ["items", "erase", "post-1"],
    ["policy", "look-back"],
    ["policy", "list"],
    ["keys", "list"],
    ["users", "list"],
    ["webhooks", "list"],
    ["bank", "list"],
    ["bank", "export", "known"],
    ["database", "dump", "file"],
    ["doctor", "--database-url"],
    ["doctor", "--environment"],
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_mistyped_data_directory_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.delenv("TIDEGATE_DATABASE_URL", raising=False)
    mistyped = tmp_path / "instanec"
    result = CliRunner().invoke(app_for(words), [*words, "--data-dir", str(mistyped)])
    assert result.exit_code != 0
    assert "There is no instance in" in result.output + str(result.exception)
    assert not mistyped.exists()
