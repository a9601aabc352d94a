"""The learned part: what it sees and what not, that it starts neutral, learns, says what is, and is kept."""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.content.model import Content
from tidegate.triage.figures import figures_of
from tidegate.triage.learned import FEWEST, Learner, ranked_right
from tidegate.triage.learned_state import Unreadable, learning, restored, speaking
from tidegate.triage.urgency import Urgency
from tidegate.triage.words import BITS, SIZE, Numbers

NUMBERS = Numbers(b"k" * 32)
URGENT = ["we need water at {}", "please help, {} is trapped", "send a doctor to {} now"]
CALM = ["the game at {} was fine", "{} sells bread today", "we saw a film about {}"]


def posts(number: int, seed: int = 1) -> list[tuple[str, bool]]:
    """Posts of both kinds, by turns unevenly, about places that say nothing."""
    random = Random(seed)
    made: list[tuple[str, bool]] = []
    for _ in range(number):
        urgent = random.random() < 0.3
        place = "".join(random.choice("abcdefghij") for _ in range(6))
        made.append((random.choice(URGENT if urgent else CALM).format(place), urgent))
    return made


def taught(number: int = 200) -> Learner:
    learner = Learner()
    for text, urgent in posts(number):
        learner.learn(NUMBERS.of(text), urgent=urgent, language="en")
    return learner


def content(text: str, **fields: object) -> Content:
    usual = {"surface": "post", "publicness": "public", "author": "a", "text": text,
             "created_at": datetime(2026, 1, 1, tzinfo=UTC)}  # fmt: skip
    return msgspec.convert(usual | fields, Content)


def test_it_says_nothing_before_it_knows_enough_of_both_kinds() -> None:
    learner = Learner()
    for n in range(FEWEST):
        assert not learner.speaks
        learner.learn(NUMBERS.of(f"help {n}"), urgent=True)
    for n in range(FEWEST):
        assert (learner.likelihood(1.0), learner.generation) == (None, 0)
        learner.learn(NUMBERS.of(f"a film {n}"), urgent=False)
    assert learner.speaks
    assert learner.likelihood(1.0) is not None
    assert learner.generation == 1


def test_it_learns_and_what_it_says_is_so() -> None:
    learner = taught(400)
    rest = posts(300, seed=2)
    scores = [learner.score(NUMBERS.of(text)) for text, _ in rest]
    urgent = [one for _, one in rest]
    ranked = ranked_right(scores, urgent)
    assert ranked is not None
    assert ranked > 0.95
    told = [learner.likelihood(score) or 0.0 for score in scores]
    assert abs(sum(told) / len(told) - sum(urgent) / len(urgent)) < 0.1
    figures = figures_of(learner)
    assert figures.recent.decisions == 400
    assert sum(one.decisions for one in figures.calibration) < 400, "at first it said nothing"
    assert [one.name for one in figures.languages] == ["en"]
    assert len(figures.stretches) == 4


def test_only_words_count() -> None:
    """Author, language and all that a platform sends with a post change nothing, nor do handles, links and
    numbers in it."""
    urgency = Urgency(b"k" * 32)
    urgency._learner = taught()
    said = urgency.of(content("we need water, @anna, see https://x.example/1 at 12:30"))
    assert said is not None
    others = [
        content("we need water, @bob, see https://y.example/other at 9:15"),
        content("we need water, @anna, see https://x.example/1 at 12:30", author="b"),
        content("we need water, @anna, see https://x.example/1 at 12:30", language="ar"),
        content("we need water, @anna, see https://x.example/1 at 12:30", surface="comment",
                attributes={"religion": "x", "age": 7}, context={"by": "somebody"}),
    ]  # fmt: skip
    assert [urgency.of(one) for one in others] == [said] * len(others)
    assert urgency.of(content("a film about bread")) != said
    assert urgency.of(content("")) is None
    assert urgency.of(None) is None


def test_what_is_learnt_is_kept_and_tells_no_words() -> None:
    learner = taught()
    speaks, learns = speaking(learner), learning(learner)
    again = restored(speaks, learns)
    for text, _ in posts(20, seed=3):
        features = NUMBERS.of(text)
        assert abs(again.score(features) - learner.score(features)) < 0.01
    assert (again.decisions, again.urgent) == (learner.decisions, learner.urgent)
    assert list(again.said) == list(learner.said)
    again.learn(NUMBERS.of("help"), urgent=True)
    assert restored(speaks).likelihood(0.3) == learner.likelihood(0.3)
    for word in (b"water", b"trapped", b"doctor"):
        assert word not in speaks + learns
    other = Numbers(b"o" * 32).of("we need water").places
    assert not np.array_equal(other, NUMBERS.of("we need water").places), (
        "the key makes the numbers"
    )


@pytest.mark.parametrize("bad", [b"", b"\x80", b"nonsense"])
def test_what_this_program_did_not_write_is_no_state(bad: bytes) -> None:
    with pytest.raises(Unreadable):
        restored(bad)
    with pytest.raises(Unreadable):
        restored(speaking(Learner()), bad)


@given(st.text(max_size=300))
def test_any_text_has_features(text: str) -> None:
    found = NUMBERS.of(text)
    places = found.places.tolist()
    assert places == sorted(set(places))
    assert all(place < SIZE for place in places)
    assert sum(place < (1 << BITS) for place in places) == found.words
    score = Learner().score(found)
    assert score == 0.0
    learner = Learner()
    learner.learn(found, urgent=True)
    assert np.isfinite(learner.weights).all()


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=30))
def test_ranked_right_is_the_share_of_pairs(pairs: Sequence[tuple[int, bool]]) -> None:
    urgent = [score for score, one in pairs if one]
    calm = [score for score, one in pairs if not one]
    found = ranked_right([score for score, _ in pairs], [one for _, one in pairs])
    if not urgent or not calm:
        assert found is None
        return
    won = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in urgent for b in calm)
    assert found == pytest.approx(won / (len(urgent) * len(calm)))
