"""The short codes under which reporters find their reports again, made to be read out on a telephone. Pure.

Eleven symbols in groups, `K7QF-3MRT-XCP`: ten are drawn, some 45 bits, and the last one checks them. Of
what looks alike or sounds alike one symbol is left at most, and without most vowels no word comes about. The
weights are the places, modulo 23, which is prime: one wrong symbol, or two that changed places, always show.
"""

import hashlib
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from operator import mul

from tidegate.infra.digests import keyed
from tidegate.infra.errors import Refusal

SYMBOLS = "23456789CDFHJKMPQRTVWXY"
DRAWN = 10
LENGTH = DRAWN + 1
_GROUPS = (0, 4, 8, LENGTH)
_BASE = len(SYMBOLS)
_ALL = _BASE**DRAWN
_PLACES = range(1, LENGTH)
_INVERSE = pow(LENGTH, -1, _BASE)
_VALUES = {symbol: value for value, symbol in enumerate(SYMBOLS)}
# What somebody may have read or heard in the place of a symbol, where that can be no other.
_MEANT = {"S": "5", "Z": "2", "B": "8", "G": "6", "U": "V", "N": "M"}
_BETWEEN = frozenset("-_./:,'")
_LONGEST = 200  # what is longer is no code, however it is written

Below = Callable[[int], int]
"""A source of chance: a number below another one, as `secrets.randbelow` gives it."""


def draw(below: Below) -> str:
    """A new code, grouped."""
    rest = below(_ALL)
    drawn: list[int] = []
    for _ in range(DRAWN):
        rest, value = divmod(rest, _BASE)
        drawn.append(value)
    return _grouped("".join(SYMBOLS[value] for value in [*drawn, _check(drawn)]))


def read_reference(text: str) -> str:
    """A code as it was typed, as it is kept: small letters, spaces, missing or other dashes and the digits
    of any script are read, and look-alikes of what a code can have. Raises Refusal (422) "mistyped"."""
    symbols = _symbols(text) if len(text) <= _LONGEST else ""
    if strange := [one for one in dict.fromkeys(symbols) if one not in _VALUES]:
        named = " ".join(one if one.isprintable() else "?" for one in strange[:4])
        raise _mistyped(
            f"It has {named}, and no code has that. Codes have the digits 2 to 9 and the"
            f" letters {' '.join(SYMBOLS[8:])}."
        )
    if len(symbols) != LENGTH:
        raise _mistyped(
            f"A code has {LENGTH} letters and digits, as in {_EXAMPLE}; this has {len(symbols)}."
        )
    values = [_VALUES[symbol] for symbol in symbols]
    if values[-1] != _check(values[:-1]):
        raise _mistyped(
            "Its last letter or digit does not fit the others: one is wrong, or two have changed places."
            " Compare it with what you were given."
        )
    return _grouped(symbols)


def reference_key(key: bytes, code: str) -> bytes:
    """What a code, as `draw` and `read_reference` give it, is found by. `key`: the instance's."""
    return keyed(key, "reference", hashlib.sha256(code.encode()).digest())


def _symbols(text: str) -> str:
    """What was typed without what stands between, in the letters of codes as far as it can be."""
    found: list[str] = []
    for sign in unicodedata.normalize("NFKC", text).upper():
        if sign in _BETWEEN or unicodedata.category(sign) in ("Pd", "Zs", "Cf", "Cc"):
            continue
        digit = unicodedata.decimal(sign, None)
        found.append(_MEANT.get(sign, sign) if digit is None else str(digit))
    return "".join(found)


def _check(values: list[int]) -> int:
    """The value that makes the sum of all, each times its place from 1, a multiple of the base."""
    return -sum(map(mul, values, _PLACES)) * _INVERSE % _BASE


def _grouped(symbols: str) -> str:
    return "-".join(symbols[a:b] for a, b in pairwise(_GROUPS))


def _mistyped(detail: str) -> Refusal:
    return Refusal("mistyped", 422, "The code was not written as it was given", detail)


_EXAMPLE = _grouped(f"K7QF3MRTXC{SYMBOLS[_check([_VALUES[one] for one in 'K7QF3MRTXC'])]}")
