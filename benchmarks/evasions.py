"""Phrases in disguise: how many are found, and what is found that nobody wrote: `make bench-evasions`.

Recall: neutral phrases in four scripts, disguised in the ways that `WAYS` lists, each in a sentence.
The look-alikes are those that people type, chosen by hand, not read back from our own table.
False matches: thousands of words and word pairs of real texts are phrases, the worst list that
there could be, and every find counts as false that is not there to the letter, in either case.
"""

import csv
import html
import json
import random
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from os import environ
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks import report
from tidegate.content.model import Worded
from tidegate.signals.fingerprints.skeleton import bare, bounded, dense, plain, skeleton
from tidegate.signals.index.phrases import PhraseTable
from tidegate.signals.readings import readings

QUICK = bool(environ.get("QUICK"))
AS_PHRASES = 1000 if QUICK else 8500
SOURCES = 7  # that `texts` has where all are at hand
ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
PROSE = ROOT / "var" / "prose"  # pages of Debian packages, see docs/text.md
SET = ROOT / "tests" / "data" / "evasions.ndjson"

SENTENCES = {
    "Latin": ["they said {} and then left", "{}", "Look: {}! Soon."],
    "Arabic": ["قالوا {} ثم ذهبوا", "{}", "انظر: {}! قريبا."],
    "Cyrillic": ["они сказали {} и затем ушли", "{}", "Смотри: {}! Скоро."],
    "Greek": ["είπαν {} και μετά έφυγαν", "{}", "Κοίτα: {}! Σύντομα."],
}
PHRASES = {
    "Latin": "lantern|meet at the river|bring the blue box|market square|little balloon|harvest"
    "|ride tonight|broken compass|garden gate|attack the castle",
    "Arabic": "فانوس|لقاء عند النهر|احضر الصندوق الازرق|ساحة السوق|بالون صغير|موسم الحصاد"
    "|رحلة الليلة|بوصلة مكسورة|باب الحديقة|هجوم على القلعة",
    "Cyrillic": "фонарь|встреча у реки|принеси синий ящик|рыночная площадь|маленький шарик"
    "|сбор урожая|едем сегодня|сломанный компас|садовая калитка|атака на замок",
    "Greek": "φανάρι|συνάντηση στο ποτάμι|φέρε το μπλε κουτί|πλατεία αγοράς|μικρό μπαλόνι|συγκομιδή"
    "|ταξίδι απόψε|σπασμένη πυξίδα|πόρτα του κήπου|επίθεση στο κάστρο",
}

