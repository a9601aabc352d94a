"""Stored packs: kept for ever, one of them active, noticed by every process."""

import threading

import psycopg
import pytest
import sqlalchemy as sa
from policy_examples import a_rule, a_source
from sqlalchemy import exc as sqlalchemy_errors

from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.policy.actions import CHANNEL, activate_pack, ensure_default, store_pack
from tidegate.policy.check import check
from tidegate.policy.queries import (
    PackStore,
    active_ident,
    list_packs,
    pack_source,
    policy_view,
)
from tidegate.policy.reading import InvalidPack
from tidegate.policy.tables import packs

RULE = a_rule("problems", "item.problems > 0")
FIRST = a_source(RULE)
SECOND = a_source(RULE, a_rule("reported", "reports.count > 0"), version=2)
BROKEN = a_source(a_rule("broken", "item.nope > 0"), version=3)


def kinds(tx: Tx) -> list[str]:
    return list(
        tx.execute(sa.select(ledger_pending.c.kind).order_by(ledger_pending.c.id)).scalars()
    )


def test_a_first_start_installs_the_default_pack_once(tx: Tx) -> None:
    ensure_default(tx)
    ensure_default(tx)
    assert active_ident(tx) == ("tvec", 3)
    assert [(pack.ident, pack.active) for pack in list_packs(tx)] == [("tvec@3", True)]
    assert sorted(kinds(tx)) == ["policy.activated", "policy.stored"]


def test_the_operators_choice_is_left_alone(tx: Tx) -> None:
    store_pack(tx, FIRST)
    activate_pack(tx, "trial", 1)
    ensure_default(tx)
    assert active_ident(tx) == ("trial", 1)


def test_exactly_one_pack_is_active(tx: Tx) -> None:
    for source in (FIRST, SECOND):
        store_pack(tx, source)
    assert active_ident(tx) is None
    for version in (1, 2, 1, 1):
        activate_pack(tx, "trial", version)
        assert [pack.version for pack in list_packs(tx) if pack.active] == [version]
    assert sorted(kinds(tx)) == ["policy.activated"] * 3 + ["policy.stored"] * 2


def test_storing_the_same_again_changes_nothing(tx: Tx) -> None:
    store_pack(tx, FIRST)
    assert store_pack(tx, FIRST).ident == "trial@1"
    assert kinds(tx) == ["policy.stored"]


def test_another_source_under_a_stored_version_is_refused(tx: Tx) -> None:
    store_pack(tx, FIRST)
    with pytest.raises(Refusal) as refusal:
        store_pack(tx, FIRST + "\n# changed")
    assert (refusal.value.type, refusal.value.status) == ("pack-version-taken", 409)
    assert pack_source(tx, "trial", 1) == FIRST
    assert kinds(tx) == ["policy.stored"]


def test_a_changed_rule_needs_a_new_version(tx: Tx) -> None:
    store_pack(tx, FIRST)
    changed = a_source(a_rule("problems", "item.problems > 1"), version=2)
    with pytest.raises(Refusal) as refusal:
        store_pack(tx, changed)
    assert refusal.value.type == "pack-invalid"
    assert "give it `version = 2`" in refusal.value.detail
    assert [pack.version for pack in list_packs(tx)] == [1]
    # The same rule in another mode is still the same rule.
    store_pack(tx, a_source(a_rule("problems", "item.problems > 0", mode="retired"), version=2))
    store_pack(
        tx,
        changed.replace("name = 'trial'\nversion = 2", "name = 'trial'\nversion = 3", 1).replace(
            "name = 'problems'\nversion = 1", "name = 'problems'\nversion = 2"
        ),
    )
    assert [pack.version for pack in list_packs(tx)] == [1, 2, 3]


def test_a_pack_with_an_error_is_not_stored_and_never_replaces_a_good_one(tx: Tx) -> None:
    store_pack(tx, FIRST)
    activate_pack(tx, "trial", 1)
    with pytest.raises(Refusal) as refusal:
        store_pack(tx, BROKEN, "broken.toml")
    assert (refusal.value.type, refusal.value.status) == ("pack-invalid", 422)
    assert "broken.toml" in refusal.value.detail
    assert refusal.value.extra["problems"]
    with pytest.raises(Refusal) as unknown:
        activate_pack(tx, "trial", 3)
    assert unknown.value.type == "pack-unknown"
    assert active_ident(tx) == ("trial", 1)
    assert [pack.version for pack in list_packs(tx)] == [1]


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM packs", "UPDATE packs SET source = ''", "UPDATE packs SET version = 9"],
)
def test_a_stored_version_cannot_change(tx: Tx, statement: str) -> None:
    store_pack(tx, FIRST)
    with pytest.raises(sqlalchemy_errors.IntegrityError, match="kept"):
        tx.execute(sa.text(statement))


def test_every_process_notices_an_activation(database: Database) -> None:
    here, there = PackStore(), PackStore()
    with database.begin() as tx:
        store_pack(tx, FIRST)
        store_pack(tx, SECOND)
        activate_pack(tx, "trial", 1)
    with database.begin() as tx:
        before = there.refresh(tx)
        assert before.ident == here.refresh(tx).ident == "trial@1"
        assert there.refresh(tx) is before  # not loaded again
    with database.connect_raw() as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        with database.begin() as tx:
            activate_pack(tx, "trial", 2)
        told = next(listener.notifies(timeout=5, stop_after=1))
        assert (told.channel, told.payload) == ("packs", "trial@2")
    with database.begin() as tx:
        assert there.refresh(tx).ident == here.refresh(tx).ident == "trial@2"


def test_a_pack_that_cannot_be_loaded_leaves_the_good_one_in_use(database: Database) -> None:
    store = PackStore()
    with database.begin() as tx:
        with pytest.raises(LookupError):
            store.refresh(tx)
        store_pack(tx, FIRST)
        activate_pack(tx, "trial", 1)
        good = store.refresh(tx)
        # As if stored by a program that knows more than this one.
        tx.execute(sa.update(packs).values(state="stored"))
        tx.execute(
            sa.insert(packs).values(
                name="trial",
                version=3,
                source=BROKEN,
                digest=b"",
                state="active",
                created_by="system",
                created_at=tx.now,
            )
        )
        assert store.refresh(tx) is store.refresh(tx) is good
        assert "no field `nope`" in (store.problem or "")
        with pytest.raises(InvalidPack):  # a process that has no good one does not start
            PackStore().refresh(tx)
        activate_pack(tx, "trial", 1)
        assert store.refresh(tx).ident == "trial@1"
        assert store.problem is None


def test_many_starts_at_once_agree(database: Database) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            with database.begin() as tx:
                ensure_default(tx)
        except (psycopg.Error, sqlalchemy_errors.SQLAlchemyError, Refusal) as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.begin() as tx:
        assert active_ident(tx) == ("tvec", 3)
        assert sorted(kinds(tx)) == ["policy.activated", "policy.stored"]


def test_the_view_shows_the_whole_pack(tx: Tx) -> None:
    view = policy_view(store_pack(tx, SECOND), [])
    assert (view.pack, view.version, len(view.digest)) == ("trial", 2, 64)
    assert [(rule.rule, rule.when) for rule in view.rules] == [
        ("problems", ["item.problems > 0"]),
        ("reported", ["reports.count > 0"]),
    ]
    assert [label.label for label in view.labels] == ["propaganda", "unspecified"]
    assert view.default_label == "unspecified"


def test_a_check_stores_nothing() -> None:
    assert check(FIRST).ok
    result = check(BROKEN)
    assert not result.ok
    assert [problem.rule for problem in result.problems] == ["broken"]
