"""A database that an earlier release filled goes on under this program: nothing of it is lost.

`filled_0_1.sql` was made by `scripts/fill_release.py`; on a release, add the file that it makes then.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from scripts.fill_release import KNOWN, Filling, write_keys
from starlette.testclient import TestClient
from tests.api import Api
from tests.conftest import empty

from tidegate.infra import keying
from tidegate.infra.clock import FakeClock
from tidegate.infra.digests import keyed
from tidegate.infra.migrations import VERSIONS, history, migrate
from tidegate.infra.settings import Settings, SettingsError
from tidegate.ledger.queries import head
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.kinds import KindWalk
from tidegate.pipeline.lookback.phrases import PhraseWalk
from tidegate.pipeline.verify import verify
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import decode_codes
from tidegate.web.app import create_app

# Columns ("table.column") whose values a revision changes, and tables that it takes away.
CHANGED: set[str] = set()
# Tables that a revision adds rows to.
FILLED_UP = {"counters"}
# Of one with a reporter and of one without, the same again, a moment later.
AGAIN = b"""
    INSERT INTO reports (id, platform, external_id, item_id, channel, reason, reporter, digest, created_at,
        received_at)
    SELECT gen_random_uuid(), platform, external_id || ' again', item_id, channel, reason, reporter, digest,
        created_at, received_at + interval '1 second' FROM reports WHERE external_id IN ('r1', 'r4')
"""
_COLUMNS = b"""
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND attnum > 0
        AND NOT attisdropped AND relname <> 'alembic_version' ORDER BY 1, 2
"""


@pytest.fixture
def filled(server_url: str, tmp_path: Path) -> Iterator[str]:
    """A database of 0.1 with what was in it."""
    versions = tmp_path / "released"
    versions.mkdir()
    shutil.copy(VERSIONS / "0001_pre_spine.sql", versions)
    with empty(server_url) as url:
        migrate(url, versions=versions)
        with psycopg.connect(url) as connection:
            connection.execute((Path(__file__).parent / "filled_0_1.sql").read_bytes())
        yield url


@pytest.fixture
def upgraded(filled: str, server_urls: tuple[str, str], tmp_path: Path) -> Iterator[Instance]:
    """The program of today on it, a day later, with a role that only serves."""
    owner, url = map(sa.engine.make_url, (filled, server_urls[1]))
    migrate(filled, app_role=None if url.username == owner.username else url.username)
    served = url.set(database=owner.database).render_as_string(hide_password=False)
    settings = Settings(data_dir=tmp_path / "instance")
    write_keys(settings.data_dir)
    clock = FakeClock()
    clock.advance(86_400)
    with opened(settings, served, clock) as instance:
        yield instance


@pytest.fixture
def api(upgraded: Instance) -> Iterator[Api]:
    with TestClient(create_app(upgraded), base_url="http://tidegate") as client:
        yield Api(upgraded, client)


def columns_of(url: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with psycopg.connect(url) as connection:
        for table, column in connection.execute(_COLUMNS):
            found.setdefault(table, []).append(column)
    return found


def rows_of(url: str, columns: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of these columns as text, by table and in an order of their own."""
    with psycopg.connect(url) as connection:
        return {
            table: sorted(
                connection.execute(
                    f"SELECT {', '.join(f'{name}::text' for name in names)} FROM {table}".encode()
                ).fetchall(),
                key=repr,
            )
            for table, names in columns.items()
        }


def test_the_fixture_fills_what_matters(filled: str) -> None:
    rows = rows_of(filled, columns_of(filled))
    # Neither retries nor imports nor wrong passwords are anything that an upgrade might lose.
    assert {table for table, found in rows.items() if not found} == {
        "answers",
        "imports",
        "sign_in_failures",
    }


def test_every_row_and_every_value_is_kept(filled: str) -> None:
    before = columns_of(filled)
    kept = {
        table: [name for name in names if f"{table}.{name}" not in CHANGED]
        for table, names in before.items()
        if table not in CHANGED
    }
    rows = rows_of(filled, kept)
    migrate(filled)
    after = columns_of(filled)
    assert [one for one in kept if not set(kept[one]) <= set(after.get(one, []))] == []
    found = rows_of(filled, kept)
    for table in FILLED_UP & set(rows):
        found[table] = [row for row in found[table] if row in rows[table]]
    assert found == rows


