"""Writes the labelled sentences that screening for threats to life is measured with.

Every sentence in `threat_material/` was written by hand. This adds, the same on each run, what people do to
sentences: misspelling, disguise, longer messages around them. `dev` and `held` share no sentence and no wrapping.
`python scripts/threat_set.py` writes both files under `tests/data/threats/` and prints what is in them.
"""

import json
import random
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from itertools import chain
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
MATERIAL = HERE / "threat_material"
TARGET = HERE.parent / "tests" / "data" / "threats"
PARTS, LANGUAGES = ("dev", "held"), ("en", "fr", "de", "ar")
LEVELS = {"l": "low", "m": "medium", "hu": "high_unspecific", "hs": "high_specific"}
TOO_ALIKE = 0.82  # two sentences of different parts that share this much are one sentence

MARKED = re.compile(r"\*([^*]+)\*")
LONG_WORD = re.compile(r"[^\W\d_]{4,}")
RELAYED = {"relayed", "hotline"}  # kinds that are a witness's own words
OWN = {
    "direct",
    "conditional",
    "veiled",
}  # kinds that go into a long message by the one who threatens
WHOLE = {"email", "hotline", "posted"}  # kinds that nothing is wrapped around
LATIN_KINDS = {"arabizi"}  # Arabic in Latin letters


class Sentence(NamedTuple):
    """One line of the material. `text` still has its asterisks around the words that get disguised."""

    code: str
    kind: str
    text: str

    @property
    def plain(self) -> str:
        return self.text.replace("*", "")


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


# ------------------------------------------------------------------ what is done to a whole message

FILLERS = {
    "en": ["uh", "um", "you know", "like", "yeah"],
    "fr": ["euh", "ben", "voilà", "quoi", "genre"],
    "de": ["äh", "ähm", "also", "ja", "halt"],
    "ar": ["يعني", "اه", "طيب", "شوف", "والله"],
    "arabizi": ["ya3ni", "ah", "tayyeb", "shuf"],
}
UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
LIGATURES = {"œ": "oe", "Œ": "Oe", "æ": "ae", "«": '"', "»": '"', "’": "'", "ß": "ss"}
HAMZAS = {"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي"}


def bare(text: str, table: dict[str, str]) -> str:
    for one, other in table.items():
        text = text.replace(one, other)
    return text


def without_accents(text: str, language: str, chance: random.Random) -> str:
    """As typed on a keyboard that lacks them: French e for é, German ae or a for ä, Arabic without hamzas."""
    if language == "ar":
        return bare(text, HAMZAS)
    if language == "de" and chance.random() < 0.6:
        return bare(text, UMLAUTS)
    apart = unicodedata.normalize("NFD", bare(text, LIGATURES))
    return "".join(one for one in apart if not unicodedata.combining(one))


def hurried(text: str, language: str, chance: random.Random) -> str:
    """No capitals, no punctuation; in a telephone's manner."""
    return re.sub(r"[.,;:!?…،؛؟]+(?=\s|$)", "", text).lower()


def shouted(text: str, language: str, chance: random.Random) -> str:
    return text.upper().rstrip(".") + "!!!"


def spoken(text: str, language: str, chance: random.Random) -> str:
    """What a recogniser makes of a voice message: no punctuation, fillers, a word said twice."""
    words = re.sub(r"[.,;:!?…«»“”„\"،؛؟–]+", " ", text).lower().split()
    said: list[str] = []
    for place, word in enumerate(words):
        if place and chance.random() < 0.12:
            said.append(chance.choice(FILLERS[language]))
        said.append(word)
        if len(word) <= 4 and chance.random() < 0.06:
            said.append(word)
    return " ".join(said)


# ------------------------------------------------------------------ what is done to words

