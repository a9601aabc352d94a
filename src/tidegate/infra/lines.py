"""The lines of a large file, one at a time and bounded, each with the place where it ends.

What takes files that are too long to hold reads them so, and can go on where it stopped.
"""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

_SKIP_BYTES = 1 << 20


class Line(msgspec.Struct, frozen=True):
    """A line that is not blank. `end` is the offset after it; `data` None: over the limit. A record
    of a table may run over more than one: then `number` is its first and `last` its last."""

    number: int
    end: int
    data: bytes | None
    more: int = 0

    @property
    def last(self) -> int:
        return self.number + self.more

    @property
    def place(self) -> str:
        """Where it is, as people find it."""
        if self.more:
            return f"lines {self.number}–{self.last}"
        return f"line {self.number}"

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return len(self.data or b"")


def read_lines(file: BinaryIO, offset: int, number: int, limit: int) -> Iterator[Line]:
    """The lines from where the file stands, which is `offset`, after line `number`."""
    while line := file.readline(limit + 1):
        number += 1
        size = len(line)
        whole = line.endswith(b"\n") or len(line) <= limit
        while not whole:
            rest = file.readline(_SKIP_BYTES)
            size += len(rest)
            whole = not rest or rest.endswith(b"\n")
            line = b""
        offset += size
        if not line:
            yield Line(number, offset, None)
        elif data := line.strip():
            yield Line(number, offset, data)