def test_no_digest_that_items_have_is_made_once_more(upgraded: Instance) -> None:
    with upgraded.database.begin() as tx:
        stored = tx.execute(sa.text("SELECT fingerprints FROM revisions")).scalars()
        kinds = {code.kind for one in stored for _, code in decode_codes(one)}
    assert {"sha256", "text_minhash"} <= kinds
    # Addresses, texts and pictures are read otherwise than in 0.1; bytes are what they were.
    of_bytes = {kind.name for kind in KINDS.values() if kind.source == "bytes"}
    assert not KindWalk(upgraded).kinds & of_bytes


def test_what_was_filled_is_at_todays_revision(upgraded: Instance) -> None:
    with upgraded.database.begin() as tx:
        found = tx.connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        assert found.scalars().all() == [history()[-1].name]


def test_every_item_and_case_is_read(upgraded: Instance, api: Api) -> None:
    with upgraded.database.begin() as tx:
        items = tx.connection.exec_driver_sql(
            "SELECT platform, external_id, erased_at IS NOT NULL FROM items"
        ).all()
        cases = tx.connection.exec_driver_sql("SELECT id FROM cases").scalars().all()
    assert len(items) > 20
    assert len(cases) > 10
    for platform, id, erased in items:
        answer = api.get(f"/v1/items/{id}?platform={platform}")
        assert answer.status_code == (410 if erased else 200), answer.text
    for id in cases:
        assert api.get(f"/v1/cases/{id}").status_code == 200
    actions = api.get("/v1/actions?limit=500").json()["data"]
    assert [one["number"] for one in actions] == list(range(1, len(actions) + 1))


def test_every_case_is_about_its_item_and_goes_on(upgraded: Instance, api: Api) -> None:
    found = api.get("/v1/cases?limit=500").json()["data"]
    assert {one["subject"]["kind"] for one in found} == {"item"}
    assert all(one["subject"]["id"] == one["item"] for one in found)
    assert {one["version"] for one in found} == {1}
    with upgraded.database.begin() as tx:
        wrong = tx.connection.exec_driver_sql(
            "SELECT count(*) FROM cases JOIN items ON items.id = cases.item_id"
            " WHERE subject_id IS DISTINCT FROM item_id"
            " OR cases.platform IS DISTINCT FROM items.platform"
        )
        assert wrong.scalar_one() == 0
    waiting = next(one for one in found if one["state"] == "open")
    claimed = api.post(f"/v1/cases/{waiting['id']}/claim").json()
    assert (claimed["state"], claimed["version"]) == ("claimed", 2)


def test_what_stood_still_stands(api: Api) -> None:
    assert api.get("/v1/items/by-rule").json()["restricted_by"]
    assert api.get("/v1/items/by-rule-lifted").json()["restricted_by"] is None
    twice = api.get("/v1/items/twice").json()
    assert twice["restricted_by"] == twice["decisions"][-1]["id"]
    assert twice["decisions"][-1]["restriction"]["territory"] == ["DE", "FR"]
    passed = api.get("/v1/items/passed").json()
    assert [one["revision"] for one in passed["revisions"]] == [1, 2, 3]
    assert len(passed["holds"]) == len(passed["reports"]) == 2
    assert api.call("DELETE", "/v1/items/passed").status_code == 409


def test_the_last_restriction_of_each_item_becomes_its_set(filled: str) -> None:
    """Of two restrictions the later one stood alone; what it covered is what is effective now."""
    migrate(filled)
    with psycopg.connect(filled) as connection:
        found = connection.execute(
            "SELECT i.external_id, r.scope, r.territory, r.until = d.until, r.since = d.created_at,"
            " r.source FROM restrictions r JOIN items i ON i.id = r.item_id"
            " JOIN decisions d ON d.id = r.decision_id AND d.id = i.restricted_by"
            " WHERE i.external_id IN ('everywhere', 'countries', 'account', 'twice') ORDER BY 1"
        ).fetchall()
        assert found == [
            ("account", "account", None, None, True, "decision"),
            ("countries", "item", ["DE", "FR"], True, True, "decision"),
            ("everywhere", "item", None, None, True, "decision"),
            ("twice", "item", ["DE", "FR"], True, True, "decision"),
        ]
        ((items, restrictions),) = connection.execute(
            "SELECT (SELECT count(*) FROM items WHERE restricted_by IS NOT NULL),"
            " (SELECT count(*) FROM restrictions)"
        ).fetchall()
    assert items == restrictions > 4


