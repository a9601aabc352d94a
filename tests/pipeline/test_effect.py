"""What a change of a bank would do, counted before: against what it does once it is made and looked back for."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.pipeline.posts import work_off

from tidegate.content.model import ItemRow
from tidegate.decisions.model import DecisionIn
from tidegate.decisions.tables import decisions, evaluations
from tidegate.infra.db import metadata
from tidegate.pipeline import entries as verbs
from tidegate.pipeline.decide import decide_item
from tidegate.pipeline.effect import Effect, effect_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.review.tables import cases
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank
from tidegate.signals.banks.model import BankIn, BankPatch, EntryPatch
from tidegate.signals.banks.trial import Change
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

TEXTS = (
    "join the armed fight on friday at the old bridge and bring the others with you",
    "the enemies of the people will be burned in their houses before the winter comes",
    "a calm day at the sea with friends and a picnic under the old trees by the shore",
)
CURATOR = "user:curator@example.org"


def bank(instance: Instance, name: str = "known", stance: Any = "known") -> None:
    with instance.database.begin(CURATOR) as tx:
        create_bank(tx, BankIn(name=name, stance=stance, labels=["propaganda"]))


def entry(instance: Instance, text: str, name: str = "known", *, confirmed: bool = False) -> UUID:
    with instance.database.begin(CURATOR) as tx:
        codes = fingerprints.of_known_text(text)
        return UUID(add_entry(tx, name, codes, text=text, confirmed=confirmed).id)


def asked(instance: Instance, what: Any, entry_id: UUID | None, **more: Any) -> Effect:
    change = Change(what=what, bank=more.pop("bank", "known"), entry=entry_id, **more)
    with instance.database.begin(CURATOR) as tx:
        return effect_of(tx, instance, change)


def everything(instance: Instance) -> list[str]:
    with instance.database.begin() as tx:
        return [
            f"{table.name} {sorted(map(repr, tx.execute(sa.select(table))))}"
            for table in metadata.sorted_tables
        ]


def done(instance: Instance) -> tuple[Counter[str], int]:
    """What rules have decided so far, and how many cases wait."""
    with instance.database.begin() as tx:
        query = sa.select(decisions.c.outcome).where(decisions.c.decided_by.startswith("rule:"))
        waiting = sa.select(sa.func.count()).select_from(cases).where(cases.c.state != "decided")
        return Counter(tx.execute(query).scalars()), tx.execute(waiting).scalar_one()


def make(instance: Instance, what: str, entry_id: UUID | None) -> None:
    with instance.database.begin(CURATOR) as tx:
        if entry_id is None:
            verbs.change_bank(tx, "known", BankPatch(enabled=what == "enable"))
        elif what in ("confirm", "refute"):
            verbs.judge_in_bank(tx, "known", entry_id, what)
        else:
            verbs.change(tx, "known", entry_id, EntryPatch(enabled=what == "enable"))


def some_posts(submit: Submit, instance: Instance, seed: int) -> None:
    """Posts with known texts, changed a little or not at all, some of them decided."""
    chosen = random.Random(seed)
    for number in range(14):
        text = chosen.choice(TEXTS)
        if chosen.random() < 0.4:
            text += chosen.choice((" today", " now, all of you", "!!"))
        item, _ = submit(f"post-{number}", text, author=f"author-{number}")
        if chosen.random() < 0.25:
            with instance.database.begin("user:anna@example.org") as tx:
                given = DecisionIn(outcome="pass", reason="It is a report about it.")
                decide_item(tx, "forum", item.external_id, given, pack=instance.pack(tx))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("what", ["confirm", "enable entry", "enable bank"])
def test_what_it_counts_is_what_the_look_back_then_does(
    instance: Instance, submit: Submit, what: str, seed: int
) -> None:
    looker = LookBack(instance)
    bank(instance)
    first = entry(instance, TEXTS[0], confirmed=what != "confirm")
    entry(instance, TEXTS[1], confirmed=True)
    if what == "enable entry":
        make(instance, "disable", first)
    if what == "enable bank":
        make(instance, "disable", None)
    some_posts(submit, instance, seed)
    submit("certain", TEXTS[0], author="somebody")
    work_off(looker)
    verb, _, of = what.partition(" ")
    target = None if of == "bank" else first

    before = everything(instance)
    counted = asked(instance, verb, target)
    assert everything(instance) == before, "asking writes nothing"
    ruled, waiting = done(instance)
    make(instance, verb, target)
    work_off(looker)
    ruled_then, waiting_then = done(instance)
    assert counted.restrict == ruled_then["restrict"] - ruled["restrict"]
    assert counted.escalate == ruled_then["escalate"] - ruled["escalate"]
    assert counted.review >= waiting_then - waiting >= 0
    assert counted.judged == counted.matched > 0
    assert counted.restrict > 0


@pytest.mark.parametrize("what", ["refute", "disable", "delete"])
def test_it_counts_what_stands_by_a_rule_and_would_no_longer(
    instance: Instance, submit: Submit, what: str
) -> None:
    bank(instance)
    first = entry(instance, TEXTS[0], confirmed=True)
    entry(instance, TEXTS[1], confirmed=True)
    for number in range(5):
        submit(f"post-{number}", TEXTS[number % 2], author=f"author-{number}")
    with instance.database.begin() as tx:
        matching = [
            row.item_id
            for row in tx.execute(sa.select(evaluations.c.item_id, evaluations.c.matches))
            if {one["entry"] for one in row.matches} == {str(first)}
        ]
    counted = asked(instance, what, first)
    assert (counted.lift, counted.restrict) == (len(matching), 0) == (3, 0)
    assert {one.item for one in counted.samples} == set(matching)
    assert all(one.outcome == "lift" for one in counted.samples)
    whole = asked(instance, "disable", None)
    assert whole.lift == 5


def test_what_an_allowed_text_covers_would_be_lifted(instance: Instance, submit: Submit) -> None:
    bank(instance)
    bank(instance, "fine", "allow")
    entry(instance, TEXTS[0], confirmed=True)
    allowed = entry(instance, TEXTS[0], "fine", confirmed=True)
    with instance.database.begin(CURATOR) as tx:
        verbs.change(tx, "fine", allowed, EntryPatch(enabled=False))
    submit("post", TEXTS[0])
    assert asked(instance, "enable", allowed, bank="fine").lift == 1


def test_what_people_left_up_as_news_stays_and_is_counted_apart(
    instance: Instance, submit: Submit
) -> None:
    bank(instance)
    first = entry(instance, TEXTS[0])
    item, _ = submit("report", TEXTS[0])
    submit("copy", TEXTS[0], author="berta")
    with instance.database.begin("user:anna@example.org") as tx:
        given = DecisionIn(outcome="pass", reason="It is a newspaper's.", exemption="news")
        decide_item(tx, "forum", item.external_id, given, pack=instance.pack(tx))
    counted = asked(instance, "confirm", first)
    assert (counted.restrict, counted.news, counted.spared) == (1, 0, 1)


def test_a_wider_radius_reaches_what_is_further(instance: Instance, submit: Submit) -> None:
    bank(instance)
    submit("post", TEXTS[0])
    minhash = next(one for one in fingerprints.of_text(TEXTS[0]) if one.kind == "text_minhash")
    assert KINDS["text_minhash"].hamming
    far = bytes([minhash.value[0] ^ 0xFF, minhash.value[1] ^ 0xFF, *minhash.value[2:]])
    with instance.database.begin(CURATOR) as tx:
        add_entry(tx, "known", [Fingerprint("text_minhash", far)], confirmed=True)
        verbs.change_bank(tx, "known", BankPatch(radius={"text_minhash": 4}))
    near, wide = {"text_minhash": 15}, {"text_minhash": 16}
    assert asked(instance, "radius", None, radius=near).review == 0
    assert asked(instance, "radius", None, radius=wide).review == 1
    with instance.database.begin(CURATOR) as tx:
        verbs.change_bank(tx, "known", BankPatch(radius=wide))
    assert asked(instance, "radius", None, radius=near).matched == 1


def test_a_phrase_is_looked_for_in_the_newest_texts(instance: Instance, submit: Submit) -> None:
    bank(instance)
    submit("post", "somebody said that the river runs red at dawn, and nobody knew why")
    submit("other", TEXTS[2])
    with instance.database.begin(CURATOR) as tx:
        codes = [Fingerprint("phrase", KINDS["phrase"].parse("river runs red"))]
        made = UUID(add_entry(tx, "known", codes).id)
        verbs.change(tx, "known", made, EntryPatch(enabled=False))
    counted = asked(instance, "enable", made)
    assert (counted.texts, counted.matched, counted.review) == (2, 1, 1)
