"""The codes that reporters are given: drawn, read out, mistyped, and read again."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.intake.references import DRAWN, SYMBOLS, draw, read_reference, reference_key

codes = st.integers(0, len(SYMBOLS) ** DRAWN - 1).map(lambda number: draw(lambda _: number))


def mistyped(text: str) -> str:
    """What is said of a text that is no code."""
    with pytest.raises(Refusal) as refused:
        read_reference(text)
    assert (refused.value.status, refused.value.type) == (422, "mistyped")
    return refused.value.detail


def by_hand(code: str) -> bool:
    """Whether a code's sum fits, as one would reckon it with a pencil."""
    symbols = code.replace("-", "")
    total = sum(place * SYMBOLS.index(one) for place, one in enumerate(symbols, 1))
    return len(symbols) == 11 and total % 23 == 0


def test_a_code_is_short_and_says_enough() -> None:
    code = draw(random.Random(1).randrange)
    assert [len(group) for group in code.split("-")] == [4, 4, 3]
    assert len(SYMBOLS) ** DRAWN >= 2**45
    assert not set("01OILSZBGU") & set(SYMBOLS)
    assert len(set(SYMBOLS)) == len(SYMBOLS) == 23


@given(codes)
def test_every_code_is_read_as_it_was_given(code: str) -> None:
    assert by_hand(code)
    assert read_reference(code) == code
    assert read_reference(code.lower().replace("-", " ")) == code
    assert read_reference(code.replace("-", "")) == code
    assert read_reference(f"  {code.replace('-', chr(0x2013))}.\n") == code


@given(codes, st.data())
def test_what_looks_alike_is_read_as_what_it_must_be(code: str, data: st.DataObject) -> None:
    alike = {"5": "S", "2": "Z", "8": "B", "6": "G", "V": "U", "M": "N"}
    written = "".join(data.draw(st.sampled_from([one, alike.get(one, one)])) for one in code)
    assert read_reference(written) == code


@given(codes)
def test_digits_and_letters_of_other_keyboards_are_read(code: str) -> None:
    arabic = "".join(chr(0x660 + int(one)) if one.isdigit() else one for one in code)
    wide = "".join(chr(ord(one) + 0xFEE0) for one in code)
    assert read_reference(arabic) == read_reference(wide) == code
    assert unicodedata.normalize("NFKC", wide) == code


@given(codes, st.data())
def test_one_wrong_symbol_always_shows(code: str, data: st.DataObject) -> None:
    symbols = list(code.replace("-", ""))
    place = data.draw(st.integers(0, len(symbols) - 1))
    symbols[place] = data.draw(st.sampled_from([one for one in SYMBOLS if one != symbols[place]]))
    assert not by_hand("".join(symbols))
    assert "does not fit" in mistyped("".join(symbols))


@given(codes, st.data())
def test_two_that_changed_places_always_show(code: str, data: st.DataObject) -> None:
    symbols = list(code.replace("-", ""))
    first, second = data.draw(
        st.lists(st.integers(0, len(symbols) - 1), min_size=2, max_size=2, unique=True)
    )
    symbols[first], symbols[second] = symbols[second], symbols[first]
    swapped = "".join(symbols)
    if swapped == code.replace("-", ""):
        assert read_reference(swapped) == code
    else:
        assert "does not fit" in mistyped(swapped)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_code_or_mistyped(text: str) -> None:
    try:
        code = read_reference(text)
    except Refusal:
        mistyped(text).encode()  # what is said can be sent
    else:
        assert by_hand(code)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "this has 0"),
        ("K7QF", "this has 4"),
        ("K7QF-3MRT-XCP-K", "this has 12"),
        ("K7QF-3MRT-XC0", "no code has that"),
        ("K7QF-3MRT-XCI", "no code has that"),
        ("\ud800", "no code has that"),
        ("K7QF-3MRT-XCQ", "does not fit"),
        ("K" * 1_000_000, "this has 0"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    assert said in mistyped(text)


def test_a_code_is_found_by_a_digest_under_the_instances_key() -> None:
    code = draw(random.Random(2).randrange)
    assert reference_key(bytes(32), code) == reference_key(bytes(32), code)
    assert reference_key(b"k" * 32, code) != reference_key(bytes(32), code)
