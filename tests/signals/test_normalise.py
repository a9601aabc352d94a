"""The normal form of text against a slow, obvious reference."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints.normalise import (
    extent,
    legible,
    normalise,
    normalised,
    too_long,
    without_excess,
)

TRICKY = st.sampled_from(
    "aAiIlo0 1ßſŉǰΐÅﬁ½аеорсіАВЕНОРСТХбЗαβγσςοΑΒΣكکىییهة٥۵각日本〇一ーᴀｆ“—"
    "\u0301\u0323\u0345\u0338\u3099\u093c\u09be\u05b0\u0670\u1100\u1161\u11a8"
    "\u200b\u200d\u202e\u00ad\ufe0f\u2060\u034f\u115f\u3164\u0600\U0001d400\U000e0041"
    "\t\n\u00a0\u3000\u2028\u2800\x00\x1c\x7f\x85\ud800\U0010ffff\ue000\u0378"
)
TEXT = st.one_of(st.text(), st.lists(TRICKY, max_size=30).map("".join))
INVISIBLE = st.sampled_from(["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u202e", "\u2066"])


@pytest.mark.parametrize(
    ("evasion", "plain"),
    [
        ("Ｈｅｌｌｏ，  Ｗｏｒｌｄ", "hello, world"),
        ("аttаck аt dаwn", "attack at dawn"),  # Cyrillic а
        ("ΑTTACK", "attack"),  # Greek capital alpha
        ("a\u200bt\u200dt\u00ada\u2060ck", "attack"),
        ("\u202eattack\u202c", "attack"),
        ("ᴀᴛᴛᴀᴄᴋ", "attack"),
        ("𝕬𝖙𝖙𝖆𝖈𝖐", "attack"),
        ("СТВО", "ctbo"),
        ("ство", "ctbo"),
        ("“it’s” — here", '"it\'s" - here'),
        ("tab\there\r\n\r\nthere\u3000", "tab here there"),
        ("٢٠٢٦ ۲۰۲۶ २०२६", "2026 2026 2026"),
        ("Straße", "strasse"),
        ("کتاب", "كتاب"),  # keheh and kaf
        ("nul\x00byte", "nulbyte"),
        ("", ""),
        (" \u200b ", ""),
    ],
)
def test_what_looks_the_same_is_the_same(evasion: str, plain: str) -> None:
    assert normalised(evasion) == plain


@pytest.mark.parametrize("text", ["هذا نص عربي", "日本語の文章", "한국어 텍스트", "עברית", "हिन्दी"])
def test_other_scripts_keep_their_letters(text: str) -> None:
    kept = sum(
        a == b for a, b in zip(normalised(text), unicodedata.normalize("NFC", text), strict=True)
    )
    assert kept >= len(text) - 2


def test_upper_and_lower_case_meet_in_every_script() -> None:
    for code in range(0x80, 0x2FFFF):
        letter = chr(code)
        if len(letter.lower()) == 1 == len(letter.upper()) and letter.upper().lower() == letter:
            assert normalised(letter) == normalised(letter.upper()), hex(code)


def test_every_character_has_a_normal_form_of_its_own() -> None:
    for code in (*range(0x33480), *range(0xE0000, 0xE0200), 0x10FFFF):
        once = normalised(chr(code))
        assert normalised(once) == once, hex(code)


@given(TEXT)
@settings(deadline=None, max_examples=400)
@example("a\u0345\u0301")
@example("¨ ¨")
def test_normal_forms_stay_as_they_are(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once


@given(TEXT)
@settings(deadline=None, max_examples=400)
@example("\u1100\u200b\u1161\u11a8")
@example("a\u0323\u200b\u0301\u0338")
def test_the_fast_way_and_the_way_with_offsets_agree(text: str) -> None:
    slow = normalise(text)
    assert slow.text == normalised(text)
    assert len(slow.offsets) == len(slow.text) + 1
    assert list(slow.offsets) == sorted(slow.offsets)
    assert all(0 <= offset < len(text) for offset in slow.offsets[:-1])
    assert slow.offsets[-1] == len(text)


@given(TEXT, INVISIBLE, st.integers(0, 30))
@settings(deadline=None, max_examples=400)
@example("a\u0345\u0301", "\u200b", 2)
def test_invisible_characters_never_matter(text: str, invisible: str, place: int) -> None:
    assert normalised(text[:place] + invisible + text[place:]) == normalised(text)


@given(TEXT, TEXT)
@settings(deadline=None, max_examples=300)
def test_parts_may_be_normalised_apart(left: str, right: str) -> None:
    joined = normalised(normalised(left) + " x " + normalised(right))
    assert normalised(left + " x " + right) == joined


@given(TEXT)
@settings(deadline=None, max_examples=300)
def test_canonical_equivalents_are_one(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert normalised(unicodedata.normalize(form, text)) == normalised(text)


def test_a_span_leads_back_to_the_original() -> None:
    original = "so:  A\u200bТТ\u00adаck!"
    result = normalise(original)
    start = result.text.index("attack")
    left, right = result.span(start, start + len("attack"))
    assert original[left:right] == "A\u200bТТ\u00adаck"


def test_a_span_covers_letters_that_became_several() -> None:
    result = normalise("die Straße")
    assert result.text == "die strasse"
    left, right = result.span(4, 11)
    assert "die Straße"[left:right] == "Straße"


@pytest.mark.parametrize("between", ["", "\u200b", "\x00"])
def test_a_text_of_marks_takes_no_longer_than_others(between: str) -> None:
    """Which would be half a minute, were all of them kept."""
    text = "x" + "".join(f"\u0301{between}\u0323{between}" for _ in range(100_000 >> bool(between)))
    once = normalised(text)
    assert once == normalised("x" + "\u0301\u0323" * 15)
    assert normalise(text).text == once
    assert len(normalise(text).offsets) == len(once) + 1


def grown(text: str) -> int:
    """How long a text becomes, character by character, counted plainly."""
    alone = [unicodedata.normalize("NFKC", one) for one in text]
    mapped = [normalise(one).text for one in text]
    return sum(max(1, len(one), len(other)) for one, other in zip(alone, mapped, strict=True))


@given(TEXT)
@example("\ufdfa" * 9)
@example("\u0390\u0323")
@settings(max_examples=200, deadline=None)
def test_how_long_a_text_becomes_is_known_before(text: str) -> None:
    found = extent(text)
    assert found == len(text) if text.isascii() else found >= grown(text)
    # A mark that sorts below those of the letter before it sets them apart, two at most.
    marks = sum(unicodedata.combining(one) > 0 for one in unicodedata.normalize("NFKD", text))
    assert found >= max(len(text), len(normalised(text)) - marks)
    assert found <= 18 * len(text)


def test_no_character_becomes_more_than_eighteen() -> None:
    codes = (*range(0xD800), *range(0xE000, 0x30000), *range(0xE0000, 0xE1000))
    assert max(extent(chr(code)) for code in codes) == 18


@given(TEXT, st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_a_text_that_becomes_too_long_is_read_as_far_as_it_may(text: str, most: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tidegate.signals.fingerprints.normalise.MOST", most)
        patched.setattr("tidegate.signals.fingerprints.normalise._PIECE", 3)
        read = legible(text)
        assert text.startswith(read)
        if read == text:
            assert extent(text) <= max(most, len(text))  # what does not grow is read
            assert too_long(text) is None
        else:
            assert extent(read) <= most < extent(text[: len(read) + 1])
            assert str(extent(text)) in (too_long(text) or "")


@pytest.mark.parametrize("letter", ["a", "a\u200b", ""])
@pytest.mark.parametrize("marks", [29, 30, 31, 400])
def test_marks_beyond_thirty_on_a_letter_are_dropped_however_many_there_are(
    letter: str, marks: int
) -> None:
    text = (letter + "\u0301" * marks) * (3000 // marks)
    left = (letter + "\u0301" * min(marks, 30)) * (3000 // marks)
    assert without_excess(text).replace("\u200b", "") == (
        left.replace("\u200b", "") if letter else "\u0301" * 30
    )
