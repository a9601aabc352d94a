"""Which words of a text are hosts: those whose last label is a top-level domain that there is.

"end.Then" is none, for nobody can register `then`. Of prose without spaces after its full stops some
still looks like one ("it.is"): such a word is looked up, and found only where a bank has that very name.
"""

import re
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from tidegate.signals.fingerprints.skeleton import UNSPACED

# Beside the public ones: those set apart for use and for examples (RFC 2606, 6761, 7686, 9476), and those
# of other roots that people post.
_OTHER_ROOTS = ("alt", "bit", "crypto", "eth", "i2p", "loki", "onion")
_SET_APART = frozenset([*_OTHER_ROOTS, "example", "internal", "invalid", "local", "test"])
_MAX_HOST = 253
NAME = re.compile(r"\w[\w-]*(?:\.[\w-]+)+")
"""A word with dots in it."""

_UNSPACED = re.compile(UNSPACED)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=8192)
def is_top_level(label: str) -> bool:
    """Whether hosts end so."""
    return label in _SET_APART or _suffixes().publicsuffix(label) is not None


def is_host(word: str) -> bool:
    """Whether a word of two labels or more is the name of a host, or an address of four numbers."""
    labels = word.rstrip(".").split(".")
    if len(labels) < 2 or len(word) > _MAX_HOST or not all(labels):
        return False
    if labels[-1].isdecimal():
        numbers = [label for label in labels if label.isascii() and label.isdecimal()]
        return len(numbers) == len(labels) == 4 and all(int(one[:4]) < 256 for one in numbers)
    return is_top_level(labels[-1].lower())


def is_prose(word: str) -> bool:
    """Whether a word is rather the end of a sentence with the next one's first word: "end.So". Who writes
    a host in capitals writes all of it so."""
    last = word.rpartition(".")[2]
    return last != last.lower() and word != word.upper()


def unspaced(word: str) -> re.Match[str] | None:
    """The first letter of a script whose words are not set apart, from which an address in ASCII may
    have to be told."""
    return None if word.isascii() else _UNSPACED.search(word)
