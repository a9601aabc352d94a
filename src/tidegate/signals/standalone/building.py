"""The lists among the paths that a bank file is built of, read one after another."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import numpy as np

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.door import refuse_poor
from tidegate.signals.lists import evidence
from tidegate.signals.lists.encoding import told
from tidegate.signals.lists.format import Broken
from tidegate.signals.lists.pdq import strange
from tidegate.signals.lists.pdq_bulk import Block, Source, read_codes
from tidegate.signals.model import Fingerprint
from tidegate.signals.standalone.bankfile import LISTED, Bytes, Named
from tidegate.signals.standalone.listing import FILE_KINDS, OpenList, open_list, read_entries

Progress = Callable[[int, int], None]
"""Told how much of how much is done; of files, or of bytes."""

_MOST_PROBLEMS = 20  # of one list, told one by one


class Lists:
    """What lists give to a bank file: PDQ codes by the million, and entries with other codes, by the
    name of their first."""

    def __init__(self, min_quality: int, format: str | None) -> None:
        self.problems: list[tuple[str, str]] = []
        self.notes: list[tuple[str, str]] = []
        self.named: dict[str, Named] = {}
        self.low_quality = self.total = 0
        self._min_quality = min_quality
        self._format = format
        self._pieces: list[Bytes] = []

    def take(self, path: Path, progress: Progress | None) -> bool:
        """Read `path` if it is a list; what cannot be read is for others to find out."""
        shown = printable(str(path))
        try:
            if path.is_dir():
                return False
            with ExitStack() as stack:
                try:
                    found = open_list(path, stack, self._format)
                except ValueError as error:
                    self.problems.append((shown, str(error)))
                    return True
                if found is None:
                    return False
                before = self.total
                bad = _Problems(self.problems, shown)
                if found.in_bulk:
                    self._read_bulk(shown, found, path.stat().st_size, progress, bad)
                else:
                    self._read_entries(shown, found, bad)
                bad.end()
        except (OSError, ValueError):
            return False
        if self.total == before and not bad.count:
            self.problems.append((shown, "has no entry: nothing of it could be matched"))
        return True

    def _read_bulk(
        self, path: str, found: OpenList, size: int, progress: Progress | None, bad: "_Problems"
    ) -> None:
        done, low = 0, 0
        for block in read_codes(cast("Source", found.text)):
            kept = (block.quality < 0) | (block.quality >= self._min_quality)
            low += len(kept) - int(kept.sum())
            if not found.sure:
                kept &= _usual(block, kept, bad)
            self._pieces.append(block.codes if kept.all() else block.codes[kept])
            self.total += len(self._pieces[-1])
            for line in block.bad:
                bad.tell(line.number, line.reason)
            done += block.size
            if progress is not None:
                progress(done, max(size, done))
        self._left_out(path, low)

    def _read_entries(self, path: str, found: OpenList, bad: "_Problems") -> None:
        low, others, skipped, doubtful = 0, 0, 0, 0
        bare: list[bytes] = []
        try:
            for record in read_entries(found):
                if record.entry is None:
                    skipped += record.skipped is not None
                    if record.problem is not None:
                        bad.tell(record.number, record.problem)
                    continue
                doubtful += record.guessed
                codes = [one for one in record.entry.fingerprints if one.kind in FILE_KINDS]
                others += len(record.entry.fingerprints) - len(codes)
                sound = [
                    one for one in codes if one.quality is None or one.quality >= self._min_quality
                ]
                low += len(codes) - len(sound)
                if len(sound) == 1 and sound[0].kind == LISTED:
                    bare.append(sound[0].value)
                elif sound:
                    self._add(sound)
                self.total += bool(sound)
        except Broken as broken:
            bad.tell(broken.number, str(broken))
        self._pieces.append(np.frombuffer(b"".join(bare), np.uint8).reshape(-1, 32))
        self._left_out(path, low)
        if others:
            self.notes.append((path, f"left out: {others:,} codes of kinds that no file has"))
        if doubtful:
            self.notes.append((path, told(doubtful)))
        if skipped:
            self.notes.append((path, f"left out: {skipped:,} entries that cannot be compared"))

    def _add(self, codes: Sequence[Fingerprint]) -> None:
        """An entry with a name of its own: its first code. Near-constant ones are left out of it."""
        name = KINDS[codes[0].kind].format(codes[0].value)
        sound = [code for code in codes if refuse_poor(code) is None or code.kind == LISTED]
        self.named.setdefault(name, Named(name, sound))

    def _left_out(self, path: str, low: int) -> None:
        if low:
            self.low_quality += low
            text = f"left out: {low:,} codes of a quality below {self._min_quality}"
            self.notes.append((path, text))

    def codes(self) -> Bytes:
        """All PDQ codes that are alone in their entry, ascending, each once."""
        codes = np.concatenate([np.empty((0, 32), np.uint8), *self._pieces])
        self._pieces.clear()
        words = codes.view(">u8")  # compared as their digits are
        order = np.argsort(first := words[:, 0].astype(np.uint64))
        if (np.diff(first[order]) == 0).any():
            order = np.lexsort(words.astype(np.uint64).T[::-1])
        codes = codes[order]
        words = codes.view(np.uint64)
        new = np.ones(len(codes), bool)
        new[1:] = (words[1:] != words[:-1]).any(axis=1)
        return codes if new.all() else codes[new]


class _Problems:
    """The bad lines of one list: the first are told one by one, the others counted."""

    def __init__(self, problems: list[tuple[str, str]], path: str) -> None:
        self.count = 0
        self._problems, self._path = problems, path

    def tell(self, number: int, reason: str) -> None:
        self.count += 1
        if self.count <= _MOST_PROBLEMS:
            self._problems.append((self._path, f"line {number}: {reason}"))

    def end(self) -> None:
        if self.count > _MOST_PROBLEMS:
            text = f"{self.count - _MOST_PROBLEMS:,} more lines are bad"
            self._problems.append((self._path, text))


def _usual(
    block: Block, kept: "np.ndarray[tuple[int], np.dtype[np.bool_]]", bad: _Problems
) -> Bytes:
    """Which of the codes may be pictures', in a list that does not say so; the others are told."""
    ones = np.bitwise_count(block.codes).sum(axis=1, dtype=np.int64)
    usual = np.array([evidence.close(one) for one in range(257)])[ones]
    for row in np.flatnonzero(kept & ~usual).tolist():
        bad.tell(int(block.numbers[row]), strange(int(ones[row])))
    return usual


def printable(text: str) -> str:
    """A file's name as text that can be shown and encoded: what is not text is escaped."""
    return text.encode("utf-8", "backslashreplace").decode()
