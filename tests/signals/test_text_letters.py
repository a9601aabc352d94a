"""A known text is found as a whole by its letters, in whatever disguise; others are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints import of_known_text, of_text
from tidegate.signals.fingerprints.normalise import normalised
from tidegate.signals.fingerprints.quick import AnyOf, Follows, repeats_thrice
from tidegate.signals.fingerprints.text_letters import KIND, disguised

LONG = "Before the moon is up we shall break the dam above the village and let the water do our work for us"
SHORT = "Break the dam tonight"
LEET = str.maketrans("aeiost", "431057")


def letters(codes: list) -> bytes | None:
    return next((one.value for one in codes if one.kind == KIND.name), None)


def distance(one: bytes | None, other: bytes | None) -> int:
    assert one is not None
    assert other is not None
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


DISGUISES = {
    "struck out": lambda text: "".join(one + "\u0336" for one in text),
    "zalgo": lambda text: "".join(one + "\u0301\u0317\u0334" for one in text),
    "accents": lambda text: text.translate(str.maketrans("aeio", "\xe4\xe9\xee\xf6")),
    "leetspeak": lambda text: text.lower().translate(LEET),
    "spelled out": lambda text: " ".join(text.replace(" ", "")),
    "spelled out, words apart": lambda text: "  ".join(" ".join(one) for one in text.split()),
    "spelled out by dots": lambda text: " ".join(".".join(one) for one in text.split()),
    "run together": lambda text: text.replace(" ", ""),
    "in camel case": lambda text: text.title().replace(" ", ""),
    "stretched": lambda text: text.replace("e", "eee").replace("a", "aaaa"),
    "three at once": lambda text: (
        "  ".join([".".join(text.split()[0]), " ".join(text.split()[1]), *text.split()[2:]])
        .translate(str.maketrans("ao", "\xe40"))
        .replace("i", "iii")
    ),
}


@pytest.mark.parametrize(("letter", "accented"), ["a\xe1", "e\xe9", "o\xf6"])
def test_accents_on_one_letter_alone_are_seen_through(letter: str, accented: str) -> None:
    hidden = LONG.replace(letter, accented)
    assert distance(letters(of_text(hidden)), letters(of_known_text(LONG))) == 0


@pytest.mark.parametrize("sign", [", ", ". ", "; "])
def test_so_is_a_sign_behind_every_word(sign: str) -> None:
    hidden = LONG.replace(" ", sign)
    assert distance(letters(of_text(hidden)), letters(of_known_text(LONG))) == 0


@pytest.mark.parametrize("name", DISGUISES)
@pytest.mark.parametrize("text", [LONG, SHORT])
def test_a_disguised_text_has_the_letters_of_the_text(name: str, text: str) -> None:
    hidden = DISGUISES[name](text)
    assert distance(letters(of_text(hidden)), letters(of_known_text(text))) == 0


def test_a_few_other_letters_leave_a_long_text_near() -> None:
    hidden = "".join(one + "\u0336" for one in LONG.replace("for us", "for me"))
    assert 0 < distance(letters(of_text(hidden)), letters(of_known_text(LONG))) <= 31


def test_an_ordinary_text_has_no_code_of_its_letters() -> None:
    for text in (
        LONG,
        SHORT,
        "On 14 May 2026, at 10am, the U.S. sent 3 ships; see https://www.x.example/a_b?c=1.",
        "So good! :-) #goodnews @anna_b",
        "Доброе утро, друзья и соседи",
        "明日は雨が降るでしょうから傘を持って来てください",
    ):
        assert letters(of_text(text)) is None, text
    assert letters(of_known_text("ok 1 2 3")) is None


def test_other_texts_are_far() -> None:
    other = "".join(
        one + "\u0336"
        for one in "Bring the boat to the harbour before the rain comes in the evening"
    )
    assert distance(letters(of_text(other)), letters(of_known_text(LONG))) > 64
    assert (
        distance(letters(of_text("B.r.e.a.k the d.a.m today")), letters(of_known_text(SHORT))) > 64
    )


def test_an_entry_in_markup_is_known_without_it_by_likeness_alone() -> None:
    plain, marked = of_text(LONG), of_known_text(f"<p>{LONG}</p>")
    both = {one.kind for one in plain if one in marked}
    assert both == {"text_minhash"}
    assert letters(of_known_text(LONG)) in {one.value for one in marked}


@given(st.text("ab \xe9\U0001f600\ud800", max_size=20))
@settings(deadline=None)
def test_first_looks(text: str) -> None:
    utf8 = text.encode(errors="replace")
    assert repeats_thrice(text) == any(
        utf8[n : n + 3] == utf8[n : n + 1] * 3 for n in range(len(utf8) - 2)
    )
    assert AnyOf("a").within(text) == b"a" * text.count("a")
    assert Follows("a", "b").within(text) == ("ab" in text)
    assert disguised(normalised(text)) in (True, False)
