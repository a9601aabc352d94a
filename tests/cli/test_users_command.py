"""`tidegate users`: roles, limits and names, and what the last administrator's are kept from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tidegate.access.model import ROLES
from tidegate.access.signatures import Signature, signature_of
from tidegate.cli.failures import explain
from tidegate.cli.users import app
from tidegate.infra.db import Database
from tidegate.infra.errors import Refusal

Users = Callable[..., Result]
RITA, ADA = "rita@example.org", "ada@example.org"


@pytest.fixture
def users(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Users:
    """Run `tidegate users …` on the test's database."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(app, [*words, "--data-dir", str(tmp_path)])


def listed(users: Users) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in users("list", "--json").stdout.splitlines()]
    return {one["email"]: one for one in found}


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def test_every_role_is_taken_by_create_and_role(users: Users) -> None:
    done(users("create", "--email", ADA, "--role", "admin"))
    done(users("create", "--email", RITA, "--role", "reviewer"))
    for role in ROLES:
        done(users("create", "--email", f"{role}@example.org", "--role", role))
        done(users("role", "--email", RITA, "--role", role))
        assert listed(users)[RITA]["role"] == role
    assert {one["role"] for one in listed(users).values()} == set(ROLES)


def test_limits_are_given_changed_and_taken_away(users: Users) -> None:
    words = ["--queue", "reports", "--queue", "senior", "--language", "de", "--platform", "forum"]
    made = done(users("create", "--email", RITA, "--role", "reviewer", *words, "--json"))
    document = json.loads(made.splitlines()[-1])
    assert document["queues"] == ["reports", "senior"]
    assert document["display_name"] == "rita"
    assert "queues: reports" in done(users("queues", "--email", RITA, "--queue", "reports"))
    done(users("languages", "--email", RITA, "--all"))
    done(users("platforms", "--email", RITA, "--platform", "shop"))
    rita = listed(users)[RITA]
    limits = (rita["platforms"], rita["queues"], rita["languages"])
    assert limits == (["shop"], ["reports"], None)
    assert users("queues", "--email", RITA).exit_code == 2
    assert users("queues", "--email", RITA, "--all", "--queue", "x").exit_code == 2
    done(users("name", "--email", RITA, "Rita R."))
    assert "as Rita R." in done(users("list"))


@pytest.mark.parametrize(
    "words",
    [
        ["role", "--email", ADA, "--role", "reviewer"],
        ["disable", "--email", ADA],
        ["platforms", "--email", ADA, "--platform", "forum"],
        ["queues", "--email", ADA, "--queue", "reports"],
        ["languages", "--email", ADA, "--language", "de"],
    ],
)
def test_the_last_administrator_stays(users: Users, database: Database, words: list[str]) -> None:
    done(users("create", "--email", ADA, "--role", "admin"))
    before = listed(users)
    refused = users(*words)
    assert refused.exit_code != 0
    assert isinstance(refused.exception, Exception)
    assert "the last whom nothing limits" in (explain(refused.exception) or "")
    assert listed(users) == before
    with database.begin() as tx:
        kinds = tx.connection.exec_driver_sql("SELECT kind FROM ledger_pending").scalars().all()
    assert kinds == ["user.created"]


def test_what_somebody_signs_documents_as_is_said_when_they_are_made_or_later(
    users: Users, database: Database
) -> None:
    def signs(email: str) -> Signature:
        with database.begin() as tx:
            return signature_of(tx, email)

    made = ["--name", "Ada Lovelace", "--post", "Head of legal"]
    done(users("create", "--email", ADA, "--role", "legal", *made))
    done(users("create", "--email", RITA, "--role", "officer"))
    assert (signs(ADA), signs(RITA)) == (Signature("Ada Lovelace", "Head of legal"), Signature())
    told = done(users("set", "--email", RITA, "--name", "Rita Klein"))
    assert told == f"{RITA} signs as Rita Klein now.\n"
    done(users("set", "--email", RITA, "--post", "Officer"))
    done(users("set", "--email", ADA, "--name", ""))
    assert signs(RITA) == Signature("Rita Klein", "Officer")
    assert signs(ADA) == Signature(None, "Head of legal")
    assert users("set", "--email", RITA).exit_code == 2
    refused = users("set", "--email", RITA, "--name", "x" * 201)
    assert isinstance(refused.exception, Refusal)
    assert signs(RITA) == Signature("Rita Klein", "Officer")
    assert "Klein" not in users("list", "--json").stdout  # it is for the annexes
