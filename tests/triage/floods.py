"""Texts for tests of clusters: made up, and copies of them as people make them. Seeded."""

import random

from benchmarks.triage_material import copy

WORDS = 4000


def word(draw: random.Random) -> str:
    return "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9)))


def vocabulary(seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    return [word(draw) for _ in range(WORDS)]


def sentence(draw: random.Random, words: list[str], length: int = 18) -> str:
    """Words that come as often as words do, nearly."""
    return " ".join(words[int(len(words) * draw.random() ** 3)] for _ in range(length))


def flood(count: int, seed: int, share: float = 0.15) -> tuple[list[str], list[int]]:
    """Texts in the order of their arrival, and which original each is made of."""
    draw, words = random.Random(seed), vocabulary()
    originals = [sentence(draw, words, draw.randint(10, 24)) for _ in range(count // 5)]
    made = [(text, number) for number, text in enumerate(originals)]
    while len(made) < count:
        number = draw.randrange(len(originals))
        made.append((copy(originals[number], draw, share), number))
    draw.shuffle(made)
    return [text for text, _ in made], [number for _, number in made]
