"""Following numbered rows that become visible in another order than they were numbered in. Pure.

A number is drawn while a transaction runs, and the row is seen when it commits: 7 may show up after 8, or
never. A tail knows which numbers are missing, and until when each of them can still come.
"""

from collections.abc import Collection, Mapping

import msgspec

WIDEST = (
    100_000  # numbers between the first that is missing and the newest; more is better begun anew
)


class Tail(msgspec.Struct, frozen=True):
    """What was seen: all up to `top`, the highest, but for `gaps`. Each of these can come until the
    transactions that ran when it was first missed have ended, which are those below its value."""

    top: int = 0
    gaps: Mapping[int, int] = {}

    @property
    def floor(self) -> int:
        """All up to here was seen, or never comes: who goes on from here misses nothing."""
        return min(self.gaps) - 1 if self.gaps else self.top

    def reaches(self, newest: int) -> bool:
        """Whether what came up to there can be followed one by one."""
        return newest - self.floor <= WIDEST

    def take(self, seen: Collection[int], oldest: int, following: int) -> "Tail":
        """The tail after a look for the gaps and for all above the top, which has found `seen`. `oldest`
        is the first transaction that ran then, `following` the first that had not begun."""
        found = set(seen)
        newest = max(self.top, *found) if found else self.top
        # Whoever draws a number has locked a row before, so its transaction has begun by then. What none
        # of those that ran has brought by their end was rolled back.
        kept = {gap: end for gap, end in self.gaps.items() if gap not in found and end > oldest}
        missing = (number for number in range(self.top + 1, newest) if number not in found)
        return Tail(newest, kept | dict.fromkeys(missing, following))
