"""Stored threat packs: kept for ever, tried in shadow, live, noticed by every process."""

import threading
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import exc as sqlalchemy_errors
from threat_packs import MEANS, WHOLE

from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.settings import SettingsError
from tidegate.intake.threats.actions import (
    CHANNEL,
    ensure_threat_packs,
    live_threat_pack,
    shadow_threat_pack,
    store_threat_pack,
    withdraw_threat_pack,
)
from tidegate.intake.threats.queries import ScreenStore, list_threat_packs, running
from tidegate.intake.threats.tables import threat_packs
from tidegate.ledger.tables import ledger_pending

SECOND = WHOLE.replace("version = 1", "version = 2").replace('"shoot"', '"shoot", "maim"')
QUIETER = WHOLE.replace("version = 1", "version = 3").replace(MEANS, "")
BROKEN = WHOLE.replace("version = 1", "version = 4").replace("{kill}", "{nope}")


def kinds(tx: Tx) -> list[str]:
    """What the ledger was told, in no order: entries of one moment have none."""
    return sorted(tx.execute(sa.select(ledger_pending.c.kind)).scalars())


def first(tx: Tx) -> None:
    store_threat_pack(tx, WHOLE)
    live_threat_pack(tx, "trial", 1, now=True)


def test_a_first_start_makes_what_is_shipped_live_once(tx: Tx) -> None:
    ensure_threat_packs(tx)
    ensure_threat_packs(tx)
    assert running(tx) == [(name, 1, "live") for name in ("ar", "de", "en", "fr")]
    assert sorted(kinds(tx)) == ["threats.live"] * 4 + ["threats.stored"] * 4


def test_what_the_operator_withdrew_stays_away(tx: Tx) -> None:
    ensure_threat_packs(tx)
    for name in ("ar", "de", "en", "fr"):
        withdraw_threat_pack(tx, name)
    ensure_threat_packs(tx)
    assert running(tx) == []
    screen = ScreenStore().refresh(tx)
    assert screen.idents == ()
    assert screen.screen("I will kill you") is None


def test_the_operators_packs_take_the_place_of_those_shipped(tx: Tx, tmp_path: Path) -> None:
    folder = tmp_path / "policies" / "threats"
    folder.mkdir(parents=True)
    for name in ("ar", "de", "en", "fr"):
        (folder / f"{name}.toml").write_text(WHOLE.replace('"trial"', f'"{name}"'))
    ensure_threat_packs(tx, tmp_path)
    assert [one.digest for one in list_threat_packs(tx)] != []
    assert ScreenStore().refresh(tx).idents == ("ar@1", "de@1", "en@1", "fr@1")


def test_a_pack_to_start_with_that_has_errors_is_refused(tx: Tx, tmp_path: Path) -> None:
    folder = tmp_path / "policies" / "threats"
    folder.mkdir(parents=True)
    (folder / "ar.toml").write_text(BROKEN)
    with pytest.raises(SettingsError, match="there is no group `nope`"):
        ensure_threat_packs(tx, tmp_path)
    assert list_threat_packs(tx) == []
    assert kinds(tx) == []


def test_storing_the_same_again_changes_nothing_and_another_is_refused(tx: Tx) -> None:
    store_threat_pack(tx, WHOLE)
    assert store_threat_pack(tx, WHOLE).ident == "trial@1"
    with pytest.raises(Refusal) as taken:
        store_threat_pack(tx, WHOLE + "\n# changed")
    assert (taken.value.type, taken.value.status) == ("threat-pack-version-taken", 409)
    with pytest.raises(Refusal) as invalid:
        store_threat_pack(tx, BROKEN, "b.toml")
    assert (invalid.value.type, invalid.value.status) == ("threat-pack-invalid", 422)
    assert "b.toml" in invalid.value.detail
    assert invalid.value.extra["problems"]
    assert kinds(tx) == ["threats.stored"]
    assert [(one.ident, one.state) for one in list_threat_packs(tx)] == [("trial@1", "stored")]


def test_patterns_that_are_new_run_in_shadow_first(tx: Tx) -> None:
    first(tx)
    store_threat_pack(tx, SECOND)
    with pytest.raises(Refusal) as untried:
        live_threat_pack(tx, "trial", 2)
    assert (untried.value.type, untried.value.status) == ("threat-pattern-untried", 409)
    assert untried.value.extra["patterns"] == ["will-kill"]
    assert "threats shadow trial 2" in untried.value.detail
    assert running(tx) == [("trial", 1, "live")]
    assert kinds(tx) == ["threats.live", "threats.stored", "threats.stored"]
    shadow_threat_pack(tx, "trial", 2)
    assert running(tx) == [("trial", 1, "live"), ("trial", 2, "shadow")]
    screen = ScreenStore().refresh(tx)
    assert screen.screen("I will maim them") is None
    assert screen.screen_shadow("I will maim them") is not None
    live_threat_pack(tx, "trial", 2)
    assert running(tx) == [("trial", 2, "live")]
    assert kinds(tx) == ["threats.live"] * 2 + ["threats.shadowed"] + ["threats.stored"] * 2


