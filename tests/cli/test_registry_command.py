"""`tidegate registry`: in the name of persons, two of whom it takes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.others import Other, jwk, new_key
from typer.testing import CliRunner, Result

from tidegate.access.actions import create_user
from tidegate.access.model import Limits
from tidegate.access.people import disable_user
from tidegate.cli.failures import explain
from tidegate.cli.registry import app
from tidegate.exchange.queries import get_party, parties
from tidegate.infra.db import Database
from tidegate.infra.errors import Refusal

Command = Callable[..., Result]
ADA, BEN = "ada@example.org", "ben@example.org"


@pytest.fixture
def command(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Run `tidegate registry …` on the test's database, which knows a few people."""
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    with database.begin() as tx:
        create_user(tx, ADA, "legal")
        create_user(tx, BEN, "officer")
        create_user(tx, "rita@example.org", "reviewer")
        create_user(tx, "gone@example.org", "legal")
        create_user(tx, "bound@example.org", "legal", Limits(platforms=["forum"]))
        create_user(tx, "admin@example.org", "admin")
        disable_user(tx, "gone@example.org")
    return lambda *words: CliRunner().invoke(app, [*words, "--data-dir", str(tmp_path)])


@pytest.fixture
def bka() -> Other:
    return Other()


def file_of(folder: Path, other: Other, **fields: object) -> str:
    path = folder / f"{other.id}.json"
    path.write_text(json.dumps(other.document(**fields)))
    return str(path)


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def refused(result: Result, type: str) -> None:
    assert isinstance(result.exception, Refusal), result.output
    assert result.exception.type == type
    assert explain(result.exception)


def test_one_adds_another_confirms_and_it_is_listed(
    command: Command, database: Database, tmp_path: Path, bka: Other
) -> None:
    source = file_of(tmp_path, bka)
    assert bka.kid in done(command("add", source, "--user", ADA))
    refused(command("confirm", bka.id, bka.kid, "--user", ADA), "same-person")
    refused(command("confirm", bka.id, new_key().kid, "--user", BEN), "fingerprint-differs")
    assert f"{bka.kid}  confirmed" in done(command("confirm", bka.id, bka.kid, "--user", BEN))
    with database.begin() as tx:
        party = get_party(tx, bka.id)
        assert (party.added_by, party.confirmed_by) == (f"user:{ADA}", f"user:{BEN}")
    words = ["--reason", "it leaked", "--at", "2025-06-01T12:00:00+02:00"]
    told = done(command("revoke", bka.id, bka.kid, "--user", ADA, *words))
    assert "revoked as of 2025-06-01T10:00:00.000000Z" in told
    (line,) = done(command("list", "--json")).splitlines()
    assert json.loads(line)["keys"][0]["state"] == "revoked"


def test_what_waits_to_be_confirmed_is_shown(command: Command, tmp_path: Path, bka: Other) -> None:
    told = done(command("add", file_of(tmp_path, bka, functions=["issue"]), "--user", ADA))
    assert f"inbox: https://{bka.id}/public/orders/inbox" in told
    assert "functions: issue" in told
    done(command("confirm", bka.id, bka.kid, "--user", BEN))
    more = file_of(tmp_path, bka, functions=["issue", "scrutinise"])
    told = done(command("add", more, "--user", BEN))
    assert "waits to be confirmed: functions: issue, scrutinise" in told
    assert "functions: issue\n" in told
    told = done(command("confirm", bka.id, bka.kid, "--user", ADA))
    assert "functions: issue, scrutinise" in told
    assert "waits" not in told


def test_what_was_swapped_meanwhile_is_not_confirmed(
    command: Command, database: Database, tmp_path: Path, bka: Other
) -> None:
    told = done(command("add", file_of(tmp_path, bka), "--user", ADA))
    shown = told.split("document: ")[1].split()[0]
    evil = "https://evil.example/public/orders/inbox"
    done(command("add", file_of(tmp_path, bka, inbox=evil), "--user", ADA))
    words = ["confirm", bka.id, bka.kid, "--user", BEN, "--document"]
    refused(command(*words, shown), "document-changed")
    with database.begin() as tx:
        assert get_party(tx, bka.id).state == "unconfirmed"
    (line,) = done(command("list", "--json")).splitlines()
    assert "confirmed" in done(command(*words, json.loads(line)["document"]))
    with database.begin() as tx:
        assert get_party(tx, bka.id).inbox == evil


