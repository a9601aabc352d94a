"""`tidegate scorecard`: the card in words, as JSON and as a table, and nothing below ten."""

import csv
import io
import json
from pathlib import Path

import pytest
from tests.orders.letters import Sender, found_ours
from typer.testing import CliRunner

from tidegate.cli.failures import explain
from tidegate.cli.main import app_for
from tidegate.pipeline.instance import Instance

PERIOD = ("--from", "2026-01-01", "--to", "2027-01-01", "--channel", "referral")


@pytest.fixture
def told(
    instance: Instance, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Instance:
    """A platform that knows an authority, of which nothing came yet."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    found_ours(instance)
    Sender("bka.example").register(instance.database)
    return instance


def run(tmp_path: Path, *words: str) -> str:
    asked = ["scorecard", *words, *PERIOD, "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(app_for(asked), asked)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_below_ten_no_figure_is_printed(told: Instance, tmp_path: Path) -> None:
    assert "addresses     fewer than 10" in run(tmp_path, "bka.example")
    card = json.loads(run(tmp_path, "bka.example", "--json"))
    assert (card["n"], card["suppressed"], card["channel"]) == (None, True, "referral")
    (line,) = csv.DictReader(io.StringIO(run(tmp_path, "bka.example", "--csv")))
    assert (line["organisation"], line["note"]) == ("bka.example", "fewer than 10")


def test_of_whom_nobody_oversees_it_says_so(told: Instance, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="lists those that are") as refused:
        run(tmp_path, "nobody.example")
    assert explain(refused.value)
