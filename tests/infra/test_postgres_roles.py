"""The role that serves changes no sealed row: it has no right to, and one function of the owner's."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from postgres_instances import Instance, rows
from sqlalchemy.exc import ProgrammingError
from tests.erased import erased_item

from tidegate.infra.db import Database, Tx
from tidegate.infra.findings import Finding
from tidegate.infra.migrations import migrate
from tidegate.infra.postgres import EmbeddedPostgres, diagnose, embedded
from tidegate.infra.postgres.binaries import find_binaries
from tidegate.infra.postgres.cluster import make_cluster, run_program
from tidegate.infra.postgres.configuration import DATABASE, OWNER, ROLE
from tidegate.infra.postgres.place import make_directories, open_place, renote
from tidegate.infra.postgres.roles import may_only_serve
from tidegate.infra.postgres.supervisor import _reachable_binaries
from tidegate.infra.settings import SettingsError
from tidegate.ledger.actions import append, append_many, forget
from tidegate.ledger.model import NewEntry
from tidegate.ledger.sequencer import seal

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
SUBJECT, OTHER = UUID(int=1), UUID(int=2)
TRIED = (
    "UPDATE {} SET seq = seq + 1",
    "UPDATE {} SET hash = hash WHERE false",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
    "ALTER TABLE {} ADD more INTEGER",
    "ALTER TABLE {} OWNER TO CURRENT_USER",
    "DROP TABLE {}",
    "CREATE TRIGGER t BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE r AS ON INSERT TO {} DO INSTEAD NOTHING",
    "SELECT * FROM {} FOR UPDATE",
    "LOCK TABLE {} IN EXCLUSIVE MODE",
)
TRIED_ONCE = (
    "UPDATE ledger_pending SET record = NULL",
    "UPDATE ledger_pending SET kind = 'x'",
    "TRUNCATE ledger_pending",
    "UPDATE alembic_version SET version_num = 'x'",
    "SET ROLE tidegate_owner",
    "DROP FUNCTION ledger_blank",
    "ALTER FUNCTION ledger_blank SECURITY INVOKER",
    "CREATE TABLE public.more (n INTEGER)",
    "GRANT UPDATE ON ledger TO CURRENT_USER",
    "DROP SCHEMA public CASCADE",
    "ALTER ROLE CURRENT_USER CREATEROLE",
)


@pytest.fixture
def sealed(database: Database, owner: Database, tmp_path: Path) -> Database:
    """A ledger with entries about two subjects and about none, and one that waits."""
    if database.url == owner.url:
        pytest.skip("the server of TIDEGATE_TEST_DATABASE_URL has one role")
    with database.begin() as tx:
        append_many(tx, [NewEntry("k", {"n": 1}, one) for one in (SUBJECT, SUBJECT, OTHER, None)])
    assert seal(database, KEY, tmp_path / "head") == 4
    with database.begin() as tx:
        append(tx, "waits", {"n": 2}, SUBJECT)
    return database


def everything(database: Database) -> list[tuple[object, ...]]:
    tables = ("ledger", "ledger_heads", "ledger_pending")
    return [row for name in tables for row in rows(database.url, f"TABLE {name}")]


def test_no_statement_changes_what_is_sealed(sealed: Database) -> None:
    before = everything(sealed)
    tried = [one.format(table) for one in TRIED for table in ("ledger", "ledger_heads")]
    with psycopg.connect(sealed.url) as connection:
        for statement in [*tried, *TRIED_ONCE]:
            try:
                connection.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                connection.rollback()
                continue
            # Granting what one has not got is a warning; nothing may come of it.
            connection.rollback() if statement.startswith("GRANT") else pytest.fail(statement)
    assert everything(sealed) == before


def test_erasure_blanks_its_subject_alone(sealed: Database) -> None:
    with sealed.begin() as tx:
        assert forget(tx, erased_item(tx, SUBJECT), {}) == 3
    left = rows(sealed.url, "SELECT subject FROM ledger WHERE record IS NOT NULL ORDER BY 1")
    assert left == [(OTHER,), (None,)]
    waiting = "SELECT kind FROM ledger_pending WHERE (record IS NULL) = (salt IS NULL) AND "
    assert rows(sealed.url, waiting + "record IS NULL") == [("waits",)]
    assert rows(sealed.url, waiting + "record IS NOT NULL") == [("item.erased",)]


def test_what_is_no_item_that_is_erased_is_not_blanked(sealed: Database) -> None:
    """A person, say, or an item that stands."""

    def blank(kind: str) -> None:
        with sealed.begin() as tx:
            ending = append(tx, kind, {}, SUBJECT)
            tx.execute(sa.text("SELECT ledger_blank(:a, :e)"), {"a": SUBJECT, "e": ending})

    with pytest.raises(ProgrammingError, match="only of an item"):
        blank("item.erased")
    with sealed.begin() as tx:
        erased_item(tx, SUBJECT)
    with pytest.raises(ProgrammingError, match="only in the transaction"):
        blank("item.expired")
    with sealed.begin() as tx:
        tx.execute(sa.text("UPDATE items SET erased_at = NULL"))
    with pytest.raises(ProgrammingError, match="only of an item"):
        blank("item.erased")
    assert rows(sealed.url, "SELECT count(*) FROM ledger WHERE record IS NULL") == [(0,)]


def test_without_an_erasure_of_its_own_transaction_nothing_is_blanked(sealed: Database) -> None:
    def blank(kind: str, appended: UUID) -> None:
        with sealed.begin() as tx:
            call(tx, append(tx, kind, {}, appended))

    def blank_later() -> None:
        with sealed.begin() as tx:
            ending = append(tx, "item.erased", {}, SUBJECT)
        with sealed.begin() as tx:
            call(tx, ending)

    def call(tx: Tx, ending: UUID) -> None:
        tx.execute(sa.text("SELECT ledger_blank(:a, :e)"), {"a": SUBJECT, "e": ending})

    of_another, no_erasure = ("item.erased", OTHER), ("item.judged", SUBJECT)
    for attempt in (lambda: blank(*of_another), lambda: blank(*no_erasure), blank_later):
        with pytest.raises(ProgrammingError, match="only in the transaction"):
            attempt()
    assert rows(sealed.url, "SELECT count(*) FROM ledger WHERE record IS NULL") == [(0,)]


def test_the_function_looks_into_no_table_of_its_caller(sealed: Database) -> None:
    with sealed.begin() as tx:
        tx.execute(sa.text("CREATE TEMP TABLE ledger_pending AS SELECT * FROM ledger_pending"))
        tx.execute(sa.text("UPDATE pg_temp.ledger_pending SET kind = 'item.erased'"))
        ((ending,),) = tx.execute(sa.text("SELECT id FROM pg_temp.ledger_pending")).all()
        with pytest.raises(ProgrammingError, match="only in the transaction"):
            tx.execute(sa.text("SELECT ledger_blank(:a, :e)"), {"a": SUBJECT, "e": ending})


# --- a server of one's own ---


def test_what_was_granted_too_much_is_taken_back(owner_url: str, sealed: Database) -> None:
    """As the documents of 0.1 said: every table, and those to come."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}".encode())
        connection.execute("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO tidegate")
        assert not may_only_serve(connection, ROLE)
        told = found(sealed.url)
        assert told.ok  # it works: a warning
        assert "could change" in told.detail
        assert "--app-role" in told.mend
        assert "could change" in found(owner_url).detail
        assert migrate(owner_url, app_role=ROLE) == []
        assert may_only_serve(connection, ROLE)
    assert (found(sealed.url).ok, found(sealed.url).mend) == (True, "")


