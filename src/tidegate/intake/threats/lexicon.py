"""Which words of the packs a word of a text is, whatever was done to it. Pure.

Between `words` and `finding`. A word of a text is looked up once and then known: as it is; with digits and
signs for letters, or a stretched one; with what the language writes before and behind it; with letters that
were starred out; with a slip of the hand; and several words in one.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from typing import NamedTuple

from tidegate.intake.threats.spelling import Slips
from tidegate.signals.fingerprints.evasion import coarse, words_behind

MASK = "\x07"
"""Stands in a word for a letter that was starred out."""

LONGEST = 60  # characters of a word that is looked at
_KNOWN = 100_000  # words that are kept at once
_TOGETHER = 8  # letters from which on a word may be several in one
_LONG = 9
_LONGEST_PART = 16
_SINGLE = frozenset("iaàyuو")
_STEM = 2  # letters that are left where something was taken off

ORDINARY = frozenset(
    files("tidegate.intake.threats").joinpath("ordinary.txt").read_text("utf-8").split()
)
"""Ordinary words, of news and messages, which are no slip for one of a pack that they lie near."""

_LETTERS = re.compile(r"[^\W\d_]+")


def is_dotless(word: str) -> bool:
    """Whether an Arabic word is written without any dots, as far as that can be told from words that have
    none to begin with."""
    if word.isascii() or len(word) < 5 or word != shapes(word):
        return False
    return "\u06a1" in word or "\u0649" in word[:-1]


def shapes(word: str) -> str:
    """The shapes of the letters of an Arabic word."""
    return word.translate(_SHAPES)


_SHAPES = {
    ord(letter): shape
    for shape, letters in (
        ("\u0649", "\u0628\u062a\u062b\u0646\u064a\u0626\u066e\u06ba"),
        ("\u06a1", "\u0641\u0642\u066f"),
        ("\u062d", "\u062c\u062e"),
        ("\u062f", "\u0630"),
        ("\u0631", "\u0632"),
        ("\u0633", "\u0634"),
        ("\u0635", "\u0636"),
        ("\u0637", "\u0638"),
        ("\u0639", "\u063a"),
    )
    for letter in letters
}


class Piece(NamedTuple):
    """word[start:end] is any of the words `slots`."""

    start: int
    end: int
    slots: tuple[int, ...]


class Words:
    """The words of one pack, each form with the slots that it fills."""

    def __init__(
        self,
        before: Iterable[str],
        after: Iterable[str],
        others: Iterable[str],
        dotted: bool = True,
    ) -> None:
        self.exact: dict[str, list[int]] = {}
        self.others = frozenset(others)
        self._loose: dict[bool, dict[str, list[int]]] = {True: {}, False: {}}
        self._begins: dict[str, list[int]] = {}
        self._ends: dict[str, list[int]] = {}
        self._within: dict[str, list[int]] = {}
        self._digits: dict[int, list[tuple[str, int]]] = {}
        self._before = sorted(before, key=len, reverse=True)
        self._after = sorted(after, key=len, reverse=True)
        self._foreign = not any(one.isascii() for one in (*self._before, *self._after))
        self._undotted: Words | None = None  # the same, as who leaves the dots out writes them
        if dotted:
            self._undotted = Words(map(shapes, before), map(shapes, after), (), dotted=False)
        self._slips: Slips | None = None
        self._keys: set[str] = set()
        self._begin_keys: set[str] = set()
        self._begin_lengths: dict[str, list[int]] = {}
        self._end_lengths: list[int] = []
        self._any_within: re.Pattern[str] | None = None
        self._any_digits: dict[int, re.Pattern[str]] = {}
        self._by_length: dict[int, list[str]] = {}

    def add(self, form: str, slot: int, exactly: bool = False) -> None:
        """A form of a word, with stars where it goes on. `exactly`: a slip of the hand is another word, unless
        the word is long."""
        core = form.strip("*")
        if self._undotted is not None and not form.isascii():
            self._undotted.add(shapes(form), slot, True)
        if form[0] != "*" and (not exactly or len(core) >= _LONG):
            self._loose[form[-1] == "*"].setdefault(core, []).append(slot)
        if "#" in core:
            self._digits.setdefault(len(core), []).append((core, slot))
            return
        tables = {(False, False): self.exact, (False, True): self._begins}
        tables |= {(True, False): self._ends, (True, True): self._within}
        tables[form[0] == "*", form[-1] == "*"].setdefault(core, []).append(slot)

    @property
    def has_affixes(self) -> bool:
        """Whether words may have something before or behind them."""
        return bool(self._before or self._after)

    def take(self, other: "Words") -> None:
        """All words of another pack too, as they are written."""
        pairs = (
            (self.exact, other.exact),
            (self._begins, other._begins),
            (self._ends, other._ends),
            (self._within, other._within),
        )
        for mine, theirs in pairs:
            for core, slots in theirs.items():
                mine.setdefault(core, []).extend(slots)
        for length, forms in other._digits.items():
            self._digits.setdefault(length, []).extend(forms)

    def seal(self) -> None:
        """Nothing is added any more."""
        if self._undotted is not None:
            self._undotted.seal()
        self._slips = Slips(self._loose[False], self._loose[True])
        self._keys = {coarse(one) for one in self.exact}
        self._begin_keys = {coarse(one) for one in self._begins}
        lengths: dict[str, set[int]] = {}
        for one in self._begins:
            lengths.setdefault(one[:2], set()).add(len(one))
        self._begin_lengths = {start: sorted(some) for start, some in lengths.items()}
        self._end_lengths = sorted({len(one) for one in self._ends})
        self._any_digits = {length: _any_of(forms) for length, forms in self._digits.items()}
        if self._within:
            self._any_within = re.compile("|".join(map(re.escape, self._within)))
        for one in self.exact:
            self._by_length.setdefault(len(one), []).append(one)

    def plainly(self, word: str) -> list[int]:
        """The slots of a word as it is written."""
        found = list(self.exact.get(word, ()))
        for length in self._begin_lengths.get(word[:2], ()):
            found += self._begins.get(word[:length], ())
        for length in self._end_lengths:
            found += self._ends.get(word[-length:], ())
        if self._any_within is not None and self._any_within.search(word):
            for core, slots in self._within.items():
                if core in word:
                    found += slots
        digits = self._any_digits.get(len(word))
        if digits is not None and digits.fullmatch(word):
            found += [slot for form, slot in self._digits[len(word)] if _is_form(form, word)]
        return found

    def may_be(self, key: str) -> bool:
        """Whether a word of this key may be one of these words, or begin with one."""
        if key in self._keys:
            return True
        return any(key[:length] in self._begin_keys for length in range(2, len(key) + 1))

    def bared(self, word: str) -> list[int]:
        """The slots of a word with something before or behind it."""
        if self._foreign and word.isascii():
            return []
        found: list[int] = []
        for before in ("", *self._before):
            if before and not (word.startswith(before) and len(word) >= len(before) + _STEM):
                continue
            rest = word[len(before) :]
            for after in ("", *self._after) if before else self._after:
                if after and not (rest.endswith(after) and len(rest) >= len(after) + _STEM):
                    continue
                found += self.plainly(rest[: len(rest) - len(after)])
        return found

    def without_dots(self, word: str) -> list[int]:
        """The slots of an Arabic word that was written without dots."""
        other = self._undotted
        return [] if other is None else other.plainly(word) or other.bared(word)

    def slipped(self, word: str) -> list[int]:
        """The slots of words that this one may be a slip of the hand for."""
        if word in self.others or self._slips is None:
            return []
        return [slot for one in self._slips.behind(word) for slot in one]

    def masked(self, word: str) -> list[int]:
        """The slots of the words that this one is with its stars."""
        if len(word) - word.count(MASK) < 2 or word[0] == MASK:
            return []
        pattern = re.compile(re.escape(word).replace(re.escape(MASK), "."))
        return [
            slot
            for one in self._by_length.get(len(word), ())
            if pattern.fullmatch(one)
            for slot in self.exact[one]
        ]

    def together(self, word: str) -> list[tuple[int, int]] | None:
        """Where words lie that were written in one, the likeliest; None where there is more in it."""
        best: list[tuple[int, int] | None] = [(0, 0)] + [None] * len(word)
        for start in range(len(word)):
            before = best[start]
            if before is None:
                continue
            for end in range(start + 1, min(len(word), start + _LONGEST_PART) + 1):
                part = word[start:end]
                if not (part in self.exact or part in self.others):
                    continue
                if end == start + 1 and part not in _SINGLE:
                    continue
                cost = before[0] + (6 if end == start + 1 else 3 if end == start + 2 else 2)
                now = best[end]
                if now is None or cost < now[0]:
                    best[end] = (cost, start)
        cuts: list[tuple[int, int]] = []
        end = len(word)
        while end:
            step = best[end]
            if step is None:
                return None
            cuts.append((step[1], end))
            end = step[1]
        return cuts[::-1] if max(b - a for a, b in cuts) > 3 else None


def _any_of(forms: Iterable[tuple[str, int]]) -> re.Pattern[str]:
    """What each word is that has one of these forms."""
    return re.compile("|".join(re.escape(form).replace(r"\#", "[0-9]") for form, _ in forms))


def _is_form(form: str, word: str) -> bool:
    """Whether a word has a form, in which "#" stands for any digit."""
    pairs = zip(form, word, strict=True)
    return all(one == other or (one == "#" and "0" <= other <= "9") for one, other in pairs)


Token = tuple[str, int, tuple[Piece, ...]]


class _Tokens(dict[str, Token]):
    """For each word of a marked text: itself without its NULs, how many of its letters are left out in front,
    and its pieces. Where letters were spelled out, one that stood beside them may have been joined to them."""

    def __init__(self, read: Callable[[str], Token]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, token: str) -> Token:
        if len(self) >= _KNOWN:
            self.clear()
        found = self[token] = self._read(token)
        return found


class _Slots(dict[str, frozenset[int]]):
    """For each word of a marked text: the slots that it fills."""

    def __init__(self, tokens: _Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    def __missing__(self, token: str) -> frozenset[int]:
        if len(self) >= _KNOWN:
            self.clear()
        pieces = self._tokens[token][2]
        found = self[token] = frozenset(slot for piece in pieces for slot in piece.slots)
        return found


class Lexicon:
    """All packs' words. Many may ask at once."""

    def __init__(self, packs: Iterable[Words]) -> None:
        self._packs = list(packs)
        self._with_affixes = [one for one in self._packs if one.has_affixes]
        self._all = Words((), (), (), dotted=False)  # what is written plainly, of all packs at once
        for one in self._packs:
            self._all.take(one)
        self._all.seal()
        self._known: dict[str, tuple[Piece, ...]] = {}
        self.tokens = _Tokens(self._read)
        self.slots = _Slots(self.tokens)

    def pieces(self, word: str) -> tuple[Piece, ...]:
        """Which words of packs a word is, or holds; none where it is none of theirs."""
        found = self._known.get(word)
        if found is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            found = self._known[word] = tuple(self._look_up(word[:LONGEST]))
        return found

    def _read(self, token: str) -> Token:
        word = token.replace("\0", "")
        found = self.pieces(word) if word else ()
        if found or len(word) < _STEM + 2:
            return word, 0, found
        if token[1] == "\0" and (inner := self.pieces(word[1:])):
            return word[1:], 1, inner
        return word, 0, self.pieces(word[:-1]) if token[-2] == "\0" else ()

    def _look_up(self, word: str) -> Iterator[Piece]:
        slots = self._plainly(word)
        if slots:
            yield Piece(0, len(word), tuple(dict.fromkeys(slots)))
            return
        if MASK in word:
            slots = [slot for pack in self._packs for slot in pack.masked(word)]
            if slots:
                yield Piece(0, len(word), tuple(dict.fromkeys(slots)))
            return
        for other in self._behind(word):
            if slots := self._plainly(other):
                yield Piece(0, len(word), tuple(dict.fromkeys(slots)))
                return
        if word in ORDINARY or not _LETTERS.fullmatch(word):
            return
        if any(word in pack.others for pack in self._packs):
            return
        slots = [slot for pack in self._packs for slot in pack.slipped(word)]
        if not slots and is_dotless(word):
            slots = [slot for pack in self._packs for slot in pack.without_dots(word)]
        if slots:
            yield Piece(0, len(word), tuple(dict.fromkeys(slots)))
        elif len(word) >= _TOGETHER:
            yield from self._apart(word)

    def _plainly(self, word: str) -> list[int]:
        return self._all.plainly(word) or [
            slot for pack in self._with_affixes for slot in pack.bared(word)
        ]

    def _behind(self, word: str) -> list[str]:
        others = words_behind(word)
        if not others:
            return []
        key = coarse(word)
        return others if self._with_affixes or self._all.may_be(key) else []

    def _apart(self, word: str) -> Iterator[Piece]:
        found = [(cuts, pack) for pack in self._packs if (cuts := pack.together(word))]
        for cuts, pack in sorted(found, key=lambda one: len(one[0]))[:1]:
            for start, end in cuts:
                if slots := pack.exact.get(word[start:end]):
                    yield Piece(start, end, tuple(slots))
