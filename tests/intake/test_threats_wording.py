"""How patterns are written: compared with a slow and obvious reading of the same phrases."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threat_packs import HEAD, screen_of

from tidegate.intake.threats.spelling import distance, is_slip
from tidegate.intake.threats.wording import Choice, Sequence, Unreadable, Word, read_phrase

LETTERS = ["aaa", "bbb", "ccc", "ddd"]


def lengths(sequence: Sequence, words: list[str], start: int) -> Iterator[int]:
    """Where a sequence may end that begins at `start`, by trying everything."""
    if not sequence:
        yield start
        return
    step, rest = sequence[0], sequence[1:]
    part = step.part
    if isinstance(part, Choice):
        options = [option for option in part.options if option]
        for gap in range(step.gap + 1):
            for option in options:
                for middle in lengths(option, words, start + gap):
                    yield from lengths(rest, words, middle)
        if () in part.options:
            # What is missing leaves its gap to what follows.
            if rest:
                first = rest[0]
                wider = type(first)(first.part, max(first.gap, step.gap))
                yield from lengths((wider, *rest[1:]), words, start)
            else:
                yield start
        return
    assert isinstance(part, Word)
    for gap in range(step.gap + 1):
        at = start + gap
        if at < len(words) and words[at] in part.forms:
            yield from lengths(rest, words, at + 1)


word = st.sampled_from(LETTERS)
choice = st.lists(word, min_size=1, max_size=3).map(lambda some: f"({'|'.join(some)})")
maybe = st.lists(word, min_size=1, max_size=2).map(lambda some: f"[{' '.join(some)}]")
gap = st.sampled_from(["", "..1 ", "..2 "])
phrases = st.lists(st.tuples(gap, word | choice | maybe), min_size=0, max_size=3).flatmap(
    lambda rest: word.map(lambda first: first + "".join(f" {g}{p}" for g, p in rest))
)


@settings(max_examples=250, deadline=None)
@given(phrases, st.lists(word, max_size=8))
def test_phrases_are_found_where_trying_everything_finds_them(
    phrase: str, words: list[str]
) -> None:
    sequence = read_phrase(phrase, {})
    expected = any(True for start in range(len(words)) for _ in lengths(sequence, words, start))
    pattern = f'\n[[patterns]]\nname = "x"\nelement = "intent"\nphrases = ["{phrase}"]\n'
    found = screen_of(HEAD + pattern).screen(" ".join(words))
    assert (found is not None) == expected


@pytest.mark.parametrize(
    ("phrase", "why", "offset"),
    [
        ("", "at least one word", 0),
        (".. kill", "between two words", 0),
        ("kill ..", "between two words", 5),
        ("kill ..99 them", "1 to 12 others", 5),
        ("(kill", "`(` is not closed", 0),
        ("kill)", "`)` closes nothing", 4),
        ("[kill]", "may be missing", 0),
        ("{nope} now", "no group `nope`", 0),
        ("a*", "too short for a `*`", 0),
        ("k*ll", "is no word", 0),
        ("…", "is no word", 0),
        ("t(u e|o)ten", "must be single words", 0),
    ],
)
def test_what_is_wrong_is_said_with_its_place(phrase: str, why: str, offset: int) -> None:
    with pytest.raises(Unreadable) as wrong:
        read_phrase(phrase, {})
    assert why in wrong.value.why
    assert wrong.value.offset == offset


def forms(phrase: str) -> list[tuple[str, ...]]:
    parts = [step.part for step in read_phrase(phrase, {})]
    return [part.forms for part in parts if isinstance(part, Word)]


def test_words_are_skeletons_and_umlauts_have_two_spellings() -> None:
    assert forms("Töte") == [("tote", "toete")]
    assert forms("t(u|o)er") == [("tuer", "toer")]
    assert forms("I'll l'école") == [("i",), ("ll",), ("l",), ("ecole",)]
    assert forms("kill* *anschlag* 1###") == [("kill*",), ("*anschlag*",), ("1###",)]
    assert forms("سأقتلك") == [("ساقتلك",)]


def test_a_digit_may_be_any() -> None:
    pattern = '\n[[patterns]]\nname = "x"\nelement = "intent"\nphrases = ["in 1###", "#pm"]\n'
    screen = screen_of(HEAD + pattern)
    assert screen.screen("in 1945") is not None
    assert screen.screen("in 2045") is None
    assert screen.screen("at 5pm") is not None


@given(st.text("abcd", min_size=1, max_size=11), st.text("abcd", min_size=1, max_size=11))
def test_a_slip_is_near(one: str, other: str) -> None:
    if one != other and is_slip(one, other):
        assert 1 <= distance(one, other) <= 2
        assert one[0] == other[0] or one[:2] == other[:2][::-1]


@pytest.mark.parametrize(
    ("got", "wanted", "slips"),
    [
        ("kil", "kill", True),
        ("klil", "kill", True),
        ("killl", "kill", True),
        ("bill", "kill", False),
        ("kilt", "kill", False),
        ("morder", "murder", True),
        ("mudrer", "murder", True),
        ("sinagouge", "synagogue", False),
        ("synagouge", "synagogue", True),
    ],
)
def test_slips_of_the_hand(got: str, wanted: str, slips: bool) -> None:
    assert is_slip(got, wanted) == slips