def test_its_ledger_is_whole_and_goes_on(upgraded: Instance, api: Api) -> None:
    key = upgraded.secrets.ledger_key
    with upgraded.database.begin() as tx:
        end = head(tx)
        found = verify(tx, key.public_key(), end)
    assert end is not None
    # The script that wrote the rows left empty lines out, those of the packs' sources too.
    cut = {f"the pack tvec@{n} is not the one that was stored" for n in (1, 2)}
    assert {fault.detail for fault in found.faults} == cut
    assert found.entries == end.seq > 50
    assert found.forgotten > 0
    assert found.unsealed > 0
    while seal(upgraded.database, key, upgraded.settings.data_dir / "head.json"):
        pass
    with upgraded.database.begin() as tx:
        found = verify(tx, key.public_key(), end)
        assert {fault.detail for fault in found.faults} == cut


def test_the_work_goes_on(upgraded: Instance, api: Api) -> None:
    assert api.submit("after", text=KNOWN).json()["verdict"] == "restrict"
    (ruled,) = api.get("/v1/items/after").json()["decisions"]  # by a pack without a default label
    assert ruled["label"] == "unspecified"
    waiting = api.get("/v1/cases?state=waiting").json()["data"]
    (case,) = [one for one in waiting if one["item"] == "case-open"]
    decided = api.post(f"/v1/cases/{case['id']}/decide", {"outcome": "pass", "reason": "fine"})
    assert decided.status_code == 200, decided.text
    lifted = api.post("/v1/items/twice/decisions", {"outcome": "lift", "reason": "it was wrong"})
    assert lifted.status_code == 201, lifted.text
    twice = api.get("/v1/items/twice").json()
    assert (twice["restrictions"], twice["effective"]["restricted"]) == ([], False)
    assert (len(lifted.json()["lifts"]), twice["actions"][0]["effective"]) == (1, None)
    looker, walker = LookBack(upgraded), PhraseWalk(upgraded)
    while any([looker.step(), walker.step()]):
        pass
    with upgraded.database.begin() as tx:
        assert tx.connection.exec_driver_sql("SELECT * FROM sought_phrases").all() == []


def digests(connection: psycopg.Connection[Any]) -> dict[tuple[str, ...], bytes]:
    """What content is compared by, each by its row."""
    query = """
        SELECT 'url', id::text, url_key FROM items WHERE url_key IS NOT NULL
        UNION ALL SELECT 'submission', item_id || '/' || revision, digest FROM revisions
        UNION ALL SELECT 'report', id::text, digest FROM reports
    """
    return {(kind, id): digest for kind, id, digest in connection.execute(query)}


def test_digests_are_put_under_the_key_once(filled: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "instance")
    write_keys(settings.data_dir)
    with psycopg.connect(filled) as connection:
        before = digests(connection)
    assert {kind for kind, _ in before} == {"url", "submission", "report"}
    for _ in range(2):
        with opened(settings, filled, FakeClock()) as instance:
            key = instance.secrets.terms_key
        with psycopg.connect(filled) as connection:
            after = digests(connection)
        assert after == {row: keyed(key, row[0], digest) for row, digest in before.items()}


