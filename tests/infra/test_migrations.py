"""A database is brought to today's schema, or turned away with a word of what to do."""

import hashlib
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from scripts.schema_diff import difference, schema_of
from tests.conftest import empty

from tidegate.infra.migrations import VERSIONS, history, migrate
from tidegate.infra.settings import SettingsError

# Revisions that were released: they never change again. On a release, add those that it brings.
RELEASED = {
    "0001_pre_spine": "afc232abe0c49015cac712795a477c28bc41c2bf03b2549ac7349feefbe27ec5",
}


def marks(url: str) -> list[str]:
    """What the database says of its revision."""
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute("SELECT version_num FROM alembic_version")]


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    """Today's revisions and two more."""
    versions = tmp_path / "versions"
    shutil.copytree(VERSIONS, versions)
    (versions / "9001_pre_one.sql").write_text("ALTER TABLE counters ADD one TEXT;")
    (versions / "9002_pre_two.sql").write_text(
        "CREATE TABLE two (id INT); INSERT INTO two VALUES (2);"
    )
    return versions


def test_revisions_are_named_by_what_they_do_and_are_sql_alone() -> None:
    files = sorted(path.name for path in VERSIONS.iterdir() if path.name != "__pycache__")
    wrong = [one for one in files if not re.fullmatch(r"\d{4}_(pre|post)_[a-z0-9_]+\.sql", one)]
    assert wrong == []
    assert len({one[:4] for one in files}) == len(files)
    # The column in a database of 0.1 that holds a name.
    assert [one.name for one in history() if len(one.name) > 32] == []


def test_what_was_released_is_as_it_was() -> None:
    now = {
        one.path.stem: hashlib.sha256(one.path.read_bytes()).hexdigest()
        for one in history()
        if one.path.stem in RELEASED
    }
    assert now == RELEASED


def test_a_revision_before_those_that_stand_is_another_history(longer: Path) -> None:
    before = [one.name for one in history(longer)]
    assert before[: len(history())] == [one.name for one in history()]
    (longer / "9000_pre_late.sql").write_text("SELECT 1;")
    after = [one.name for one in history(longer)]
    assert after[-1].startswith("9002_pre_two_")
    assert not set(before[-2:]) & set(after)


def test_the_revisions_make_what_the_tables_say(server_url: str) -> None:
    found = difference(server_url)
    assert not found, "-: only the revisions, +: only the tables\n" + "\n".join(found)


def test_a_difference_is_named(server_url: str, longer: Path) -> None:
    assert difference(server_url, longer)[-2:] == [
        "- counters: COLUMN one text",
        "- two: COLUMN id integer",
    ]


def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = marks(database_url)
    assert migrate(database_url) == []
    assert marks(database_url) == before == [history()[-1].name]


def test_an_older_database_is_upgraded_step_by_step(owner_url: str, longer: Path) -> None:
    told: list[str] = []
    assert migrate(owner_url, versions=longer, tell=told.append) == told
    assert told == ["9001_pre_one", "9002_pre_two"]
    assert marks(owner_url) == [history(longer)[-1].name]


def test_a_new_table_may_be_used_by_the_role_that_served_before(
    owner_url: str, database_url: str, longer: Path
) -> None:
    migrate(owner_url, versions=longer)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT * FROM two").fetchall() == [(2,)]


def test_an_upgrade_that_fails_leaves_all_as_it_was(owner_url: str, longer: Path) -> None:
    (longer / "9003_pre_wrong.sql").write_text("CREATE TABLE three (id INT); SELECT 1 / 0;")
    before = schema_of(owner_url), marks(owner_url)
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(owner_url, versions=longer)
    assert (schema_of(owner_url), marks(owner_url)) == before


def test_where_it_must_not_be_upgraded_the_command_is_named(owner_url: str, longer: Path) -> None:
    before = schema_of(owner_url), marks(owner_url)
    with pytest.raises(SettingsError, match="run `tidegate migrate --database-url URL`") as refused:
        migrate(owner_url, upgrade=False, versions=longer)
    assert "9002_pre_two" in str(refused.value)
    assert (schema_of(owner_url), marks(owner_url)) == before


def test_an_empty_database_is_filled_in_any_case(server_url: str, longer: Path) -> None:
    with empty(server_url) as url:
        assert migrate(url, upgrade=False, versions=longer) == [
            one.path.stem for one in history(longer)
        ]


def test_several_at_once_run_each_revision_once(server_url: str, longer: Path) -> None:
    with empty(server_url) as url, ThreadPoolExecutor(4) as pool:
        for versions in (VERSIONS, longer):
            ran = list(pool.map(lambda at: migrate(url, versions=at), [versions] * 4))
            assert sorted(map(bool, ran)) == [False, False, False, True]
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT * FROM two").fetchall() == [(2,)]


@pytest.mark.parametrize("mark", ["0001_pre_spine_01234567", "9999_post_future_01234567"])
def test_a_database_of_another_version_is_turned_away_and_left_alone(
    owner_url: str, mark: str
) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", [mark])
        connection.execute("DROP TABLE sightings")
    before = schema_of(owner_url)
    with pytest.raises(SettingsError, match=f"another version of Tidegate.*{mark}.*Go on with"):
        migrate(owner_url)
    assert (schema_of(owner_url), marks(owner_url)) == (before, [mark])


def test_a_role_that_may_not_is_told_whose_it_takes(owner_url: str, longer: Path) -> None:
    (longer / "9003_pre_denied.sql").write_text(
        "DO $$ BEGIN RAISE insufficient_privilege USING MESSAGE = 'must be owner of items'; END $$;"
    )
    before = schema_of(owner_url), marks(owner_url)
    with pytest.raises(SettingsError, match=r"owner of items.*with the role that owns the tables"):
        migrate(owner_url, versions=longer)
    assert (schema_of(owner_url), marks(owner_url)) == before
