"""A text as words with their places, once as it stands and once for each way in which words may be hidden.
Pure.

`signals.fingerprints.evasion` says what may be hidden how; here its readings become words, each with where it
lies in the text as it was sent.
"""

import re
from bisect import bisect_right
from typing import NamedTuple

from tidegate.intake.threats.lexicon import MASK, Lexicon
from tidegate.signals.fingerprints.evasion import as_it_stands, readings, spelled_out
from tidegate.signals.fingerprints.quick import AnyOf
from tidegate.signals.fingerprints.skeleton import FREE, bare, bare_with_offsets

APART = 50
"""How far sentences lie apart in the places of words: more than any gap between two words of a phrase."""

_REACH = 200
_LINK = re.compile(r"\bhttps?://[^\s<>\"'«»]+", re.I)
_TO = re.compile(r"^[ \t]*(?:rt[ \t]+@\w{1,50}[ \t]*:?|(?:@\w{1,50}[,:]?[ \t]+)+)", re.I | re.M)
_STARS = AnyOf("*#%")
_WORD = re.compile("[^ ]+")
_FREE_WORD = re.compile(f"[{FREE}]|[^{FREE}]+")
_HAS_FREE = re.compile(f"[{FREE}]")
_MASKED = re.compile(r"(?<=[^\W\d_])[*#%]{1,4}(?=[^\W\d_])|(?<=[^\W_][^\W_])[*]{1,2}(?![\w*])")
_SENTENCE = re.compile(  # begins with what is rare, so that a search passes quickly over the rest
    r"[.!?؟。…‼\n\u2028\u2029](?:(?<=\w\w[.!?؟。…‼])[.!?؟。…‼]*[\"'»”’)\]]*(?=\s|$)"
    r"|(?<=[!?؟])[!?؟]+|(?<=\n)(?![a-zß-öø-ÿ])\s*|(?<=[\u2028\u2029]))"
)


class Spot(NamedTuple):
    """A word of packs in a text: its slots, its place among the words (those of two sentences lie far apart),
    where it lies in the text, and in which of its sentences."""

    slots: tuple[int, ...]
    place: int
    start: int
    end: int
    sentence: int


def read(text: str) -> list[str]:
    """A text's readings, marked (`evasion.Reading`): as it stands, then those in which something hidden is
    undone. A place in each is that place in the bare text."""
    bare_text = bare(without_links(text))
    plainly = as_it_stands(bare_text)
    marked = [plainly.marked]
    lonely = spelled_out(bare_text, plainly)
    marked += (one.marked for one in readings(bare_text, plainly, _REACH, lonely))
    if _STARS.within(bare_text):
        starred = _MASKED.sub(lambda match: MASK * len(match[0]), bare_text)
        if starred != bare_text:
            marked.append(as_it_stands(starred).marked)
    return list(dict.fromkeys(marked))


def words_of(marked: str) -> list[str]:
    """The words of a marked text, with their NULs."""
    words = marked.split()
    if marked.isascii() or not _HAS_FREE.search(marked):
        return words
    return [one for word in words for one in _FREE_WORD.findall(word)]


def without_links(text: str) -> str:
    """A text with nothing in place of the addresses of pages, and of the names that it is passed on or answered to,
    as long as it was: they have words of their own that nobody said."""
    if "://" in text:
        text = _LINK.sub(_nothing, text)
    return _TO.sub(_nothing, text) if "@" in text else text


def _nothing(match: re.Match[str]) -> str:
    return " " * len(match[0])


def sentence_ends(text: str) -> list[int]:
    """Where the sentences of a text end."""
    return [match.end() for match in _SENTENCE.finditer(text)]


class Places:
    """Where the words of text[start:end] lie in the text, and in which of the sentences that `ends` part."""

    def __init__(self, text: str, start: int, end: int, ends: list[int]) -> None:
        self._offsets = bare_with_offsets(without_links(text[start:end]))
        self._start = start
        self._ends = ends

    def spots(self, marked: str, lexicon: Lexicon) -> list[Spot]:
        """The words of packs in a reading, in order."""
        found: list[Spot] = []
        place = 0
        for match in _WORD.finditer(marked):
            for start, end in _parts(match[0]):
                whole = match[0][start:end]
                word, left, pieces = lexicon.tokens[whole]
                if not pieces:
                    place += bool(word)
                    continue
                begin = match.start() + start
                at = [begin + n for n, one in enumerate(whole) if one != "\0"][left:]
                sentence = bisect_right(self._ends, self._start + self._offsets.offsets[at[0]])
                for piece in pieces:
                    last = min(piece.end, len(at)) - 1
                    first, after = self._offsets.span(at[piece.start], at[last] + 1)
                    found.append(
                        Spot(
                            piece.slots,
                            place + sentence * APART,
                            self._start + first,
                            self._start + after,
                            sentence,
                        )
                    )
                    place += 1
        return found


def _parts(word: str) -> list[tuple[int, int]]:
    """A word, or each pictograph and syllable of its own where scripts set none apart."""
    if word.isascii() or not _HAS_FREE.search(word):
        return [(0, len(word))]
    return [match.span() for match in _FREE_WORD.finditer(word)]
