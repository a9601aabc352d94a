"""Packs compiled: every phrase as steps from node to node, a node being a word's slot or a group. Pure.

Between `reading` and `finding`. What may be missing is written out; each node that stands in a phrase has a
bit, so that most phrases are ruled out for a text by one comparison.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import product
from typing import NamedTuple

from tidegate.intake.threats.lexicon import Lexicon, Words
from tidegate.intake.threats.model import Pattern, ThreatPack
from tidegate.intake.threats.wording import Choice, Groups, Part, Ref, Sequence, Word

MOST_WAYS = 256  # ways to write out a phrase in which parts may be missing

Chain = tuple[tuple[int, int], ...]  # nodes, each with the gap before it


class Group(NamedTuple):
    """A group's chains, all and by the slots of which one must be filled for them to be there."""

    chains: list[Chain]
    by_slot: dict[int, list[Chain]]


class Phrase(NamedTuple):
    """A phrase of a pattern: the bits of all its nodes, and the nodes."""

    need: int
    chain: Chain
    pattern: int


class Acting(NamedTuple):
    """A pattern, how it is called in what fires, and its pack: which one, and its window."""

    pattern: Pattern
    ident: str
    pack: int
    window: int


class Sums(NamedTuple):
    """The points of a pack: how many are enough (0: none) where one pattern of `grave` is there, those of
    patterns, and of pairs of them beside each other."""

    enough: int
    grave: frozenset[int]
    points: dict[int, int]
    pairs: dict[tuple[int, int], int]

    def of(self, numbers: AbstractSet[int]) -> int:
        """The points of these patterns together."""
        points = self.points
        return sum(points.get(number, 0) for number in numbers) + self._beside(numbers)

    def may_do(self, numbers: AbstractSet[int], against: Iterable[int] = ()) -> bool:
        """Whether some of these patterns may have enough points, where those `against` them are surely there."""
        if not self.enough or (self.grave and self.grave.isdisjoint(numbers)):
            return False
        points = self.points
        most = sum(one for number in numbers if (one := points.get(number, 0)) > 0)
        less = sum(one for number in against if (one := points.get(number, 0)) < 0)
        return most + less + self._beside(numbers) >= self.enough

    def _beside(self, numbers: AbstractSet[int]) -> int:
        return sum(
            p for (one, other), p in self.pairs.items() if one in numbers and other in numbers
        )


class Together(NamedTuple):
    """A pattern whose parts, numbered like patterns, must all be in one sentence or in `across` more."""

    pattern: int
    parts: tuple[int, ...]
    across: int


class Program:
    """What `finding` runs. Made once for a set of packs, and never changed."""

    def __init__(self, packs: Iterable[ThreatPack], modes: frozenset[str]) -> None:
        self.groups: dict[int, Group] = {}  # the nodes that are groups
        self.patterns: list[Acting] = []
        self.phrases: list[Phrase] = []
        self.together: list[Together] = []
        self.bits: dict[int, int] = {}  # of each slot: the bits of the nodes it may begin to fill
        self.sums: list[Sums] = []  # of each pack
        self.window = 0  # the smallest of a pack
        self.by_slot: dict[int, list[int]] = {}  # the phrases to look at where a slot is filled
        self.against: dict[
            int, frozenset[int]
        ] = {}  # of a slot: what it alone fills of less than no points
        self._weights: dict[int, int] = {}
        self._count = 0
        self._touching: dict[int, frozenset[int]] = {}
        words: list[Words] = []
        compilers = [_Compiler(self, pack, number) for number, pack in enumerate(packs)]
        for compiler in compilers:
            compiler.add_patterns(modes)
            words.append(compiler.words)
            compiler.words.seal()
        self.window = min((compiler.window for compiler in compilers), default=0)
        self._give_bits()
        self._find_against()
        self.lexicon = Lexicon(words)

    def node(self) -> int:
        """A new node."""
        self._count += 1
        return self._count

    def slot(self, word: Word) -> int:
        """A new node that is a word."""
        node = self.node()
        shortest = min(len(form.strip("*")) for form in word.forms)
        self._weights[node] = 12 if shortest < 4 else 3 if shortest == 4 else 1
        return node

    def _give_bits(self) -> None:
        for group in self.groups.values():
            for chain in group.chains:
                for slot in self._rarest(chain):
                    group.by_slot.setdefault(slot, []).append(chain)
        nodes = dict.fromkeys(node for phrase in self.phrases for node, _ in phrase.chain)
        bit_of = {node: 1 << place for place, node in enumerate(nodes)}
        for node, bit in bit_of.items():
            for slot in self.touching(node):
                self.bits[slot] = self.bits.get(slot, 0) | bit
        for place, phrase in enumerate(self.phrases):
            need = 0
            for node, _ in phrase.chain:
                need |= bit_of[node]
            self.phrases[place] = phrase._replace(need=need)
            for slot in self._rarest(phrase.chain):
                self.by_slot.setdefault(slot, []).append(place)

    def _find_against(self) -> None:
        """What is surely there where a slot is filled, of the patterns whose points are less than none."""
        less = {number for sums in self.sums for number, p in sums.points.items() if p < 0}
        found: dict[int, set[int]] = {}
        for phrase in self.phrases:
            if phrase.pattern in less and len(phrase.chain) == 1:
                for slot in self._alone(phrase.chain[0][0]):
                    found.setdefault(slot, set()).add(phrase.pattern)
        self.against = {slot: frozenset(numbers) for slot, numbers in found.items()}

    def _alone(self, node: int) -> Iterable[int]:
        """Slots of which each by itself fills a node."""
        group = self.groups.get(node)
        if group is None:
            return (node,)
        ones = (chain[0][0] for chain in group.chains if len(chain) == 1)
        return (slot for one in ones for slot in self._alone(one))

    def _rarest(self, chain: Chain) -> frozenset[int]:
        """Slots of which one must be filled for a chain to be there: those of its node that is in fewest
        texts, as far as that can be told by how long and how many its words are."""
        return self.touching(min((node for node, _ in chain), key=self._weight))

    def _weight(self, node: int) -> int:
        known = self._weights.get(node)
        if known is None:
            known = self._weights[node] = sum(self._weights[slot] for slot in self.touching(node))
        return known

    def touching(self, node: int) -> frozenset[int]:
        """Slots of which one must be filled for a node to be there."""
        if node not in self.groups:
            return frozenset([node])
        known = self._touching.get(node)
        if known is None:
            chains = self.groups[node].chains
            known = frozenset[int]().union(*(self._rarest(chain) for chain in chains))
            self._touching[node] = known
        return known


