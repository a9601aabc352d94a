"""The matcher by itself: known content in one file, and files, texts and codes compared with it.

No server and no database: `build_bank` makes the file (`bankfile`), `Matcher` opens one or several and
answers what is near. The commands `tidegate bank build` and `tidegate match` are these two.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import msgspec
import numpy as np

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.kind import Kind
from tidegate.signals.model import Codes, Fingerprint
from tidegate.signals.parts import is_exact
from tidegate.signals.standalone.bankfile import (
    LISTED,
    MAX_RADIUS,
    About,
    BankFile,
    Bytes,
    Named,
    write_bank,
)
from tidegate.signals.standalone.bankstats import near_constant
from tidegate.signals.standalone.building import Lists, Progress, printable
from tidegate.signals.standalone.examining import Examiner, FileCodes, Found, codes_of_text, walk


class FileMatch(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a bank that a file or text is near to, `distance` bits by one kind of fingerprint;
    0 for exact kinds. `exact`: the route is one that may restrict."""

    bank: str
    entry: str
    kind: str
    route: str
    distance: int
    exact: bool


class FileAnswer(msgspec.Struct, frozen=True):
    """What is known of one file, nearest first. `problem`: it could not be read, or not looked at as
    it should; it is matched all the same by what there is. `note`: why by its digests only."""

    path: str
    matches: list[FileMatch] = []
    problem: str | None = None
    note: str | None = None


class CodeMatch(NamedTuple):
    """An entry of a bank that a code is near to."""

    bank: str
    entry: str
    distance: int


class Built(msgspec.Struct, frozen=True):
    """What was built, and what not: `notes` are (path, text)."""

    about: About
    notes: list[tuple[str, str]]


