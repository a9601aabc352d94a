"""What was posted before it was known is found when it becomes known: once, and without a gap."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.pipeline.posts import KNOWN, described, stages, work_off

from tidegate.content.model import ItemRow
from tidegate.content.queries import get_item
from tidegate.content.tables import revisions
from tidegate.decisions.tables import evaluations
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.decide import decide_case
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.relook import look_again
from tidegate.pipeline.submit import submit_group
from tidegate.review.model import CaseDecisionIn
from tidegate.review.tables import cases
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import (
    add_entry,
    change_bank,
    change_entry,
    create_bank,
    delete_entry,
    enable_expired,
    judge_entry,
)
from tidegate.signals.banks.model import BankIn, BankPatch, EntryPatch
from tidegate.signals.banks.queries import bank_version

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

NEAR = KNOWN.replace("friday", "sunday")


def add(instance: Instance, text: str, *, confirmed: bool = False, bank: str = "known") -> UUID:
    with instance.database.begin("user:curator@example.org") as tx:
        return UUID(add_entry(tx, bank, fingerprints.of_text(text), confirmed=confirmed).id)


@pytest.fixture
def bank(instance: Instance) -> None:
    with instance.database.begin("user:curator@example.org") as tx:
        create_bank(
            tx,
            BankIn(
                name="known", stance="known", radius={"text_minhash": 10}, labels=["propaganda"]
            ),
        )


@pytest.fixture
def looker(instance: Instance, bank: None) -> LookBack:
    return LookBack(instance)


def test_an_entry_finds_the_posts_that_came_before_it(
    instance: Instance, looker: LookBack, submit: Submit
) -> None:
    submit("old", KNOWN)
    submit("other", "what a lovely day for a walk along the river with all the children")
    assert work_off(looker) == 0
    add(instance, KNOWN, confirmed=True)
    assert work_off(looker) == 1
    (fast, retro) = stages(instance, "old")
    assert fast == ("fast", "pass", [])
    assert retro[:2] == ("retro", "restrict")
    assert "text_similarity" in retro[2]
    assert [one[0] for one in stages(instance, "other")] == ["fast"]
    with instance.database.begin() as tx:
        assert get_item(tx, "forum", "old").restricted_by is not None


def test_an_unconfirmed_entry_asks_a_person_once(
    instance: Instance, looker: LookBack, submit: Submit
) -> None:
    submit("old", KNOWN)
    entry = add(instance, KNOWN)
    assert work_off(looker) == 1
    assert stages(instance, "old")[-1][:2] == ("retro", "review")
    with instance.database.begin() as tx:
        (case,) = tx.execute(sa.select(cases)).all()
    assert case.state == "open"
    with instance.database.begin("user:curator@example.org") as tx:
        change_entry(tx, "known", entry, EntryPatch(note="seen again"))
    assert work_off(looker) == 0


def test_confirming_acts_on_the_other_posts_and_not_on_the_one_decided(
    instance: Instance, looker: LookBack, submit: Submit
) -> None:
    submit("one", KNOWN)
    submit("two", KNOWN)
    add(instance, KNOWN)
    assert work_off(looker) == 2
    with instance.database.begin() as tx:
        first = get_item(tx, "forum", "one").id
        case = tx.execute(sa.select(cases.c.id).where(cases.c.item_id == first)).scalar_one()
    decision = CaseDecisionIn(outcome="pass", reason="a quotation in a report", entry="confirm")
    with instance.database.begin("user:anna@example.org") as tx:
        decide_case(tx, case, decision, pack=instance.pack(tx))
    assert work_off(looker) == 1
    assert len(stages(instance, "one")) == 2
    assert stages(instance, "two")[-1][:2] == ("retro", "restrict")


def test_a_wider_bank_looks_back_at_all_of_its_entries(
    instance: Instance, looker: LookBack, submit: Submit
) -> None:
    add(instance, KNOWN)
    submit("near", NEAR)
    assert work_off(looker) == 0
    with instance.database.begin("user:curator@example.org") as tx:
        change_bank(tx, "known", BankPatch(radius={"text_minhash": 64}))
    assert work_off(looker) == 1
    assert stages(instance, "near")[-1] == ("retro", "review", ["text_similarity"])
    with instance.database.begin("user:curator@example.org") as tx:
        change_bank(tx, "known", BankPatch(radius={"text_minhash": 5}))
    assert work_off(looker) == 0


def test_a_widened_bank_of_many_entries_is_walked_in_chunks(
    instance: Instance, looker: LookBack, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.pipeline.lookback.codes.CHUNK", 3)
    monkeypatch.setattr("tidegate.pipeline.lookback.codes.BATCH", 1)
    texts = [f"{KNOWN} number {n} of the long series of them {n * 7919}" for n in range(8)]
    with instance.database.begin("user:curator@example.org") as tx:
        change_bank(tx, "known", BankPatch(enabled=False))
    for n, text in enumerate(texts):
        add(instance, text)
        submit(f"post-{n}", text)
    assert work_off(looker) == 0
    with instance.database.begin("user:curator@example.org") as tx:
        change_bank(tx, "known", BankPatch(enabled=True))
    assert work_off(looker) == 8


def test_a_post_that_crosses_the_chunks_of_a_widened_bank_is_found(
    instance: Instance, looker: LookBack, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.pipeline.lookback.codes.CHUNK", 1)
    add(instance, KNOWN)
    add(instance, "something else that is long enough to have a code of its own, surely")
    with instance.database.begin("user:curator@example.org") as tx:
        change_bank(tx, "known", BankPatch(enabled=False))
    work_off(looker)
    with instance.database.begin("key:f") as tx:
        submit_group(tx, instance, [described(instance, "crossing", KNOWN)])
        with instance.database.begin("user:curator@example.org") as other:
            change_bank(other, "known", BankPatch(enabled=True))
        step = looker.step()
        assert step is not None
        assert step.entries == 1  # the first chunk, and the post is not yet to be seen
    assert work_off(looker) == 1
    assert stages(instance, "crossing")[-1][:2] == ("retro", "review")


@pytest.mark.parametrize("what", ["entry", "bank"])
def test_what_was_disabled_until_a_date_is_looked_back_for_when_it_has_come(
    instance: Instance, looker: LookBack, submit: Submit, clock: FakeClock, what: str
) -> None:
    entry = add(instance, KNOWN)
    until = clock.now() + timedelta(days=30)
    with instance.database.begin("user:curator@example.org") as tx:
        if what == "entry":
            change_entry(tx, "known", entry, EntryPatch(disabled_until=until))
        else:
            change_bank(tx, "known", BankPatch(disabled_until=until))
    submit("between", KNOWN)
    with instance.database.begin() as tx:
        assert enable_expired(tx) == 0
    assert work_off(looker) == 0
    clock.advance(timedelta(days=30).total_seconds())
    with instance.database.begin() as tx:
        assert enable_expired(tx) == 1
        assert enable_expired(tx) == 0
    assert work_off(looker) == 1
    assert stages(instance, "between")[-1][:2] == ("retro", "review")
    with instance.database.begin() as tx:
        assert enable_expired(tx) == 0
        kinds = tx.execute(sa.text("SELECT kind FROM ledger_pending ORDER BY 1")).scalars().all()
    assert kinds.count(f"{what}.changed") == 2  # by the person, and by the date


def test_what_is_disabled_for_good_or_deleted_stays_so(
    instance: Instance, looker: LookBack, clock: FakeClock
) -> None:
    off, gone = add(instance, KNOWN), add(instance, NEAR)
    until = clock.now() + timedelta(days=1)
    with instance.database.begin("user:curator@example.org") as tx:
        change_entry(tx, "known", off, EntryPatch(enabled=False))
        change_entry(tx, "known", gone, EntryPatch(disabled_until=until))
        delete_entry(tx, "known", gone)
    clock.advance(timedelta(days=2).total_seconds())
    with instance.database.begin() as tx:
        before = bank_version(tx)
        assert enable_expired(tx) == 0
        assert bank_version(tx) == before


def test_what_no_longer_counts_is_not_looked_for(
    instance: Instance, looker: LookBack, submit: Submit
) -> None:
    submit("old", KNOWN)
    entry = add(instance, KNOWN)
    with instance.database.begin("user:curator@example.org") as tx:
        judge_entry(tx, "known", entry, "refuted")
    assert work_off(looker) == 0
    assert len(stages(instance, "old")) == 1


def test_an_erased_post_is_forgotten_by_the_index_and_its_files(
    instance: Instance, looker: LookBack, submit: Submit, tmp_path: Path
) -> None:
    submit("old", KNOWN)
    work_off(looker)
    looker.items.index.seal()
    (digest,) = [code for code in fingerprints.of_text(KNOWN) if code.kind == "text_minhash"]
    files = instance.index_folder / "items"
    assert any(digest.value in path.read_bytes() for path in files.glob("*.segment"))
    with instance.database.begin("user:anna@example.org") as tx:
        erase_item(tx, "forum", "old")
    add(instance, KNOWN, confirmed=True)
    assert work_off(looker) == 0
    assert looker.items.index.search([digest], [0]) == [[]]
    assert looker.purge()
    assert not any(digest.value in path.read_bytes() for path in files.glob("*.segment"))


def test_only_the_latest_revision_is_looked_at(
    instance: Instance, looker: LookBack, submit: Submit
) -> None:
    submit("post", KNOWN)
    submit("post", "edited into something harmless about the weather in the north today")
    add(instance, KNOWN, confirmed=True)
    assert work_off(looker) == 0


def test_a_private_message_is_only_met_by_what_it_may_be_met_by(
    instance: Instance, looker: LookBack, submit: Submit
) -> None:
    submit("private", NEAR, publicness="private")
    add(instance, KNOWN)
    assert work_off(looker) == 0
    assert len(stages(instance, "private")) == 1


def test_a_new_process_goes_on_where_the_last_one_stopped(
    instance: Instance, looker: LookBack, submit: Submit
) -> None:
    submit("old", KNOWN)
    work_off(looker)
    looker.items.index.seal()
    submit("young", KNOWN)
    another = LookBack(instance)
    add(instance, KNOWN, confirmed=True)
    assert work_off(another) == 2
    assert work_off(LookBack(instance)) == work_off(looker) == 0


def fail(*_: object, **__: object) -> int:
    raise RuntimeError


def test_a_step_that_fails_is_taken_again(
    instance: Instance, looker: LookBack, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("old", KNOWN)
    add(instance, KNOWN, confirmed=True)

    with monkeypatch.context() as patched:
        patched.setattr("tidegate.pipeline.lookback.codes.look_again", fail)
        with pytest.raises(RuntimeError):
            looker.step()
    assert len(stages(instance, "old")) == 1
    assert work_off(looker) == 1


def test_a_post_that_a_failed_step_had_taken_in_is_not_lost(
    instance: Instance, looker: LookBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was judged before the entry came, committed after that was looked back for, and lies above
    a transaction that still runs: nothing but the step that failed would have looked at it."""
    with instance.database.begin() as older:
        older.execute(sa.text("SELECT pg_current_xact_id()"))
        with instance.database.begin("key:f") as tx:
            submit_group(tx, instance, [described(instance, "late", KNOWN)])
            add(instance, KNOWN)
            assert work_off(looker) == 0

        with monkeypatch.context() as patched:
            patched.setattr("tidegate.pipeline.lookback.codes.look_again", fail)
            with pytest.raises(RuntimeError):
                looker.step()
        assert work_off(looker) == 1
    assert work_off(looker) == 0
    assert stages(instance, "late")[-1][:2] == ("retro", "review")


