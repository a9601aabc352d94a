"""A known text inside a longer one is found, whichever comes first; it asks a person, and what for the
text is quoted is asked before anything else."""

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from tests.pipeline.posts import described, stages, work_off

from tidegate.content.model import ItemRow
from tidegate.content.queries import get_item
from tidegate.decisions.model import DecisionIn
from tidegate.decisions.queries import evaluations_of
from tidegate.infra.errors import Refusal
from tidegate.pipeline.decide import decide_case, decide_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.submit import submit_group
from tidegate.review.model import CaseDecisionIn
from tidegate.review.queries import get_case
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, create_bank, delete_entry
from tidegate.signals.banks.model import BankIn
from tidegate.signals.model import Match

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]
CURATOR = "user:curator@example.org"


def words(seed: int, count: int) -> str:
    draw = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyzäöüß"
    return " ".join("".join(draw.choices(letters, k=draw.randint(2, 8))) for _ in range(count))


MANIFESTO = f"Brothers, {words(1, 80)}!"
BEFORE, AFTER = f"{words(2, 400)}.\n\n", f"\n\n{words(3, 400)}."
ARTICLE = f"{BEFORE}“{MANIFESTO}”{AFTER}"


def add(instance: Instance, text: str, bank: str = "known", confirmed: bool = True) -> UUID:
    with instance.database.begin(CURATOR) as tx:
        codes = fingerprints.of_text(text)
        return UUID(add_entry(tx, bank, codes, confirmed=confirmed, text=text).id)


@pytest.fixture(autouse=True)
def banks(instance: Instance) -> None:
    with instance.database.begin(CURATOR) as tx:
        create_bank(tx, BankIn(name="known", stance="known", labels=["propaganda"]))
        create_bank(tx, BankIn(name="fine", stance="allow"))
        create_bank(tx, BankIn(name="theirs", stance="known", platform="elsewhere"))


def matches(instance: Instance, id: str) -> list[Match]:
    """Those of an item's newest evaluation."""
    with instance.database.begin() as tx:
        return evaluations_of(tx, get_item(tx, "forum", id).id)[-1].matches


def test_it_is_found_and_said_where(instance: Instance, submit: Submit) -> None:
    entry = add(instance, MANIFESTO)
    _, answer = submit("news", ARTICLE)
    assert answer["verdict"] == "review"
    (match,) = answer["evaluation"]["matches"]
    assert (match["entry"], match["route"]) == (str(entry), "text_containment")
    assert (match["exact"], match["confirmed"], match["distance"]) == (False, True, 0)
    assert ARTICLE[match["start"] : match["end"]] == MANIFESTO
    assert (match["entry_start"], match["entry_end"]) == (0, len(MANIFESTO))
    assert match["share"] == 1


def test_quoted_line_by_line_and_in_capitals(instance: Instance, submit: Submit) -> None:
    add(instance, MANIFESTO)
    lines = MANIFESTO.upper().split(" ")
    quoted = "\n> ".join(" ".join(lines[at : at + 8]) for at in range(0, len(lines), 8))
    _, answer = submit("reply", f"You wrote:\n> {quoted}\n\n{words(4, 300)}")
    (match,) = answer["evaluation"]["matches"]
    assert match["share"] == 1


def test_two_known_texts_in_one_are_two_matches(instance: Instance, submit: Submit) -> None:
    other = f"{words(5, 90)}."
    added = [add(instance, MANIFESTO), add(instance, other)]
    _, answer = submit("both", f"{words(6, 100)} {other} {words(7, 100)} {MANIFESTO}")
    found = {one["entry"]: one["start"] for one in answer["evaluation"]["matches"]}
    assert found.keys() == set(map(str, added))
    assert found[str(added[1])] < found[str(added[0])]


def test_a_passage_of_a_longer_known_text(instance: Instance, submit: Submit) -> None:
    book = words(8, 2000)
    start = book.index(" ", 4000) + 1
    passage = book[start : start + 600]
    add(instance, book)
    post = f"As it says: {passage} – that is it."
    _, answer = submit("quote", post)
    assert answer["verdict"] == "review"
    (match,) = answer["evaluation"]["matches"]
    assert post[match["start"] : match["end"]] == passage.strip()
    assert match["entry_start"] == start
    assert match["share"] < 0.1
    assert 100 < match["distance"] < 128


