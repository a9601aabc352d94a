"""What a text is found by: whoever looks by pieces finds what whoever reads everything finds."""

from hypothesis import example, given
from hypothesis import strategies as st

from tidegate.content.model import Worded
from tidegate.signals.fingerprints.skeleton import skeleton
from tidegate.signals.words.marking import spans
from tidegate.signals.words.model import (
    STRETCH,
    holds,
    is_plain,
    needed,
    of_language,
    pieces,
    skeleton_of,
    term,
    terms,
)

KEY = b"k" * 32
WORDS = st.sampled_from(
    ["Bombe", "bombe", "brücke", "the", "den", "Über-fall", "كِتَابٌ", "كتاب", "東京都", "京都", "都", "한국어",
     "국", "สวัสดี", "😀", "a1b2", "x" * 70, "foo_bar", "<b>", "1.5", "ु東", "é"]
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=8).map(" ".join) | st.text(max_size=30)


@given(TEXTS, TEXTS)
@example("ु東", "東")
@example("x" * 70, "x" * 69 + "y")
def test_pieces_leave_out_no_text_that_holds_a_needle(text: str, wanted: str) -> None:
    read, needle = skeleton_of(Worded(text, "plain")), skeleton(wanted)
    if not needle:
        return
    found = needed(needle) <= pieces(read)
    if holds(read, needle):
        assert found
    if is_plain(needle):
        assert found == holds(read, needle)


def test_words_are_found_whole_in_any_case_and_spelling() -> None:
    read = skeleton_of(Worded("Der Brandsatz lag unter der BRÜCKE.", "plain"))
    assert holds(read, skeleton("bruecke")) is False
    assert holds(read, skeleton("brucke"))
    assert holds(read, skeleton("unter der Brücke"))
    assert not holds(read, skeleton("brand"))
    assert holds(skeleton_of(Worded("هذا كِتَابٌ قديم")), skeleton("كتاب"))


def test_signs_without_words_are_found_within_others() -> None:
    read = skeleton_of(Worded("東京都に行く", "plain"))
    assert holds(read, skeleton("京都"))
    assert not holds(read, skeleton("東都"))
    assert needed("京都") == {"=京都"}
    assert needed("都") == {"=都"} <= pieces(read)


def test_markup_is_not_read() -> None:
    read = skeleton_of(Worded("<p>one <b>two</b></p>", "html"))
    assert holds(read, "one two")
    assert not holds(read, "b")


def test_a_word_has_another_term_in_each_stretch_and_under_each_key() -> None:
    assert term(KEY, 0, "word") != term(KEY, 1, "word")
    assert term(KEY, 0, "word") != term(b"j" * 32, 0, "word")
    assert terms(KEY, STRETCH - 1, {"word"}) == [term(KEY, 0, "word")]
    assert terms(KEY, STRETCH, {"word"}) == [term(KEY, 1, "word")]


def test_no_word_can_be_taken_for_a_fact() -> None:
    assert of_language("pt-BR") == {"lang pt-br", "lang pt"}
    assert "lang pt" not in pieces(" lang pt ")


@given(TEXTS, WORDS)
def test_what_is_marked_is_what_was_looked_for(text: str, wanted: str) -> None:
    needle = skeleton(wanted)
    if not needle:
        return
    for start, end in spans(text, [needle]):
        assert 0 <= start < end <= len(text)
        assert needle in skeleton(text[start:end])


def test_the_place_is_that_in_the_text_as_it_was_written() -> None:
    text = "Sie lag unter der BRÜCKE, heißt es."
    assert [text[start:end] for start, end in spans(text, ["der brucke"])] == ["der BRÜCKE"]
