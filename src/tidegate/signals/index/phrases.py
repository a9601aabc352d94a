"""The phrases of all banks, found in texts whatever is done to hide them.

Beside the index of codes. Each phrase is looked for several times over: plainly, in the text's
skeleton; by its key, where signs, cuts or stretched letters hide it; without spaces, where letters
are spelled out one by one; and where capitals show that words are written in one. The first is exact
and serves nearly always; what the others find is settled by `evasion.reads_as`. See
`fingerprints.skeleton`, `evasion`, `spelled` and `glued` for the forms.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tidegate.signals.fingerprints.evasion import (
    Reading,
    as_it_stands,
    key,
    numeral,
    readings,
    reads_as,
    signed,
    spelled_out,
)
from tidegate.signals.fingerprints.glued import Form, apart, forms, has_seams, is_tag
from tidegate.signals.fingerprints.skeleton import (
    bare,
    bare_with_offsets,
    bounded,
    places,
)
from tidegate.signals.fingerprints.spelled import Spelled, span_of, unparted
from tidegate.signals.index.strings import Strings


class _Find(NamedTuple):
    """A phrase in a marked text, whose first letter and the one after its last are there."""

    words: str
    start: int
    end: int


class _Keys:
    """Forms of phrases by the key of what `written` makes of them."""

    def __init__(self, written: Callable[[str], str]) -> None:
        self.written = written
        self._strings = Strings()
        self._forms: dict[str, dict[tuple[str, Form], None]] = {}  # those of one key may be many

    def add(self, words: str, form: Form) -> None:
        coarse = key(self.written(form.words)).text
        self._forms.setdefault(coarse, {})[words, form] = None
        self._strings.add(coarse)

    def discard(self, words: str, form: Form) -> None:
        coarse = key(self.written(form.words)).text
        del self._forms[coarse][words, form]
        if not self._forms[coarse]:
            del self._forms[coarse]
            self._strings.discard(coarse)

    def find(self, text: str) -> Iterator[tuple[str, Form, int, int]]:
        """Where forms lie in the key of a text, overlapping ones too."""
        for string, first, last in self._strings.find(text):
            for words, form in list(self._forms.get(string, ())):  # it may change meanwhile
                yield words, form, first, last


class PhraseTable:
    """Phrases with their owners. Many may search while one changes it; a search that begins after a
    change has returned sees it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words: dict[int, str] = {}
        self._owners: dict[str, frozenset[int]] = {}
        self._reach = 0  # characters of the longest phrase there ever was, between its spaces
        self._plain = Strings()
        self._forms: dict[str, dict[tuple[str, Form], None]] = {}  # by their string in `_plain`
        self._coarse, self._spelled = _Keys(bounded), _Keys(lambda words: words.replace(" ", ""))
        self._parts: Counter[str] = Counter()  # words of phrases, in all their forms
        self._numerals: Counter[str] = Counter()  # those that digits alone may be, by their key

    def __len__(self) -> int:
        """How many owners have a phrase."""
        return len(self._words)

    def upsert(self, owner: int, value: bytes) -> None:
        """Give `owner` the phrase `value`, as the kind `phrase` parses it, in place of its last."""
        words = value.decode()
        with self._lock:
            before = self._words.get(owner)
            if before == words:
                return
            self._words[owner] = words
            if words not in self._owners:
                self._reach = max(self._reach, len(words) + 2)
                self._add(words)
            self._owners[words] = self._owners.get(words, frozenset()) | {owner}
            if before is not None:
                self._release(owner, before)

    def remove(self, owner: int) -> None:
        """Take the phrase of `owner` out; one that has none is no error."""
        with self._lock:
            words = self._words.pop(owner, None)
            if words is not None:
                self._release(owner, words)

    def _add(self, words: str) -> None:
        written = forms(words)
        for form in written:
            string = bounded(form.words)
            self._forms.setdefault(string, {})[words, form] = None
            self._plain.add(string)
            self._coarse.add(words, form)
            self._parts.update(form.words.split())
        self._spelled.add(words, written[0])
        self._numerals.update(filter(None, map(numeral, words.split())))

    def _release(self, owner: int, words: str) -> None:
        if rest := self._owners[words] - {owner}:
            self._owners[words] = rest
            return
        del self._owners[words]
        written = forms(words)
        for form in written:
            string = bounded(form.words)
            del self._forms[string][words, form]
            if not self._forms[string]:
                del self._forms[string]
                self._plain.discard(string)
            self._coarse.discard(words, form)
            self._parts -= Counter(form.words.split())
        self._spelled.discard(words, written[0])
        self._numerals -= Counter(filter(None, map(numeral, words.split())))

    def search_owners(self, text: str) -> set[int]:
        """Whose phrases lie in `text`, in any form."""
        bare_text = bare(text)
        plainly = as_it_stands(bare_text)
        known: set[str] = set()
        in_tags = False
        for string in self._plain.among(plainly.text):
            for words, form in list(self._forms.get(string, ())):
                if form.tag:
                    in_tags = True
                else:
                    known.add(words)
        if in_tags:
            for _ in self._plainly(bare_text, plainly, known):
                pass
        for _ in self._hidden(bare_text, plainly, known):
            pass
        if has_seams(text):
            for _ in self._apart(text, known):
                pass
        return {owner for words in known for owner in self._owners.get(words, ())}

    def search(self, text: str) -> list[tuple[int, int, int]]:
        """Whose phrases lie in `text`, each with the span text[start:end] of one find; by place."""
        known: set[str] = set()
        found = [(find.words, *span) for find, span in self._spans(text, known)]
        if has_seams(text):
            found += self._apart(text, known)
        spans = [
            (owner, start, end)
            for words, start, end in found
            for owner in self._owners.get(words, ())
        ]
        return sorted(spans, key=lambda span: (span[1], span[2], span[0]))

    def _spans(self, text: str, known: set[str]) -> Iterator[tuple[_Find, tuple[int, int]]]:
        """The phrases in a text as it stands that are not yet `known`, each where it is found first."""
        bare_text = bare(text)
        plainly = as_it_stands(bare_text)
        finds = [
            *self._plainly(bare_text, plainly, known),
            *self._hidden(bare_text, plainly, known),
        ]
        if finds:
            offsets = bare_with_offsets(text)
            for find in finds:
                yield find, offsets.span(find.start, find.end)

    def _plainly(self, bare_text: str, plainly: Reading, known: set[str]) -> Iterator[_Find]:
        where: Iterable[int] | None = None
        for string, start, end in self._plain.find(plainly.text):
            for words, form in list(self._forms.get(string, ())):
                if words in known:
                    continue
                where = places(plainly.marked) if where is None else where
                find = _find(words, plainly.marked, list(where[start:end]))
                if not form.tag or is_tag(bare_text, find.start):
                    known.add(words)
                    yield find

    def _hidden(self, bare_text: str, plainly: Reading, known: set[str]) -> Iterator[_Find]:
        """Those that are not plainly there."""
        if not self._words:
            return
        alone = spelled_out(bare_text, plainly)
        for reading in readings(bare_text, plainly, self._reach, alone, self._numerals):
            yield from self._read(bare_text, reading, known)
        if alone:
            marked = signed(bare_text)
            yield from self._spelled_out(marked, unparted(marked, alone), known)

    def _read(self, bare_text: str, reading: Reading, known: set[str]) -> Iterator[_Find]:
        text = reading.text[reading.start : reading.end]
        coarse = key(text)
        where = None
        refuted: set[tuple[str, str]] = set()  # so that a text of repetitions costs no more
        for words, form, first, last in self._coarse.find(coarse.text):
            if words in known:
                continue
            start = int(coarse.starts[first])
            end = int(coarse.starts[last]) if last < len(coarse.starts) else len(text)
            found = text[start:end]
            if (found, form.words) in refuted:
                continue
            if not reads_as(found, bounded(form.words)):
                refuted.add((found, form.words))
                continue
            where = places(reading.marked) if where is None else where
            find = _find(words, reading.marked, where[reading.start + start : reading.start + end])
            if not form.tag or is_tag(bare_text, find.start):
                known.add(words)
                yield find

    def _spelled_out(self, marked: str, spelled: Spelled, known: set[str]) -> Iterator[_Find]:
        coarse = key(spelled.text)
        for words, form, first, last in self._spelled.find(coarse.text):
            if words in known:
                continue
            if (span := span_of(spelled, coarse, first, last, form.words)) is None:
                continue
            start, end = span
            if reads_as(spelled.text[start:end], form.words.replace(" ", "")):
                known.add(words)
                yield _find(words, marked, spelled.places[start:end])

    def _apart(self, text: str, known: set[str]) -> list[tuple[str, int, int]]:
        """Those that are there once words that are written in one with capitals are set apart: outside of
        hashtags, phrases of several words only, as names are written so too."""
        seen = apart(text, self._reach, self._parts)
        if seen is None:
            return []
        kept: list[tuple[str, int, int]] = []
        mine = set(known)
        for find, span in list(self._spans(seen.text, mine)):
            start, end = seen.span(*span)
            if " " in find.words or is_tag(text, start + 1):
                known.add(find.words)
                kept.append((find.words, start, end))
        return kept


def _find(words: str, marked: str, where: Iterable[int]) -> _Find:
    """A find from the places of its characters in a marked text, spaces around it among them."""
    letters = [place for place in where if marked[place : place + 1].strip(" ")]
    return _Find(words, letters[0], letters[-1] + 1)


def spans(text: str, value: bytes) -> list[tuple[int, int]]:
    """Where `value`, a phrase, lies in `text`: for showing it to people. At most one span for each
    way in which it is hidden."""
    table = PhraseTable()
    table.upsert(0, value)
    return [(start, end) for _, start, end in table.search(text)]
