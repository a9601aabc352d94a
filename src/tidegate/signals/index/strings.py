"""A set of strings that changes, and where they lie in a text: Aho-Corasick for `phrases`.

An automaton cannot grow. So strings that came after it was built are looked for one by one, and it
is built anew, beside the searches, when these have paid for that in time. Adding many strings one
after another thus costs no more than a few buildings.
"""

import threading
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from ahocorasick_rs import BytesAhoCorasick

_COST = 8  # strings looked for one by one in the time of building one into the automaton
_BULK = 1024  # so many fresh strings are worth waiting for


class _Built(NamedTuple):
    """An automaton, what it finds, and what came later; only `fresh` grows."""

    automaton: BytesAhoCorasick | None  # bytes, as few texts hold anything: places cost then only
    strings: list[str]
    fresh: list[str]


class Strings:
    """Searches run side by side and wait for no change; changes wait for one another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._thread: threading.Thread | None = None
        self._live: set[str] = set()
        self._known: set[str] = set()  # live or not, in the automaton or fresh
        self._built = _Built(None, [], [])
        self._debt = 0

    def __len__(self) -> int:
        return len(self._live)

    def add(self, string: str) -> None:
        """Look for `string` from now on; one that is in already is no error."""
        with self._lock:
            self._live.add(string)
            if string not in self._known:
                self._known.add(string)
                self._built.fresh.append(string)

    def discard(self, string: str) -> None:
        """Look for `string` no more; one that is not in is no error."""
        with self._lock:
            self._live.discard(string)
            wasted = len(self._known) > 2 * len(self._live) + _BULK
        if wasted:
            self._build_beside()

    def find(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Where strings lie in `text`, overlapping ones too."""
        built = self._current()
        if built.automaton is not None:
            utf8 = text.encode()
            matches = built.automaton.find_matches_as_indexes(utf8, True)
            place = _characters(utf8) if matches and len(utf8) > len(text) else range(len(utf8) + 1)
            for number, start, end in matches:
                if (string := built.strings[number]) in self._live:
                    yield string, place[start], place[end]
        for string in built.fresh[:]:
            start = text.find(string)
            while start >= 0 and string in self._live:
                yield string, start, start + len(string)
                start = text.find(string, start + 1)

    def among(self, text: str) -> set[str]:
        """Which strings lie in `text`: `find` in less time."""
        built = self._current()
        found = (
            {string for string in built.fresh[:] if string in text} if built.fresh else set[str]()
        )
        if built.automaton is not None:
            matches = built.automaton.find_matches_as_indexes(text.encode(), True)
            if matches:
                found.update([built.strings[number] for number, _, _ in matches])
        return found & self._live if found else found

    def settle(self) -> None:
        """Wait until nothing is being built."""
        if (thread := self._thread) is not None:
            thread.join()

    def _current(self) -> _Built:
        built = self._built
        if fresh := len(built.fresh):
            self._debt += fresh
            if fresh > max(_BULK, len(built.strings) // 4):
                self._build()
                return self._built
            if self._debt > _COST * len(self._known):
                self._build_beside()
        return built

    def _build_beside(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._build, name="phrases", daemon=True)
                self._thread.start()

    def _build(self) -> None:
        before = self._built
        with self._building:
            if self._built is not before:  # another has just done it
                return
            with self._lock:
                strings = list(self._live)
            automaton = BytesAhoCorasick([one.encode() for one in strings]) if strings else None
            included = set(strings)
            with self._lock:
                fresh = [string for string in self._live if string not in included]
                self._known = included.union(fresh)
                self._built = _Built(automaton, strings, fresh)
                self._debt = 0


def _characters(utf8: bytes) -> list[int]:
    """For each byte, and the end, how many characters begin before it."""
    begins = (np.frombuffer(utf8, np.uint8) & 0xC0) != 0x80
    return [0, *np.cumsum(begins).tolist()]