def test_the_same_text_is_matched_as_a_whole_alone(instance: Instance, submit: Submit) -> None:
    add(instance, MANIFESTO)
    _, answer = submit("copy", MANIFESTO)
    routes = {one["route"] for one in answer["evaluation"]["matches"]}
    assert {"text_digest", "text_similarity"} <= routes
    assert "text_containment" not in routes
    assert answer["verdict"] == "restrict"


def test_other_texts_and_short_quotations_pass(instance: Instance, submit: Submit) -> None:
    add(instance, MANIFESTO)
    assert submit("other", BEFORE + AFTER)[1]["verdict"] == "pass"
    few = " ".join(MANIFESTO.split(" ")[:15])
    assert submit("few", f"{BEFORE} {few} {AFTER}")[1]["verdict"] == "pass"


def test_private_messages_are_not_read(instance: Instance, submit: Submit) -> None:
    add(instance, MANIFESTO)
    assert submit("note", ARTICLE, publicness="private")[1]["verdict"] == "pass"


def test_a_bank_of_another_platform_finds_nothing(instance: Instance, submit: Submit) -> None:
    add(instance, MANIFESTO, bank="theirs")
    assert submit("news", ARTICLE)[1]["verdict"] == "pass"


def test_an_entry_finds_kept_texts_that_hold_it_and_a_deleted_one_none(
    instance: Instance, submit: Submit
) -> None:
    looker = LookBack(instance)
    submit("news", ARTICLE)
    submit("other", BEFORE + AFTER)
    assert work_off(looker) == 0
    entry = add(instance, MANIFESTO)
    assert work_off(looker) == 1
    looker.items.index.seal()
    instance.banks.index.seal()
    assert stages(instance, "news")[-1] == ("retro", "review", ["text_containment"])
    assert submit("again", ARTICLE)[1]["verdict"] == "review"
    with instance.database.begin(CURATOR) as tx:
        delete_entry(tx, "known", entry)
    assert submit("later", ARTICLE)[1]["verdict"] == "pass"
    book = words(9, 1000)
    submit("quote", f"{book[3000:3700]} says it all")
    work_off(looker)
    add(instance, book)
    assert work_off(looker) == 1, "from files: a passage of what came later"
    assert stages(instance, "quote")[-1][2] == ["text_containment"]


def test_a_group_of_posts_has_each_its_own_matches(instance: Instance) -> None:
    add(instance, MANIFESTO)
    posts = {"a": ARTICLE, "b": BEFORE + AFTER, "c": "short", "d": f"{MANIFESTO} {words(4, 300)}"}
    group = [described(instance, id, text) for id, text in posts.items()]
    with instance.database.begin("key:f") as tx:
        submit_group(tx, instance, group)
    found = [[one.start for one in matches(instance, id)] for id in posts]
    assert found == [[len(BEFORE) + 1], [], [], [0]]


def test_an_entry_known_by_its_anchors_alone_says_nothing(
    instance: Instance, submit: Submit
) -> None:
    """What is not at hand cannot be compared, and an anchor is no text."""
    codes = [one for one in fingerprints.of_text(MANIFESTO) if one.kind == "text_winnowing"]
    with instance.database.begin(CURATOR) as tx:
        add_entry(tx, "known", codes, confirmed=True)
    assert submit("news", ARTICLE)[1]["verdict"] == "pass"


def test_what_too_many_quote_is_asked_about_and_never_passed(
    instance: Instance, submit: Submit
) -> None:
    entry = str(add(instance, MANIFESTO))
    answer: dict[str, Any] = {}
    for place in range(instance.settings.quarantine_contents + 2):
        text = f"{words(100 + place, 150)} {MANIFESTO} {words(200 + place, 150)}"
        _, answer = submit(f"quote-{place}", text, author=f"author-{place}")
        assert answer["verdict"] == "review"
    (match,) = answer["evaluation"]["matches"]
    assert (match["entry"], match.get("quarantined")) == (entry, True)
    assert submit("copy", MANIFESTO)[1]["verdict"] == "restrict"