NEAR = {
    "a": "qs", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi",
    "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
CONFUSED = {"ض": "ظ", "ظ": "ض", "أ": "ا", "إ": "ا", "ذ": "د", "ث": "ت", "س": "ص"}
LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "b": "8", "l": "1"}
TWINS = dict(zip("aceopxyiskhABEKMHOPCTX", "асеорхуіѕкһАВЕКМНОРСТХ", strict=True))
DOTLESS = dict(zip("بتثنقفجخذزشضظغيةؤئأإآ", "ٮٮٮٮٯڡححدرسصطعىهوىااا", strict=True))
PERSIAN = {"ك": "ک", "ي": "ی", "ه": "ہ"}
MARKS = "\u064e\u064f\u0650\u0652"
PICTURES: dict[str, tuple[str, ...]] = {
    "🔫": ("gun", "pistol", "rifle", "shotgun", "glock", "strap", "pistolet", "fusil", "flingue", "carabine", "arme",
           "gewehr", "pistole", "knarre", "flinte", "schrotflinte", "waffe", "مسدس", "بندقي", "سلاح", "رشاش", "فرد"),
    "🔪": ("knife", "knives", "blade", "couteau", "lame", "messer", "klinge", "سكين", "سكاكين", "موس"),
    "💣": ("bomb", "explosi", "bombe", "sprengstoff", "قنبل", "متفجر", "عبوة", "حزام"),
    "🔥": ("fire", "burn", "petrol", "feu", "brûl", "essence", "feuer", "benzin", "brennen", "نار", "حرق", "بنزين"),
    "🚚": ("truck", "van", "camion", "lkw", "laster", "شاحن"),
    "🕌": ("mosque", "mosquée", "moschee", "مسجد", "جامع"),
    "🕍": ("synagog", "كنيس"),
    "⛪": ("church", "église", "kirche"),
    "🏫": ("school", "école", "lycée", "schule", "مدرس"),
    "💀": ("dead", "death", "mort", "tot", "tod", "ميت", "جثت", "جثث"),
    "🪓": ("axe", "hache", "axt", "beil", "فأس"),
    "👮": ("police", "cop", "flic", "bulle", "شرط"),
}  # fmt: skip


def slip(word: str, chance: random.Random) -> str:
    """One slip of the fingers inside a word of four letters or more."""
    at = chance.randrange(1, len(word) - 1)
    way = chance.randrange(4)
    if word[at] in CONFUSED:
        return word[:at] + CONFUSED[word[at]] + word[at + 1 :]
    if way == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if way == 1:
        return word[:at] + word[at + 1 :]
    if way == 2 or word[at] not in NEAR:
        return word[:at] + word[at] + word[at:]
    return word[:at] + chance.choice(NEAR[word[at]]) + word[at + 1 :]


def misspelt(text: str, language: str, chance: random.Random) -> str:
    """About one long word in eight is wrong, and one of the words that matter (it stands between asterisks)."""
    marked = [found.group(1) for found in MARKED.finditer(text)]
    wrong = chance.choice(marked) if marked else ""
    text = MARKED.sub(lambda found: found.group(1), text)

    def word(found: re.Match[str]) -> str:
        hit = wrong != "" and found.group() == wrong
        return slip(found.group(), chance) if hit or chance.random() < 0.12 else found.group()

    changed = LONG_WORD.sub(word, text)
    if changed == text and (long := list(LONG_WORD.finditer(text))):
        one = chance.choice(long)
        changed = text[: one.start()] + slip(one.group(), chance) + text[one.end() :]
    return changed


def leet(word: str, chance: random.Random) -> str:
    return "".join(chance.choice(LEET[one]) if one in LEET else one for one in word.lower())


def spaced(word: str, chance: random.Random) -> str:
    return " ".join(word)


def dotted(word: str, chance: random.Random) -> str:
    return chance.choice(".-_").join(word)


def twins(word: str, chance: random.Random) -> str:
    return "".join(TWINS.get(one, one) for one in word)


