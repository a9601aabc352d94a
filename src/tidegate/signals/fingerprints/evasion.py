"""Evasions undone: letters spelled out or cut apart, digits and signs for letters, stretched letters.

Between `skeleton` and `index.phrases`. A bare text has up to three readings beside the plain one:
with its signs; with what was spelled out ("k i l l", "k.i.l.l") or cut ("ki-ll") joined; and what
was spelled out alone, where the ends of words cannot be seen. Each is a marked
text: as long as the bare one, NUL where something was cut, so that places in it are places there.

Which letter a sign stands for is open ("1" is i or l), and so is how often a stretched one counts.
So readings and phrases are compared by a coarse *key*, without repetitions and with one letter for
all that may be taken for one another; `reads_as` then settles each find, strictly. What is undone
must not make words of innocent ones: letters are joined only where three or more stand alone with
the same separator, or where marks without a space cut a word; a sign reads as a letter only among
enough letters ("4tt4ck", not "1st" or "2024"); "goood" is good, but "good" is not god.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints.skeleton import UNSPACED, bounded, plain

# What stands between two letters: all punctuation and pictographs, not the marks of any script.
_BETWEEN = (
    "\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\xa1-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7"
    "\u055a-\u055f\u0589\u05be\u05c0\u05f3\u05f4\u0609-\u060f\u061b-\u061f\u066a-\u066d\u06d4"
    "\u2010-\u206f\u2190-\u2bff\u2e00-\u2e7f\u3001-\u3003\u3008-\u3020\U0001f000-\U0001faff"
)
_SIGNS = "@$€!|+"
_LETTER, _WORD = r"[^\W\d_]", r"[^\W_]"
# Each begins with what is rare, so that a search passes quickly over the rest.
_THREE_ALONE = re.compile(r" \S \S \S ")
_LONELY = re.compile(
    rf"(?<!{_WORD}){_WORD}(?=([\s{_BETWEEN}]{{1,3}}){_WORD})(?:\1{_WORD}){{2,}}(?!{_WORD})"
)
_CUT = re.compile(rf"[{_BETWEEN}](?<=(?![{_SIGNS}]).)(?<={_LETTER}.)[{_BETWEEN}]?(?={_LETTER})")
_CUT_UNSPACED = re.compile(rf"[\s{_BETWEEN}](?<={UNSPACED}.)[\s{_BETWEEN}]{{0,2}}(?={UNSPACED})")
_SIGN = re.compile(
    rf"[{_SIGNS}](?<={_WORD}.)[{_SIGNS}]?(?={_WORD})"
    rf"|[@$€](?<!\S.)[@$€]?(?={_WORD})|[@$€](?<={_WORD}.)[@$€]?(?!\S)"
)
_DIGIT_IN_WORD = re.compile(rf"[0-9](?:(?<={_LETTER}.)|(?={_LETTER}))")
_TO_INNER = {ord(sign): chr(number) for number, sign in enumerate(_SIGNS, 1)}  # no text has these

_READS = {
    **dict(zip("\x01\x02\x03\x04\x05\x06", ("a", "s", "e", "il", "il", "t"), strict=True)),
    **{"0": "o", "1": "il", "2": "z", "3": "eз", "4": "aч", "5": "s", "6": "bб"},
    **{"7": "t", "8": "bθ", "9": "gя", "σ": "o"},
}
"""The letters, in the bare form, that a sign may stand for."""


def _classes() -> dict[int, str]:
    """For each character the one that stands in keys for all that may be taken for it."""
    first: dict[str, str] = {}
    for sign, letters in _READS.items():
        group = {first.get(one, one) for one in (*letters, sign)}
        chosen = min(group - _READS.keys())
        for one in {*first, *letters, sign}:
            if first.get(one, one) in group:
                first[one] = chosen
    return {ord(one): chosen for one, chosen in first.items()}


_CLASSES = _classes()
_UNCERTAIN = re.compile("[σ\x01-\x06]")
_OPEN = re.compile(r"[0-9σ\x01-\x06]|([^ ])\1\1")


class Reading(NamedTuple):
    """A marked text, and whether the ends of its words can be seen."""

    marked: str
    spelled: bool = False


class Key(NamedTuple):
    """The coarse form of a dense text: `text[i]` is the run that begins at `starts[i]` there."""

    text: str
    starts: NDArray[np.intp]


def key(dense_text: str) -> Key:
    """The key of a dense text, which may hold signs."""
    codes = np.frombuffer(dense_text.encode("utf-32-le"), np.uint32)
    new = np.ones(len(codes), np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=new[1:])
    starts = np.flatnonzero(new)
    return Key(codes[starts].tobytes().decode("utf-32-le").translate(_CLASSES), starts)


def readings(bare_text: str, plain_text: str) -> Iterator[Reading]:
    """The readings of a bare text in which a phrase may be found that is not in its plain one,
    `plain_text`, which is dense."""
    marked = _marked(bare_text)
    if _DIGIT_IN_WORD.search(marked) or _UNCERTAIN.search(marked) or _stretched(plain_text):
        yield Reading(marked)
    lonely: list[tuple[int, int]] = []
    if _THREE_ALONE.search(plain_text):
        lonely = [match.span() for match in _LONELY.finditer(bare_text)]
    joined = _CUT.sub(_nuls, _joined(bare_text, lonely, lambda rest: rest))
    if not joined.isascii():
        joined = _CUT_UNSPACED.sub(_nuls, joined)
    if joined != bare_text:
        yield Reading(_marked(joined))
    if lonely:
        spelled = _joined(bare_text, lonely, lambda rest: " " * len(rest))
        yield Reading(_marked(spelled), spelled=True)


def _marked(text: str) -> str:
    if any(sign in text for sign in _SIGNS):
        text = _SIGN.sub(lambda match: match[0].translate(_TO_INNER), text)
    return plain(text)


def _stretched(dense_text: str) -> bool:
    codes = np.frombuffer(dense_text.encode("utf-32-le"), np.uint32)
    repeated = codes[1:] == codes[:-1]
    return bool((repeated[1:] & repeated[:-1]).any())


def _nuls(match: re.Match[str]) -> str:
    return "\0" * len(match[0])


def _joined(text: str, lonely: list[tuple[int, int]], beside: Callable[[str], str]) -> str:
    """`text` with what separates lonely letters cut out, and `beside` of all else."""
    pieces: list[str] = []
    last = 0
    for start, end in lonely:
        pieces.append(beside(text[last:start]))
        pieces += (one if one.isalnum() else "\0" for one in text[start:end])
        last = end
    return "".join((*pieces, beside(text[last:])))


MIN_INSIDE = 6
"""Letters that a phrase must have to be found amid others that were spelled out with it."""


def spelled_form(words: str) -> str:
    """A phrase as `spelled` readings have it."""
    glued = words.replace(" ", "")
    return glued if len(glued) >= MIN_INSIDE else bounded(glued)


def reads_as(found: str, phrase: str) -> bool:
    """Whether `found`, of the same key, may be read as `phrase`; both dense, with their spaces."""
    if found == phrase or not _OPEN.search(found):
        return found == phrase
    word: list[tuple[bool, int]] = []  # whether a letter stands for itself, and how often
    for (got, times), (wanted, least) in zip(_runs(found), _runs(phrase), strict=True):
        if times != least and (times < 3 or times < least):
            return False
        if wanted == " ":
            if not _legible(word):
                return False
            word = []
        elif got == wanted or wanted in _READS.get(got, ""):
            word.append((got == wanted, least))
        else:
            return False
    return _legible(word)


def _legible(word: list[tuple[bool, int]]) -> bool:
    """Whether enough letters stand for themselves that signs among them read as letters."""
    signs = sum(times for literal, times in word if not literal)
    letters = sum(times for literal, times in word if literal)
    enclosed = all(literal for literal, _ in (*word[:1], *word[-1:]))
    return not signs or (signs <= letters and letters >= (2 if enclosed else 3))


def _runs(text: str) -> list[tuple[str, int]]:
    return [(character, len(list(run))) for character, run in groupby(text)]
