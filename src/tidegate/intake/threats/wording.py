"""The small language that patterns are written in, and what it comes to. Pure.

A phrase is words with spaces between. `kill*` is any word that begins so, `*anschlag*` any that has it; `(a|b
c)` one of several; `[the]` may be missing; `..` up to three words between, `..6` up to six; `{kill}` a group of
the pack's `[words]`; `#` is any digit. What is written without a space is one word: `{fut}تل`, `t(u|o)er`.
There are no regular expressions: whatever is written, reading a text takes a time that grows with its length.

Words are compared as skeletons (`signals.fingerprints.skeleton`): case, accents, harakat, look-alikes and
punctuation never count. `ä`, `ö`, `ü` are `ae`, `oe`, `ue` as well.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import product

import msgspec

from tidegate.signals.fingerprints.skeleton import skeleton

GAP = 3  # words that `..` leaves out at most
MOST_BETWEEN = 12
MOST_FORMS = 4_000  # words that one may stand for
MOST_PARTS = 40


class Word(msgspec.Struct, frozen=True):
    """A word: any of its `forms`, skeletons of which one may begin or end with a star."""

    forms: tuple[str, ...]


class Ref(msgspec.Struct, frozen=True):
    """A group of the pack, by its name."""

    name: str


class Choice(msgspec.Struct, frozen=True):
    """One of several sequences; an empty one where nothing may stand."""

    options: tuple["Sequence", ...]


Part = Word | Ref | Choice


class Step(msgspec.Struct, frozen=True):
    """A part of a sequence, and how many words may stand before it, behind the part before."""

    part: Part
    gap: int = 0


Sequence = tuple[Step, ...]
Groups = Mapping[str, tuple[Sequence, ...]]


class Unreadable(ValueError):
    """A phrase that is written wrongly: why, and at which character of it."""

    def __init__(self, why: str, offset: int, hint: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.offset = offset
        self.hint = hint


_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAMED = re.compile(r"\{([A-Za-z0-9_-]{1,64})\}")
_GAP = re.compile(r"\.\.(\d{0,4})(?=[\s)|\]]|$)")
_PLAIN = re.compile(r"[^\s(){}|\[\]]+")
_skeleton = lru_cache(maxsize=65_536)(skeleton)
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue"}
_HINT = "see `docs/threats.md` for how a phrase is written"


def read_phrase(text: str, groups: Groups) -> Sequence:
    """The sequence that a phrase comes to. Raises Unreadable."""
    reader = _Reader(text, groups)
    sequence = reader.sequence("")
    if reader.at < len(text):
        raise Unreadable(f"`{text[reader.at]}` closes nothing", reader.at, _HINT)
    if not sequence:
        raise Unreadable("a phrase has at least one word", 0, _HINT)
    if may_be_missing(sequence, groups):
        raise Unreadable("all of this phrase may be missing", 0, "take a word out of `[ ]`")
    return sequence


def named(text: str) -> list[str]:
    """The groups that a phrase names."""
    return _NAMED.findall(text)


def may_be_missing(sequence: Sequence, groups: Groups) -> bool:
    """Whether a sequence may be found where there is no word at all."""
    return all(_is_optional(step.part, groups) for step in sequence)


def _is_optional(part: Part, groups: Groups) -> bool:
    if isinstance(part, Word):
        return False
    options = groups[part.name] if isinstance(part, Ref) else part.options
    return not options or any(may_be_missing(one, groups) for one in options)


class _Reader:
    """Reads one phrase from left to right."""

    def __init__(self, text: str, groups: Groups) -> None:
        self.text = text
        self.groups = groups
        self.at = 0

    def sequence(self, until: str) -> Sequence:
        """What stands up to one of the characters `until`, or the end."""
        steps: list[Step] = []
        gap = 0
        while True:
            self._spaces()
            if self.at == len(self.text) or self.text[self.at] in (until or ")|]}"):
                break
            if found := _GAP.match(self.text, self.at):
                gap = self._gap(found, steps)
                continue
            start = self.at
            for part in self._glued():
                steps.append(Step(part, gap))
                gap = 0
            if len(steps) > MOST_PARTS:
                raise Unreadable(f"more than {MOST_PARTS} words in one phrase", start)
        if gap:
            raise Unreadable("`..` stands between two words", max(0, self.at - 2), _HINT)
        return tuple(steps)

    def _gap(self, found: re.Match[str], steps: list[Step]) -> int:
        gap = int(found[1] or GAP)
        if not steps:
            raise Unreadable("`..` stands between two words", self.at, _HINT)
        if not 1 <= gap <= MOST_BETWEEN:
            why = f"between two words may stand 1 to {MOST_BETWEEN} others, not {gap}"
            raise Unreadable(why, self.at)
        self.at = found.end()
        return gap

    def _spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _glued(self) -> list[Part]:
        """What stands without a space: one part, or the words of what is one word."""
        start = self.at
        parts: list[Part | str] = []
        while self.at < len(self.text) and self.text[self.at] not in ")|]}":
            character = self.text[self.at]
            if character.isspace():
                break
            if character == "{":
                parts.append(self._ref())
            elif character in "([":
                parts.append(self._choice(character))
            elif found := _PLAIN.match(self.text, self.at):
                parts.append(found[0])
                self.at = found.end()
        if len(parts) == 1:
            only = parts[0]
            return self._words(only, start) if isinstance(only, str) else [only]
        forms = [self._forms(part, start) for part in parts]
        count = 1
        for some in forms:
            count *= len(some)
        if count > MOST_FORMS:
            why = f"this word has {count:,} forms, more than {MOST_FORMS:,}"
            raise Unreadable(why, start, "write fewer of them, or end it with `*`")
        return [self._word(tuple("".join(one) for one in product(*forms)), start)]

    def _ref(self) -> Ref:
        start = self.at
        end = self.text.find("}", start)
        name = self.text[start + 1 : end] if end > 0 else ""
        if not _NAME.fullmatch(name):
            raise Unreadable("`{` begins the name of a group, such as `{kill}`", start)
        if name not in self.groups:
            raise Unreadable(f"there is no group `{name}`", start)
        self.at = end + 1
        return Ref(name)

    def _choice(self, opening: str) -> Choice:
        start = self.at
        self.at += 1
        closing = ")" if opening == "(" else "]"
        options: list[Sequence] = []
        while True:
            options.append(self.sequence("|" + closing))
            if self.at == len(self.text):
                raise Unreadable(
                    f"`{opening}` is not closed", start, f"it is closed by `{closing}`"
                )
            self.at += 1
            if self.text[self.at - 1] == closing:
                break
        if opening == "[":
            options.append(())
        return Choice(tuple(dict.fromkeys(options)))

    def _forms(self, part: Part | str, start: int) -> tuple[str, ...]:
        """The beginnings, middles or ends of words that a part of one word may be."""
        if isinstance(part, str):
            return (part,)
        if isinstance(part, Word):
            return part.forms
        options = self.groups[part.name] if isinstance(part, Ref) else part.options
        found: list[str] = []
        for option in options:
            if len(option) > 1:
                why = "what is written without a space must be single words"
                raise Unreadable(why, start, "put a space before or behind it")
            found += self._forms(option[0].part, start) if option else ("",)
        return tuple(dict.fromkeys(found))

    def _words(self, text: str, start: int) -> list[Part]:
        """The words of what was written without spaces: an apostrophe parts two."""
        if text.isascii() and text.isalnum():
            return [Word((text.lower(),))]
        if "*" in text.strip("*"):
            why = f"`{text}` is no word"
            raise Unreadable(why, start, "a word has letters, and a `*` at its ends only")
        middle = _skeleton(text.strip("*").replace("#", "0")).split()
        if len(middle) < 2:
            return [self._word((text,), start)]
        first = ("*" if text[0] == "*" else "") + middle[0]
        last = middle[-1] + ("*" if text[-1] == "*" else "")
        return [Word((one,)) for one in (first, *middle[1:-1], last)]

    def _word(self, written: tuple[str, ...], start: int) -> Word:
        forms: dict[str, None] = {}
        for one in written:
            for spelling in _spellings(one):
                core = _core(spelling.strip("*"))
                if not core or " " in core or "*" in core:
                    why = f"`{one}` is no word"
                    raise Unreadable(why, start, "a word has letters, and a `*` at its ends only")
                stars = ("*" * spelling.startswith("*"), "*" * spelling.endswith("*"))
                if any(stars) and len(core) < 2:
                    raise Unreadable(f"`{one}` is too short for a `*`", start)
                forms[stars[0] + core + stars[1]] = None
        return Word(tuple(forms))


def _core(word: str) -> str:
    """A word's skeleton, with `#` where any digit may stand."""
    core = _skeleton(word.replace("#", "0"))
    if "#" in word and len(core) == len(word):
        return "".join("#" if was == "#" else one for was, one in zip(word, core, strict=True))
    return core


def _spellings(word: str) -> list[str]:
    """A word as it is, and with its umlauts as two letters."""
    composed = unicodedata.normalize("NFC", word)
    other = "".join(_UMLAUTS.get(one, one) for one in composed.casefold())
    return [composed] if other == composed.casefold() else [composed, other]


def digest(sequences: tuple[Sequence, ...], groups: Mapping[str, bytes]) -> bytes:
    """The SHA-256 of all that some sequences come to, which is the same whatever its groups are called;
    `groups` are those of the groups that they name."""
    return hashlib.sha256(repr([_said(one, groups) for one in sequences]).encode()).digest()


def _said(sequence: Sequence, groups: Mapping[str, bytes]) -> object:
    return [[_said_of(step.part, groups), step.gap] for step in sequence]


def _said_of(part: Part, groups: Mapping[str, bytes]) -> object:
    if isinstance(part, Word):
        return list(part.forms)
    if isinstance(part, Ref):
        return groups[part.name].hex()
    return [_said(one, groups) for one in part.options]
