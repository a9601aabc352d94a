"""Words written in one: how a phrase looks in a hashtag, and how a text looks that was written so.

`#ToppleTheTurbine` shows by its capitals where words begin, in a hashtag or without the sign: `apart` sets
them apart. `#toppletheturbine` does not: then the phrase itself, without its spaces, is looked for (`forms`),
as a whole word, never inside a longer one. Short ones may be a word by themselves ("the rapist"), so they
are looked for in hashtags alone, or not at all.
"""

import re
from array import array
from collections.abc import Container, Iterator, Sequence
from itertools import combinations, pairwise
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from tidegate.signals.fingerprints.quick import Follows
from tidegate.signals.fingerprints.seen import Seen

MIN_TAG = 6
"""Letters that a phrase must have to be found run together in a hashtag."""

MIN_TOGETHER = {2: 10, 3: 9}
"""Letters that one of two words, or of three and more, must have to be found run together anywhere. Of fewer
there are many that are a word of another meaning ("to get her")."""


MIN_PIECE = 7
"""Letters of some words of a phrase run together, beside a word of four or more that stands apart."""
_MOST_PARTS = 6


class Form(NamedTuple):
    """A way to write a phrase. `tag`: it counts as one in a hashtag only."""

    words: str
    tag: bool = False


def forms(words: str) -> list[Form]:
    """The ways in which a phrase is looked for, the phrase itself among them. Where it was written with
    U+200C, as Persian is, that may be nothing or a space."""
    found: list[Form] = []
    if not words.isascii():
        jointed = _AFFIX.sub(NON_JOINER, words)
        found = [Form(jointed.replace(NON_JOINER, other)) for other in (" ", "")]
    split = words.replace(NON_JOINER, " ")
    found = list(dict.fromkeys([Form(split), *found]))
    parts = split.split()
    together = "".join(parts)
    several = len(parts) > 2 or (len(parts) == 2 and min(map(len, parts)) > 1)
    if several and Form(together) not in found and together.isalnum() and len(together) >= MIN_TAG:
        anywhere = len(together) >= MIN_TOGETHER[min(3, len(parts))]
        found.append(Form(together, tag=not anywhere))
    if 2 < len(parts) <= _MOST_PARTS and together.isalnum():
        found += [Form(words) for words in _in_part(parts)]
    return list(dict.fromkeys(found))


def _in_part(parts: Sequence[str]) -> Iterator[str]:
    """A phrase with some neighbouring words in one, where what is left tells which phrase it is."""
    for start, end in combinations(range(len(parts) + 1), 2):
        run, rest = parts[start:end], (*parts[:start], *parts[end:])
        if len(run) > 1 and len("".join(run)) >= MIN_PIECE and max(map(len, rest), default=0) > 3:
            yield " ".join((*parts[:start], "".join(run), *parts[end:]))


NON_JOINER = "\u200c"

# Persian parts that are written with it, with a space, or joined, as the writer likes: the prefixes of verbs,
# and endings of the plural and of comparison, as skeletons have them.
_AFFIX = re.compile(r"(?:(?<=\bمى)|(?<=\bنمى)) ?(?=\w{2})|(?<=\w\w) ?(?=(?:ها|هاى|هاىى|تر|ترىن)\b)")

_UPPER, _LOWER = "A-ZÀ-ÖØ-ÞΑ-ΩЀ-Я", "a-zß-öø-ÿα-ωа-џ"
_ASCII_INNER = Follows(ascii_lowercase, ascii_uppercase)
_INNER = re.compile(rf"[{_UPPER}](?<=[{_LOWER}].)")
_SEAM = re.compile(rf"(?<=[{_LOWER}])(?=[{_UPPER}])|(?<=[{_UPPER}])(?=[{_UPPER}][{_LOWER}])")
_SEAM_IN_TAG = re.compile(rf"{_SEAM.pattern}|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_PARTS = re.compile(rf"{_SEAM.pattern}|\d+")
_NUMBERED_TAG = re.compile(r"[#＃]\w*[^\W\d_](?=\d)")
_OF_ADDRESS = frozenset("/@=&%")
_TAG = re.compile(r"[#＃]\w*\Z")
_LONGEST = 150  # characters of a hashtag


def has_seams(text: str) -> bool:
    """Whether a capital follows a small letter anywhere, or a number the words of a hashtag; cheap."""
    inner = _ASCII_INNER.within(text) if text.isascii() else _INNER.search(text) is not None
    return inner or (("#" in text or "＃" in text) and _NUMBERED_TAG.search(text) is not None)


def apart(text: str, reach: int, words: Container[str]) -> Seen | None:
    """The words of `text` that are written in one with capitals set apart, as far around them as a phrase
    of `reach` characters could lie; None where there are none. `words`: those that phrases have; where no part
    is one of them, nothing is worth setting apart."""
    tokens = list(_tokens(text))
    if not any(
        part.lower() in words or not part.isascii()
        for start, end in tokens
        for part in _PARTS.split(text[start:end])
    ):
        return None
    places: list[int] = []
    for start, end in tokens:
        seams = _SEAM_IN_TAG if is_tag(text, start + 1) else _SEAM
        places += [start + seam.start() for seam in seams.finditer(text[start:end])]
    start = max(0, text.rfind(" ", 0, max(0, places[0] - 2 * reach)))
    end = text.find(" ", places[-1] + 2 * reach)
    cuts = [start, *places, len(text) if end < 0 else end]
    starts, ends = array("l"), array("l")
    for first, last in pairwise(cuts):
        starts.extend(range(first, last))
        ends.extend(range(first + 1, last + 1))
        starts.append(last)  # of the space
        ends.append(last)
    pieces = [text[first:last] for first, last in pairwise(cuts)]
    return Seen(" ".join(pieces), starts[:-1], ends[:-1])


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    """Where words lie that have a capital after a small letter, or are a hashtag with a number behind it,
    and are no part of an address."""
    end = 0
    seams = [seam.start() for seam in _INNER.finditer(text)]
    seams += [tag.end() - 1 for tag in _NUMBERED_TAG.finditer(text)]
    for start in sorted(seams):
        if start < end:
            continue
        end = start + 1
        while start and text[start - 1].isalnum():
            start -= 1
        while end < len(text) and text[end].isalnum():
            end += 1
        if text[start - 1 : start] not in _OF_ADDRESS and text[end : end + 1] not in ("/", "@"):
            yield start, end


def is_tag(text: str, place: int) -> bool:
    """Whether text[:place] ends within a hashtag."""
    return _TAG.search(text[max(0, place - _LONGEST) : place]) is not None
