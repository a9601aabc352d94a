"""The folder of an index: which sealed files make it up, and up to which mark they hold everything.

All processes of an instance share one folder. The *manifest* says what counts; it is replaced by a
rename, and whoever reads it sees a whole one. Who writes holds the lock file, so two never write at
once. Files that the manifest no longer names are removed; who has them mapped keeps them.
"""

import fcntl
import os
import zlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tidegate.signals.index.segment import BadSegment, Segment, open_segment, sync_folder

_MANIFEST = "manifest.json"
_SUFFIX = ".segment"


class Manifest(msgspec.Struct, frozen=True):
    """`segments`: file names, older ones first. `mark`: every change up to it is in them.
    `identity`: of the database that they were made from."""

    identity: str
    mark: int
    generation: int
    segments: list[str]


Stamp = tuple[int, int, int]


class Folder:
    """One index on disk."""

    def __init__(self, path: Path, identity: str) -> None:
        self.path, self.identity = path, identity
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def stamp(self) -> Stamp | None:
        """What changes whenever the manifest does; None where there is none. A few microseconds."""
        try:
            found = os.stat(self.path / _MANIFEST)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def load(self, known: dict[str, Segment]) -> tuple[Manifest, list[Segment]]:
        """The manifest and its segments, mapped unless `known` has them by name already.

        Raises BadSegment when any of it is missing, cut, damaged or made from another database.
        """
        for attempt in range(5):
            manifest = self._manifest()
            try:
                return manifest, [known.get(name) or self.open(name) for name in manifest.segments]
            except FileNotFoundError as error:  # replaced and removed since the manifest was read
                if attempt == 4 or self._manifest() == manifest:
                    raise BadSegment(f"{error.filename} is missing") from error
        raise AssertionError  # the last attempt returned or raised

    def open(self, name: str) -> Segment:
        """Map one of the files. Raises BadSegment, FileNotFoundError."""
        segment = open_segment(self.path / name)
        if segment.attributes.get("identity") != self.identity:
            raise BadSegment(f"{segment.path} was made from another database")
        # Read by binary search, hence wholly checked before the first use.
        eager = [name for name in segment.arrays if name.partition("/")[0] in _EAGER]
        eager += [name for name in segment.arrays if name.endswith("/owners")]
        if not segment.verify(eager):
            raise BadSegment(f"{segment.path} is damaged")
        return segment

    def _manifest(self) -> Manifest:
        try:
            text = (self.path / _MANIFEST).read_bytes()
        except OSError as error:
            raise BadSegment(f"there is no {_MANIFEST} in {self.path}") from error
        body, _, crc = text.rpartition(b"\n")
        if crc != b"%08x" % zlib.crc32(body):
            raise BadSegment(f"{self.path / _MANIFEST} is damaged")
        try:
            manifest = msgspec.json.decode(body, type=Manifest)
        except msgspec.DecodeError as error:
            raise BadSegment(f"{self.path / _MANIFEST} cannot be read: {error}") from error
        if manifest.identity != self.identity:
            raise BadSegment(f"{self.path} was made from another database")
        return manifest

    def publish(self, mark: int, segments: Sequence[str]) -> None:
        """Let these segments make up the index. The caller holds `writing`."""
        manifest = Manifest(self.identity, mark, self.generation() + 1, list(segments))
        body = msgspec.json.encode(manifest)
        draft = self.path / f".{_MANIFEST}.{os.getpid()}"
        with draft.open("wb") as file:
            file.write(body + b"\n%08x" % zlib.crc32(body))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path / _MANIFEST)
        sync_folder(self.path)
        for path in self.path.iterdir():
            stale = path.suffix == _SUFFIX and path.name not in segments
            if stale or path.name.endswith(".part"):
                path.unlink(missing_ok=True)

    def generation(self) -> int:
        """That of the manifest; 0 where there is none that can be read."""
        try:
            return self._manifest().generation
        except BadSegment:
            return 0

    def new_name(self, mark: int) -> str:
        """A name that no segment here ever had."""
        return f"{mark:012d}-{os.urandom(4).hex()}{_SUFFIX}"

    @contextmanager
    def writing(self) -> Generator[bool]:
        """Whether this process may write now: no other one does. Never waits. Makes the folder anew
        if somebody has removed it."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True


_EAGER = frozenset({"equal", "phrase", "removed"})