_ALIKE = {
    "Latin": "aаɑα cсϲ eеҽ hһ iіι jј kκк mм nո oоοօ pрρ sѕ tтτ uυս vν wѡԝ xхχ yуү bЬ dԁ gɡց lӏ rг",
    "Arabic": "كک يیى هہە اأإآٱ وۆؤ ةهە عﻋﻌ نﻧﻨ سﺳﺴ",
    "Cyrillic": "аaα еeҽ оoο рpρ сcϲ уyү хxχ кkκ тtτ мᴍ вʙ нʜ",
    "Greek": "οoо αaа ιiі κkк νv ρpр τtт υuս χxх γy μµ",
}
ALIKE = {
    script: {group[0]: group[1:] for group in groups.split()} for script, groups in _ALIKE.items()
}
SIGNS = {
    "Latin": {"a": "4@", "e": "3", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7+", "b": "8"},
    "Cyrillic": {"о": "0", "з": "3", "ч": "4", "б": "6", "а": "@4", "я": "9", "е": "3", "т": "7"},
    "Greek": {"ο": "0", "ε": "3", "α": "@4", "θ": "8", "ι": "1", "τ": "7", "σ": "5"},
}
MARKS = "\u0301\u0300\u0302\u0308\u0303\u0323\u0331\u0335"
HARAKAT = "\u064b\u064e\u064f\u0650\u0651\u0652"
INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad\ufeff\u2063"
Way = Callable[[random.Random, str, str], str]


def _each(text: str, change: Callable[[str], str]) -> str:
    return "".join(change(one) for one in text)


def _some(draw: random.Random, text: str, change: Callable[[str], str], share: float) -> str:
    """Change a share of the characters, one at least, of those that `change` changes."""
    able = [place for place, one in enumerate(text) if change(one) != one]
    chosen = set(draw.sample(able, max(1, round(share * len(able))))) if able else set[int]()
    return "".join(change(one) if place in chosen else one for place, one in enumerate(text))


def look_alikes(draw: random.Random, text: str, script: str) -> str:
    table = ALIKE[script]
    return _some(draw, text, lambda one: draw.choice(table.get(one, one)), 0.5)


def fonts(draw: random.Random, text: str, script: str) -> str:
    """Letters of mathematics, full-width ones, small capitals; shapes within words for Arabic."""
    start = draw.choice([0x1D400, 0x1D434, 0x1D4D0, 0x1D5A0, 0x1D670, 0xFF21])
    if script == "Latin":
        step = 0xFF41 if start == 0xFF21 else start + 26
        drawn = _each(text, lambda one: chr(step + ord(one) - 97) if one.isalpha() else one)
        return drawn.replace("\U0001d455", "\u210e")  # the one italic that stands elsewhere
    if script == "Greek":
        bare = unicodedata.normalize("NFD", text)
        return _each(
            bare, lambda one: chr(0x1D6C2 + ord(one) - 0x3B1) if "α" <= one <= "ω" else one
        )
    if script == "Arabic":
        forms = [chr(code) for code in range(0xFE80, 0xFEFD)]
        shaped: dict[str, list[str]] = {}
        for form in forms:
            shaped.setdefault(unicodedata.normalize("NFKC", form), []).append(form)
        return _each(text, lambda one: draw.choice(shaped.get(one, [one])))
    return text


def invisible(draw: random.Random, text: str, _: str) -> str:
    return _each(text, lambda one: one + draw.choice(INVISIBLE) * draw.choice([0, 1, 1, 2]))


def spaced(draw: random.Random, text: str, _: str) -> str:
    """k i l l   t h e m"""
    gap = " " * draw.choice([1, 1, 2])
    return (gap + "  ").join(gap.join(word) for word in text.split())


def spaced_throughout(_draw: random.Random, text: str, _: str) -> str:
    """k i l l t h e m"""
    return " ".join(text.replace(" ", ""))


def punctuated(draw: random.Random, text: str, _: str) -> str:
    """k.i.l.l t.h.e.m"""
    mark = draw.choice([".", "-", "_", "*", "/", "·", "~", "|", ". ", "👏"])
    return " ".join(mark.join(word) for word in text.split())


def cut(draw: random.Random, text: str, _: str) -> str:
    """ki-ll them"""
    words = text.split()
    place = max(range(len(words)), key=lambda number: len(words[number]))
    at = draw.randint(1, len(words[place]) - 1)
    words[place] = words[place][:at] + draw.choice(".-_*/'·") + words[place][at:]
    return " ".join(words)


def joined_by(draw: random.Random, text: str, _: str) -> str:
    """kill_them"""
    return text.replace(" ", draw.choice(["_", "-", ".", " - ", ", ", "\n", "/"]))


def signs(draw: random.Random, text: str, script: str) -> str:
    table = SIGNS.get(script, {})
    bare = text if script != "Greek" else _without_marks(text)
    return _some(draw, bare, lambda one: draw.choice(table.get(one, one)), 0.6)


def marks(draw: random.Random, text: str, script: str) -> str:
    added = HARAKAT if script == "Arabic" else MARKS
    return _some(draw, text, lambda one: one + draw.choice(added) if one.isalpha() else one, 0.5)


def without_marks(_draw: random.Random, text: str, script: str) -> str:
    """The tonos left out, й and ё as и and е, hamza left out."""
    return _without_marks(text)


def _without_marks(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return "".join(one for one in apart if not unicodedata.combining(one))


def tatweel(draw: random.Random, text: str, script: str) -> str:
    if script != "Arabic":
        return text
    return _some(draw, text, lambda one: one + "ـ" * 2 if one.isalpha() else one, 0.4)


def stretched(draw: random.Random, text: str, _: str) -> str:
    place = draw.choice([place for place, one in enumerate(text) if one.isalpha()])
    return text[:place] + text[place] * draw.randint(3, 6) + text[place + 1 :]


def mixed_case(draw: random.Random, text: str, _: str) -> str:
    return _each(text, lambda one: draw.choice([one.upper(), one]))


def split_by_a_space(draw: random.Random, text: str, _: str) -> str:
    """ki ll"""
    place = draw.choice([p for p in range(2, len(text) - 1) if " " not in text[p - 1 : p + 1]])
    return text[:place] + " " + text[place:]


def run_together(_draw: random.Random, text: str, _: str) -> str:
    """#killthem"""
    return "#" + text.replace(" ", "") if " " in text else text


def camel_case(_draw: random.Random, text: str, _: str) -> str:
    """KillThem"""
    together = "".join(one[0].upper() + one[1:] for one in text.split())
    return together if " " in text and together.lower() != together else text


def three_at_once(draw: random.Random, text: str, script: str) -> str:
    """k.i.l.l  t h e m  thén"""
    first, *rest = text.split()
    if not rest or len(first) < 3:
        return text
    second = " ".join(rest[0])
    return "  ".join([".".join(first), second, *(marks(draw, one, script) for one in rest[1:])])


def two(first: Way, second: Way) -> Way:
    return lambda draw, text, script: second(draw, first(draw, text, script), script)


WAYS: dict[str, Way] = {
    "look-alikes": look_alikes,
    "fonts and shapes": fonts,
    "invisible characters": invisible,
    "spelled out, words apart": spaced,
    "spelled out, words not apart": spaced_throughout,
    "spelled out by punctuation": punctuated,
    "cut by punctuation": cut,
    "words joined by punctuation": joined_by,
    "digits and signs for letters": signs,
    "marks added": marks,
    "marks left out": without_marks,
    "tatweel": tatweel,
    "a letter stretched": stretched,
    "upper and lower case": mixed_case,
    "look-alikes, invisible": two(look_alikes, invisible),
    "signs, marks": two(signs, marks),
    "signs, stretched": two(signs, stretched),
    "look-alikes, punctuation": two(look_alikes, punctuated),
    "spelled out, marks": two(spaced, marks),
    "run together in a hashtag": run_together,
    "words in one, by capitals": camel_case,
    "three ways at once": three_at_once,
    "split by a space (not undone)": split_by_a_space,
}


def _in_html(draw: random.Random, text: str, _: str) -> str:
    """k<b>ill</b>&nbsp;<i>them</i>"""
    place = draw.randint(1, len(text) - 1)
    hidden = f"{text[:place]}<b>{text[place:]}</b>"
    return hidden.replace(" ", draw.choice(["&nbsp;", "<br>", "</b> <b>", "&#32;"]))


def _in_markdown(draw: random.Random, text: str, _: str) -> str:
    """k[ill](https://example.org) **them**"""
    place = draw.randint(1, len(text) - 1)
    return f"[{text[:place]}](https://example.org)**{text[place:]}**"


def _turned(_draw: random.Random, text: str, script: str) -> str:
    """U+202E and the text backwards; of Arabic, which is written so, U+202D."""
    apart = unicodedata.normalize("NFC", text)
    return ("\u202d" if script == "Arabic" else "\u202e") + apart[::-1] + "\u202c"


def _blanks(draw: random.Random, text: str, _: str) -> str:
    return text.replace(" ", draw.choice(["\u3164", "\uffa0", "\u2800", "\u115f"]))


SHOWN: dict[str, Way] = {
    "in HTML": _in_html,
    "in Markdown": _in_markdown,
    "turned by U+202E": _turned,
    "blanks for spaces": _blanks,
}
"""Ways that are undone before a text is searched: it is read as it is shown (`signals.readings`)."""


class Case(NamedTuple):
    """A phrase, hidden in text[start:end]."""

    script: str
    way: str
    phrase: str
    text: str
    start: int
    end: int


def generate(seed: int, rounds: int, ways: dict[str, Way] = WAYS) -> Iterator[Case]:
    """Each phrase in each way, in `rounds` sentences; none where a way changes nothing."""
    draw = random.Random(seed)
    for script, phrases in PHRASES.items():
        for way, change in ways.items():
            for phrase in phrases.split("|"):
                for _ in range(rounds):
                    if (hidden := change(draw, phrase, script)) != phrase:
                        before, _, after = draw.choice(SENTENCES[script]).partition("{}")
                        start, end = len(before), len(before) + len(hidden)
                        yield Case(script, way, phrase, before + hidden + after, start, end)


def recall(cases: list[Case]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Found and all, by script and way."""
    table, owners = PhraseTable(), {}
    for owner, phrase in enumerate({case.phrase for case in cases}):
        owners[phrase] = owner
        table.upsert(owner, skeleton(phrase).encode())
    found, of = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for case in cases:
        of[case.script, case.way] += 1
        views = (case.text, *(one.text for _, one in readings(Worded(case.text))))
        found[case.script, case.way] += any(
            owners[case.phrase] in table.search_owners(text) for text in views
        )
    return found, of


# -------------------------------------------------------------------------------- false matches


def texts() -> Iterator[tuple[str, str, list[str]]]:
    """Script, source and texts of what is at hand."""
    csv.field_size_limit(1 << 30)
    for source, path, column in (
        ("Wikinews articles", DATA / "text" / "wikinews_2019.csv", "text"),
        ("disaster messages", DATA / "tips" / "disaster_messages_dev.csv", "message"),
    ):
        if path.exists():
            with path.open() as file:
                yield "Latin", source, [row[column] for row in csv.DictReader(file)]
    crisis = DATA / "tips" / "crisislex_t26_dev.csv"
    if crisis.exists():
        with crisis.open() as file:
            rows = [row["text"] for row in csv.DictReader(file)]
        yield "Latin", "CrisisLex tweets", [text for text in rows if _is(text, "LATIN")]
        yield "Cyrillic", "CrisisLex tweets", [text for text in rows if _is(text, "CYRILLIC")]
    pages = sorted(PROSE.rglob("*.html"))
    for script in ("Arabic", "Cyrillic", "Greek"):
        if kept := _paragraphs(pages, script.upper()):
            yield script, "paragraphs of manuals", kept


def _is(text: str, script: str) -> bool:
    letters = [one for one in text if one.isalpha()]
    named = sum(unicodedata.name(one, "").startswith(script) for one in letters)
    return len(letters) >= 20 and named > 0.7 * len(letters)


def _paragraphs(pages: list[Path], script: str) -> list[str]:
    found: dict[str, None] = {}
    for page in pages:
        source = page.read_text("utf-8", "replace")
        for match in re.finditer(
            r'<(?:p\b|li\b|div class="para")[^>]*>(.*?)</(?:p|li|div)>', source, re.S
        ):
            text = " ".join(html.unescape(re.sub("<[^>]+>", "", match[1])).split())
            if len(text) > 60 and _is(text, script):
                found[text] = None
    kept = list(found)
    random.Random(3).shuffle(kept)
    return kept[:2500]


def _literal(text: str) -> str:
    """What is there to the letter, in either case: words and what stands between them."""
    return " " + re.sub(r"(?<=\w)(?=[^\w\s])|(?<=[^\w\s])(?=\w)", " ", text.casefold()) + " "


class Finds(NamedTuple):
    """What was found in `texts` with `words` words that is not there to the letter: what differs in
    punctuation or accents, and what was read by undoing more than that."""

    texts: int
    words: int
    near: list[tuple[str, str]]
    undone: list[tuple[str, str]]

    @property
    def others(self) -> int:
        """Finds in which other letters stand than those of the phrase, whatever is between them."""
        return sum(_letters(words) != _letters(skeleton(found)) for words, found in self.undone)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKD", text.casefold()))


def false_matches(contents: list[str], phrases: int, seed: int = 5) -> Finds:
    """Search all texts for words and pairs of words of theirs."""
    draw = random.Random(seed)
    pool: dict[str, None] = {}
    for text in contents:
        words = re.findall(r"[^\W_]+(?:[\u0300-\u036f\u0610-\u061a\u064b-\u065f][^\W_]*)*", text)
        pool.update(dict.fromkeys(words))
        pool.update(dict.fromkeys(f"{a} {b}" for a, b in pairwise(words)))
    able = [words for words in pool if 2 <= len(skeleton(words)) <= 200]
    single = [words for words in able if " " not in words]
    chosen = draw.sample(single, min(len(single), phrases // 2))
    pairs = [words for words in able if " " in words]
    chosen += draw.sample(pairs, min(len(pairs), phrases - len(chosen)))
    table, written = PhraseTable(), {}
    for words in chosen:
        written.setdefault(skeleton(words), set()).add(words.casefold())
    names = dict(enumerate(written))
    for owner, words in names.items():
        table.upsert(owner, words.encode())
    near: list[tuple[str, str]] = []
    undone: list[tuple[str, str]] = []
    views = [view for text in contents for view in (text, *_read(text))]
    for text in views:
        literal = f" {' '.join(_literal(text).split())} "
        stands = dense(plain(bare(text)))
        for owner, start, end in table.search(text):
            words = names[owner]
            if not any(f" {one} " in literal for one in written[words]):
                kind = near if bounded(words) in stands else undone
                kind.append((words, text[start:end]))
    return Finds(len(contents), sum(len(text.split()) for text in contents), near, undone)


def _read(text: str) -> list[str]:
    return [one.text for _, one in readings(Worded(text))]


def write_set() -> None:
    """A small set for the tests: lines of `[script, way, phrase, text, start, end]`."""
    cases = [case for case in generate(2, 1) if case.phrase in PHRASES[case.script].split("|")[:5]]
    lines = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    hidden = re.compile("[\xad\u0300-\u036f\u064b-\u0652\u200b-\u206f\ufeff]")
    SET.write_text(hidden.sub(lambda one: f"\\u{ord(one[0]):04x}", lines))


def main() -> None:
    if "--write-set" in sys.argv:
        write_set()
        return
    rounds = 3 if QUICK else 20
    found, of = recall([*generate(1, rounds), *generate(3, rounds, SHOWN)])
    lines = [
        _line(way, f"{script}, found", 100 * found[script, way] / times, "%", times)
        for way in (*WAYS, *SHOWN)
        for script in PHRASES
        if (times := of[script, way])
    ]
    contents = list(texts())
    others: list[report.Line] = []
    for script, source, one in (
        (*names, false_matches(all_, AS_PHRASES)) for *names, all_ in contents
    ):
        case = f"{source}, {script}"
        for metric, value in (
            ("texts", one.texts),
            ("words", one.words),
            ("other punctuation or accents", len(one.near)),
            ("undone", len(one.undone)),
            ("of these in other letters", one.others),
        ):
            others.append(_line(case, metric, value, "", one.texts))
        others.append(
            _line(
                case, "undone per 100,000 words", 1e5 * len(one.undone) / one.words, "", one.texts
            )
        )
        print(f"{case}: {Counter(one.undone).most_common(12)}", file=sys.stderr)
    for one in (*lines, *others):
        print(msgspec.json.encode(one).decode())
    if QUICK or len(contents) < SOURCES:
        return
    report.write("evasions", [*lines, *others])
    report.tabulate("evasions-recall", lines, "text.md")
    report.tabulate("evasions-false", others, "text.md")


def _line(case: str, metric: str, value: float, unit: str, n: int) -> report.Line:
    return report.Line("evasions", case, metric, value, unit, n, 1, report.machine())


if __name__ == "__main__":
    main()
