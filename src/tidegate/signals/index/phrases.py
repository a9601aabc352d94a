"""The phrases of all banks, found in texts whatever is done to hide them.

Beside the index of codes. Each phrase is looked for three times over: plainly, in the text's
skeleton; by its key, where signs, cuts or stretched letters hide it; and where letters are spelled
out one by one. The first is exact and serves nearly always; what the others find is settled by
`evasion.reads_as`. See `fingerprints.skeleton` and `fingerprints.evasion` for the forms.
"""

import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tidegate.signals.fingerprints.evasion import (
    Reading,
    as_it_stands,
    key,
    readings,
    reads_as,
    spelled_form,
)
from tidegate.signals.fingerprints.skeleton import (
    bare,
    bare_with_offsets,
    bounded,
    places,
)
from tidegate.signals.index.strings import Strings


class _Find(NamedTuple):
    """A phrase at dense(marked)[start:end], perhaps with the spaces around it."""

    words: str
    marked: str
    start: int
    end: int


class _Keys:
    """Phrases by the key of a form of theirs."""

    def __init__(self, form: Callable[[str], str]) -> None:
        self._form = form
        self._strings = Strings()
        self._phrases: dict[str, dict[str, None]] = {}  # those of one key may be many

    def add(self, words: str) -> None:
        coarse = key(self._form(words)).text
        self._phrases.setdefault(coarse, {})[words] = None
        self._strings.add(coarse)

    def discard(self, words: str) -> None:
        coarse = key(self._form(words)).text
        del self._phrases[coarse][words]
        if not self._phrases[coarse]:
            del self._phrases[coarse]
            self._strings.discard(coarse)

    def find(self, reading: Reading, known: set[str]) -> Iterator[_Find]:
        """Phrases that are not yet `known`, which it adds to."""
        text = reading.text[reading.start : reading.end]
        coarse = key(text)
        refuted: set[tuple[str, str]] = set()  # so that a text of repetitions costs no more
        for string, first, last in self._strings.find(coarse.text):
            for words in list(self._phrases.get(string, ())):  # it may change meanwhile
                if words in known:
                    continue
                start = int(coarse.starts[first])
                end = int(coarse.starts[last]) if last < len(coarse.starts) else len(text)
                found = text[start:end]
                if (found, words) in refuted:
                    continue
                if reads_as(found, self._form(words)):
                    known.add(words)
                    place = reading.start
                    yield _Find(words, reading.marked, place + start, place + end)
                else:
                    refuted.add((found, words))


class PhraseTable:
    """Phrases with their owners. Many may search while one changes it; a search that begins after a
    change has returned sees it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words: dict[int, str] = {}
        self._owners: dict[str, frozenset[int]] = {}
        self._reach = 0  # characters of the longest phrase there ever was, between its spaces
        self._plain = Strings()
        self._coarse, self._spelled = _Keys(bounded), _Keys(spelled_form)

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
                self._plain.add(bounded(words))
                self._coarse.add(words)
                self._spelled.add(words)
            self._owners[words] = self._owners.get(words, frozenset()) | {owner}
            if before is not None:
                self._release(owner, before)

    def remove(self, owner: int) -> None:
        """Take the phrase of `owner` out; one that has none is no error."""
        with self._lock:
            words = self._words.pop(owner, None)
            if words is not None:
                self._release(owner, words)

    def _release(self, owner: int, words: str) -> None:
        if rest := self._owners[words] - {owner}:
            self._owners[words] = rest
            return
        del self._owners[words]
        self._plain.discard(bounded(words))
        self._coarse.discard(words)
        self._spelled.discard(words)

    def search_owners(self, text: str) -> set[int]:
        """Whose phrases lie in `text`, in any form."""
        bare_text = bare(text)
        plainly = as_it_stands(bare_text)
        known = {string.strip(" ") for string in self._plain.among(plainly.text)}
        for _ in self._hidden(bare_text, plainly, known):
            pass
        return {owner for words in known for owner in self._owners.get(words, ())}

    def search(self, text: str) -> list[tuple[int, int, int]]:
        """Whose phrases lie in `text`, each with the span text[start:end] of one find; by place."""
        found = list(self._find(bare(text)))
        if not found:
            return []
        offsets = bare_with_offsets(text)
        kept = {marked: places(marked) for marked in {find.marked for find in found}}
        spans: list[tuple[int, int, int]] = []
        for find in found:
            within = kept[find.marked][find.start : find.end]
            letters = [place for place in within if find.marked[place : place + 1].strip(" ")]
            start, end = offsets.span(letters[0], letters[-1] + 1)
            spans += [(owner, start, end) for owner in self._owners.get(find.words, ())]
        return sorted(spans, key=lambda span: (span[1], span[2], span[0]))

    def _find(self, bare_text: str) -> Iterator[_Find]:
        """Each phrase once, where it is found first."""
        plainly = as_it_stands(bare_text)
        known: set[str] = set()
        for string, start, end in self._plain.find(plainly.text):
            words = string.strip(" ")
            if words not in known:
                known.add(words)
                yield _Find(words, plainly.marked, start, end)
        yield from self._hidden(bare_text, plainly, known)

    def _hidden(self, bare_text: str, plainly: Reading, known: set[str]) -> Iterator[_Find]:
        """Those that are not plainly there."""
        if not self._words:
            return
        for reading in readings(bare_text, plainly, self._reach):
            table = self._spelled if reading.spelled else self._coarse
            yield from table.find(reading, known)


def spans(text: str, value: bytes) -> list[tuple[int, int]]:
    """Where `value`, a phrase, lies in `text`: for showing it to people. At most one span for each
    way in which it is hidden."""
    table = PhraseTable()
    table.upsert(0, value)
    return [(start, end) for _, start, end in table.search(text)]
