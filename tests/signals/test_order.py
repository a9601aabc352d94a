"""A text in the order in which it is seen, where controls of direction change that."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints.order import as_shown

CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def shown(text: str) -> str | None:
    order = as_shown(text)
    return None if order is None else "".join(text[place] for place in order)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("\u202etoped eht mrots", "storm the depot"),
        ("storm \u202eeht\u202c depot", "storm the depot"),
        ("first\n\u202etoped eht mrots\nlast", "first\nstorm the depot\nlast"),
        ("\u202etop\u0301ed\u202c", "depo\u0301t"[:2] + "p\u0301ot"),
        ("\u2067\u2066depot\u2069 \u2066the\u2069 \u2066storm\u2069\u2069", "storm the depot"),
        ("\u202btoped\u202c \u202edepot\u202c", "toped toped"),
        ("\u202e\u202dstorm\u202c eht\u202c", "the storm"),
        ("\u202e\u2066mrots\u2069 x", "x mrots"),
        ("\u202d\u05dd\u05d5\u05dc\u05e9\u202c", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u202e54 3\u202c", "3 45"),
    ],
)
def test_a_text_is_read_as_it_is_shown(text: str, read: str) -> None:
    assert shown(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "storm the depot",
        "hello \u2068Anna\u2069, \u2068\u05e9\u05dc\u05d5\u05dd\u2069!",
        "\u05e9\u05dc\u05d5\u05dd \u2066abc\u2069 \u05e2\u05d5\u05dc\u05dd",
        "\u202aplain\u202c",
        "\u202e\u05e9\u05dc\u05d5\u05dd\u202c",
        "\u202b\u0633\u0644\u0627\u0645 \u0639\u0644\u064a\u0643\u0645 2026\u202c",
        "\u202c\u2069",
    ],
)
def test_controls_that_change_nothing_are_nothing(text: str) -> None:
    assert as_shown(text) is None


@given(st.text("ab c", min_size=1, max_size=20), st.text("xy z", max_size=9))
@settings(deadline=None, max_examples=200)
def test_what_was_turned_is_turned_back(words: str, before: str) -> None:
    read = shown(f"x{before}x \u202ey{words[::-1]}x\u202c y")
    turned = f"x{before}x x{words}y y"
    assert read == (None if turned == turned[::-1] and False else turned) or (
        read is None and f"y{words[::-1]}x" == f"x{words}y"
    )


@given(st.text("ab 1.\u05d0\u05d1\u0627\u0301\n" + CONTROLS, max_size=40))
@settings(deadline=None, max_examples=400)
def test_nothing_is_lost_but_the_controls(text: str) -> None:
    order = as_shown(text)
    if order is not None:
        kept = [place for place, one in enumerate(text) if one not in CONTROLS]
        assert sorted(order) == kept


@given(st.text("ab 1.\u05d0\u05d1\u0627", max_size=30))
@settings(deadline=None, max_examples=400)
def test_a_text_without_any_effect_is_as_it_was(text: str) -> None:
    """Laid out and read off again by the same rules, but for where numbers stand beside letters of the
    other direction."""
    if not any(one.isdecimal() for one in text):
        assert as_shown(f"{text}\u202c") is None
