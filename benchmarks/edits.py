"""Texts and what people do to them: for measuring how well edited copies are found. Seeded.

The texts are real ones where `../shared/data` lies beside the project: paragraphs of Wikinews articles
and messages sent after disasters. Else they are generated.
"""

import csv
import random
from collections.abc import Callable
from pathlib import Path
from string import ascii_lowercase
from typing import NamedTuple

from benchmarks import material
from tidegate.signals.fingerprints.normalise import normalised

DATA = Path(__file__).parents[2] / "shared" / "data"
_WIKINEWS = DATA / "text" / "wikinews_2019.csv"
_MESSAGES = DATA / "tips" / "disaster_messages_dev.csv"


class Edited(NamedTuple):
    """A copy of text number `source`, in normal form, and what was done to it."""

    source: int
    edit: str
    text: str


def corpora() -> dict[str, list[str]]:
    """The real texts in normal form, each once; nothing where they are not at hand."""
    if not (_WIKINEWS.exists() and _MESSAGES.exists()):
        return {}
    articles = [row["text"] for row in _rows(_WIKINEWS)]
    found = {
        "Wikinews articles": articles,
        "Wikinews paragraphs": [part for text in articles for part in text.split("\n")],
        "disaster messages": [row["message"] for row in _rows(_MESSAGES)],
    }
    return {name: list(dict.fromkeys(map(normalised, texts))) for name, texts in found.items()}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def generated(count: int) -> list[str]:
    """Texts in normal form of 60 to 400 characters, 230 on average."""
    found: list[str] = []
    while len(found) < count:
        text = normalised(material.text())
        if len(text) <= 400:
            found.append(text)
    return found


Edit = Callable[[str, float, random.Random, list[str]], str]


def _typos(text: str, share: float, draw: random.Random, others: list[str]) -> str:
    """Characters dropped, replaced and doubled up with others, equally often."""
    kept = []
    for character in text:
        fate = draw.random() / share
        if fate < 1 / 3:
            continue
        kept.append(character if fate >= 2 / 3 else draw.choice(ascii_lowercase))
        if 2 / 3 <= fate < 1:
            kept.append(draw.choice(ascii_lowercase))
    return "".join(kept)


def _words(text: str, share: float, draw: random.Random, others: list[str]) -> str:
    strangers = draw.choice(others).split()
    return " ".join(
        draw.choice(strangers) if draw.random() < share else word for word in text.split()
    )


def _cut(text: str, share: float, draw: random.Random, others: list[str]) -> str:
    less = int(len(text) * share)
    start = draw.randint(0, less)
    return text[start : len(text) - (less - start)]


def _more(text: str, share: float, draw: random.Random, others: list[str]) -> str:
    more = draw.choice(others)[: int(len(text) * share)]
    return f"{text} {more}" if draw.random() < 0.5 else f"{more} {text}"


def _moved(text: str, share: float, draw: random.Random, others: list[str]) -> str:
    words = text.split()
    place = draw.randrange(1, len(words))
    return " ".join(words[place:] + words[:place])


EDITS: list[tuple[str, Edit, float]] = [
    *((f"typos, {share:.0%} of characters", _typos, share) for share in (0.01, 0.02, 0.03)),
    *((f"{share:.0%} of words replaced", _words, share) for share in (0.03, 0.06, 0.10, 0.15)),
    *((f"{share:.0%} cut off", _cut, share) for share in (0.1, 0.2, 0.3)),
    *((f"{share:.0%} added", _more, share) for share in (0.1, 0.2, 0.3)),
    ("two parts exchanged", _moved, 0),
]
NAMES = [name for name, _, _ in EDITS]


def edited(texts: list[str], seed: int, share: float = 0.25) -> list[Edited]:
    """Copies of the texts, each edit of so large a share of them."""
    draw = random.Random(seed)
    return [
        Edited(source, name, normalised(edit(text, size, draw, texts)))
        for source, text in enumerate(texts)
        for name, edit, size in EDITS
        if draw.random() < share
    ]
