"""`tidegate ledger verify`: what it answers where there is nothing to verify."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tidegate.cli.ledger import app


def test_a_directory_without_an_instance_is_unreadable_and_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIDEGATE_DATABASE_URL", raising=False)
    mistyped = tmp_path / "instanec"
    result = CliRunner().invoke(app, ["verify", "--data-dir", str(mistyped)])
    assert result.exit_code == 2
    assert "no instance" in result.output
    assert not mistyped.exists()
