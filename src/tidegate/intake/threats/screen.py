"""Screening: what a text threatens, by all packs at once. Pure.

A text is read in stretches, each a little over the last one, so that the time grows with its length and
nothing that lies on a seam is missed. All languages' packs read every text: a tip may be in two languages, or
say that it is in another than it is.
"""

from collections.abc import Iterable, Iterator

import msgspec

from tidegate.intake.threats.finding import Find, Text, find
from tidegate.intake.threats.model import Fired, Level, Pattern, Threat, ThreatPack
from tidegate.intake.threats.program import Program
from tidegate.intake.threats.weighing import weigh

STRETCH = 2_000
OVERLAP = 500
"""Characters that a stretch of text has, and how many of them are those of the one before."""

_LIVE, _BOTH = frozenset({"live"}), frozenset({"live", "shadow"})


class Shadowed(msgspec.Struct, frozen=True):
    """Where what runs in shadow says something else: the level by what is live, the one that it would be, and
    what would say so. Nothing acts on it."""

    live: Level | None
    level: Level | None
    because: list[Fired]


class Screen:
    """A set of packs that texts are screened by. `shadow`: versions that are tried beside the live ones, each
    in the place of the one of its name. `idents` are all of them."""

    def __init__(self, packs: Iterable[ThreatPack], shadow: Iterable[ThreatPack] = ()) -> None:
        live, tried = list(packs), {one.name: one for one in shadow}
        self.idents = tuple(one.ident for one in live)
        self.shadow_idents = tuple(one.ident for one in tried.values())
        self._items = [one for one in live if one.items]
        self._patterns = {f"{one.name}/{it.name}": it for one in live for it in one.patterns}
        self._live = _Reader(live, _LIVE)
        both = [tried.pop(one.name, one) for one in live] + list(tried.values())
        differ = self.shadow_idents or any(
            pattern.mode == "shadow" for one in live for pattern in one.patterns
        )
        self._shadow = _Reader(both, _BOTH) if differ else None
        if len(self._items) == len(live):
            self._for_items = self._live
        else:
            self._for_items = _Reader(self._items, _LIVE)

    @property
    def items(self) -> bool:
        """Whether any pack wants items' own texts screened too, and not only what is told of them."""
        return bool(self._items)

    @property
    def tries(self) -> bool:
        """Whether anything runs in shadow."""
        return self._shadow is not None

    def pattern(self, name: str) -> Pattern | None:
        """The live pattern `PACK/NAME`; None where no pack has it any more."""
        return self._patterns.get(name)

    def screen(self, text: str, language: str | None = None) -> Threat | None:
        """What a text threatens by the patterns that are live; None: nothing. `language`, as far as somebody
        said it, takes no pack away."""
        return self._live.screen(text)

    def screen_item(self, text: str, language: str | None = None) -> Threat | None:
        """The same of an item's own text, by the packs that want it."""
        return self._for_items.screen(text) if self._items else None

    def screen_shadow(self, text: str, language: str | None = None) -> Shadowed | None:
        """What would be otherwise if all that runs in shadow were live; None: nothing. For the record: nothing
        may act on it."""
        if self._shadow is None:
            return None
        now, then = self._live.screen(text), self._shadow.screen(text)
        before, after = now and now.level, then and then.level
        if before == after:
            return None
        return Shadowed(before, after, then.because if then else [])


class _Reader:
    """Packs in some modes, compiled."""

    def __init__(self, packs: list[ThreatPack], modes: frozenset[str]) -> None:
        self._program = Program(packs, modes)
        parts = {part for one in self._program.together for part in one.parts}
        patterns = enumerate(self._program.patterns)
        numbered = [(number, one) for number, one in patterns if number not in parts]
        self._wanted = frozenset(
            number for number, one in numbered if one.pattern.element in ("intent", "capability")
        )
        self._everywhere = frozenset(
            number for number, one in numbered if one.pattern.reach == "text"
        )

    def screen(self, text: str) -> Threat | None:
        whole = Text(text)
        wanted = self._wanted if len(text) <= STRETCH else self._wanted | self._everywhere
        finds: set[Find] = set()
        for start, end in stretches(text):
            finds |= find(self._program, whole, start, end, wanted)
        return weigh(text, self._program, finds) if finds else None


def stretches(text: str) -> Iterator[tuple[int, int]]:
    """The stretches in which a text is read, cut where there is a space if one is near."""
    start = 0
    while True:
        end = start + STRETCH
        if end >= len(text):
            yield start, len(text)
            return
        space = max(
            text.rfind(" ", end - OVERLAP // 2, end), text.rfind("\n", end - OVERLAP // 2, end)
        )
        end = space if space > 0 else end
        yield start, end
        start = end - OVERLAP
        space = text.find(" ", start, start + OVERLAP // 2)
        start = space + 1 if space >= 0 else start
