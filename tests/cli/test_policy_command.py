"""`tidegate policy show`: packs as they were written."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tidegate.cli.policy import app
from tidegate.infra.db import Database
from tidegate.policy.actions import store_pack
from tidegate.policy.data import default_source
from tidegate.policy.reading import check_source


def test_a_pack_is_printed_as_it_was_written(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)

    def show(*words: str) -> str:
        return CliRunner().invoke(app, ["show", *words, "--data-dir", str(tmp_path)]).stdout

    assert show() == default_source()
    own = default_source().replace('name = "tvec"', 'name = "ours"')
    with database.begin() as tx:
        store_pack(tx, own)
    assert show("ours@3") == own
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "tvec.toml").write_text(own)
    assert show() == own


def test_the_example_of_the_page_is_a_pack() -> None:
    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
    example, *_ = [part.split("```")[0] for part in page.split("```toml\n")[1:]]
    assert check_source(example) == []
