"""Fits the points of threat packs to the labelled sentences: `python -m scripts.threat_points [LANGUAGE …] [--write]`.

A pack's patterns are written by people; how much each says is measured. Of every sentence that is labelled
(`tests/data/threats/dev.ndjson`) this reads with the product's own engine which patterns are there, which words,
beginnings and pairs of words, and groups of the pack's words. A logistic regression, drawn towards nothing so that
what is rare says little, gives each its points; contexts never get more than none. Of the words those that tell most
are kept, without those at zero. `held.ndjson` is never read.

It prints what cross-validation finds, in which sentences that were made of each other stay together. `--write` writes
the points into the packs under `src/tidegate/intake/threats/packs/`, and the words behind their patterns. Where the
corpora are at hand (in $TIDEGATE_SHARED, else `shared` beside the repository), their texts count as harmless too.
"""

import csv
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from os import environ
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scripts.threat_fit import Fit, Floats, Stretches, fit

from tidegate.intake.threats.finding import Find, Text, find
from tidegate.intake.threats.model import Pattern
from tidegate.intake.threats.program import Program
from tidegate.intake.threats.reading import load_threat_pack
from tidegate.intake.threats.screen import stretches
from tidegate.intake.threats.weighing import length_points, windows
from tidegate.intake.threats.wording import read_phrase
from tidegate.intake.threats.words import read, words_of

ROOT = Path(__file__).resolve().parents[1]
PACKS = ROOT / "src" / "tidegate" / "intake" / "threats" / "packs"
SENTENCES = ROOT / "tests" / "data" / "threats" / "dev.ndjson"
SHARED = Path(environ.get("TIDEGATE_SHARED") or ROOT.parent / "shared") / "data"
LANGUAGES = ("en", "fr", "de", "ar")

POINT = 0.1  # logits
STRENGTH = 1.0
WORD = 0.3  # how easily a word gets points, beside a pattern
SEEN = 4  # sentences that a word is in, not made of each other
KEPT = 900  # words and pairs of a pack
FOLDS = 6
FALSE = 0.08  # of what is harmless, what may ring
PLAINLY = 5.0  # what a threat weighs that is made without any ado: whoever says so must be heard
FOREIGN = 0.3  # what a harmless sentence of another language weighs
CORPORA = (
    ("disaster messages", "tips/disaster_messages_dev.csv", "message", 1, 3.0),
    ("CrisisLex", "tips/crisislex_t26_dev.csv", "text", 4, 1.5),
    ("Wikinews", "text/wikinews_2019.csv", "text", 1, 10.0),
)
"""Name, file, column, how many rows there are for one that is taken, and what it weighs."""

_BLOCK = re.compile(r"(?m)^(?=\[\[patterns\]\])")
_POINTS = re.compile(r"(?m)^(?:points|beside|grave|firm|mode) = .*\n")
_ELEMENT = re.compile(r"(?m)^element = .*\n(?:(?:kind|reach) = .*\n)*")
_WORDS = "# --- words, each with its points, as scripts/threat_points.py fitted them"
_LETTERS = re.compile(r"[^\W\d_]+")
_WORD_NAME = "words-0"
_BEGINNINGS = (5, 6)  # letters; shorter ones would hide slips of the hand in words of other packs
_STEMS = (3, 4, 5, 6)  # the same in Arabic script, which no other pack is in


class Sample(NamedTuple):
    """A text, whether it is to ring, its weight, and what it was made of. Those of one `fold` are scored together."""

    source: str
    text: str
    wanted: bool
    weight: float
    base: str
    fold: int


class Draft(NamedTuple):
    """A pack's file in parts: what stands before its patterns, and its patterns by name, without their points and
    without words that were fitted before."""

    head: str
    patterns: dict[str, str]

    @classmethod
    def of(cls, source: str) -> "Draft":
        head, *blocks = _BLOCK.split(source.partition(_WORDS)[0])
        found: dict[str, str] = {}
        for block in blocks:
            name = _value(block, "name")
            if not name.startswith("words-"):
                found[name] = _POINTS.sub("", block)
        return cls(head, found)

    def weighed(self) -> dict[str, bool]:
        """The patterns that have points, and of each whether it is a context, which never has more than none."""
        elements = {name: _value(block, "element") for name, block in self.patterns.items()}
        return {
            name: element == "context"
            for name, element in elements.items()
            if element not in {"meant", "intent"} and _value(self.patterns[name], "reach") != "over"
        }

    def source(self, points: dict[str, int], words: dict[str, int], enough: int) -> str:
        """The file with these points of patterns and of words. A pattern that has none is left as it is."""
        head = re.sub(r"(?m)^enough = .*$", f"enough = {enough}", self.head)
        parts = [head, *(self._with(name, points.get(name)) for name in self.patterns)]
        parts.append(f"{_WORDS}\n")
        by_points: dict[int, list[str]] = defaultdict(list)
        for word, value in words.items():
            by_points[value].append(word)
        for value in sorted(by_points, reverse=True):
            parts.append(_listed(value, sorted(by_points[value])))
        return "".join(parts)

    def _with(self, name: str, points: int | None) -> str:
        block = self.patterns[name]
        if points is None or (not points and _value(block, "element") not in {"sign", "context"}):
            return block
        retired = "" if points else 'mode = "draft"\n'
        return _ELEMENT.sub(rf"\g<0>{retired}points = {points}\n", block)


