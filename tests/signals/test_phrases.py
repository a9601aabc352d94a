"""The table of phrases against a slow, obvious reference, and beside changes."""

import re
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tidegate.signals.fingerprints import KINDS, of_text
from tidegate.signals.fingerprints.skeleton import skeleton
from tidegate.signals.index.phrases import PhraseTable, spans
from tidegate.signals.index.strings import Strings

PHRASE = KINDS["phrase"]


def table(*phrases: str) -> PhraseTable:
    made = PhraseTable()
    for owner, phrase in enumerate(phrases):
        made.upsert(owner, PHRASE.parse(phrase))
    return made


def shown(phrases: PhraseTable, text: str) -> list[tuple[int, str]]:
    return [(owner, text[start:end]) for owner, start, end in phrases.search(text)]


def test_phrases_are_found_where_they_stand() -> None:
    phrases = table("rise up", "the river bank", "river")
    assert shown(phrases, "Rise, up! To the  RIVER\nbank.") == [
        (0, "Rise, up"),
        (1, "the  RIVER\nbank"),
        (2, "RIVER"),
    ]
    assert phrases.search("sunrise upon the driver") == []
    assert phrases.search("") == PhraseTable().search("river") == []


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("lass", "a class", ""),
        ("lass", "a lass", "lass"),
        ("攻撃", "明日攻撃する", "攻撃"),
        ("โจมตี", "เราจะโจมตีพรุ่งนี้", "โจมตี"),
        ("공격", "내일 공격을 한다", "공격"),
        ("手機", "買iphone手機", "手機"),
        ("iphone", "買iPhone手機", "iPhone"),
        ("🔪 🐟", "the 🔪🏽 🐟!", "🔪🏽 🐟"),
        ("हमला", "कल हमला होगा", "हमला"),
        ("मला", "कल हमला होगा", ""),
        ("c4", "C4 or c44", "C4"),
    ],
)
def test_words_have_ends_where_their_script_has_them(phrase: str, text: str, found: str) -> None:
    assert [text[start:end] for start, end in spans(text, PHRASE.parse(phrase))] == [found] * bool(
        found
    )


@pytest.mark.parametrize("value", ["", "a", " - ", "\u200b", "x" * 201, "!!!"])
def test_what_is_no_phrase_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="2 to 200 letters"):
        PHRASE.parse(value)


def test_a_phrase_is_no_fingerprint_of_a_text_and_restricts_nothing() -> None:
    assert "phrase" not in {one.kind for one in of_text("rise up, all of you, before it is late")}
    assert not PHRASE.exact
    assert PHRASE.format(PHRASE.parse("  Ríse-UP ")) == "rise up"


WORDS = st.lists(st.sampled_from(["ab", "ba", "abc", "b", "aab"]), min_size=1, max_size=3)
VALUES = WORDS.map(" ".join).filter(lambda words: len(words) > 1)


class Changes(RuleBasedStateMachine):
    """Any order of changes and searches, with buildings between."""

    def __init__(self) -> None:
        super().__init__()
        self.table = PhraseTable()
        self.model: dict[int, str] = {}

    @rule(owner=st.integers(0, 6), words=VALUES)
    def upsert(self, owner: int, words: str) -> None:
        self.table.upsert(owner, words.encode())
        self.model[owner] = words

    @rule(owner=st.integers(0, 6))
    def remove(self, owner: int) -> None:
        self.table.remove(owner)
        self.model.pop(owner, None)

    @rule(words=st.lists(st.sampled_from(["ab", "ba", "abc", "b", "aab", "x"]), max_size=6))
    def search(self, words: list[str]) -> None:
        text = ", ".join(words)
        plain = " ".join(words)
        expected = {
            owner: words
            for owner, words in self.model.items()
            if re.search(rf"(?<!\S){words}(?!\S)", plain)
        }
        found = self.table.search(text)
        assert {owner for owner, _, _ in found} == set(expected) == self.table.search_owners(text)
        for owner, start, end in found:
            assert skeleton(text[start:end]) == expected[owner]

    @invariant()
    def size(self) -> None:
        assert len(self.table) == len(self.model)


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@given(st.lists(st.text("aб☂ ", min_size=1, max_size=4)), st.text("aб☂ ", max_size=30))
@settings(deadline=None)
def test_strings_are_found_before_and_after_they_are_built(made: list[str], text: str) -> None:
    strings = Strings()
    for string in made:
        strings.add(string)
    for string in made[::3]:
        strings.discard(string)
    expected = {string for string in set(made) - set(made[::3]) if string in text}
    places = {
        (string, place, place + len(string))
        for string in expected
        for place in range(len(text))
        if text.startswith(string, place)
    }
    for _ in range(20):  # which pays for a building
        assert strings.among(text) == expected
        assert set(strings.find(text)) == places
    strings.settle()
    assert strings.among(text) == expected
    assert set(strings.find(text)) == places


def test_one_phrase_of_several_owners_goes_with_the_last() -> None:
    phrases = table("rise up", "Rise Up!")
    assert phrases.search_owners("rise up") == {0, 1}
    phrases.remove(0)
    phrases.remove(0)
    assert phrases.search_owners("rise up") == {1}
    phrases.upsert(1, b"sit down")
    assert phrases.search_owners("rise up") == set()
    assert phrases.search_owners("s i t  d o w n") == {1}


def test_searches_beside_changes_see_what_was_there_before_them() -> None:
    phrases = table("always here")
    text = "always here " + " ".join(f"word{number} x" for number in range(3000))
    failures: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            if 0 not in phrases.search_owners(text):
                failures.append("lost")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 3000):
        phrases.upsert(number, f"word{number}".encode())
        if number % 500 == 0 and number not in phrases.search_owners(text):
            failures.append(f"{number} not seen")
        if number % 2:
            phrases.remove(number)
    done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert phrases.search_owners(text) == {0, *range(2, 3000, 2)}