class TestAllowed:
    """What is allowed speaks for the known text in it, and for no other use of that."""

    def test_the_allowed_article_itself(self, instance: Instance, submit: Submit) -> None:
        add(instance, MANIFESTO)
        add(instance, ARTICLE, bank="fine")
        _, answer = submit("news", ARTICLE)
        assert answer["verdict"] == "pass"
        known = [one for one in answer["evaluation"]["matches"] if one["stance"] == "known"]
        assert [one["allowed"] for one in known] == [True]

    def test_quoted_whole(self, instance: Instance, submit: Submit) -> None:
        add(instance, MANIFESTO)
        add(instance, ARTICLE, bank="fine")
        assert submit("long", f"{words(4, 900)} {ARTICLE} {words(5, 900)}")[1]["verdict"] == "pass"
        assert submit("copy", f"{ARTICLE} Read it!")[1]["verdict"] == "pass"

    def test_not_what_quotes_the_same_text(self, instance: Instance, submit: Submit) -> None:
        add(instance, MANIFESTO)
        add(instance, ARTICLE, bank="fine")
        assert submit("rant", f"{MANIFESTO} {words(5, 900)}")[1]["verdict"] == "review"
        assert submit("bare", MANIFESTO)[1]["verdict"] == "restrict"

    def test_not_what_stands_beside_it(self, instance: Instance, submit: Submit) -> None:
        add(instance, MANIFESTO)
        add(instance, BEFORE, bank="fine")
        assert submit("news", ARTICLE)[1]["verdict"] == "review"


class TestExemption:
    """Asked before the outcome, and whatever the label says."""

    RESTRICT = CaseDecisionIn(outcome="restrict", reason="spreads it", label="propaganda")

    @pytest.fixture
    def case(self, instance: Instance, submit: Submit) -> UUID:
        add(instance, MANIFESTO)
        return UUID(submit("news", ARTICLE)[1]["case"])

    def test_the_case_says_so(self, instance: Instance, submit: Submit, case: UUID) -> None:
        with instance.database.begin() as tx:
            assert get_case(tx, case).exemption_first
        near = MANIFESTO.replace("Brothers", "Sisters")
        with instance.database.begin() as tx:
            assert not get_case(tx, UUID(submit("near", near)[1]["case"])).exemption_first

    def test_a_restriction_needs_the_answer(self, instance: Instance, case: UUID) -> None:
        with (
            pytest.raises(Refusal) as refused,
            instance.database.begin("user:a@x.org") as tx,
        ):
            decide_case(tx, case, self.RESTRICT, pack=instance.pack(tx))
        assert refused.value.errors[0].pointer == "/exemption"
        with instance.database.begin("user:a@x.org") as tx:
            assert get_case(tx, case).decisions == []
            given = CaseDecisionIn(
                outcome="restrict", reason="spreads it", label="propaganda", exemption="none"
            )
            decide_case(tx, case, given, pack=instance.pack(tx))
            decided = get_case(tx, case)
        assert decided.decisions[0]["exemption"] == "none"

    def test_without_a_case_too(self, instance: Instance, case: UUID) -> None:
        given = DecisionIn(outcome="restrict", reason="spreads it", label="propaganda")
        with (
            pytest.raises(Refusal) as refused,
            instance.database.begin("user:a@x.org") as tx,
        ):
            decide_item(tx, "forum", "news", given, pack=instance.pack(tx))
        assert refused.value.errors[0].pointer == "/exemption"
        with instance.database.begin("user:a@x.org") as tx:
            assert get_case(tx, case).decisions == []

    def test_to_pass_needs_none(self, instance: Instance, case: UUID) -> None:
        with instance.database.begin("user:a@x.org") as tx:
            given = CaseDecisionIn(outcome="pass", reason="it is the news", exemption="news")
            assert decide_case(tx, case, given, pack=instance.pack(tx)).state == "decided"
