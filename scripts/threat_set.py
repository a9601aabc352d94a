"""Writes the labelled sentences that screening for threats to life is measured with.

Every sentence in `threat_material/` was written by hand. This adds, the same on each run, what people do to
sentences: misspelling, disguise, longer messages around them. `dev` and `held` share no sentence and no wrapping.
`python -m scripts.threat_set` writes both files under `tests/data/threats/` and prints what is in them.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scripts.threat_changes import (
    ARABIC_DISGUISES,
    DISGUISES,
    LONG_WORD,
    MARKED,
    Manner,
    disguised,
    hurried,
    misspelt,
    shouted,
    spoken,
    without_accents,
)

HERE = Path(__file__).resolve().parent
MATERIAL = HERE / "threat_material"
TARGET = HERE.parent / "tests" / "data" / "threats"
PARTS, LANGUAGES = ("dev", "held"), ("en", "fr", "de", "ar")
HARMLESS = {"-", "?", "l"}  # codes of what does not count as a threat
LEVELS = {"l": "low", "m": "medium", "hu": "high_unspecific", "hs": "high_specific"}
TOO_ALIKE = 0.82  # two sentences of different parts that share this much are one sentence

RELAYED = {"relayed", "hotline"}  # kinds that are a witness's own words
OWN = {
    "direct",
    "conditional",
    "veiled",
}  # kinds that go into a long message by the one who threatens
WHOLE = {"email", "hotline", "posted"}  # kinds that nothing is wrapped around
JESTS = {"idiom", "gaming", "sports", "lyrics"}  # harmless kinds in which people disguise words too
LATIN_KINDS = {"arabizi"}  # Arabic in Latin letters


class Sentence(NamedTuple):
    """One line of the material. `text` still has its asterisks around the words that get disguised."""

    code: str
    kind: str
    text: str

    @property
    def plain(self) -> str:
        return self.text.replace("*", "")


class Part(NamedTuple):
    """What the sentences of a part share: the messages around them, and by language the words that get disguised."""

    wraps: dict[str, list[str]]
    marked: dict[str, set[str]]


def sections(path: Path) -> Iterator[tuple[str, str]]:
    """(heading, line) for each line that is neither blank nor a comment; `\\n` in a line is a new line."""
    heading = ""
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        if line.startswith("== "):
            heading = line[3:].strip()
        elif line.strip() and not line.startswith("#"):
            yield heading, line.rstrip().replace("\\n", "\n")


def sentences(part: str, language: str) -> list[Sentence]:
    found: list[Sentence] = []
    for kind, line in sections(MATERIAL / part / f"{language}.txt"):
        code, _, text = line.partition(" ")
        if code not in {*LEVELS, "-", "?"} or not text or text.count("*") % 2:
            raise SystemExit(f"{part}/{language}: not a labelled sentence: {line}")
        found.append(Sentence(code, kind, text))
    return found


# ------------------------------------------------------------------ putting it together


def wrappings(part: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for heading, line in sections(MATERIAL / part / "wraps.txt"):
        found.setdefault(heading, []).append(line)
    return found


def placed(text: str, around: str) -> str:
    before, _, after = around.partition("{}")
    stop = "." if text[-1].isalnum() and after[0] in " \n" else ""
    return f"{before}{text}{stop}{after}"


def manners(one: Sentence, language: str) -> list[tuple[str, Manner]]:
    """What a sentence is varied with besides wrapping, in the order in which it is dealt out."""
    plain: list[tuple[str, Manner]] = [("misspelt", misspelt), ("hurried", hurried)]
    if language in {"fr", "de"} or (language == "ar" and one.kind not in LATIN_KINDS):
        plain.append(("unaccented", without_accents))
    if one.kind not in WHOLE:
        plain.append(("spoken", spoken))
    if language != "ar" and one.code != "-":
        plain.append(("shouted", shouted))
    return plain


def remarked(text: str, words: set[str]) -> str:
    """The text of a jest with asterisks around its first word that threats of the same part have them around."""
    for found in LONG_WORD.finditer(text):
        if found.group().lower() in words:
            return f"{text[: found.start()]}*{found.group()}*{text[found.end() :]}"
    return text


def around(one: Sentence, turn: int, language: str, wraps: dict[str, list[str]]) -> str | None:
    """The longer message that is this sentence's by turn, if it gets one."""
    harmless = one.code in HARMLESS
    if one.kind in WHOLE or one.code == "?" or (turn // 2 if harmless else turn) % 2:
        return None
    told = one.kind in RELAYED
    first = one.kind in OWN and turn % 4 == 0
    whose = "plain" if harmless else "told" if told else "own" if first else "tip"
    fit = wraps[f"{language} {whose}"]
    return fit[turn // 4 % len(fit)]


def varied(one: Sentence, turn: int, language: str, part: Part) -> Iterator[tuple[str, str]]:
    """(name of the variation, text): the sentence itself, then what becomes of it; by turns, so that all occur."""
    chance = random.Random(f"{language} {one.text}")
    speech = "arabizi" if one.kind in LATIN_KINDS else language
    harmless = one.code in HARMLESS
    yield "none", one.plain
    if not (harmless and turn % 2):
        if message := around(one, turn, language, part.wraps):
            yield "wrapped", placed(one.plain, message)
        else:
            choices = manners(one, language)
            name, manner = choices[turn // (4 if harmless else 2) % len(choices)]
            yield name, manner(one.text if manner is misspelt else one.plain, speech, chance)
    text = remarked(one.text, part.marked[language]) if one.kind in JESTS else one.text
    if turn % 2 and MARKED.search(text):
        kinds = ARABIC_DISGUISES if speech == "ar" else DISGUISES
        disguise = kinds[turn // 2 % len(kinds)]
        yield f"disguised_{disguise.__name__}", disguised(text, disguise, chance)


def records(part: str) -> Iterator[dict[str, object]]:
    wraps = wrappings(part)
    marked = {
        language: {
            word.lower() for one in sentences(part, language) for word in MARKED.findall(one.text)
        }
        for language in LANGUAGES
    }
    for language in LANGUAGES:
        turns, seen = Counter[str](), set[str]()
        for place, one in enumerate(sentences(part, language)):
            group = one.code if one.code in HARMLESS else "threat"
            base = f"{part}-{language}-{place + 1:03}"
            for number, (variation, text) in enumerate(
                varied(one, turns[group], language, Part(wraps, marked))
            ):
                if text in seen:
                    continue
                seen.add(text)
                yield {
                    "id": f"{base}-{number}",
                    "text": text,
                    "language": language,
                    "threat": None if one.code == "?" else one.code in LEVELS,
                    "level": LEVELS.get(one.code),
                    "kind": one.kind,
                    "base": base,
                    "variation": variation,
                }
            turns[group] += 1


def alike() -> Iterator[str]:
    """Sentences that stand twice in a part or, nearly, in both: what is held back has to be other sentences."""
    for language in LANGUAGES:
        dev, held = ([one.plain for one in sentences(part, language)] for part in PARTS)
        yield from (
            f"{language}, twice: {one}"
            for one, often in Counter(chain(dev, held)).items()
            if often > 1
        )
        letters = sorted(set(chain(*dev, *held)))
        counts, lengths = _counts(dev, letters), np.array([len(one) for one in dev])
        for one, mine in zip(held, _counts(held, letters), strict=True):
            # What `quick_ratio` says of each pair, which `ratio` never exceeds.
            most = 2 * np.minimum(counts, mine).sum(1) / (lengths + len(one))
            for at in np.flatnonzero(most > TOO_ALIKE):
                if SequenceMatcher(None, dev[at], one, autojunk=False).ratio() > TOO_ALIKE:
                    yield f"{language}, in both parts: {one} / {dev[at]}"


def _counts(sentences: Sequence[str], letters: Sequence[str]) -> npt.NDArray[np.int64]:
    """How often each letter stands in each sentence."""
    return np.array([[one.count(letter) for letter in letters] for one in sentences])


def lines(part: str) -> str:
    """The file of a part."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records(part))


def counted(part: str) -> Iterator[str]:
    rows = list(records(part))
    for language in LANGUAGES:
        mine = [row for row in rows if row["language"] == language]
        levels = Counter(str(row["level"]) for row in mine if row["threat"])
        harmless = sum(row["threat"] is False for row in mine)
        aside = sum(row["threat"] is None for row in mine)
        threats = sum(levels.values()) - levels["low"]
        bases = len({row["base"] for row in mine if row["threat"] and row["level"] != "low"})
        told = f"{threats} threats of {bases} sentences {dict(levels)}"
        yield f"{part} {language}: {told}, {harmless} harmless, {aside} aside"


def main() -> None:
    if found := list(alike()):
        raise SystemExit("\n".join(found))
    TARGET.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if not (MATERIAL / part).is_dir():
            raise SystemExit(f"{MATERIAL / part} isn't there")
        (TARGET / f"{part}.ndjson").write_text(lines(part), "utf-8")
        sys.stdout.writelines(f"{line}\n" for line in counted(part))


if __name__ == "__main__":
    main()
