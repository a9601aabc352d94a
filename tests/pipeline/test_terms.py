"""Terms come by themselves a moment after a post, and go with it: what is found is what a scan finds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegate.content.model import Worded
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.pipeline.asked import read
from tidegate.pipeline.erase import erase_item, expire
from tidegate.pipeline.find import Finder, Keys
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.terms import TermWalk, behind
from tidegate.signals.banks.actions import add_entry, create_bank, delete_entry
from tidegate.signals.banks.model import BankIn
from tidegate.signals.fingerprints import of_bytes
from tidegate.signals.fingerprints.skeleton import skeleton
from tidegate.signals.words import queries
from tidegate.signals.words.actions import begin_again
from tidegate.signals.words.model import holds, skeleton_of
from tidegate.signals.words.tables import entry_terms, item_terms, term_walks

Submit = Callable[..., tuple[Any, dict[str, Any]]]
WORDS = ("a", "brücke", "Brucke", "the", "square", "東京", "京都", "京", "at", "nine", "كتاب")


def walk(instance: Instance) -> None:
    """Until nothing is left."""
    steps = TermWalk(instance)
    for _ in range(50):
        steps.step()
        with instance.database.begin() as tx:
            if behind(tx) == 0:
                return
    raise AssertionError("the walk does not come to its end")


def found(tx: Tx, instance: Instance, typed: str, limit: int = 100) -> list[UUID]:
    keys = Keys(instance.secrets.terms_key, instance.secrets.author_key)
    return [one.id for one in Finder(tx, keys, read(typed, tx.now)).items(None, limit).found]


def kept(tx: Tx, table: sa.Table = item_terms) -> int:
    return tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_post_is_found_by_its_words_alone(instance: Instance, submit: Submit) -> None:
    item, _ = submit("one", "they meet at the Brücke at nine")
    submit("two", "nobody meets anybody")
    with instance.database.begin() as tx:
        assert found(tx, instance, "brucke") == []
        assert behind(tx) == 2
    walk(instance)
    with instance.database.begin() as tx:
        assert found(tx, instance, "brucke") == [item.id]
        assert found(tx, instance, '"the brücke at" nine') == [item.id]
        assert found(tx, instance, '"brücke the"') == []
        assert len(found(tx, instance, "platform:forum")) == 2
        stored = tx.execute(sa.select(sa.cast(sa.cast(item_terms.c.terms, sa.Text), sa.Text))).all()
    assert "brucke" not in str(stored)


def test_an_edit_is_found_by_what_it_says_now(instance: Instance, submit: Submit) -> None:
    submit("one", "the old words")
    walk(instance)
    item, _ = submit("one", "the new words")
    with instance.database.begin() as tx:  # before the walk has come by
        assert found(tx, instance, "old") == []
    walk(instance)
    with instance.database.begin() as tx:
        assert found(tx, instance, "old") == []
        assert found(tx, instance, "new") == [item.id]
        assert kept(tx) == 1


def test_what_was_erased_is_gone_with_its_words(instance: Instance, submit: Submit) -> None:
    submit("one", "a secret meeting")
    walk(instance)
    with instance.database.begin() as tx:
        erase_item(tx, "forum", "one")
    with instance.database.begin() as tx:
        assert kept(tx) == 0
        assert found(tx, instance, "secret") == []
    walk(instance)
    with instance.database.begin() as tx:
        assert kept(tx) == 0


def test_what_has_expired_is_gone_too(instance: Instance, submit: Submit, clock: FakeClock) -> None:
    submit("one", "a secret meeting")
    walk(instance)
    clock.advance(timedelta(days=instance.settings.keep_public_pass_days + 1).total_seconds())
    with instance.database.begin() as tx:
        assert expire(tx, instance.settings) == 1
        assert kept(tx) == 0


def test_an_erasure_beside_a_walk_leaves_no_words(
    instance: Instance, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("one", "a secret meeting")
    steps = TermWalk(instance)
    made = steps._made

    def erased_meanwhile(page: Any) -> Any:
        with instance.database.begin() as tx:
            erase_item(tx, "forum", "one")
        return made(page)

    monkeypatch.setattr(steps, "_made", erased_meanwhile)
    steps.step()
    with instance.database.begin() as tx:
        assert kept(tx) == 0


def test_an_item_that_somebody_holds_is_taken_in_later(instance: Instance, submit: Submit) -> None:
    item, _ = submit("one", "a secret meeting")
    steps = TermWalk(instance)
    with instance.database.begin() as other:
        other.execute(sa.text("SELECT 1 FROM items WHERE id = :id FOR UPDATE"), {"id": item.id})
        steps.step()
        steps.step()
        with instance.database.begin() as tx:
            assert behind(tx) == 1
    walk(instance)
    with instance.database.begin() as tx:
        assert found(tx, instance, "secret") == [item.id]


def test_a_number_that_comes_late_is_not_gone_past(instance: Instance, submit: Submit) -> None:
    """Numbers are given before their rows are seen: another transaction may commit a lower one later."""
    with instance.database.begin() as slow:
        slow.execute(sa.text("SELECT nextval(pg_get_serial_sequence('revisions', 'number'))"))
        slow.execute(sa.text("SELECT pg_current_xact_id()"))
        submit("one", "a secret meeting")
        steps = TermWalk(instance)
        for _ in range(4):
            steps.step()
        with instance.database.begin() as tx:
            assert len(found(tx, instance, "secret")) == 1  # it is found all the same
            assert queries.walked(tx, "items") == 0
    for _ in range(4):
        steps.step()
    with instance.database.begin() as tx:
        assert behind(tx) == 0


def test_terms_that_are_not_ours_are_made_anew(instance: Instance, submit: Submit) -> None:
    item, _ = submit("one", "a secret meeting")
    walk(instance)
    with instance.database.begin() as tx:  # as after a restore that took them along
        tx.execute(sa.update(term_walks).values(version="1 another/database"))
        tx.execute(sa.update(item_terms).values(terms=[1]))
        assert found(tx, instance, "secret") == []
    walk(instance)
    with instance.database.begin() as tx:
        assert found(tx, instance, "secret") == [item.id]
        begin_again(tx, "items")
        assert kept(tx) == 0
    walk(instance)
    with instance.database.begin() as tx:
        assert found(tx, instance, "secret") == [item.id]


def test_entries_have_terms_while_they_stand(instance: Instance) -> None:
    with instance.database.begin() as tx:
        create_bank(tx, BankIn(name="b", stance="known"))
        codes = of_bytes(b"some bytes")
        entry = add_entry(tx, "b", codes, text="the known words", note="from anna")
        add_entry(tx, "b", of_bytes(b"others"))
    steps = TermWalk(instance)
    for _ in range(4):
        steps.step()
    with instance.database.begin() as tx:
        assert kept(tx, entry_terms) == 1
        delete_entry(tx, "b", UUID(entry.id))
        assert kept(tx, entry_terms) == 0


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_is_found_is_what_a_scan_finds(
    instance: Instance, submit: Submit, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    monkeypatch.setattr("tidegate.pipeline.find.CHUNK", 3)
    with instance.database.begin() as tx:
        first = tx.execute(sa.text("SELECT count(*) FROM items")).scalar_one()
    texts = data.draw(st.lists(st.lists(st.sampled_from(WORDS), max_size=6), max_size=4))
    for place, text in enumerate(texts):
        submit(f"post-{first + place}", " ".join(text) or "-")
    walk(instance)
    needles = data.draw(
        st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), min_size=1, max_size=3)
    )
    typed = " ".join('"' + " ".join(one) + '"' for one in needles)
    with instance.database.begin() as tx:
        rows = tx.execute(
            sa.text(
                "SELECT i.id, convert_from(r.content, 'UTF8')::jsonb ->> 'text' AS text FROM items i"
                " JOIN revisions r ON r.item_id = i.id ORDER BY r.number DESC"
            )
        ).all()
        scan = [
            row.id
            for row in rows
            if all(
                holds(skeleton_of(Worded(row.text)), skeleton(" ".join(needle)))
                for needle in needles
            )
        ]
        assert found(tx, instance, typed) == scan
        assert found(tx, instance, typed, 2) == scan[:2]
