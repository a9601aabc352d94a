"""A flood for `benchmarks.triage`: real short texts, and what people make of them as they pass them on.

The texts are those at hand in `../shared/data`, each once after normalisation: messages sent after disasters, tweets
of 18 crises, posts of a forum, short posts with emoji, paragraphs of news. Where these are not at hand they are
generated. Each text comes in a first version and in copies, of which a third are forwards (case,
punctuation, mentions, links, RT), and the others are edited: words replaced, dropped, misspelt, up to 15 %
of them; the beginning or the end cut off, up to a quarter; a comment, hashtags or emoji added, up to a
quarter. How often a text is copied follows a power law. All are shuffled. Seeded.
"""

import csv
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import NamedTuple

from benchmarks import material
from tidegate.triage.sketching import digest_of, sketch_of

DATA = Path(os.environ.get("TIDEGATE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
_FILES = (
    ("tips/disaster_messages_dev.csv", "message"),
    ("tips/crisislex_t26_dev.csv", "text"),
    ("text/stormfront_dev.csv", "text"),
    ("text/hatemojibuild_dev.csv", "text"),
    ("text/wikinews_2019.csv", "text"),
)
_COMMON = 200  # texts with a word
_EMOJI = "😀😢🙏🔥😡❤️👏😱"
LEAST, MOST = 40, 1000
"""Characters of the texts that are copied: a shorter one's edits leave nothing to know it by."""


class Flood(NamedTuple):
    """Texts as they arrive, and the number of the text that each is a copy of."""

    texts: list[str]
    sources: list[int]


class Tweet(NamedTuple):
    """A tweet of a crisis; `created` is a time as it is written."""

    event: str
    created: str
    text: str


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a file of the data at hand; none where it is not."""
    path = DATA / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def tweets() -> list[Tweet]:
    """The tweets at hand, in the order of the file."""
    found = rows("tips/crisislex_t26_dev.csv")
    return [Tweet(row["event"], row["created_utc"], row["text"]) for row in found]


def originals() -> tuple[list[str], bool]:
    """Different texts, and whether they are real."""
    found = [
        part.strip()
        for name, column in _FILES
        for row in rows(name)
        for part in row[column].split("\n")
    ]
    real = bool(found)
    if not real:
        found = [material.text() for _ in range(30_000)]
    some = [text for text in found if LEAST <= len(text) <= MOST]
    digests = [digest_of(row.tobytes()) for row in sketch_of(some)]
    return list(dict(zip(reversed(digests), reversed(some), strict=True)).values())[::-1], real


def far(texts: Sequence[str]) -> list[str]:
    """The texts without those that share two fifths of their words with an earlier one: they are copies of
    one another already, though nobody says so. (Which texts to compare is known by words that few have.)"""
    kept: list[str] = []
    words: list[set[str]] = []
    places: defaultdict[str, list[int]] = defaultdict(list)
    for text in texts:
        own = set(text.lower().split())
        shared = Counter(
            place for word in own if len(places[word]) < _COMMON for place in places[word]
        )
        if any(
            5 * len(own & words[place]) >= 2 * len(own | words[place])
            for place, _ in shared.most_common(20)
        ):
            continue
        for word in own:
            places[word].append(len(kept))
        kept.append(text)
        words.append(own)
    return kept


def flood(count: int, seed: int, share: float = 0.15, apart: bool = False) -> tuple[Flood, bool]:
    """So many texts, of which each is an original or made of one; and whether the originals are real.
    `share`: of the words that an edit touches at most. `apart`: of originals that are `far`."""
    draw = random.Random(seed)
    texts, real = originals()
    if apart:
        texts = far(texts)
    draw.shuffle(texts)
    # A power law: few texts are copied thousands of times, most a few times.
    weights = [1 / (rank + 20) for rank in range(len(texts))]
    fewest = min(len(texts), max(1, count // 8))
    sources = list(range(fewest))
    sources += draw.choices(range(fewest), weights[:fewest], k=max(0, count - fewest))
    made = [texts[source] for source in sources[:fewest]]
    made += [copy(texts[source], draw, share) for source in sources[fewest:]]
    order = list(range(len(made)))
    draw.shuffle(order)
    return Flood([made[at] for at in order], [sources[at] for at in order]), real


def copy(text: str, draw: random.Random, share: float) -> str:
    """One forward or edited copy."""
    fate = draw.random()
    if fate < 1 / 3:
        return _forwarded(text, draw)
    if fate < 2 / 3:
        return _forwarded(_edited(text, draw, draw.uniform(0.02, share)), draw)
    return (_cut if fate < 5 / 6 else _more)(text, draw)


def _forwarded(text: str, draw: random.Random) -> str:
    change = draw.randrange(6)
    if change == 0:
        return f"RT @{_name(draw)}: {text}"
    if change == 1:
        return f"{text} https://t.co/{_name(draw)}"
    if change == 2:
        return text.upper() if draw.random() < 0.5 else text.lower()
    if change == 3:
        return f"@{_name(draw)} {text}!!!"
    return text


def _name(draw: random.Random) -> str:
    return "".join(draw.choices(ascii_lowercase, k=8))


def _edited(text: str, draw: random.Random, share: float) -> str:
    words = list(_touched(text.split(), draw, share))
    return " ".join(words) or text


def _touched(words: list[str], draw: random.Random, share: float) -> Iterator[str]:
    for word in words:
        fate = draw.random() / share
        if fate < 1 / 3:
            yield "".join(draw.choices(ascii_lowercase, k=draw.randint(2, 9)))
        elif fate < 2 / 3:
            place = draw.randrange(len(word))
            yield word[:place] + draw.choice(ascii_lowercase) + word[place + 1 :]
        elif fate >= 1:
            yield word


def _cut(text: str, draw: random.Random) -> str:
    less = int(len(text) * draw.uniform(0.05, 0.25))
    return f"{text[: len(text) - less]}…" if draw.random() < 0.8 else text[less:]


def _more(text: str, draw: random.Random) -> str:
    letters = int(len(text) * draw.uniform(0.05, 0.25))
    if draw.random() < 0.3:
        return f"{text} {draw.choice(_EMOJI)}{draw.choice(_EMOJI)}"
    words: list[str] = []
    while sum(map(len, words)) + len(words) < letters:
        words.append(_name(draw)[: draw.randint(2, 8)])
    more = " ".join(words)
    return f"{text} #{more}" if draw.random() < 0.5 else f"{more}: {text}"