def found(url: str) -> Finding:
    """What the doctor says of the role in the URL of a server of one's own."""
    [finding] = [one for one in diagnose(Path("unused"), url) if one.name == "postgres roles"]
    return finding


def test_a_role_that_cannot_be_told_from_the_owner_is_refused(owner_url: str) -> None:
    for role, said in ((OWNER, "owns the tables"), ("nobody_at_all", "no role nobody_at_all")):
        with pytest.raises(SettingsError, match=said):
            migrate(owner_url, app_role=role)


# --- the embedded server ---


def of_release_0_1(instance: Instance) -> None:
    """Make the cluster as 0.1 did: one role, which owned a table."""
    (instance.data_dir / "postgres").mkdir(parents=True)
    place = make_directories(open_place(instance.data_dir))
    binaries = _reachable_binaries(place, find_binaries())
    place = make_cluster(place, binaries)
    single = [binaries.program("postgres"), "--single", "-D", place.data, "-c", "exit_on_error=on"]
    statements = (
        "CREATE TABLE kept AS SELECT 42 AS n",
        f"ALTER TABLE kept OWNER TO {ROLE}",
        f"REASSIGN OWNED BY {OWNER} TO {ROLE}",
        f"DROP ROLE {OWNER}",
        f"ALTER ROLE {ROLE} CREATEDB",
    )
    run_program(place, [*single, DATABASE], "".join(f"{one}\n" for one in statements))
    renote(place, owner_password=None, separated=False)


def test_a_cluster_of_0_1_gets_its_owner_at_the_next_start(fresh_instance: Instance) -> None:
    of_release_0_1(fresh_instance)
    server = EmbeddedPostgres(fresh_instance.data_dir)
    for _ in range(2):
        url = server.start()
        assert fresh_instance.place.url == url
        owner = server.owner_url
        assert (ROLE in url, OWNER in owner) == (True, True)
        assert rows(owner, "SELECT n, current_user FROM kept") == [(42, OWNER)]
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            psycopg.connect(url) as connection,
        ):
            connection.execute("DROP TABLE kept")
        server.release()


def test_the_command_line_prints_the_role_that_serves(instance: Instance) -> None:
    command = [sys.executable, "-m", "tidegate", "doctor", "--database-url", "--data-dir"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TIDEGATE_")}
    with embedded(instance.data_dir) as url:
        done = subprocess.run(
            [*command, str(instance.data_dir)], env=environment, stdout=subprocess.PIPE, check=True
        )
        assert f"//{ROLE}:" in url
    assert done.stdout.decode().strip() == url
