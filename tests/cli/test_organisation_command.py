"""`tidegate organisation`: whom the instance speaks for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from tidegate.cli.failures import explain
from tidegate.cli.organisation import app
from tidegate.exchange.keys import OwnKey, own_keys
from tidegate.exchange.queries import organisation
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database
from tidegate.infra.settings import Settings
from tidegate.pipeline.instance import opened

Command = Callable[..., Result]
FIRST = {
    "--id": "forum.example",
    "--name": "The Forum",
    "--kind": "platform",
    "--member-state": "PT",
    "--languages": "pt, en",
    "--contact": "orders@forum.example",
    "--hosts": "forum.example,Bilder.forum.example",
}


@pytest.fixture
def command(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `tidegate organisation …` on the test's database."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(app, [*words, "--data-dir", str(tmp_path)])


def words(**changed: str | None) -> list[str]:
    given = FIRST | {f"--{name.replace('_', '-')}": one for name, one in changed.items()}
    return [part for name, one in given.items() if one is not None for part in (name, one)]


def done(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def ours(database: Database) -> Any:
    with database.begin() as tx:
        found = organisation(tx)
        return None if found is None else msgspec.structs.asdict(found)


def test_it_is_said_once_and_changed_in_parts(command: Command, database: Database) -> None:
    done(command("set", *words()))
    first = ours(database)
    assert first == {
        "id": "forum.example",
        "name": "The Forum",
        "kind": "platform",
        "member_state": "PT",
        "functions": [],
        "languages": ["pt", "en"],
        "contact_email": "orders@forum.example",
        "zone": "Europe/Lisbon",
        "hosts": ["forum.example", "bilder.forum.example"],
        "synthetic": False,
    }
    done(command("set", "--name", "Another"))
    assert ours(database) == first | {"name": "Another"}
    done(command("set", "--member-state", "EL"))  # the zone follows the state
    assert ours(database)["zone"] == "Europe/Athens"
    done(command("set", "--zone", "Atlantic/Azores"))
    done(command("set", "--member-state", "DE"))  # but not where it was named
    assert (ours(database)["member_state"], ours(database)["zone"]) == ("DE", "Atlantic/Azores")


def test_an_authority_has_functions(command: Command, database: Database) -> None:
    functions = "issue,scrutinise,oversee,penalise"
    done(command("set", *words(kind="authority", functions=functions, hosts=None)))
    assert ours(database)["functions"] == functions.split(",")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "Forum.example"}, "/id"),
        ({"id": None}, "--id"),
        ({"name": None, "contact": None}, "--name, --contact"),
        ({"kind": "ministry"}, "platform, authority"),
        ({"member_state": "US"}, "/member_state"),
        ({"functions": "issue"}, "/functions"),
        ({"kind": "authority", "functions": "rule"}, "/functions"),
        ({"languages": "German"}, "/languages"),
        ({"contact": "nobody"}, "/contact_email"),
        ({"zone": "Mars"}, "/zone"),
        ({"hosts": "https://forum.example"}, "/hosts"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    command: Command, database: Database, changed: dict[str, str | None], said: str
) -> None:
    result = command("set", *words(**changed))
    assert result.exit_code != 0
    told = result.output + explained(result)
    assert said in told.replace("\n", " "), told
    assert ours(database) is None


def explained(result: Result) -> str:
    """What the command line would say of what was raised."""
    return (explain(result.exception) or "") if isinstance(result.exception, Exception) else ""


@pytest.mark.parametrize("changed", [{"id": "other.example"}, {"kind": "authority"}])
def test_id_and_kind_are_for_ever(
    command: Command, database: Database, changed: dict[str, str]
) -> None:
    done(command("set", *words()))
    before = ours(database)
    result = command("set", *words(**changed))
    assert "speaks for another organisation" in explained(result)
    assert ours(database) == before


def test_it_shows_what_others_are_told(
    command: Command, database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    unset = command("show")
    assert "organisation set" in explained(unset)
    done(command("set", *words()))
    assert "made at the first start" in done(command("show")).stdout
    with opened(Settings(data_dir=tmp_path, media_workers=1), database_url, clock) as instance:
        kid = OwnKey.of(instance.secrets).kid
    shown = done(command("show")).stdout
    assert f"fingerprint: {kid}" in shown
    assert "inbox: http://127.0.0.1:8420/public/orders/inbox" in shown
    document = json.loads(done(command("show", "--json")).stdout)
    assert document["organisation"]["id"] == "forum.example"
    assert [key["kid"] for key in document["keys"]] == [kid]


def test_keys_follow_each_other(
    command: Command, database_url: str, database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    done(command("set", *words()))
    early = command("keys", "add")
    assert (early.exit_code, keys_of(database)) == (2, 0)  # the first is made at the first start
    with opened(Settings(data_dir=tmp_path, media_workers=1), database_url, clock) as instance:
        first = OwnKey.of(instance.secrets).kid
    assert command("keys", "revoke", first, "--reason", "old").exit_code == 1
    for wrong in ("tomorrow", "2126-01-01T00:00:00"):
        assert command("keys", "add", "--valid-from", wrong).exit_code == 2
    assert keys_of(database) == 0
    made = done(command("keys", "add", "--valid-from", "2126-01-01T00:00:00Z"))
    assert "organisation-2.key" in made.stderr
    waits = made.stdout.split()[0]
    lines = done(command("keys", "list")).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [first, waits]
    assert [line.endswith("signs") for line in lines] == [True, False]
    now = done(command("keys", "add")).stdout.split()[0]
    assert f"fingerprint: {now}" in done(command("show")).stdout
    told = done(command("keys", "revoke", first, "--reason", "it is old")).stdout
    assert told.startswith(first)
    assert "revoked as of" in told
    listed = [json.loads(line) for line in done(command("keys", "list", "--json")).stdout.split()]
    assert [one["kid"] for one in listed] == [first, waits, now]
    assert [one["revoked_at"] is None for one in listed] == [False, True, True]
    document = json.loads(done(command("show", "--json")).stdout)
    assert document["keys"] == listed


def keys_of(database: Database) -> int:
    with database.begin() as tx:
        return len(own_keys(tx))
