"""The text code: its distance tells how much of the wording two texts share."""

import random

import numpy as np

from tidegate.signals.fingerprints.text_minhash import MAX_CHARACTERS, MIN_SHINGLES, SHINGLE, codes


def words(seed: int, count: int = 40) -> list[str]:
    draw = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(count)]


def jaccard(left: str, right: str) -> float:
    a, b = (
        {text[place : place + SHINGLE] for place in range(len(text) - SHINGLE + 1)}
        for text in (left, right)
    )
    return len(a & b) / len(a | b)


def distance(left: str, right: str) -> int:
    one, other = codes([left, right])
    assert one is not None
    assert other is not None
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


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
