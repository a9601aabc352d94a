"""What people do to sentences, for `threat_set`: misspelling, haste, speech, disguise. The same on each run.

Words that matter stand between asterisks in the texts that come in here, and without them in what goes out.
"""

import random
import re
import unicodedata
from collections.abc import Callable

MARKED = re.compile(r"\*([^*]+)\*")
LONG_WORD = re.compile(r"[^\W\d_]{4,}")
Disguise = Callable[[str, random.Random], str]
Manner = Callable[[str, str, random.Random], str]


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
    return re.sub(r" *[.,;:!?…،؛؟]+(?=\s|$)", "", text).lower()


def shouted(text: str, language: str, chance: random.Random) -> str:
    return text.upper().rstrip(".") + "!!!"


def spoken(text: str, language: str, chance: random.Random) -> str:
    """What a recogniser makes of a voice message: no punctuation, fillers, a word said twice."""
    words = re.sub(r"[.,;:!?…«»“”„\"،؛؟–]+", " ", text).lower().split()
    said: list[str] = []
    for place, word in enumerate(words):
        if place and chance.random() < 0.07:
            said.append(chance.choice(FILLERS[language]))
        said.append(word)
        if len(word) <= 4 and chance.random() < 0.03:
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
MARKS = "\u064e\u0651\u0652"
PICTURES: dict[str, tuple[str, ...]] = {
    "🔫": ("gun", "pistol", "rifle", "shotgun", "glock", "strap", "pistolet", "fusil", "flingue", "carabine", "arme",
           "gewehr", "pistole", "knarre", "flinte", "schrotflinte", "waffe", "مسدس", "بندقي", "سلاح", "رشاش", "فرد"),
    "🔪": ("knife", "knives", "blade", "couteau", "lame", "messer", "klinge", "سكين", "سكاكين", "موس"),
    "💣": ("bomb", "explosi", "bombe", "sprengstoff", "قنبل", "متفجر", "عبوة", "حزام"),
    "🔥": ("fire", "burn", "torch", "feu", "brûl", "incendie", "feuer", "brennen", "نار", "النار", "حرق"),
    "⛽": ("petrol", "essence", "benzin", "بنزين", "مازوت"),
    "⚔️": ("sword", "sabre", "schwert", "سيف"),
    "☠️": ("poison", "gift", "rattengift", "mort-aux", "سم", "السم"),
    "🔨": ("hammer", "marteau", "مطرقة"),
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
    """Digits and signs for most of the letters that have one, for a single letter in short words."""
    fit = [place for place, one in enumerate(word.lower()) if one in LEET]
    few = set(chance.sample(fit, min(len(fit), 1 if len(word) < 5 else max(2, len(fit) - 1))))
    return "".join(
        chance.choice(LEET[one.lower()]) if place in few else one for place, one in enumerate(word)
    )


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
    """The last vowel, several times."""
    at = max(
        (place for place, one in enumerate(word) if one in "aeiouyäöüéèà"), default=len(word) - 1
    )
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
    """Marks where a reader would not expect so many."""
    return (
        "".join(one if one in "اأإآوىةء" else one + chance.choice(MARKS) for one in word[:-1])
        + word[-1]
    )


def persian(word: str, chance: random.Random) -> str:
    return "".join(PERSIAN.get(one, one) for one in word)


def pictured(word: str, chance: random.Random) -> str:
    for picture, stems in PICTURES.items():
        if word.lower().startswith(stems):
            return picture
    return spaced(word, chance)


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
    """Each word between asterisks, disguised; spelled out where the disguise has no hold on it."""

    def word(found: re.Match[str]) -> str:
        done = disguise(found.group(), chance)
        return done if done != found.group() else spaced(done, chance)

    return MARKED.sub(lambda found: re.sub(r"\S+", word, found.group(1)), text)
