"""How well known texts are found inside longer ones, how seldom where they are not, and at what cost:
for `benchmarks.text`.

What is looked for are stretches of Wikinews articles of 80 words and more; what holds them is ten times
as long, of other articles. Where the real texts are not at hand, generated ones take their place.
"""

import csv
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import mean
from typing import NamedTuple

from benchmarks import edits
from tidegate.signals import fingerprints
from tidegate.signals.fingerprints import KINDS, text_minhash, text_winnowing
from tidegate.signals.fingerprints.kind import several
from tidegate.signals.fingerprints.normalise import normalised
from tidegate.signals.fingerprints.passage import Passage, Searched
from tidegate.signals.index import CodeIndex
from tidegate.signals.model import Fingerprint

KIND = text_winnowing.KIND.name
WORDS = 80
TIMES = 10
_FORUM = edits.DATA / "text" / "stormfront_dev.csv"


class Quoted(NamedTuple):
    """A text that holds entry number `source`, or a passage of it, and in which manner."""

    source: int
    manner: str
    text: str


class Found(NamedTuple):
    """Per cent: of the texts those that led to their entry, of these those whose span is the quotation
    to within a tenth, and those that the codes of whole texts lead to."""

    texts: int
    found: float
    placed: float
    as_wholes: float


Manner = Callable[[str, random.Random], str]


