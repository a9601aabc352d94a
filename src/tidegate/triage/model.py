"""What clusters and stories are made by, and what an arrival is told."""

from math import log2
from struct import pack
from typing import Literal

import msgspec

How = Literal["new", "equal", "near", "media", "told"]
"""Why an arrival is in its cluster: it began one; its text is equal to one there after normalisation;
it is like the representative; its media are those of the representative; the caller said so."""


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """The measures of clusters and stories. Those that are here were chosen on some of the data at hand
    and tried on the rest; docs/clusters.md says how.

    `near`: the Jaccard similarity from which on a text is a copy; `least`: bins that a text needs to be
    compared, else only equal ones join it. `story` and `untimed`: how much of a text's words a story
    must use, where both have a time and where not; at first, when nobody knows which words are rare,
    more, and twice as much after `early` texts. `days`: how fast that fades with the days between
    them, after `slack`. `often`: a word counts wholly for a story from one in so many of its texts on,
    not counting `beyond` times as many as use it anywhere: what everybody says is of no story.
    `rival`: a second story with so much of the first one's score claims the text too; `share`: of the
    smaller of two stories, so many such texts make them one. `tag` and `capital`: the weight of
    hashtags and of words with a capital beside others.
    """

    near: float = 0.33
    least: int = 12
    story: float = 0.08
    untimed: float = 0.12
    early: float = 30.0
    days: float = 7.0
    slack: float = 1.0
    often: float = 20.0
    beyond: float = 1.5
    rival: float = 0.35
    share: float = 0.3
    tag: float = 2.0
    capital: float = 1.2

    def packed(self) -> bytes:
        """As the kernel takes it: twelve doubles and an integer."""
        doubles = (self.near, self.story, self.untimed, self.early, self.days, self.slack)
        more = (self.often, self.beyond, self.rival, self.share, self.tag, self.capital)
        return pack("<12dq", *doubles, *more, self.least)


LOGARITHMS = tuple(log2(1 + place / 1024) for place in range(1024))
"""Both ways to compute stories take logarithms from here, so that they agree to the last bit."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Where an arrival belongs. `cluster` is the id of its representative, `story` that of the first
    representative in it; `similarity` is to the representative, 1 where the texts are equal. `also`:
    other clusters that it is like too, for people to see: nothing joins them."""

    cluster: str
    story: str
    how: How
    similarity: float = 0.0
    also: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether the arrival is the representative of a cluster of its own."""
        return self.how == "new"
