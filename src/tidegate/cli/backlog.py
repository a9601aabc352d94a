"""How far a backlog on disk has been taken.

Used by `tidegate items import` and `tidegate reports import`. The checkpoint lies beside the file and is
advisory: without it the import starts anew, and what was taken before gets its stored answer.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

_PREFIX_BYTES = 4096


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How far a file was taken: everything before `offset` has its answer. `before`: how many were there
    already, and are not among those taken."""

    target: str  # which instance took it
    offset: int
    line: int
    taken: int
    refused: int
    before: int = 0
    prefix: str = ""  # SHA-256 of the file's first bytes, to know it again


class Checkpoint:
    """The small file beside the backlog that says how far it was taken. `size`: where the backlog ends, if
    it is not read as it lies there. Of a folder, whose files have these `names`, an offset counts files."""

    def __init__(
        self,
        backlog: Path,
        target: str,
        *,
        size: int | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.path = backlog.with_name(f"{backlog.name}.imported")
        self._backlog = backlog
        self._target = target
        self._size = size
        self._names = names

    @property
    def size(self) -> int:
        """Where the backlog ends, in bytes or, of a folder, in files."""
        return self._backlog.stat().st_size if self._size is None else self._size

    def load(self) -> Reached:
        """Where to go on: the start, unless this instance took a part of this very file before."""
        start = Reached(target=self._target, offset=0, line=0, taken=0, refused=0)
        try:
            found = msgspec.json.decode(self.path.read_bytes(), type=Reached)
        except (OSError, msgspec.MsgspecError):
            return start
        same = found.target == self._target and found.prefix == self._prefix(found.offset)
        return found if same and found.offset <= self.size else start

    def save(self, reached: Reached) -> None:
        """Replace the file; a kill leaves the old one or the new one. Raises OSError."""
        noted = msgspec.structs.replace(reached, prefix=self._prefix(reached.offset))
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(noted))
        draft.replace(self.path)

    def clear(self) -> None:
        """The whole file was taken: nothing is left to resume."""
        self.path.unlink(missing_ok=True)

    def _prefix(self, offset: int) -> str:
        if self._names is not None:
            return hashlib.sha256("\0".join(self._names[:offset]).encode()).hexdigest()
        with self._backlog.open("rb") as file:
            return hashlib.sha256(file.read(min(offset, _PREFIX_BYTES))).hexdigest()