def test_an_upgrade_that_was_cut_short_keys_nothing_twice(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pages of a few rows, and cut off in the second table."""
    settings = Settings(data_dir=tmp_path / "instance")
    write_keys(settings.data_dir)
    monkeypatch.setattr(keying, "PAGE", 7)
    with psycopg.connect(filled) as connection:
        before = digests(connection)

    def cut(key: bytes, purpose: str, digest: bytes) -> bytes:
        if purpose == "submission":
            raise InterruptedError
        return keyed(key, purpose, digest)

    with monkeypatch.context() as patched:
        patched.setattr(keying, "keyed", cut)
        with pytest.raises(InterruptedError), opened(settings, filled, FakeClock()):
            pass
    with psycopg.connect(filled) as connection:
        assert digests(connection) == before
    with opened(settings, filled, FakeClock()) as instance:
        key = instance.secrets.terms_key
    with psycopg.connect(filled) as connection:
        after = digests(connection)
    assert after == {row: keyed(key, row[0], digest) for row, digest in before.items()}


def test_reporters_of_before_count_once(filled: str, tmp_path: Path) -> None:
    with psycopg.connect(filled) as connection:
        connection.execute(AGAIN)
    write_keys(tmp_path)
    with (
        opened(Settings(data_dir=tmp_path), filled, FakeClock()) as instance,
        instance.database.begin() as tx,
    ):
        told = sa.text("SELECT external_id, counts FROM reports WHERE external_id ~ '^r[14]'")
        found = {row.external_id: row.counts for row in tx.execute(told)}
    assert found == {"r1": True, "r1 again": False, "r4": True, "r4 again": True}


def test_what_was_sent_before_is_known_when_it_comes_again(upgraded: Instance, api: Api) -> None:
    made = Filling(upgraded, FakeClock(), api.client)
    assert made.submit("passed", text="good evening, edited twice")["revision"] == 3
    first = made.submit("passed", text="good morning", url="https://example.net/a", language="en")
    assert first["revision"] == 4  # what it was at first, once more
    reported = made.report("r3", url="https://example.com/never-seen", channel="notice")
    again = made.report("r7", url="https://EXAMPLE.com/never-seen#top")
    assert (again["item"], again["reports"]) == (reported["item"], reported["reports"] + 1)
    changed = {"id": "r3", "channel": "notice", "reason": "other", "item_id": "passed"}
    answer = api.post("/v1/reports", changed | {"created_at": "2025-12-31T23:30:00Z"})
    assert answer.json()["type"] == "/problems/report-changed"


def test_who_lost_the_key_is_told(filled: str, upgraded: Instance) -> None:
    path = upgraded.secrets.directory / "terms.key"
    path.unlink()
    with pytest.raises(SettingsError, match=r"terms\.key is"), opened(upgraded.settings, filled):
        pass
    assert not path.exists()


@pytest.mark.parametrize("name", ["author", "ledger"])
def test_an_older_key_that_was_lost_is_not_made_by_the_upgrade(
    filled: str, tmp_path: Path, name: str
) -> None:
    settings = Settings(data_dir=tmp_path / "instance")
    write_keys(settings.data_dir)
    for one in (name, "terms"):
        (settings.data_dir / "secrets" / f"{one}.key").unlink()
    with pytest.raises(SettingsError, match=f"{name}.key is"), opened(settings, filled):
        pass
    assert len(list((settings.data_dir / "secrets").iterdir())) == 1


def test_who_was_known_by_a_keys_name_is_known_by_its_id(filled: str) -> None:
    """A claim and a kept answer of a key; and of two keys that shared a name, which no two do now."""
    key = "INSERT INTO keys (id, name, secret_hash, scopes, created_at, created_by, revoked_at) VALUES"
    with psycopg.connect(filled) as connection:
        for id, name, revoked in (
            ("aa01", "desk", None),
            ("aa02", "twin", None),
            ("aa03", "twin", None),
            ("aa04", "twin", "2026-01-01"),
        ):
            values = [id, name, b"", ["admin"], f"2026-01-01 00:00:{id[2:]}", "x", revoked]
            connection.execute(f"{key} (%s, %s, %s, %s, %s, %s, %s)".encode(), values)
        for name in ("desk", "twin"):
            connection.execute(
                "INSERT INTO answers (actor, route, key, digest, status, body, created_at)"
                " VALUES (%s, 'POST /x', 'once', '', 201, '', '2026-01-01')",
                [f"key:{name}"],
            )
        claimed = "UPDATE cases SET claimed_by = %s WHERE id = (SELECT id FROM cases ORDER BY id"
        for place, actor in enumerate(["key:desk", "key:twin", "user:reviewer@example.org"]):
            connection.execute(f"{claimed} OFFSET {place} LIMIT 1)".encode(), [actor])
    migrate(filled)
    with psycopg.connect(filled) as connection:
        names = connection.execute("SELECT name FROM keys WHERE id LIKE 'aa%' ORDER BY id")
        assert [name for (name,) in names] == ["desk", "twin", "twin (2)", "twin"]
        callers = connection.execute(
            "SELECT actor FROM answers WHERE actor LIKE 'key#%' ORDER BY 1"
        )
        assert [actor for (actor,) in callers] == ["key#aa01", "key#aa02", "key#aa03"]
        claimants = dict(
            connection.execute("SELECT claimed_by, claimant FROM cases WHERE claimed_by LIKE '%:%'")
        )
    assert claimants["key:desk"] == "key#aa01"
    assert claimants["key:twin"] == "key:twin"
    assert claimants["user:reviewer@example.org"] == "user:reviewer@example.org"