def hidden(word: str, chance: random.Random) -> str:
    """A sign without width, or a soft hyphen, inside."""
    at = max(1, len(word) // 2)
    return word[:at] + chance.choice("\u200b\u200d\u00ad\u2060") + word[at:]


def starred(word: str, chance: random.Random) -> str:
    at = 1 if len(word) < 5 else 2
    return word[:at] + chance.choice("*#") + word[at + 1 :]


def stretched(word: str, chance: random.Random) -> str:
    at = max(0, len(word) - 2)
    return word[:at] + word[at] * chance.randint(3, 5) + word[at + 1 :]


def tatweel(word: str, chance: random.Random) -> str:
    return (
        "".join(
            one + "ـ" * chance.randint(1, 3) if one not in "اأإآدذرزوؤةىء" else one
            for one in word[:-1]
        )
        + word[-1]
    )


def dotless(word: str, chance: random.Random) -> str:
    return "".join(DOTLESS.get(one, one) for one in word)


def vowelled(word: str, chance: random.Random) -> str:
    return "".join(one + chance.choice(MARKS) for one in word)


def persian(word: str, chance: random.Random) -> str:
    return "".join(PERSIAN.get(one, one) for one in word)


def pictured(word: str, chance: random.Random) -> str:
    for picture, stems in PICTURES.items():
        if word.lower().startswith(stems):
            return picture
    return spaced(word, chance)


Disguise = Callable[[str, random.Random], str]
DISGUISES: list[Disguise] = [leet, spaced, twins, hidden, pictured, dotted, starred, stretched]
ARABIC_DISGUISES: list[Disguise] = [
    tatweel,
    spaced,
    dotless,
    hidden,
    pictured,
    vowelled,
    dotted,
    persian,
]


def disguised(text: str, disguise: Disguise, chance: random.Random) -> str:
    return MARKED.sub(lambda found: disguise(found.group(1), chance), text)


# ------------------------------------------------------------------ putting it together

Manner = Callable[[str, str, random.Random], str]


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


def varied(
    one: Sentence, turn: int, language: str, wraps: dict[str, list[str]]
) -> Iterator[tuple[str, str]]:
    """(name of the variation, text): the sentence itself, then what becomes of it; by turns, so that all occur."""
    chance = random.Random(f"{language} {one.text}")
    speech = "arabizi" if one.kind in LATIN_KINDS else language
    yield "none", one.plain
    harmless = one.code in {"-", "?", "l"}
    if harmless and turn % 2:
        return
    own = "told" if one.kind in RELAYED else "own" if one.kind in OWN and turn % 4 == 0 else "tip"
    around = wraps.get(f"{language} {'plain' if harmless else own}", [])
    if (
        around
        and one.kind not in WHOLE
        and one.code != "?"
        and (turn // 2 if harmless else turn) % 2 == 0
    ):
        yield "wrapped", placed(one.plain, around[turn // 4 % len(around)])
    else:
        name, manner = (choices := manners(one, language))[
            turn // (4 if harmless else 2) % len(choices)
        ]
        yield name, manner(one.text if manner is misspelt else one.plain, speech, chance)
    if not harmless and turn % 2 and MARKED.search(one.text):
        kinds = ARABIC_DISGUISES if speech == "ar" else DISGUISES
        disguise = kinds[turn // 2 % len(kinds)]
        yield f"disguised_{disguise.__name__}", disguised(one.text, disguise, chance)


def records(part: str) -> Iterator[dict[str, object]]:
    wraps = wrappings(part)
    for language in LANGUAGES:
        turns, seen = Counter[str](), set[str]()
        for place, one in enumerate(sentences(part, language)):
            group = one.code if one.code in {"-", "?", "l"} else "threat"
            base = f"{part}-{language}-{place + 1:03}"
            for number, (variation, text) in enumerate(varied(one, turns[group], language, wraps)):
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
        for one in held:
            match = SequenceMatcher(autojunk=False)
            match.set_seq2(one)
            for other in dev:
                match.set_seq1(other)
                if (
                    match.real_quick_ratio() > TOO_ALIKE
                    and match.quick_ratio() > TOO_ALIKE
                    and match.ratio() > TOO_ALIKE
                ):
                    yield f"{language}, in both parts: {one} / {other}"


def counted(part: str, rows: list[dict[str, object]]) -> Iterator[str]:
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
        rows = list(records(part))
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (TARGET / f"{part}.ndjson").write_text(lines, "utf-8")
        sys.stdout.writelines(f"{line}\n" for line in counted(part, rows))


if __name__ == "__main__":
    main()
