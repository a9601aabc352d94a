"""Files on a disk and what they are known by, examined side by side, for the bank files of `matcher`.

Every file has its digests, pictures their codes as well (decoded in sandboxed processes, for whoever
posted them may be hostile), and so has text in UTF-8.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import msgspec

from tidegate.content.media.claims import declared_type
from tidegate.content.media.model import Examined, MediaLimits, Problem, code_of
from tidegate.content.media.pool import MediaPool
from tidegate.content.media.sniffing import sniff
from tidegate.infra.parallel import in_order, processors
from tidegate.signals import fingerprints, links
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.door import refuse_poor
from tidegate.signals.fingerprints.pixels import HASHER, can_be
from tidegate.signals.links.placing import Placing
from tidegate.signals.model import Codes, Fingerprint
from tidegate.signals.parts import ExaminedFile, codes_of, face_of, without_code
from tidegate.signals.readings import is_guess

_LIMITS = MediaLimits()
_TEXT_BYTES = 4 << 20
_AHEAD = 4  # files under way for each thread
_DRAWING = "image/svg+xml"
_NO_FILE = "not a file"


class Found(NamedTuple):
    """A file that a path leads to. `name` is the path below the folder that was given, or the file's
    own name; `problem`: what is there cannot be examined."""

    path: Path
    name: str
    problem: str | None = None


class FileCodes(msgspec.Struct, frozen=True, kw_only=True):
    """What one file is known by: all `codes` to ask with, by parts, and `face`, those that stand for it
    in a bank (a stored orientation or a later frame is not the content's face). `named`: codes of what
    is only named in it, as a link in a text is.

    `note`: it could be compared by its digests only, and why. `problem`: it could not be read, or not
    looked at as it should.
    """

    codes: Codes = []
    face: list[Fingerprint] = []
    size: int = 0
    note: str | None = None
    problem: str | None = None
    named: list[Fingerprint] = []


def walk(paths: Iterable[Path], *, hidden: bool = True) -> Iterator[Found]:
    """All files under these paths, those of a folder in order of name.

    Links to folders are not followed; pipes, sockets and devices in a folder are no content. `hidden`:
    also what in a folder has a name that begins with a dot.
    """
    for path in paths:
        if not path.is_dir():
            yield _found(path, path.name)
            continue
        failed: list[OSError] = []
        for folder, below, names in os.walk(path, onerror=failed.append):
            below[:] = sorted(one for one in below if hidden or not one.startswith("."))
            for name in sorted(names):
                if hidden or not name.startswith("."):
                    file = Path(folder, name)
                    found = _found(file, file.relative_to(path).as_posix())
                    if found.problem != _NO_FILE:
                        yield found
        for error in failed:
            where = Path(os.fsdecode(error.filename))
            yield Found(where, where.name, error.strerror or "cannot be read")


def _found(path: Path, name: str) -> Found:
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError) as error:
        return Found(path, name, getattr(error, "strerror", None) or "cannot be read")
    return Found(path, name, None if regular else _NO_FILE)


class DecoderDown(Exception):
    """The processes that decode pictures do not start; the text says why."""


class Examiner:
    """Examines files, called by one thread at a time. Its methods raise DecoderDown.

    `workers`: how many processes decode; None: one a processor. They start with the first picture.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._wanted = workers
        self._workers = 0
        self._pool: MediaPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.close()

    def examine(self, path: Path) -> FileCodes:
        """What one file is known by."""
        return self._examine(path, self._pool_for(1))

    def examine_all(self, found: Sequence[Found]) -> Iterator[tuple[Found, FileCodes]]:
        """Each file with what it is known by, in order, many of them at once."""
        pool = self._pool_for(len(found))

        def examine(one: Found) -> FileCodes:
            return FileCodes(problem=one.problem) if one.problem else self._examine(one.path, pool)

        threads = 2 * self._workers
        return in_order(examine, found, threads, _AHEAD * threads)

    def _pool_for(self, files: int) -> MediaPool:
        workers = self._wanted or max(1, min(files, processors()))
        if self._pool is None or workers > self._workers:
            self.close()
            self._pool = MediaPool(HASHER, can_be, workers, shared=False)
            self._workers = workers
        return self._pool

    def _examine(self, path: Path, pool: MediaPool) -> FileCodes:
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size > _LIMITS.max_bytes:
                    codes = _digests_of_long(file)
                    note = f"compared by its digests only: {size:,} bytes are too many to look at"
                    known = codes_of(files=[ExaminedFile(codes)])
                    return FileCodes(codes=known, face=codes, size=size, note=note)
                data = file.read(_LIMITS.max_bytes + 1)
        except OSError as error:
            return FileCodes(problem=error.strerror or "cannot be read")
        return _examined(data, path.name, pool)


def _examined(data: bytes, name: str, pool: MediaPool) -> FileCodes:
    size = len(data)
    if not data:
        return FileCodes(note="the file is empty")
    digests = fingerprints.of_bytes(data)
    media_type, claim = sniff(data), declared_type(None, name) or ""
    if claim == _DRAWING:  # which a prolog hides from those who look at the first bytes
        media_type = media_type or claim
    if media_type and media_type.startswith("image/") and media_type != _DRAWING:
        try:
            examined = pool.examine_blocking(data)
        except RuntimeError as error:
            raise DecoderDown(str(error)) from error
        return _pictured(digests, examined, size)
    text = _text_of(data)
    face, named, note, problem = list(digests), [], None, None
    codes = codes_of(files=[ExaminedFile(digests)])
    if text is not None:
        face += fingerprints.of_known_text(text)
        known, named = codes_of_text(text)
        codes += known
        note = links.TOO_MANY if links.beyond(text) else None
    if media_type is None and claim.startswith("image/"):
        problem = "its name says that it is a picture, and its bytes do not"
    elif media_type is not None:
        note = f"compared by its digests only: {Problem.UNSUPPORTED_TYPE.text(media_type)}"
    elif text is None:
        note = "compared by its digests only: neither a picture nor a text in UTF-8"
    return FileCodes(codes=codes, face=face, size=size, note=note, problem=problem, named=named)


def codes_of_text(text: str) -> tuple[Codes, list[Fingerprint]]:
    """What a text is known by, and the codes of what is only named in it."""
    placing = Placing(text)
    known: Codes = []
    named: list[Fingerprint] = []
    for part, code in codes_of(text=text):
        if is_guess(part) and KINDS[code.kind].exact:
            continue  # what rests on a guess is near at most
        if placing.of(part, code).whole:
            known.append((part, code))
        else:
            named.append(code)
    return known, named


def _pictured(digests: list[Fingerprint], examined: Examined, size: int) -> FileCodes:
    coded = codes_of(files=[ExaminedFile(digests, examined.codes)])
    face = face_of(coded)
    pictured = [code for code in face if KINDS[code.kind].source == "pixels"]
    problem = note = None
    if not examined.judged:
        said = [one for one in examined.problems if not Problem(code_of(one)).harmless]
        if all(code_of(one) == Problem.UNSUPPORTED_TYPE for one in said):
            note = f"compared by its digests only: {'; '.join(said)}"
        else:
            problem = "; ".join(said)
    elif not pictured:
        note = without_code(examined)
    elif poor := next(filter(None, map(refuse_poor, pictured)), None):
        note = f"no picture code that a bank takes: {poor}"
    face = [code for code in face if refuse_poor(code) is None]
    return FileCodes(codes=coded, face=face, size=size, note=note, problem=problem)


def _text_of(data: bytes) -> str | None:
    """The text that a file is, or None."""
    if len(data) > _TEXT_BYTES:
        return None
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _digests_of_long(file: BinaryIO) -> list[Fingerprint]:
    """The digests of a file that is not to be held in memory: those that `hashlib` knows by name."""
    kinds = [
        kind.name
        for kind in KINDS.values()
        if kind.source == "bytes" and kind.name in hashlib.algorithms_guaranteed
    ]
    sums = [hashlib.new(kind, usedforsecurity=False) for kind in kinds]
    for piece in iter(lambda: file.read(1 << 20), b""):
        for one in sums:
            one.update(piece)
    return [Fingerprint(kind, one.digest()) for kind, one in zip(kinds, sums, strict=True)]