class _Compiler:
    """Compiles one pack into a program."""

    def __init__(self, program: Program, pack: ThreatPack, number: int) -> None:
        self._program = program
        self._pack = pack
        self._number = number
        self.window = pack.window
        self._exactly = False
        self.words = Words(pack.before, pack.after, pack.words)
        self._nodes: dict[object, int] = {}
        self._groups: Groups = pack.groups

    def add_patterns(self, modes: frozenset[str]) -> None:
        numbers: dict[str, int] = {}
        points: dict[int, int] = {}
        acting = [one for one in self._pack.patterns if one.mode in modes]
        weighed = {other for one in acting for other, _ in one.beside}
        # Contexts come last: a word that only they have is meant exactly as it is written, for a slip of
        # the hand must not take a threat back.
        for pattern in sorted(acting, key=_is_exact):
            self._exactly = _is_exact(pattern)
            number = len(self._program.patterns)
            ident = f"{self._pack.name}/{pattern.name}"
            one = Acting(pattern, ident, self._number, self._pack.window)
            self._program.patterns.append(one)
            numbers[pattern.name] = number
            if pattern.points or pattern.grave or pattern.beside or pattern.name in weighed:
                points[number] = pattern.points
            for phrase in pattern.phrases:
                if pattern.each:
                    number = len(self._program.patterns)
                    self._program.patterns.append(one)
                    points[number] = pattern.points
                self._add(phrase, number)
            if pattern.together:
                parts = tuple(range(number + 1, number + 1 + len(pattern.together)))
                self._program.together.append(Together(number, parts, pattern.across))
                for part, phrase in zip(parts, pattern.together, strict=True):
                    # A part has a number like a pattern's, and is nothing by itself.
                    self._program.patterns.append(one)
                    self._add(phrase, part)

        patterns = self._program.patterns
        grave = frozenset(number for number in points if patterns[number].pattern.grave)
        pairs = {
            (numbers[one.name], numbers[other]): more
            for one in acting
            for other, more in one.beside
            if other in numbers
        }
        self._program.sums.append(Sums(self._pack.enough, grave, points, pairs))

    def _add(self, phrase: Sequence, number: int) -> None:
        for chain in self._chains(phrase):
            self._program.phrases.append(Phrase(0, chain, number))

    def _chains(self, sequence: Sequence) -> list[Chain]:
        """The ways to write out a sequence, without what may be missing."""
        ways = ways_of(sequence)
        return list(dict.fromkeys(tuple((self._node(p), gap) for p, gap in way) for way in ways))

    def _node(self, part: Part) -> int:
        key = ("group", part.name) if isinstance(part, Ref) else part
        if isinstance(part, Choice):
            key = Choice(tuple(option for option in part.options if option))
        known = self._nodes.get(key)
        if known is not None:
            return known
        node = self._program.slot(part) if isinstance(part, Word) else self._program.node()
        self._nodes[key] = node
        if isinstance(part, Word):
            for form in part.forms:
                self.words.add(form, node, self._exactly)
        else:
            options = self._groups[part.name] if isinstance(part, Ref) else part.options
            chains = [chain for one in options if one for chain in self._chains(one)]
            self._program.groups[node] = Group(chains, {})
        return node


def _is_exact(pattern: Pattern) -> bool:
    return pattern.exact or pattern.element == "context"


def ways_of(sequence: Sequence) -> list[list[tuple[Part, int]]]:
    """The ways to write out a sequence. What is missing leaves its gap to what follows."""
    found: list[list[tuple[Part, int]]] = []
    optional = [isinstance(one.part, Choice) and () in one.part.options for one in sequence]
    if sequence and not any(optional):
        return [[(step.part, step.gap if place else 0) for place, step in enumerate(sequence)]]
    for there in product(*([True, False] if one else [True] for one in optional)):
        way: list[tuple[Part, int]] = []
        gap = 0
        for step, is_there in zip(sequence, there, strict=True):
            gap = max(gap, step.gap)
            if is_there:
                way.append((step.part, gap if way else 0))
                gap = 0
        if way:
            found.append(way)
        if len(found) == MOST_WAYS:
            break
    return found
