"""`tidegate keys`: what it prints, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.access.shown_keys import bearer
from typer.testing import CliRunner, Result

from tidegate.cli.failures import explain
from tidegate.cli.keys import app
from tidegate.infra.db import Database
from tidegate.intake.flaggers import create_flagger, flagger_of
from tidegate.intake.flagging import FlaggerIn

Keys = Callable[..., Result]


@pytest.fixture
def keys(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Run `tidegate keys …` on the test's database."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(app, [*words, "--data-dir", str(tmp_path)])


def listed(keys: Keys) -> list[dict[str, Any]]:
    return [json.loads(line) for line in keys("list", "--json").stdout.splitlines()]


def test_a_key_with_every_bound_is_made_listed_and_recorded(keys: Keys, database: Database) -> None:
    words = "create --name desk --scopes reports:write --expires 2099-01-31 --channels referral"
    words += " --rate 60/60s"
    networks = ("--network", "10.0.0.0/8, ::1", "--network", "192.0.2.1")
    made = keys(*words.split(), *networks)
    assert made.exit_code == 0, made.output
    with database.begin() as tx:
        principal = bearer(tx, made.stdout.splitlines()[-1])
        created = tx.connection.exec_driver_sql("SELECT record FROM ledger_pending").scalar_one()
    assert principal is not None
    (key,) = listed(keys)
    bounds = {
        "expires_at": "2099-01-31T00:00:00Z",
        "networks": ["10.0.0.0/8", "::1/128", "192.0.2.1/32"],
        "channels": ["referral"],
        "rate": "60/m",
    }
    assert {name: key[name] for name in bounds} == bounds
    record = json.loads(created)
    assert {name: record[name] for name in bounds} == bounds
    assert record["key"] == key["id"] == principal.key
    line = keys("list").stdout
    for part in ("desk", "until 2099-01-31", "from 10.0.0.0/8,::1/128", "channels referral"):
        assert part in line


def test_a_key_of_a_flagger_is_bound_to_it_or_is_not_made(keys: Keys, database: Database) -> None:
    with database.begin("user:anna@example.org") as tx:
        flagger = create_flagger(tx, FlaggerIn(name="Hotline", platform="forum")).id
    words = ["create", "--name", "hotline", "--scopes", "reports:write", "--flagger"]
    channel = ["--channels", "trusted_flagger"]
    for more in (
        [str(flagger)],  # not over its channel
        [str(flagger), *channel],  # not on its platform
        [str(uuid4()), *channel],
        ["nonsense", *channel],
    ):
        assert keys(*words, *more).exit_code != 0, more
    assert listed(keys) == []
    made = keys(*words, str(flagger), *channel, "--platform", "forum", "--json")
    assert made.exit_code == 0, made.output
    with database.begin() as tx:
        assert flagger_of(tx, json.loads(made.stdout)["id"]) == flagger
        assert flagger_of(tx, "of nobody") is None


def test_a_rotated_key_is_printed_last_by_name_or_id(keys: Keys, database: Database) -> None:
    first = keys("create", "--name", "desk", "--scopes", "admin").stdout.strip()
    second = keys("rotate", "desk")
    assert "The secret of before is good until" in second.stderr
    third = json.loads(keys("rotate", first.split("_")[1], "--overlap", "2h", "--json").stdout)
    (key,) = listed(keys)
    assert third["id"] == key["id"]
    assert third["old_until"] == key["old_until"]
    tokens = [first, second.stdout.splitlines()[-1], third["key"]]
    with database.begin() as tx:
        found = [bearer(tx, token) is not None for token in tokens]
        kinds = tx.connection.exec_driver_sql("SELECT kind FROM ledger_pending ORDER BY at, id")
        assert list(kinds.scalars()) == ["key.created", "key.rotated", "key.rotated"]
    assert found == [False, True, True]
    assert keys("rotate", "desk", "--overlap", "0").exit_code == 0
    assert listed(keys)[0]["old_until"] is None
    assert keys("revoke", "desk").exit_code == 0
    assert listed(keys)[0]["revoked_at"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--expires", "yesterday"], "expires: expected a while (90d, 12h), a day"),
        (["--expires", "2020-01-01"], "expected a time in the future"),
        (
            ["--network", ""],
            "network: expected networks such as 10.0.0.0/8, got none.",
        ),
        (
            ["--network", "10.0.0.1/8"],
            "network: '10.0.0.1/8' is an address in a network: write 10.0.0.0/8 or 10.0.0.1.",
        ),
        (["--rate", "fast"], "rate: expected requests in a time of at most a day (50/s, 600/m"),
        (["--channels", "referral,friends"], "expected channels out of franked, referral"),
        (
            ["--name", "taken"],
            "Choose another name, give that key a new secret (tidegate keys rotate",
        ),
    ],
)
def test_a_key_that_cannot_be_is_refused_and_nothing_is_made(
    keys: Keys, more: list[str], said: str
) -> None:
    keys("create", "--name", "taken", "--scopes", "admin")
    refused = keys("create", "--name", "desk", "--scopes", "admin", *more)
    assert refused.exit_code != 0
    assert isinstance(refused.exception, Exception)
    assert said in (explain(refused.exception) or "")
    assert len(listed(keys)) == 1
