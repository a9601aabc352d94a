"""What a text is found by: its words, and how a needle is looked for in it. Pure.

A text is read as its skeleton: without markup, case, marks on letters and look-alikes, a space between
two words. Scripts that set no words apart (Chinese, Japanese, Thai, …), Korean, and pictographs are cut
into single signs and pairs of neighbours: whatever is looked for in them is found anywhere. No word is
brought to a stem and no compound is taken apart: "Brandsatz" is not found by "Brand".

A *needle* is a word or a phrase that somebody looks for, as a skeleton. It is found where its words stand
side by side; between such as set no words apart, where its signs do.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from tidegate.content.model import Worded
from tidegate.infra.digests import mac
from tidegate.signals.fingerprints.seen import seen
from tidegate.signals.fingerprints.skeleton import FREE, bounded, skeleton

MADE_BY = 1
"""Raised when texts are read otherwise than before: all terms are made anew then."""

STRETCH = 1 << 13
"""Numbers in a row whose terms are made with the same salt."""

_FREE = re.compile(f"[{FREE}]")
_LONGEST = 64  # letters of a word that count: what is longer is no word
_PURPOSE = b"words\n"


def skeleton_of(worded: Worded | None) -> str:
    """What is looked for in a text, between two spaces; " " where there is no text."""
    return f" {skeleton(seen(*worded).text)} " if worded else " "


def pieces(skeleton: str) -> set[str]:
    """What a text is found by, given its skeleton."""
    found: set[str] = set()
    for word in skeleton.split():
        if _FREE.search(word):
            found.update(f"={sign}" for sign in word)
            found |= _pairs(word)
        else:
            found.add(word[:_LONGEST])
    return found


def needed(needle: str) -> set[str]:
    """The pieces that each text has that holds this needle."""
    found: set[str] = set()
    for word in needle.split():
        if _FREE.search(word):
            found |= _pairs(word) or {f"={word}"}
        else:
            found.add(word[:_LONGEST])
    return found


def is_plain(needle: str) -> bool:
    """Whether each text that has the pieces of this needle holds it."""
    signs = len(_FREE.findall(needle))
    if " " in needle or signs not in (0, len(needle)):
        return False
    return len(needle) <= (2 if signs else _LONGEST)


def _pairs(word: str) -> set[str]:
    return {f"={one}{other}" for one, other in pairwise(word)}


def holds(skeleton: str, needle: str) -> bool:
    """Whether a text, by its skeleton between two spaces, holds a needle."""
    return bounded(needle) in skeleton


def of_language(tag: str) -> set[str]:
    """What items in a language are found by: the language with its variety, and without it."""
    lowered = tag.lower()
    return {f"lang {lowered}", f"lang {lowered.partition('-')[0]}"} if tag else set()


def of_platform(platform: str) -> str:
    """What the items of a platform are found by."""
    return f"platform {platform}"


def stretch_of(number: int) -> int:
    """Which stretch a number lies in."""
    return number // STRETCH


@lru_cache(maxsize=1 << 15)  # most words of a text were in others just now
def term(key: bytes, stretch: int, said: str) -> int:
    """64 bits in place of a piece, or of a fact (which has a space in it, as no piece does), under the
    instance's `key`: of one word others in each stretch."""
    digest = mac(key, _PURPOSE + stretch.to_bytes(8) + said.encode("utf-8", "replace"))
    return int.from_bytes(digest[:8], signed=True)


def terms(key: bytes, number: int, said: Iterable[str]) -> list[int]:
    """The terms of what has this number, sorted."""
    stretch = stretch_of(number)
    return sorted({term(key, stretch, one) for one in said})
