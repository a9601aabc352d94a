"""What a text adds to the one that stands for its cluster: so that no detail is lost when copies are shown as one.

A word counts as added if the representative has none that reads the same (`signals.fingerprints.normalise`), wherever
it stands; so does a symbol, a link or a mention. Of scripts without spaces a character counts as added unless it
stands there beside one of its neighbours here. Times, numbers and places are found by their shape, in any script as
far as that goes, each once; digits of a link or of somebody's name are neither. A place is a guess: a name after a
word for where something is, a street, coordinates.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import msgspec

from tidegate.signals.fingerprints.normalise import normalised


class Span(msgspec.Struct, frozen=True):
    """Of the member's text, text[start:end], counted in Unicode code points."""

    start: int
    end: int
    text: str


class Adds(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a text and not in the representative, each in the order of its places. A span of `text`
    is a run of added words; the others may lie within them."""

    text: list[Span]
    places: list[Span]
    times: list[Span]
    numbers: list[Span]


class _Word(NamedTuple):
    start: int
    end: int
    key: str  # what it must share with a word of the representative
    wide: bool


def adds(representative: str, member: str) -> Adds:
    """What `member` adds beyond `representative`. Pure; of the length of both."""
    known = _keys(list(_words(representative)))
    words = list(_words(member))
    is_new = [not (_own(words, place) & known) for place in range(len(words))]
    return Adds(
        text=list(_runs(member, words, is_new)),
        places=_beyond(_places(member), _places(representative)),
        times=_beyond(_times(member), _times(representative)),
        numbers=_beyond(_numbers(member), _numbers(representative)),
    )


# ------------------------------------------------------------------------------------------- words


@lru_cache(maxsize=1)
def _tokens() -> re.Pattern[str]:
    marks = _class("M")
    return re.compile(
        rf"(?P<retweet>\A(?:\s*rt\s+@\w+:?)+)|(?P<link>https?://\S+|www\.\S+)|(?P<name>[@#]?\w(?:[\w{marks}'’]*[\w{marks}])?)"
        r"|(?P<symbol>[^\w\s])",
        re.IGNORECASE,
    )


def _class(category: str) -> str:
    """The characters of a category as ranges of a pattern's class."""
    ranges: list[list[int]] = []
    for code in range(0x20000):
        if unicodedata.category(chr(code))[0] == category:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def _words(text: str) -> Iterator[_Word]:
    """What counts of a text: words, links, mentions and symbols; of ideographs each by itself."""
    for match in _tokens().finditer(text):
        if match.lastgroup == "retweet":
            continue
        if match.lastgroup == "symbol" and unicodedata.category(match[0])[0] != "S":
            continue
        if match.lastgroup == "link":
            yield _Word(match.start(), match.end(), match[0], False)
            continue
        start = match.start()
        for piece in _pieces(match[0]):
            wide = bool(_WIDE.match(piece))
            if key := normalised(piece).lstrip("#").replace("'", ""):
                yield _Word(start, start + len(piece), key, wide)
            start += len(piece)


_WIDE = re.compile("[\u2e80-\u2fff\u3005-\ua4cf\ua960-\ua97f\uac00-\ufaff\U00020000-\U0003ffff]")


def _pieces(word: str) -> Iterator[str]:
    """A word as it is, or where there are ideographs in it, each of them and what lies between."""
    at = 0
    for match in _WIDE.finditer(word):
        if match.start() > at:
            yield word[at : match.start()]
        yield match[0]
        at = match.end()
    if at < len(word):
        yield word[at:]


def _own(words: list[_Word], place: int) -> set[str]:
    """The keys by which a word is known: its own, or of an ideograph those with its neighbours."""
    word = words[place]
    if not word.wide:
        return {word.key}
    keys: set[str] = set()
    for first in (place - 1, place):
        pair = words[max(first, 0) : first + 2]
        if len(pair) == 2 and pair[0].wide and pair[1].wide and pair[0].end == pair[1].start:
            keys.add(pair[0].key + pair[1].key)
    return keys or {word.key}


def _keys(words: list[_Word]) -> set[str]:
    keys = {word.key for word in words}
    for place in range(len(words)):
        keys |= _own(words, place)
    return keys


def _runs(text: str, words: list[_Word], is_new: list[bool]) -> Iterator[Span]:
    """Added words, those that follow one another together."""
    start = end = -1
    for word, new in zip(words, is_new, strict=True):
        if new:
            start, end = (word.start if start < 0 else start), word.end
        elif start >= 0:
            yield Span(start, end, text[start:end])
            start = -1
    if start >= 0:
        yield Span(start, end, text[start:end])


# ------------------------------------------------------------------------------------------ shapes


def _beyond(found: list[Span], known: list[Span]) -> list[Span]:
    said = {normalised(one.text) for one in known}
    first: dict[str, Span] = {}
    for one in found:
        first.setdefault(normalised(one.text), one)
    return [one for said_as, one in first.items() if said_as not in said]


def _numbers(text: str) -> list[Span]:
    return [Span(*match.span(), match[0]) for match in _NUMBER.finditer(_without_names(text))]


def _times(text: str) -> list[Span]:
    return [Span(*match.span(), match[0]) for match in _TIME.finditer(_without_names(text))]


def _without_names(text: str) -> str:
    """A text with blanks for its links and mentions, as long as before."""
    return _NAMED.sub(lambda match: " " * len(match[0]), text)


def _places(text: str) -> list[Span]:
    found = [Span(*match.span(), match[0]) for match in _STREET.finditer(text)]
    found += [Span(*match.span(1), match[1]) for match in _AFTER_ARABIC.finditer(text)]
    for match in _AFTER.finditer(text):
        end = match.start(1)
        for word in _NAME.finditer(text, *match.span(1)):
            if not word[0][0].isupper():
                break
            end = word.end()
        if end > match.start(1):
            found.append(Span(match.start(1), end, text[match.start(1) : end]))
    longest = {one.start: one for one in sorted(found, key=lambda one: one.end)}
    return [longest[start] for start in sorted(longest)]


_NAMED = re.compile(
    r"https?://\S+|www\.\S+|(?<![\w@])@\w+|(?<![\w.])(?:[\w\-]+\.)+[a-z]{2,}/\S*", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:[.,:/\-\u066b\u066c]\d+)*")
_DAYS = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|tonight|tomorrow|yesterday|noon|midnight"
    "|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|heute|morgen|gestern|mittag|mitternacht"
    "|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|aujourd'hui|demain|hier|midi|minuit"
    "|الاثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت|الأحد|اليوم|غدا|غداً|أمس|الليلة"
)
_TIME = re.compile(
    r"(?<!\w)(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
    r"|\d{1,2}[:h]\d{2}(?!\d)(?:\s?(?:[ap]\.?m\b\.?|uhr\b))?|\d{1,2}(?:\.\d{2})?\s?(?:[ap]\.?m\b\.?|uhr\b|h\b)"
    rf"|(?:{_DAYS})(?!\w))",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"(?<!\w)(?:[^\W\d_]+(?:straße|strasse|platz|weg|allee)(?:\s+\d+\w?)?(?!\w)"
    r"|\d+\s+[^\W\d_]+(?:\s[^\W\d_]+)?\s(?:street|road|avenue)\b|-?\d{1,2}\.\d{3,},\s?-?\d{1,3}\.\d{3,})",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_][\w'’\-]*")
_AFTER = re.compile(
    r"(?<!\w)(?i:in|at|near|from|to|outside|around|bei|nach|aus|vor|à|au|aux|en|chez|vers)\s+"
    rf"(?:(?i:the|der|die|das|dem|den|la|le|les)\s+)?({_NAME.pattern}(?:\s+{_NAME.pattern}){{0,3}})"
)
_AFTER_ARABIC = re.compile(r"(?<!\w)(?:في|قرب|عند|إلى)\s+(\w+)")