def _value(block: str, key: str) -> str:
    found = re.search(rf'(?m)^{key} = "(.*)"$', block)
    return found[1] if found else ""


def _listed(points: int, words: list[str]) -> str:
    name = f"words-for-{points}" if points > 0 else f"words-against-{-points}"
    lines, line = list[str](), "  "
    for word in (f"{json.dumps(one, ensure_ascii=False)}," for one in words):
        if len(line) + len(word) > 118:
            lines.append(line.rstrip())
            line = "  "
        line += f"{word} "
    listed = "\n".join([*lines, line.rstrip()])
    return (
        f'\n[[patterns]]\nname = "{name}"\nelement = "sign"\npoints = {points}\neach = true\n'
        f"exact = true\nphrases = [\n{listed}\n]\n"
    )


# ------------------------------------------------------------------ what is read


def samples(language: str) -> Iterator[Sample]:
    """What a pack of this language is fitted on."""
    with SENTENCES.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    own = [one for one in rows if one["language"] == language]
    numbers = {base: n for n, base in enumerate(dict.fromkeys(one["base"] for one in own))}
    for one in own:
        if one["threat"] is not None and one["level"] != "low":
            fold = numbers[one["base"]] * 7919 % 10007 % FOLDS
            weight = PLAINLY if one["kind"].endswith("_plainly") else 1.0
            yield Sample("own", one["text"], one["threat"], weight, one["base"], fold)
    foreign = [one for one in rows if one["language"] != language and one["threat"] is False]
    for n, one in enumerate(foreign[::2]):
        yield Sample("foreign", one["text"], False, FOREIGN, one["base"], n % FOLDS)
    csv.field_size_limit(10_000_000)
    for source, name, column, step, weight in CORPORA:
        if (path := SHARED / name).exists():
            with path.open(encoding="utf-8", newline="") as file:
                texts = [row[column] for row in csv.DictReader(file)]
            for n, text in enumerate(texts[::step]):
                yield Sample(source, text, False, weight, f"{source} {n}", n % FOLDS)


def candidates(texts: Iterable[Sample], groups: Iterable[str]) -> list[str]:
    """The words, beginnings and pairs of words, and the groups, that may get points."""
    seen: dict[str, set[str]] = defaultdict(set)
    for one in texts:
        plain = (word.replace("\0", "") for word in words_of(read(one.text)[0]))
        words = [word for word in plain if _LETTERS.fullmatch(word)]
        for place, word in enumerate(words):
            lengths = _BEGINNINGS if word.isascii() else _STEMS
            found = [word, *(f"{word[:n]}*" for n in lengths if len(word) > n)]
            found += [f"{word} {other}" for other in words[place + 1 : place + 2]]
            found += [f"{word} ..1 {other}" for other in words[place + 2 : place + 3]]
            for phrase in found:
                seen[phrase].add(one.base)
    named = [f"{{{name}}}" for name in groups]
    return [*(one for one, bases in seen.items() if len(bases) >= SEEN), *named]


class Features(NamedTuple):
    """What may have points: patterns by their names, phrases as they are written; and what is in each text."""

    names: list[str]
    most: Floats  # points that it may have: none or more of a context
    are_words: NDArray[np.bool_]
    texts: Stretches


def features(draft: Draft, texts: list[Sample]) -> Features:
    """Reads all texts with a pack in which everything has points."""
    weighed = draft.weighed()
    pack = load_threat_pack(draft.source(dict.fromkeys(weighed, -1), {}, 1))
    own = [one for one in texts if one.source == "own"]
    phrases = {read_phrase(one, pack.groups): one for one in candidates(own, pack.groups)}
    words = Pattern(
        name=_WORD_NAME,
        element="sign",
        mode="live",
        phrases=tuple(phrases),
        exact=True,
        points=1,
        each=True,
    )
    program = Program([replace(pack, patterns=(*pack.patterns, words))], frozenset({"live"}))
    places = {name: n for n, name in enumerate(weighed)}
    names = [acting.pattern.name for acting in program.patterns]
    numbers = [places.get(name, -1) for name in names]
    first = names.index(_WORD_NAME) + 1
    numbers[first : first + len(phrases)] = range(len(weighed), len(weighed) + len(phrases))
    rows = [[[numbers[n] for n in there] for there in _windows(program, one)] for one in texts]
    are_words = np.arange(len(weighed) + len(phrases)) >= len(weighed)
    most = np.array(
        [*(0.0 if one else np.inf for one in weighed.values()), *(np.inf for _ in phrases)]
    )
    stretched = Stretches.of(rows, len(are_words))
    return Features([*weighed, *phrases.values()], most, are_words, stretched)