def _lines(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    return "> " + "\n> ".join(" ".join(words[at : at + 9]) for at in range(0, len(words), 9))


def _remark(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    place = len(words) // 2
    remark = "[the author goes on in this manner for a while, and nobody can follow]"
    return " ".join([*words[:place], remark, *words[place:]])


def _part(share: float) -> Manner:
    def cut(text: str, draw: random.Random) -> str:
        words = text.split(" ")
        length = max(WORDS, round(len(words) * share))
        start = draw.randint(0, max(0, len(words) - length))
        return " ".join(words[start : start + length])

    return cut


def _edit(name: str) -> Manner:
    edit, size = next((edit, size) for known, edit, size in edits.EDITS if known == name)
    strangers = edits.generated(40)
    return lambda text, draw: edit(text, size, draw, strangers)


MANNERS: dict[str, Manner] = {
    "quoted as it is": lambda text, draw: f"“{text}”",
    "in capitals, line by line behind >": lambda text, draw: _lines(text.upper(), draw),
    "a remark cut in": _remark,
    "typos, 1% of characters": _edit("typos, 1% of characters"),
    "typos, 3% of characters": _edit("typos, 3% of characters"),
    "3% of words replaced": _edit("3% of words replaced"),
    "10% of words replaced": _edit("10% of words replaced"),
    "15% of words replaced": _edit("15% of words replaced"),
}


def stretches(articles: Sequence[str]) -> list[tuple[int, str]]:
    """Stretches of 80 to 160 words, each with the number of its article: two of an article at most."""
    draw = random.Random(11)
    found: list[tuple[int, str]] = []
    for number, article in enumerate(articles):
        words = article.split(" ")
        for half in (words[: len(words) // 2], words[len(words) // 2 :]):
            length = draw.randint(WORDS, 2 * WORDS)
            if len(half) >= length:
                start = draw.randint(0, len(half) - length)
                found.append((number, " ".join(half[start : start + length])))
    return found


def quoting(articles: Sequence[str], entries: Sequence[tuple[int, str]]) -> Iterator[Quoted]:
    """Each entry in each manner, somewhere inside other articles' text of ten times its words."""
    draw = random.Random(12)
    for source, (own, entry) in enumerate(entries):
        for manner, quote in MANNERS.items():
            before, after = _frame(articles, own, len(entry.split(" ")) * TIMES, draw)
            yield Quoted(source, manner, f"{before} {quote(entry, draw)} {after}")
        other_own, other = entries[(source + 1) % len(entries)]
        before, after = _frame(articles, own, 10 * WORDS, draw)
        if other_own != own:
            yield Quoted(source, "two known texts in one", f"{other} {before} {entry} {after}")


def passages(articles: Sequence[str]) -> Iterator[Quoted]:
    """Of long entries a passage, inside other text: 80 words, or a fifth."""
    draw = random.Random(13)
    for source, article in enumerate(articles):
        if len(article.split(" ")) >= 4 * WORDS:
            for manner, share in (
                ("80 words of a longer one", 0.0),
                ("a fifth of a longer one", 0.2),
            ):
                before, after = _frame(articles, source, 2 * WORDS, draw)
                passage = _part(share)(article, draw)
                yield Quoted(source, manner, f"{before} “{passage}” {after}")


def _frame(articles: Sequence[str], but: int, words: int, draw: random.Random) -> tuple[str, str]:
    """Text of so many words of other articles, in two parts."""
    taken: list[str] = []
    while len(taken) < words:
        number = draw.randrange(len(articles))
        if number != but:
            taken += articles[number].split(" ")
    place = draw.randint(0, words)
    return " ".join(taken[:place]), " ".join(taken[place:words])


class Known:
    """Entries in an index, as an instance has them."""

    def __init__(self, entries: Sequence[str]) -> None:
        self.entries = entries
        self.index = CodeIndex()
        self.index.set_radius(text_minhash.KIND.name, 0, text_minhash.KIND.default_radius)
        for number, codes in enumerate(fingerprints.of_texts(entries)):
            self.index.upsert(number, 0, codes)
        self.index.seal()

    def passages(self, text: str) -> dict[int, Passage]:
        """The entries that are found in a text in normal form, with where."""
        probes = [one for one in fingerprints.of_text(text) if one.kind == KIND]
        if not probes or not (hits := self.index.search(probes)[0]):
            return {}
        searched = Searched(text)
        found = {hit.owner: searched.find(self.entries[hit.owner]) for hit in hits}
        return {owner: passage for owner, passage in found.items() if passage is not None}

    def wholes(self, text: str) -> set[int]:
        """The entries that a text is near to as a whole."""
        code = text_minhash.codes([text])[0]
        probes = [] if code is None else [Fingerprint(text_minhash.KIND.name, code)]
        return {hit.owner for hits in self.index.search(probes) for hit in hits}


def recall(known: Known, quoted: Sequence[Quoted]) -> dict[str, Found]:
    """By manner."""
    groups: defaultdict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    for one in quoted:
        text = normalised(one.text)
        passage = known.passages(text).get(one.source)
        placed = passage is not None and _is_placed(passage, text, known.entries[one.source])
        groups[one.manner].append((passage is not None, placed, one.source in known.wholes(text)))
    return {
        manner: Found(
            len(rows),
            100 * mean(found for found, _, _ in rows),
            100 * mean([placed for found, placed, _ in rows if found] or [False]),
            100 * mean(whole for _, _, whole in rows),
        )
        for manner, rows in groups.items()
    }


def _is_placed(passage: Passage, text: str, entry: str) -> bool:
    """Whether the span of the text is about as long as that of the entry, and reads nearly so."""
    ours = text[passage.start : passage.end]
    theirs = entry[passage.other_start : passage.other_end]
    return text_minhash.jaccard(ours, theirs) > 0.5 and len(ours) < 1.1 * len(theirs) + 90


def looked_up(known: Known, texts: Sequence[str], *, anchors: bool) -> None:
    """What a group of posts costs, from the text to the entries that are to be compared; with what
    this is about, or all else."""
    forms = [normalised(text) for text in texts]
    kinds = [kind for kind in KINDS.values() if kind.source == "text"]
    made = [kind.make(forms) for kind in kinds if anchors or kind is not text_winnowing.KIND]
    known.index.search([one for codes in made for row in codes for one in several(row)])


class Wrong(NamedTuple):
    """Entries, texts, pairs of them with two anchors in common, pairs that are matches, and those of
    them that share less than the half of either."""

    entries: int
    texts: int
    candidates: int
    matches: int
    less_than_half: int


def wrong(entries: Sequence[str], texts: Sequence[str]) -> Wrong:
    """What is found of entries in texts that do not hold them, nor are held by them."""
    known = Known(entries)
    candidates = matches = less = 0
    for text in texts:
        probes = [one for one in fingerprints.of_text(text) if one.kind == KIND]
        hits = known.index.search(probes)[0] if probes else []
        others = [hit.owner for hit in hits if not _holds(text, entries[hit.owner])]
        candidates += len(others)
        searched = Searched(text) if others else None
        for owner in others:
            passage = searched.find(entries[owner]) if searched else None
            matches += passage is not None
            less += passage is not None and passage.share < 0.5
    return Wrong(len(entries), len(texts), candidates, matches, less)


def _holds(text: str, entry: str) -> bool:
    return entry in text or text in entry


def forum() -> list[str]:
    """Sentences of a forum, in normal form; none where they are not at hand."""
    if not _FORUM.exists():
        return []
    with _FORUM.open(encoding="utf-8", newline="") as lines:
        return list(dict.fromkeys(normalised(row["text"]) for row in csv.DictReader(lines)))
