"""`tidegate webhooks`: what it says of a target that cannot be."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tidegate.cli.webhooks import app

Webhooks = Callable[..., Result]


@pytest.fixture
def webhooks(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Webhooks:
    """Run `tidegate webhooks …` on the test's database."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(app, [*words, "--data-dir", str(tmp_path)])


@pytest.mark.parametrize("verb", ["rotate", "enforce", "observe", "disable"])
def test_what_is_no_id_is_told_where_ids_are(verb: str) -> None:
    refused = CliRunner().invoke(app, [verb, "nosuch"])
    assert refused.exit_code == 2
    assert "See `tidegate webhooks list`" in refused.output


def test_leave_for_private_networks_is_named_where_it_would_help(webhooks: Webhooks) -> None:
    told = {
        url: "--allow-private" in webhooks("create", "--url", url).output
        for url in (
            "http://127.0.0.1:9/hook",
            "ftp://127.0.0.1/",
            "http://169.254.169.254/",
            "hook",
        )
    }
    assert list(told.values()) == [True, False, False, False]
    made = webhooks("create", "--url", "http://127.0.0.1:9/hook", "--allow-private")
    assert made.exit_code == 0
    (line,) = webhooks("list").stdout.splitlines()
    assert webhooks("rotate", line.split()[0]).exit_code == 0


def test_a_plain_target_is_told_apart(webhooks: Webhooks) -> None:
    url = ("--url", "https://platform.example/hook")
    assert webhooks("create", *url, "--plain", "--enforce").exit_code == 0
    assert webhooks("create", *url).exit_code == 0
    plain, other = webhooks("list").stdout.splitlines()
    assert plain.endswith("plain")
    assert "plain" not in other.replace("platform", "")
    (first, _) = (json.loads(line) for line in webhooks("list", "--json").stdout.splitlines())
    assert (first["plain"], "case.opened" in first["events"]) == (True, False)
    refused = webhooks("create", *url, "--plain", "--alerts")
    assert refused.exit_code != 0
    assert len(webhooks("list").stdout.splitlines()) == 2
