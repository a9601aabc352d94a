"""What a text threatens, and the packs of patterns that say so. Pure.

A pack's patterns are elements: intent, capability, target, time, place; what takes an intent back (a
context: it is news, a song, the past); and what says that it is meant, for all that. What several of them
say together is one of four levels.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from tidegate.intake.threats.wording import Sequence

Level = Literal["low", "medium", "high_unspecific", "high_specific"]
Element = Literal["intent", "capability", "target", "time", "place", "sign", "context", "meant"]
Mode = Literal["draft", "shadow", "live", "retired"]
Reach = Literal["over", "sentence", "near", "text"]
ContextKind = Literal[
    "quotation",
    "news",
    "court",
    "fiction",
    "history",
    "counter_speech",
    "joke",
    "song",
    "game",
    "hypothetical",
    "past",
    "negation",
    "figure",
]

LEVELS: tuple[Level, ...] = ("low", "medium", "high_unspecific", "high_specific")
"""From the weakest to the strongest: capability without intent; intent without capability; both; both,
with a place, a victim or a time."""
ELEMENTS: tuple[Element, ...] = (
    *("intent", "capability", "target", "time", "place", "sign", "context", "meant"),
)
MODES: tuple[Mode, ...] = ("draft", "shadow", "live", "retired")
REACHES: tuple[Reach, ...] = ("over", "sentence", "near", "text")
CONTEXTS: tuple[ContextKind, ...] = (
    *("quotation", "news", "court", "fiction", "history", "counter_speech", "joke", "song"),
    *("game", "hypothetical", "past", "negation", "figure"),
)
SPECIFIC: tuple[Element, ...] = ("target", "time", "place")


def rings(level: Level | None) -> bool:
    """Whether people are called at once: from `medium` on."""
    return level is not None and LEVELS.index(level) >= LEVELS.index("medium")


class Fired(msgspec.Struct, frozen=True):
    """A pattern, `PACK/NAME`, and what it fired on: text[start:end] of the text as it was sent, counted in
    Unicode code points."""

    pattern: str
    text: str
    start: int
    end: int


class Threat(msgspec.Struct, frozen=True):
    """What a text threatens, with all that says so, by place."""

    level: Level
    because: list[Fired]


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A named element: any of its phrases, or all that must stand `together` in one sentence (with `across`,
    in so many neighbouring ones), in any order. `digest` is the SHA-256 of all that decides when it fires.

    Of a context: which `kind`, and how far it `reaches`; one that is `firm` holds although the text says
    elsewhere that it is meant. The words of one that is `exact` are not looked for misspelt. `points`: what it
    adds to those of other patterns around it, and `beside`, what it adds beside others, by their names; they
    are enough only where one of the patterns is `grave`. `each`: every phrase adds its points, not the pattern once.
    """

    name: str
    element: Element
    mode: Mode
    phrases: tuple[Sequence, ...]
    together: tuple[Sequence, ...] = ()
    across: int = 0
    kind: ContextKind | None = None
    reach: Reach = "sentence"
    firm: bool = False
    exact: bool = False
    points: int = 0
    beside: tuple[tuple[str, int], ...] = ()
    grave: bool = False
    each: bool = False
    text: str = ""
    digest: bytes = b""


class ThreatPack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack as it was read and checked. `items`: posts are screened by it too, not reports alone;
    `window`: so many sentences around an intent are read with it; `enough`: so many points within them are an
    intent too, 0: none are. `before` and `after` are parts that a
    word may begin and end with in this language; `words` are words that are no misspelling of another."""

    name: str
    language: str
    version: int
    text: str
    items: bool
    window: int
    enough: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    words: tuple[str, ...]
    groups: dict[str, tuple[Sequence, ...]]
    patterns: tuple[Pattern, ...]
    source: str
    digest: bytes

    @property
    def ident(self) -> str:
        return f"{self.name}@{self.version}"


def strongest(levels: Iterable[Level]) -> Level | None:
    """The strongest of these; None where there are none."""
    return max(levels, key=LEVELS.index, default=None)