def _windows(program: Program, sample: Sample) -> Iterator[dict[int, Find]]:
    whole, everything = Text(sample.text), frozenset(range(len(program.patterns)))
    finds: set[Find] = set()
    for start, end in stretches(sample.text):
        finds |= find(program, whole, start, end, everything)
    return windows(program, finds)


# ------------------------------------------------------------------ what it comes to


class Fitting:
    """The texts of one language with what is in them, and what is fitted to them."""

    def __init__(self, language: str) -> None:
        self.path = PACKS / f"{language}.toml"
        self.draft = Draft.of(self.path.read_text("utf-8"))
        self.samples = list(samples(language))
        self.features = features(self.draft, self.samples)
        self._wanted = np.array([one.wanted for one in self.samples])
        self._weights = np.array([one.weight for one in self.samples])
        self._folds = np.array([one.fold for one in self.samples])
        self._length = np.array([length_points(len(one.text)) for one in self.samples]) * POINT
        self._sources = np.array([one.source for one in self.samples])

    def points(self, without: int = -1) -> Fit:
        """Points, fitted without a fold: with all words, then with those that told most, in whole points."""
        weights = np.where(self._folds == without, 0.0, self._weights)
        found = self._fit(weights, np.where(self.features.are_words, WORD, 1.0))
        often = np.bincount(self.features.texts.features, minlength=len(self.features.names))
        telling = np.abs(found.adds) * np.sqrt(often) * self.features.are_words
        kept = ~self.features.are_words
        kept[np.argsort(-telling)[:KEPT]] = True
        found = self._fit(
            weights, np.where(kept, np.where(self.features.are_words, WORD, 1.0), 0.0)
        )
        return Fit(np.round(found.adds / POINT) * POINT, found.base)

    def _fit(self, weights: Floats, scale: Floats) -> Fit:
        return fit(self.features.texts, self._wanted, weights, scale, self.features.most, STRENGTH)

    def scores(self, found: Fit) -> Floats:
        """Of each text, in logits, less what is asked of long ones."""
        return found.of(self.features.texts) - self._length

    def crossed(self) -> Floats:
        """The score of each text by what was learned without its fold."""
        scores = np.zeros(len(self.samples))
        for fold in range(FOLDS):
            found = self.scores(self.points(fold))
            there = self._folds == fold
            scores[there] = found[there]
        return scores

    def tell(self, scores: Floats) -> float:
        """Print how well it does, and return from which score on a text should ring."""
        own = self._sources == "own"
        harmless = np.sort(scores[own & ~self._wanted])
        threats = scores[own & self._wanted]
        for false in (0.03, 0.05, FALSE, 0.12):
            least = harmless[int(len(harmless) * (1 - false))]
            rung = {
                name: 500 * float((scores[self._sources == name] > least).mean())
                for name in sorted({*self._sources} - {"own", "foreign"})
            }
            shown = ", ".join(f"{name} {value:.1f}" for name, value in rung.items())
            print(
                f"  of harmless ones {false:.0%} ring, of threats {(threats > least).mean():.1%}; of 500: {shown}"
            )
        return float(harmless[int(len(harmless) * (1 - FALSE))])

    def written(self, found: Fit, least: float) -> str:
        """The pack's file with these points."""
        whole = [int(one) for one in np.round(found.adds / POINT)]
        named = list(zip(self.features.names, whole, strict=True))
        first = int(np.argmax(self.features.are_words))
        patterns, words = dict(named[:first]), {name: n for name, n in named[first:] if n}
        return self.draft.source(patterns, words, max(1, round((least - found.base) / POINT)))


def main(words: list[str]) -> None:
    """Fit the packs of these languages, all where none is named."""
    is_writing = "--write" in words
    for language in [one for one in words if one in LANGUAGES] or LANGUAGES:
        fitting = Fitting(language)
        print(f"{language}: {len(fitting.samples)} texts, {len(fitting.features.names)} features")
        least = fitting.tell(fitting.crossed())
        source = fitting.written(fitting.points(), least)
        load_threat_pack(source, fitting.path.name)
        if is_writing:
            fitting.path.write_text(source, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