def test_orders_are_executed_provisionally_of_authorities_that_are_named_alone(
    command: Command, database: Database, tmp_path: Path, bka: Other
) -> None:
    """Off until a person switches it on, for one confirmed authority; the ledger has who."""
    garda = Other("garda.example")
    for one in (bka, garda):
        done(command("add", file_of(tmp_path, one), "--user", ADA))
    on = ["provisional", bka.id, "--on", "--user", ADA]
    refused(command(*on), "party-unconfirmed")
    assert provisional(database) == []
    for one in (bka, garda):
        done(command("confirm", one.id, one.kid, "--user", BEN))
    refused(command("provisional", bka.id, "--on", "--user", "rita@example.org"), "scope-missing")
    assert command("provisional", bka.id, "--on").exit_code == 2  # nobody is named
    assert provisional(database) == []
    told = done(command(*on))
    assert "provisional: its orders are executed while nobody is awake" in told
    assert provisional(database) == [bka.id]
    query = sa.text("SELECT record FROM ledger_pending WHERE kind = 'party.provisional'")
    with database.begin() as tx:
        said = json.loads(bytes(tx.execute(query).scalar_one()))
    assert (said["id"], said["on"], said["actor"]) == (bka.id, True, f"user:{ADA}")
    assert "provisional" not in done(command("provisional", bka.id, "--off", "--user", BEN))
    assert provisional(database) == []


def provisional(database: Database) -> list[str]:
    with database.begin() as tx:
        return [one.id for one in parties(tx) if one.provisional]


def test_a_fingerprint_that_begins_with_a_dash_is_no_option(
    command: Command, tmp_path: Path
) -> None:
    dashed = next(one for one in iter(Other, None) if one.kid.startswith("-"))
    done(command("add", file_of(tmp_path, dashed), "--user", ADA))
    told = done(command("confirm", dashed.id, dashed.kid, "--user", BEN))
    assert f"{dashed.kid}  confirmed" in told
    done(command("revoke", dashed.id, dashed.kid, "--user", BEN, "--reason", "it leaked"))


def test_it_takes_somebody_who_may(
    command: Command, database: Database, tmp_path: Path, bka: Other
) -> None:
    source = file_of(tmp_path, bka)
    for who, type in {
        "nobody@example.org": "user-unknown",
        "gone@example.org": "user-disabled",
        "rita@example.org": "scope-missing",
        "bound@example.org": "platform-bound",
    }.items():
        refused(command("add", source, "--user", who), type)
    assert command("add", source).exit_code == 2  # nobody is named
    with database.begin() as tx:
        assert parties(tx) == []
        assert tx.execute(sa.text("SELECT count(*) FROM party_keys")).scalar_one() == 0
    done(command("add", source, "--user", "admin@example.org"))


def test_what_cannot_be_registered_is_refused(
    command: Command, database: Database, tmp_path: Path, bka: Other
) -> None:
    refused(command("add", file_of(tmp_path, bka, keys=[]), "--user", ADA), "invalid-body")
    inside = file_of(tmp_path, bka, inbox="https://127.0.0.1/x")
    refused(command("add", inside, "--user", ADA), "address-refused")
    wrong = file_of(tmp_path, bka, keys=[jwk(bka.key, kid="mine")])
    refused(command("add", wrong, "--user", ADA), "invalid-body")
    refused(
        command("add", file_of(tmp_path, bka, synthetic=True), "--user", ADA), "synthetic-differs"
    )
    refused(command("add", "http://127.0.0.1:1/", "--user", ADA), "address-refused")
    (tmp_path / "much").write_bytes(b" " * (1 << 20))
    for path in ("much", "missing"):
        assert command("add", str(tmp_path / path), "--user", ADA).exit_code == 2
    at = ["--reason", "x", "--at", "2025-06-01T12:00:00"]
    assert command("revoke", bka.id, bka.kid, "--user", ADA, *at).exit_code == 2
    with database.begin() as tx:
        assert parties(tx) == []


def test_the_commissions_list_gives_names_without_keys(
    command: Command, database: Database, tmp_path: Path
) -> None:
    table = tmp_path / "authorities.csv"
    table.write_text("Country,Authority,Functions\nGermany,BKA,a b\nIreland,Garda,a\n")
    assert "2 authorities, 2 of them new" in done(command("import", str(table)))
    assert "0 of them new" in done(command("import", str(table)))
    assert "de.bka  authority  DE  named  BKA" in done(command("list"))
    table.write_text("Country,Authority\nGermany,Third\nAtlantis,BKA\n")
    refused(command("import", str(table)), "invalid-body")
    with database.begin() as tx:
        assert [one.id for one in parties(tx)] == ["de.bka", "ie.garda"]
