"""The native codes of texts against numpy's, byte for byte, on each path; numpy's are golden's."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import paths, taking

from tidegate.signals.fingerprints import text_minhash
from tidegate.signals.fingerprints.text_minhash import MAX_CHARACTERS, MIN_SHINGLES, SHINGLE
from tidegate.signals.native import minhash

pytestmark = pytest.mark.parametrize("path", paths())

LEAST = MIN_SHINGLES + SHINGLE - 1  # characters of the shortest text that has a code


def native(path: str, texts: Sequence[str]) -> list[bytes | None]:
    return minhash.codes(taking(path), texts, text_minhash._TABLE)


def check(path: str, texts: Sequence[str]) -> None:
    assert native(path, texts) == text_minhash._codes(texts)


def letters(seed: int, count: int, alphabet: str = "abcdefghijklmnopqrstuvwxyz ") -> str:
    return "".join(random.Random(seed).choices(alphabet, k=count))


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
few_letters = st.text("ab", max_size=200)  # near the least number of different shingles


@given(st.lists(st.one_of(anything, few_letters), max_size=8))
@settings(deadline=None, max_examples=150)
def test_any_texts(path: str, texts: list[str]) -> None:
    check(path, texts)


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 2**32)), max_size=3))
@settings(deadline=None, max_examples=40)
def test_long_texts(path: str, drawn: list[tuple[int, int]]) -> None:
    check(path, [letters(seed, count) for count, seed in drawn])


def test_edges_of_length(path: str) -> None:
    """Around none, a shingle, the shortest that has a code, blocks of 1,024, and the longest."""
    around = [0, SHINGLE, LEAST, 1024, 1024 + SHINGLE, 2048, 2048 + LEAST, MAX_CHARACTERS - 3]
    check(path, [letters(1, max(0, at + more)) for at in around for more in range(-3, 4)])


def test_the_different_shingle_that_makes_enough_may_come_late(path: str) -> None:
    same = "ha" * 3000
    for extra in range(20, 40):
        text = same + letters(extra, extra)
        check(path, [text, text[::-1]])
    made = native(path, [same + letters(2, 20), same + letters(2, 40)])
    assert [code is None for code in made] == [True, False]


def test_characters_of_all_planes(path: str) -> None:
    check(path, [letters(3, 90, "".join(map(chr, (0, 0x7F, 0xFF, 0x3B1, 0xFFFF, 0x10FFFF))))])
    check(path, ["\U0010ffff" * 200, "\0" * 200])


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 200])
def test_any_number_of_texts(path: str, count: int) -> None:
    texts = [letters(seed, seed % 90) for seed in range(count)]
    check(path, texts)
    assert native(path, texts) == [native(path, [text])[0] for text in texts]


def test_several_threads_at_once(path: str) -> None:
    texts = [letters(seed, 300) for seed in range(400)]
    expected = native(path, texts)
    with ThreadPoolExecutor(4) as pool:
        assert all(made == expected for made in pool.map(lambda _: native(path, texts), range(12)))
