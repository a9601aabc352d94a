"""Which span of a text is known from another, beside the longest run that both have."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signals.test_winnowing import longest_common_run, written

from tidegate.signals.fingerprints.normalise import normalise, normalised
from tidegate.signals.fingerprints.passage import MOST_RUNS, SUBSTANTIAL, Passage, Searched
from tidegate.signals.fingerprints.spans import written_span
from tidegate.signals.fingerprints.text_winnowing import LEAST, SHINGLE, shingles, units


def words(seed: int, count: int) -> str:
    draw = random.Random(seed)
    return " ".join(
        "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 8)))
        for _ in range(count)
    )


def found(text: str, other: str) -> Passage:
    passage = Searched(text).find(other)
    assert passage is not None
    return passage


ENTRY = f"brothers, {words(1, 80)}!"


def test_a_text_is_found_whole_inside_a_longer_one() -> None:
    text = f'{words(2, 400)}. he wrote: "{ENTRY}" {words(3, 400)}.'
    passage = found(text, ENTRY)
    assert text[passage.start : passage.end] == ENTRY
    assert (passage.other_start, passage.other_end, passage.share) == (0, len(ENTRY), 1.0)


def test_a_passage_of_a_longer_text_is_found() -> None:
    long = words(4, 1000)
    start = long.index(" ", 2000) + 1
    quoted = long[start : start + 500].strip()
    passage = found(f"as they say, {quoted} and so on", long)
    assert long[passage.other_start : passage.other_end] == quoted
    assert 0.05 < passage.share < 0.15


def test_changed_words_cost_no_more_than_themselves() -> None:
    changed = [word if place % 20 else "changed" for place, word in enumerate(ENTRY.split(" "))]
    text = f"{words(5, 300)} {' '.join(changed)} {words(6, 300)}"
    passage = found(text, ENTRY)
    assert passage.share > 0.75
    assert passage.end - passage.start > 0.9 * len(ENTRY)


def test_what_is_cut_in_by_a_remark_is_one_passage() -> None:
    half = ENTRY.index(" ", len(ENTRY) // 2)
    text = f"{ENTRY[:half]} (sic! as if anybody believed that){ENTRY[half:]} {words(7, 200)}"
    passage = found(text, ENTRY)
    assert passage.share == 1
    assert text[passage.start : passage.end].endswith("!")


def test_too_little_is_nothing() -> None:
    long, short = words(8, 500), words(9, 20)
    assert (
        Searched(f"{words(10, 50)} {short} {words(11, 50)}").find(f"{long} {short} {long}") is None
    )
    assert Searched(words(12, 100)).find(ENTRY) is None
    assert Searched("").find(ENTRY) is None
    assert Searched(ENTRY).find("") is None


def test_what_repeats_itself_takes_no_longer() -> None:
    same = "join the fight and tell the others " * 3000
    assert len(Searched(same)._runs(shingles(units(same[:40_000]).codes))) <= MOST_RUNS


PIECES = st.builds(written, st.integers(), st.integers(0, 300))


@given(st.tuples(PIECES, PIECES), st.tuples(PIECES, PIECES), PIECES)
@settings(deadline=None, max_examples=25)
def test_a_passage_has_the_longest_common_run_at_least(
    one: tuple[str, str], other: tuple[str, str], shared: str
) -> None:
    text, known = shared.join(one), shared.join(other)
    left, right = units(text).codes.tolist(), units(known).codes.tolist()
    run = longest_common_run(left, right)
    passage = Searched(text).find(known)
    if run < SHINGLE:
        assert passage is None
    if run >= LEAST and run >= min(SUBSTANTIAL, len(right) / 2):
        assert passage is not None
    if passage is not None:
        assert run <= passage.units <= min(len(left), len(right))
        assert passage.share == passage.units / len(right)
        assert passage.units <= len(units(text[passage.start : passage.end]).codes)
        first = units(text[passage.start :]).codes[:SHINGLE].tolist()
        assert first == units(known[passage.other_start :]).codes[:SHINGLE].tolist()
        last = units(text[: passage.end]).codes[-SHINGLE:].tolist()
        assert last == units(known[: passage.other_end]).codes[-SHINGLE:].tolist()


LINES = st.text(st.sampled_from("ab\u0301é ﷺﬁ\u200b\u00a0\t\n.Ω漢"), max_size=40) | st.text(
    st.sampled_from("aB \t\n.\x1c\x07"), max_size=40
)


@given(st.lists(LINES | st.just("word " * 120), min_size=1, max_size=8), st.data())
@settings(deadline=None, max_examples=100)
def test_a_span_as_it_was_written(lines: list[str], data: st.DataObject) -> None:
    text = " ".join(lines)
    normal = normalised(text)
    if not normal:
        return
    start = data.draw(st.integers(0, len(normal) - 1))
    end = data.draw(st.integers(start + 1, len(normal)))
    first, last = written_span(text, normal, start, end)
    expected = normalise(text).span(start, end)
    assert first == expected[0]
    assert last <= expected[1]
    assert not normalised(text[last : expected[1]])


@pytest.mark.parametrize("shift", range(0, 700, 50))
def test_a_span_across_pieces(shift: int) -> None:
    text = "Ärger " * 200 + "Ende"
    normal = normalised(text)
    start, end = written_span(text, normal, shift, shift + 500)
    assert normalised(text[start:end]) == normal[shift : shift + 500].strip()
