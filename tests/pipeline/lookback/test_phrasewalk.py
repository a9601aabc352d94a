"""A phrase that becomes known finds the posts of before it: all of them, once, and without a gap."""

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.pipeline.posts import KNOWN, described

from tidegate.content.model import ItemRow
from tidegate.content.queries import get_item
from tidegate.decisions.queries import evaluations_of
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import counters
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.phrases import PhraseWalk
from tidegate.pipeline.submit import submit_group
from tidegate.review.tables import cases
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import (
    add_entry,
    change_bank,
    change_entry,
    create_bank,
    enable_expired,
    judge_entry,
)
from tidegate.signals.banks.model import BankIn, BankPatch, EntryPatch
from tidegate.signals.banks.tables import sought_phrases
from tidegate.signals.fingerprints import phrase
from tidegate.signals.model import Fingerprint

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

CURATOR = "user:curator@example.org"


class Both:
    """The look back and the walk of one process, by turns as the worker has them."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.looker, self.walker = LookBack(instance), PhraseWalk(instance)

    def tick(self) -> None:
        assert isinstance(self.instance.clock, FakeClock)
        self.instance.clock.advance(1)

    def work_off(self) -> tuple[int, int]:
        """Step until there is nothing to do: (items that walks read, evaluations appended)."""
        self.tick()
        read = appended = 0
        while True:
            step, paced = self.looker.step(), self.walker.step()
            if step is None and paced is None:
                return read, appended
            read += paced.read if paced else 0
            appended += (step.appended if step else 0) + (paced.appended if paced else 0)


def seen(instance: Instance, id: str) -> list[tuple[str, str]]:
    with instance.database.begin() as tx:
        item = get_item(tx, "forum", id)
        return [(one.stage, one.verdict) for one in evaluations_of(tx, item.id)]


def of_phrase(words: str) -> Fingerprint:
    return Fingerprint("phrase", phrase.KIND.parse(words))


def add(instance: Instance, words: str, bank: str = "slurs", **more: Any) -> UUID:
    with instance.database.begin(CURATOR) as tx:
        return UUID(add_entry(tx, bank, [of_phrase(words)], **more).id)


@pytest.fixture
def both(instance: Instance) -> Both:
    with instance.database.begin(CURATOR) as tx:
        create_bank(tx, BankIn(name="slurs", stance="known"))
    return Both(instance)


def test_a_new_phrase_finds_the_posts_that_came_before_it(
    instance: Instance, both: Both, submit: Submit
) -> None:
    submit("plain", "they say the northern harbour will burn tonight")
    submit("hidden", "they say the n0rth3rn h-a-r-b-o-u-r will burn tonight")
    submit("other", "the harbour in the north is lovely at night")
    assert both.work_off() == (0, 0)
    add(instance, "northern harbour")
    assert both.work_off() == (3, 2)
    assert seen(instance, "plain") == [("fast", "pass"), ("retro", "review")]
    assert seen(instance, "hidden") == [("fast", "pass"), ("retro", "review")]
    assert seen(instance, "other") == [("fast", "pass")]
    with instance.database.begin() as tx:
        assert len(tx.execute(sa.select(cases)).all()) == 2
    assert both.work_off() == (0, 0)


def test_phrases_that_wait_together_are_looked_for_in_one_walk(
    instance: Instance, both: Both, submit: Submit
) -> None:
    for number in range(6):
        submit(f"post-{number}", f"words of every day and secret{number} among them")
    both.work_off()
    for number in range(6):
        add(instance, f"secret{number}", confirmed=number % 2 == 0)
    assert both.work_off() == (6, 6)


def test_pages_of_any_size_find_what_a_search_of_each_text_finds(
    instance: Instance, both: Both, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath"]
    draw = random.Random(7)
    texts = {f"post-{n}": " ".join(draw.choices(words, k=12)) for n in range(40)}
    for id, text in texts.items():
        submit(id, text)
    for page, size, batch in ((1, 1 << 18, 25), (7, 1 << 18, 2), (500, 900, 25)):
        monkeypatch.setattr("tidegate.pipeline.lookback.phrases.PAGE", page)
        monkeypatch.setattr("tidegate.pipeline.lookback.phrases.PAGE_BYTES", size)
        monkeypatch.setattr("tidegate.pipeline.lookback.phrases.BATCH", batch)
        before = {id: len(seen(instance, id)) for id in texts}
        phrases = {" ".join(draw.choices(words, k=2)) for _ in range(3)}
        for one in phrases:
            add(instance, one)
        assert both.work_off()[0] == len(texts)
        known = {id for id in texts if len(seen(instance, id)) > before[id]}
        wanted = {
            id for id, text in texts.items() if any(f" {one} " in f" {text} " for one in phrases)
        }
        assert known == wanted != set()


def test_a_walk_goes_on_where_another_process_was_stopped(
    instance: Instance, both: Both, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.pipeline.lookback.phrases.PAGE", 2)
    for number in range(7):
        submit(f"post-{number}", f"number {number} of the northern harbour")
    add(instance, "northern harbour")
    assert both.looker.step() is not None
    assert [both.walker.step() for _ in range(3)] == [(0, 0), (2, 2), (2, 2)]

    def fail(*_: object, **__: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("tidegate.pipeline.lookback.phrases.look_again", fail)
        with pytest.raises(RuntimeError):
            both.walker.step()
    another = Both(instance)
    assert another.work_off() == (3, 3)
    assert both.work_off() == (0, 0)
    assert all(len(seen(instance, f"post-{number}")) == 2 for number in range(7))


def test_a_phrase_that_comes_during_a_walk_finds_what_the_walk_has_passed(
    instance: Instance, both: Both, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.pipeline.lookback.phrases.PAGE", 1)
    submit("first", "the western gate")
    submit("second", "the northern harbour")
    add(instance, "northern harbour")
    both.looker.step()
    assert [both.walker.step() for _ in range(2)] == [(0, 0), (1, 0)]
    add(instance, "western gate")
    assert both.work_off()[1] == 2
    assert seen(instance, "first")[-1] == ("retro", "review")
    assert seen(instance, "second")[-1] == ("retro", "review")


def test_what_no_longer_counts_is_not_looked_for(
    instance: Instance, both: Both, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.pipeline.lookback.phrases.PAGE", 1)
    submit("first", "the northern harbour")
    submit("second", "the northern harbour")
    refuted, during = add(instance, "northern"), add(instance, "harbour")
    with instance.database.begin(CURATOR) as tx:
        judge_entry(tx, "slurs", refuted, "refuted")
    both.looker.step()
    assert [both.walker.step() for _ in range(2)] == [(0, 0), (1, 1)]
    with instance.database.begin(CURATOR) as tx:
        judge_entry(tx, "slurs", during, "refuted")
    assert both.work_off() == (1, 0)
    assert seen(instance, "second") == [("fast", "pass")]


def test_a_phrase_that_is_confirmed_or_enabled_again_is_looked_for_again(
    instance: Instance, both: Both, submit: Submit
) -> None:
    entry = add(instance, "northern harbour")
    with instance.database.begin(CURATOR) as tx:
        change_entry(tx, "slurs", entry, EntryPatch(enabled=False))
    submit("one", "the northern harbour")
    assert both.work_off()[1] == 0
    with instance.database.begin(CURATOR) as tx:
        change_entry(tx, "slurs", entry, EntryPatch(enabled=True))
    assert both.work_off() == (1, 1)
    with instance.database.begin(CURATOR) as tx:
        judge_entry(tx, "slurs", entry, "confirmed")
    assert both.work_off() == (1, 1)


def test_a_bank_that_is_enabled_again_looks_for_all_of_its_phrases(
    instance: Instance, both: Both, submit: Submit
) -> None:
    add(instance, "northern harbour")
    add(instance, "western gate")
    with instance.database.begin(CURATOR) as tx:
        change_bank(tx, "slurs", BankPatch(enabled=False))
    both.work_off()
    submit("one", "the northern harbour")
    submit("two", "the western gate")
    assert both.work_off()[1] == 0
    with instance.database.begin(CURATOR) as tx:
        change_bank(tx, "slurs", BankPatch(enabled=True))
    assert both.work_off() == (2, 2)


@pytest.mark.parametrize("what", ["entry", "bank"])
def test_the_end_of_a_disabling_is_looked_back_for(
    instance: Instance, both: Both, submit: Submit, clock: FakeClock, what: str
) -> None:
    entry = add(instance, "northern harbour")
    until = clock.now().replace(year=clock.now().year + 1)
    with instance.database.begin(CURATOR) as tx:
        if what == "entry":
            change_entry(tx, "slurs", entry, EntryPatch(disabled_until=until))
        else:
            change_bank(tx, "slurs", BankPatch(disabled_until=until))
    submit("between", "the northern harbour")
    both.work_off()
    assert seen(instance, "between") == [("fast", "pass")]
    clock.advance(370 * 86_400)
    with instance.database.begin() as tx:
        assert enable_expired(tx) == 1
    assert both.work_off() == (1, 1)


def test_only_the_latest_revision_of_what_is_kept_is_read(
    instance: Instance, both: Both, submit: Submit
) -> None:
    submit("edited", "the northern harbour")
    submit("edited", "the weather in the north")
    submit("erased", "the northern harbour")
    submit("private", "the northern harbour", publicness="private")
    with instance.database.begin("user:anna@example.org") as tx:
        erase_item(tx, "forum", "erased")
    add(instance, "northern harbour")
    assert both.work_off()[1] == 0
    assert seen(instance, "private") == [("fast", "pass")]


def test_posts_that_met_the_phrase_at_their_first_look_are_not_read(
    instance: Instance, both: Both, submit: Submit
) -> None:
    submit("old", "the northern harbour")
    add(instance, "northern harbour")
    submit("young", "the northern harbour")
    assert both.work_off() == (1, 1)
    assert seen(instance, "young") == [("fast", "review")]


def test_a_post_that_commits_after_the_walk_is_found_by_the_look_back(
    instance: Instance, both: Both, submit: Submit
) -> None:
    submit("old", "nothing of note")
    with instance.database.begin("key:f") as tx:
        submit_group(
            tx, instance, [described(instance, "crossing", "the northern harbour")]
        )  # judged, and not yet to be seen by others
        add(instance, "northern harbour")
        submit("younger", "of a higher number")
        assert both.work_off() == (1, 0)
    assert both.work_off() == (0, 1)
    assert seen(instance, "crossing") == [("fast", "pass"), ("retro", "review")]


def test_codes_are_looked_for_while_a_walk_is_on(
    instance: Instance, both: Both, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.pipeline.lookback.phrases.PAGE", 1)
    for number in range(3):
        submit(f"post-{number}", f"{KNOWN} {number}")
    submit("copy", KNOWN)
    add(instance, "armed fight")
    both.looker.step()
    assert [both.walker.step() for _ in range(2)] == [(0, 0), (1, 1)]
    with instance.database.begin(CURATOR) as tx:
        digest = [one for one in fingerprints.of_text(KNOWN) if one.kind == "text_sha256"]
        add_entry(tx, "slurs", digest, confirmed=True)
    both.tick()
    step = both.looker.step()
    assert step is not None
    assert step.appended == 1
    assert seen(instance, "copy")[-1] == ("retro", "restrict")


def test_nothing_is_left_after_a_walk(instance: Instance, both: Both, submit: Submit) -> None:
    submit("one", "the northern harbour")
    add(instance, "northern harbour")
    both.work_off()
    with instance.database.begin() as tx:
        assert tx.execute(sa.select(sought_phrases)).all() == []
        position = sa.select(counters.c.value).where(counters.c.name == "phrase walk position")
        assert tx.execute(position).scalar_one() == 0