def test_what_has_run_goes_live_without_the_shadow(tx: Tx) -> None:
    first(tx)
    store_threat_pack(tx, QUIETER)
    live_threat_pack(tx, "trial", 3)  # it only has less
    live_threat_pack(tx, "trial", 1)  # and back
    live_threat_pack(tx, "trial", 1)
    assert kinds(tx).count("threats.live") == 3
    assert running(tx) == [("trial", 1, "live")]


def test_a_pattern_in_shadow_within_a_live_version_has_run(tx: Tx) -> None:
    first(tx)
    tried = SECOND.replace('name = "will-kill"', 'name = "will-kill"\nmode = "shadow"')
    store_threat_pack(tx, tried)
    live_threat_pack(tx, "trial", 2)
    store_threat_pack(tx, SECOND.replace("version = 2", "version = 5"))
    live_threat_pack(tx, "trial", 5)
    assert running(tx) == [("trial", 5, "live")]


def test_now_is_recorded(tx: Tx) -> None:
    first(tx)
    store_threat_pack(tx, SECOND)
    live_threat_pack(tx, "trial", 2, now=True, reason="attack in the news")
    query = sa.select(ledger_pending.c.record).where(ledger_pending.c.kind == "threats.live")
    records = [str(record) for record in tx.execute(query).scalars()]
    [last] = [record for record in records if "attack in the news" in record]
    assert "will-kill" in last
    assert "trial@1" in last


def test_what_cannot_be_done_is_refused_and_nothing_is_written(tx: Tx) -> None:
    first(tx)
    before = kinds(tx)
    for verb, type_ in (
        (lambda: live_threat_pack(tx, "trial", 9), "threat-pack-unknown"),
        (lambda: shadow_threat_pack(tx, "trial", 9), "threat-pack-unknown"),
        (lambda: shadow_threat_pack(tx, "trial", 1), "threat-pack-live"),
        (lambda: withdraw_threat_pack(tx, "nobody"), "threat-pack-unknown"),
        (lambda: withdraw_threat_pack(tx, "trial", shadow=True), "threat-pack-unknown"),
    ):
        with pytest.raises(Refusal) as refusal:
            verb()
        assert refusal.value.type == type_
    assert kinds(tx) == before
    assert running(tx) == [("trial", 1, "live")]


def test_withdrawing_ends_what_is_live_and_tried(tx: Tx) -> None:
    first(tx)
    store_threat_pack(tx, SECOND)
    shadow_threat_pack(tx, "trial", 2)
    withdraw_threat_pack(tx, "trial", shadow=True)
    assert running(tx) == [("trial", 1, "live")]
    shadow_threat_pack(tx, "trial", 2)
    withdraw_threat_pack(tx, "trial", reason="too loud")
    assert running(tx) == []
    assert kinds(tx).count("threats.withdrawn") == 3


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM threat_packs",
        "UPDATE threat_packs SET source = ''",
        "UPDATE threat_packs SET version = 9",
    ],
)
def test_a_stored_version_cannot_change(tx: Tx, statement: str) -> None:
    store_threat_pack(tx, WHOLE)
    with pytest.raises(sqlalchemy_errors.IntegrityError, match="kept"):
        tx.execute(sa.text(statement))


def test_every_process_notices(database: Database) -> None:
    here, there = ScreenStore(), ScreenStore()
    with database.begin() as tx:
        first(tx)
        store_threat_pack(tx, QUIETER)
    with database.begin() as tx:
        before = there.refresh(tx)
        assert before.idents == here.refresh(tx).idents == ("trial@1",)
        assert there.refresh(tx) is before
    with database.connect_raw() as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        with database.begin() as tx:
            live_threat_pack(tx, "trial", 3)
        told = next(listener.notifies(timeout=5, stop_after=1))
        assert (told.channel, told.payload) == ("threats", "trial@3")
    with database.begin() as tx:
        assert there.refresh(tx).idents == here.refresh(tx).idents == ("trial@3",)


def test_a_version_that_cannot_be_read_leaves_the_good_one_in_use(database: Database) -> None:
    store = ScreenStore()
    with database.begin() as tx:
        first(tx)
        assert store.refresh(tx).screen("I will kill them") is not None
        # As if stored by a program that knows more than this one.
        tx.execute(sa.update(threat_packs).values(state="stored"))
        tx.execute(
            sa.insert(threat_packs).values(
                name="trial",
                version=4,
                source=BROKEN,
                digest=b"",
                state="live",
                created_by="system",
                created_at=tx.now,
            )
        )
        assert store.refresh(tx).screen("I will kill them") is not None
        assert "no group `nope`" in (store.problem or "")
        assert ScreenStore().refresh(tx).idents == ()


def test_many_starts_at_once_agree(database: Database) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            with database.begin() as tx:
                ensure_threat_packs(tx)
        except (psycopg.Error, sqlalchemy_errors.SQLAlchemyError, Refusal) as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.begin() as tx:
        assert kinds(tx).count("threats.live") == 4