def test_numbers_of_another_servers_transactions_mean_nothing(
    instance: Instance, bank: None, submit: Submit
) -> None:
    submit("old", KNOWN)
    with instance.database.begin() as tx:  # as after a dump and restore
        tx.execute(sa.update(revisions).values(xid=sa.text("'4000000000000'::xid8")))
    looker = LookBack(instance)
    add(instance, KNOWN, confirmed=True)
    assert work_off(looker) == 1
    submit("young", "something else that is long enough to have a code of its own, surely")
    add(instance, "something else that is long enough to have a code of its own, surely")
    assert work_off(looker) == 1


def test_a_changed_pack_is_looked_back_by_on_demand(
    instance: Instance, clock: FakeClock, looker: LookBack, submit: Submit
) -> None:
    item, _ = submit("old", KNOWN)
    with instance.database.begin() as tx:
        numbers = list(tx.execute(sa.select(revisions.c.number)).scalars())
        assert look_again(tx, instance, numbers, at_rules=True) == 0
    add(instance, KNOWN)
    clock.advance(1)
    with instance.database.begin() as tx:
        assert look_again(tx, instance, numbers, at_rules=True) == 1
        assert look_again(tx, instance, numbers, at_rules=True) == 0
        assert tx.execute(sa.select(sa.func.count()).select_from(evaluations)).scalar_one() == 2
        assert item.id == tx.execute(sa.select(evaluations.c.item_id).limit(1)).scalar_one()