class BuildError(Exception):
    """Nothing was written: `problems` are (path, text)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {text}" for path, text in problems[:3]))
        self.problems = problems


def build_bank(
    paths: Iterable[Path | str],
    out: Path | str,
    *,
    name: str | None = None,
    min_quality: int | None = None,
    format: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Built:
    """Make the bank file `out` of folders, files and lists.

    Each file is an entry, named by its path below the folder; hidden ones in a folder are left out. A
    path to a file that is a list of codes, as an instance imports them, is taken for one: each of its
    entries is named by its code; those of PDQ below `min_quality` (that of the kind) are left out.
    `format` says what the lists are ("pdq": a bare column is of PDQ codes, whatever they look like).
    `name` is the bank's, else that of its file. Raises BuildError when anything could not be read,
    DecoderDown when pictures cannot be looked at, OSError when `out` cannot be written: what was there
    before stays.
    """
    out = Path(out)
    lists = Lists(KINDS[LISTED].min_quality if min_quality is None else min_quality, format)
    found: list[Found] = []
    for path in map(Path, paths):
        if not lists.take(path, progress):
            found += (one for one in walk([path], hidden=False) if not _same(one.path, out))
    problems, notes = lists.problems, lists.notes
    files: dict[str, Named] = {}
    with Examiner(workers) as examiner:
        for done, (one, known) in enumerate(examiner.examine_all(found), 1):
            if progress is not None:
                progress(done, len(found))
            path = printable(str(one.path))
            if known.problem is not None and not known.codes:
                problems.append((path, known.problem))
            elif (told := known.problem or known.note) is not None:
                notes.append((path, told if known.size else f"left out: {told}"))
            if known.face:
                entry = printable(one.name)
                entry = path if entry in files else entry
                face = [code for code in known.face if not KINDS[code.kind].common]
                files[entry] = Named(entry, face)
    if problems:
        raise BuildError(problems)
    named = [one for name, one in lists.named.items() if name not in files]
    files |= {one.name: one for one in named}
    listed = lists.codes()
    if constant := near_constant(KINDS[LISTED], listed.view("<u8")):
        text = f"has {constant:,} near-constant codes, which match what they do not know"
        notes.append((printable(str(out)), text))
    values: dict[str, int] = {}
    for code in (code for entry in files.values() for code in entry.fingerprints):
        if not KINDS[code.kind].hamming:
            values[code.kind] = values.get(code.kind, 0) + 1
    about = About(
        bank=name,
        files=len(files),
        listed=len(listed),
        named=len(named),
        values=values,
        low_quality=lists.low_quality,
        repeated=lists.total - len(listed) - len(named),
    )
    write_bank(out, [files[entry] for entry in sorted(files)], listed, about)
    return Built(about, notes)


class Matcher:
    """One or several bank files, open to be asked; a context that ends the decoding processes.

    Raises BankFileError for a file that is no bank or damaged, here or when it is asked; OSError for
    one that cannot be read.
    """

    def __init__(self, *banks: Path | str, workers: int | None = None) -> None:
        self.banks = [BankFile.open(bank) for bank in banks]
        self._examiner = Examiner(workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._examiner.close()

    def match_text(self, text: str, radius: int | None = None) -> list[FileMatch]:
        """The entries that a text is near to; `radius` in bits, None: as each kind has it."""
        return self._ask(*codes_of_text(text), radius)

    def match_file(self, path: Path | str, radius: int | None = None) -> FileAnswer:
        """What is known of one file. Raises DecoderDown."""
        path = Path(path)
        return self._answer(path, self._examiner.examine(path), radius)

    def match_files(
        self,
        paths: Iterable[Path | str],
        radius: int | None = None,
        progress: Progress | None = None,
    ) -> Iterator[FileAnswer]:
        """The same for all files under these paths, in order of name, many at once."""
        found = list(walk(map(Path, paths)))
        for done, (one, known) in enumerate(self._examiner.examine_all(found), 1):
            if progress is not None:
                progress(done, len(found))
            yield self._answer(one.path, known, radius)

    def match_codes(
        self, codes: Iterable[str], radius: int = 31, kind: str = LISTED
    ) -> list[list[CodeMatch]]:
        """For each code, in its kind's text form, the entries within `radius` bits (0 to 64)."""
        values = b"".join(map(KINDS[kind].parse, codes))
        return list(self.near(np.frombuffer(values, np.uint8).reshape(-1, 32), radius, kind))

    def near(self, values: Bytes, radius: int, kind: str = LISTED) -> Iterator[list[CodeMatch]]:
        """`match_codes` for codes as bytes, (n, 32), in batches."""
        if not 0 <= radius <= MAX_RADIUS:
            raise ValueError(f"a radius is 0 to {MAX_RADIUS} bits")
        answers = [bank.near(kind, values, radius) for bank in self.banks]
        for row in zip(*answers, strict=True):
            found = [
                CodeMatch(bank.name, *one)
                for bank, near in zip(self.banks, row, strict=True)
                for one in near
            ]
            if len(self.banks) > 1:
                found.sort(key=lambda match: (match.distance, match.entry, match.bank))
            yield found

    def _answer(self, path: Path, known: FileCodes, radius: int | None) -> FileAnswer:
        return FileAnswer(
            printable(str(path)),
            self._ask(known.codes, known.named, radius),
            known.problem,
            known.note,
        )

    def _ask(
        self, codes: Codes, named: Sequence[Fingerprint], radius: int | None
    ) -> list[FileMatch]:
        """What codes match, and those of what is only `named` in a text, by which nothing is exact."""
        best: dict[tuple[str, str, str], tuple[int, bool]] = {}

        def note(bank: str, entry: str, kind: Kind, distance: int, exact: bool) -> None:
            key = (bank, entry, kind.name)
            best[key] = min((distance, not exact), best.get(key, (distance, not exact)))

        kinds = {code.kind: KINDS[code.kind] for _, code in codes}
        own = [
            (part, code)
            for part, code in codes
            if not kinds[code.kind].hamming and not kinds[code.kind].common
        ]
        equal = [*(code for _, code in own), *named]
        for bank in self.banks:
            for place, entries in enumerate(bank.equal(equal)):
                kind = KINDS[equal[place].kind]
                exact = place < len(own) and is_exact(kind, own[place][0], 0)
                for entry in entries:
                    note(bank.name, entry, kind, 0, exact)
        for kind in (kind for kind in KINDS.values() if kind.hamming):
            asked = [(part, code.value) for part, code in codes if code.kind == kind.name]
            if not asked:
                continue
            wide = kind.default_radius if radius is None else radius
            values = np.frombuffer(b"".join(value for _, value in asked), np.uint8).reshape(-1, 32)
            for (part, _), near in zip(asked, self.near(values, wide, kind.name), strict=True):
                for bank, entry, distance in near:
                    note(bank, entry, kind, distance, is_exact(kind, part, distance))
        matches = [
            FileMatch(
                bank=bank,
                entry=entry,
                kind=kind,
                route=KINDS[kind].route,
                distance=distance,
                exact=not inexact,
            )
            for (bank, entry, kind), (distance, inexact) in best.items()
        ]
        return sorted(matches, key=lambda m: (m.distance, m.entry, m.bank, m.kind))


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):
        return False
