"""What 64 hex digits are that do not say so: codes of pictures, or digests.

A PDQ code sets the bits above the median of its 256 coefficients: 128, but where coefficients are
equal. A digest's bits are fair coins: their number scatters, with a standard deviation of 8. Each
code that is looked at makes the one or the other so many times more likely. By the odds that are asked
for, of a thousand lists of digests at most one would be taken for PDQ, however long or short they are.
"""

import math
from collections.abc import Iterable

ODDS = math.log(1000)
"""What speaks for PDQ must be so much (and against it, the other way round)."""

WORST = 50
"""Of a lower quality a code is noise, and its bits say nothing."""

NEAR = 8
"""So far from 128 a code of a picture may be in a list that is taken without its word for it."""

_BITS = 256
_CONSTANT = 64  # further from 128 is neither the one nor the other: pictures of one colour
_DIGEST = [math.comb(_BITS, ones) / 2**_BITS for ones in range(_BITS + 1)]


def _code(ones: int) -> float:
    """How many codes of pictures have so many bits set. Of photos nearly all have 128; the rest is
    what drawings with large even areas have."""
    off = abs(ones - _BITS // 2)
    if off == 0:
        return 0.9
    return 0.01 if off <= 4 else 1e-6


_WEIGHTS = [
    0.0 if abs(ones - _BITS // 2) > _CONSTANT else math.log(_code(ones)) - math.log(_DIGEST[ones])
    for ones in range(_BITS + 1)
]


def weight(ones: Iterable[int]) -> float:
    """How much the numbers of set bits speak for PDQ (above `ODDS`: enough) or for digests (below
    its negative)."""
    return math.fsum(_WEIGHTS[one] for one in ones)


# Of a code of which up to 31 bits were changed, as of a near copy: half of them set, half unset.
_CHANGED = [
    math.exp(-((ones - _BITS / 2) ** 2) / 62) / math.sqrt(62 * math.pi) for ones in range(_BITS + 1)
]
_WEIGHTS_OF_CHANGED = [
    0.0
    if abs(ones - _BITS // 2) > _CONSTANT
    else math.log(_CHANGED[ones]) - math.log(_DIGEST[ones])
    for ones in range(_BITS + 1)
]


def scattered(ones: Iterable[int]) -> bool:
    """Whether these are digests, even if somebody calls them PDQ: by the odds, more likely than codes
    of near copies. It takes some sixty to tell."""
    return math.fsum(_WEIGHTS_OF_CHANGED[one] for one in ones) < -ODDS


def close(ones: int) -> bool:
    """Whether a code of a picture has so many bits set, or one that the door turns away anyway."""
    off = abs(ones - _BITS // 2)
    return off <= NEAR or off > _CONSTANT
