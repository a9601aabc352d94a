import random
from collections.abc import Iterator
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints.text_minhash import (
    MAX_CHARACTERS,
    MIN_SHINGLES,
    SHINGLE,
    codes,
    confirmed_by_jaccard,
    jaccard,
)


def words(seed: int, count: int = 40) -> list[str]:
    draw = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(count)]


def distance(left: str, right: str) -> int:
    one, other = codes([left, right])
    assert one is not None
    assert other is not None
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def edited_texts(seeds: range, share: float) -> Iterator[tuple[str, str]]:
    """Pairs of texts of which so large a share of the words is not the same."""
    for seed in seeds:
        original = words(seed)
        draw = random.Random(~seed)
        edited = [f"{word}{seed}x" if draw.random() < share else word for word in original]
        yield " ".join(original), " ".join(edited)


def likely(similarity: float, radius: int) -> float:
    """How probable a distance of up to `radius` is: each of the 256 bits differs by itself."""
    p = (1 - similarity) / 2
    return sum(comb(256, k) * p**k * (1 - p) ** (256 - k) for k in range(radius + 1))


def test_the_distance_is_what_theory_says() -> None:
    """128 (1 - J) on average and sqrt(64 (1 - J²)) of spread, over edits of all sizes."""
    errors = []
    for seed in range(300):
        original = words(seed)
        draw = random.Random(-seed)
        edited = [word if draw.random() > seed / 300 else f"{word}{seed}x" for word in original]
        left, right = " ".join(original), " ".join(edited)
        similarity = jaccard(left, right)
        spread = np.sqrt(64 * (1 - similarity**2)) or 1
        errors.append((distance(left, right) - 128 * (1 - similarity)) / spread)
    assert abs(np.mean(errors)) < 0.25
    assert 0.85 < np.std(errors) < 1.15


def test_a_text_with_few_words_changed_stays_within_the_radius() -> None:
    original = words(1, 100)
    edited = [*original[:50], "changed", *original[51:]]
    assert distance(" ".join(original), " ".join(edited)) <= 31


def test_other_texts_are_far() -> None:
    texts = [" ".join(words(seed)) for seed in range(60)]
    distances = [distance(texts[0], other) for other in texts[1:]]
    assert min(distances) > 80


def test_short_and_monotonous_texts_have_no_code() -> None:
    just = "".join(chr(0x100 + n) for n in range(MIN_SHINGLES + SHINGLE - 1))
    assert codes(["", "good morning everybody", "ha" * 500, just[:-1]]) == [None] * 4
    assert codes([just])[0] is not None


def test_the_code_is_the_same_everywhere_and_for_ever() -> None:
    (code,) = codes([" ".join(words(0))])
    assert code is not None
    assert code.hex() == "c3747f8247827a36a0f1a0cc1bf0f6bbd7ed2399d12ddeddde52f0ef54ebdf2b"


def test_of_a_very_long_text_the_beginning_counts() -> None:
    long = " ".join(words(5, 8000))
    assert codes([long]) == codes([long[:MAX_CHARACTERS]])
    assert codes([long]) != codes([long[: MAX_CHARACTERS // 2]])


def test_jaccard_counts_different_shingles() -> None:
    assert jaccard("abcdefg", "abcdefg") == 1
    assert jaccard("abcdefg", "abcdefx") == 2 / 4
    assert jaccard("abcdefg", "tuvwxyz") == 0
    assert jaccard("ababababab", "abababab") == 1, "however often"
    assert jaccard("abcdefg", "") == jaccard("abc", "abd") == 0
    assert jaccard("", "") == jaccard("abc", "abc") == 1


some_text = st.text("abc\U0001f600", max_size=60) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=20
)


@given(some_text, some_text)
@settings(deadline=None)
def test_jaccard_is_what_the_definition_says(a: str, b: str) -> None:
    left, right = (
        {
            text[place : place + SHINGLE]
            for place in range(len(text))
            if place + SHINGLE <= len(text)
        }
        for text in (a, b)
    )
    if left | right:
        assert jaccard(a, b) == jaccard(b, a) == len(left & right) / len(left | right)


def test_jaccard_is_of_what_the_codes_are_made_of() -> None:
    long = " ".join(words(5, 8000))
    assert jaccard(long, long[:MAX_CHARACTERS]) == 1
    assert jaccard(long, long[: MAX_CHARACTERS // 2]) < 0.6


@pytest.mark.parametrize("radius", [4, 16, 31, 48, 64])
def test_what_a_radius_stands_for(radius: int) -> None:
    """A pair of similarity J is a hit as often as 256 bits that each differ with (1 - J) / 2: about
    half of those at J = 1 - radius/128, most above, few below."""
    expected, spread, hits = 0.0, 0.0, 0
    for change in (-0.06, 0.0, 0.06):
        share = max(0.01, radius / 128 * 0.7 + change)
        for left, right in edited_texts(range(250), share):
            chance = likely(jaccard(left, right), radius)
            expected += chance
            spread += chance * (1 - chance)
            hits += distance(left, right) <= radius
    assert spread > 20, "many pairs are near the border"
    assert abs(hits - expected) < 4 * spread**0.5


@pytest.mark.parametrize("radius", [0, 1, 8, 31, 64])
def test_no_pair_that_a_radius_stands_for_is_turned_away(radius: int) -> None:
    for share in (0.0, 0.02, radius / 200, radius / 150):
        for left, right in edited_texts(range(60), share):
            if jaccard(left, right) >= 1 - radius / 128:
                assert confirmed_by_jaccard(left, right, radius)


def test_candidates_that_are_near_by_luck_are_turned_away() -> None:
    by_luck, kept, turned_away = 0, 0, 0
    for left, right in edited_texts(range(3000), 0.27):
        if distance(left, right) <= 31:
            confirmed = confirmed_by_jaccard(left, right, 31)
            assert confirmed == (likely(jaccard(left, right), 31) > 0.0245)
            by_luck += jaccard(left, right) < 0.66
            turned_away += not confirmed
            kept += confirmed
    assert by_luck > 3
    assert turned_away >= by_luck
    assert kept > turned_away


def test_unlike_texts_are_never_confirmed() -> None:
    texts = [" ".join(words(seed)) for seed in range(40)]
    for other in texts[1:]:
        assert not confirmed_by_jaccard(texts[0], other, 64)
