"""Anchors of texts: the same by both programs, and two in common wherever two texts share a passage."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signals.kernels import taking

from tidegate.signals import fingerprints
from tidegate.signals.fingerprints.text_winnowing import (
    COMMON,
    KIND,
    LEAST,
    SHINGLE,
    WINDOW,
    _anchors,
    units,
)
from tidegate.signals.native import winnow
from tidegate.signals.native.library import available

SHARED = SHINGLE + 2 * WINDOW - 1
"""Units of a run that has two windows without a shingle in common."""
ALPHABETS = ["abcdefghijklmnopqrstuvwxyz ,.'", "абвгдежзик лмнопрст", "漢字仮名交じり文を書く"]


def written(seed: int, count: int, alphabet: str = ALPHABETS[0]) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=count))


def common(left: str, right: str) -> int:
    return len(set(_anchors(left).tolist()) & set(_anchors(right).tolist()))


def longest_common_run(left: list[int], right: list[int]) -> int:
    """As slow as it is obvious."""
    longest, row = 0, [0] * (len(right) + 1)
    for one in left:
        before = 0
        for place, other in enumerate(right, 1):
            before, row[place] = row[place], before + 1 if one == other else 0
            longest = max(longest, row[place])
    return longest


@pytest.mark.skipif(not available(), reason="the kernels were not built")
@given(
    st.lists(
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=400),
            st.text("ab ", max_size=400),
            st.builds(written, st.integers(), st.integers(0, 3000), st.sampled_from(ALPHABETS)),
        ),
        max_size=5,
    )
)
@settings(deadline=None)
def test_the_native_anchors_are_those_of_numpy(texts: list[str]) -> None:
    library = taking("portable")
    found = winnow.anchors(library, texts)
    assert [one.tolist() for one in found] == [_anchors(text).tolist() for text in texts]


@pytest.mark.skipif(not available(), reason="the kernels were not built")
def test_the_native_anchors_at_edges_of_length() -> None:
    around = [0, SHINGLE, SHINGLE + WINDOW, LEAST, 1024 - SHINGLE, 1024, 1024 + SHINGLE, 4096]
    texts = [written(1, max(0, at + more), "abcdef") for at in around for more in range(-2, 3)]
    texts.append("".join(map(chr, range(0x20, 0xD800))))
    found = winnow.anchors(taking("portable"), texts)
    assert [one.tolist() for one in found] == [_anchors(text).tolist() for text in texts]


PIECES = st.builds(written, st.integers(), st.integers(0, 200))


@given(st.tuples(PIECES, PIECES), st.tuples(PIECES, PIECES), st.integers(), st.integers(100, 300))
@settings(deadline=None, max_examples=20)
def test_a_shared_run_has_two_anchors_at_least(
    one: tuple[str, str], other: tuple[str, str], seed: int, length: int
) -> None:
    shared = written(seed, length)
    left, right = shared.join(one), shared.join(other)
    run = longest_common_run(units(left).codes.tolist(), units(right).codes.tolist())
    if run >= SHARED and min(len(units(left).codes), len(units(right).codes)) >= LEAST:
        assert common(left, right) >= COMMON


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_one_in_thirty_is_an_anchor(alphabet: str) -> None:
    text = written(4, 40_000, alphabet)
    assert 28 < len(units(text).codes) / len(_anchors(text)) < 37


def test_what_stands_between_words_hides_nothing() -> None:
    text = written(7, 600)
    quoted = "> " + "\n> ".join(text.split(" "))
    assert _anchors(quoted).tolist() == _anchors(text).tolist()


def test_short_and_repeated_texts_have_no_anchors() -> None:
    def kinds(text: str) -> set[str]:
        return {one.kind for one in fingerprints.of_text(text)}

    assert KIND.name in kinds("漢字仮名" * 3 + written(2, 60, ALPHABETS[2]))
    assert KIND.name in kinds(written(2, LEAST, "abcdefgh"))
    assert KIND.name not in kinds(written(2, LEAST - 1, "abcdefgh"))
    assert KIND.name not in kinds("join us " * 500)


def test_the_anchors_are_the_same_everywhere_and_for_ever() -> None:
    first, *rest = _anchors(written(0, 300)).tolist()
    assert first == 0x1855E43D2ECFB43
    assert len(rest) == 6
    assert sum(rest) % 2**64 == 0x48EB043AE77BB784


@pytest.mark.parametrize("value", ["", "0" * 16, "0" * 33, "g" * 32, "0" * 40])
def test_values_are_sets_of_anchors(value: str) -> None:
    with pytest.raises(ValueError, match="16 hex digits each"):
        KIND.parse(value)
    assert KIND.can_be(KIND.parse("01" * 24))
    assert not KIND.can_be(b"short")
    assert not KIND.can_be(b"")
