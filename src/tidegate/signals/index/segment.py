"""Sealed files: named arrays in one immutable, checksummed, memory-mapped file.

`layer` searches what is in them, `folder` says which of them make an index, and a bank file that
`matcher` opens is one of them. A file comes into being by a rename and is never rewritten, so every
process may map it for as long as it likes.

The layout, all integers little-endian:

    header    16 bytes of magic, u64 length of the file, u64 where the footer begins, u32 CRC of both
    sections  the arrays, each beginning on a page of 4096 bytes
    footer    u32 CRC-32 of each block of 64 KiB from 0 up to the footer, then JSON: the sections'
              names, types, shapes and places, and the writer's attributes
    tail      u64 length of the JSON, u32 CRC of the footer

Opening reads the header, the length, the footer and the tail, whatever the size. A block's own
checksum is compared before its first use: by the kernels through `Segment.guard`, or by `verify`.
"""

import math
import mmap
import os
import struct
import zlib
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.hamming import Guard

Array = NDArray[Any]

BLOCK = 1 << 16
_MAGIC = b"tidegate segment"
_VERSION = 2
_PAGE = 4096
_HEADER = struct.Struct("<16sQQI")
_TAIL = struct.Struct("<QI")
_U32 = struct.Struct("<I")
_KINDS = frozenset({"u1", "u2", "u4", "u8", "i8"})


class BadSegment(Exception):
    """The file is no sealed segment, not all of one, or damaged; the text says which."""


class Shape(msgspec.Struct, frozen=True):
    """An array to be: its numpy type without byte order (u1, u2, u4, u8, i8), and its shape."""

    kind: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """In bytes."""
        return int(self.kind[1]) * math.prod(self.shape)


class _Section(msgspec.Struct, frozen=True):
    name: str
    kind: str
    shape: tuple[int, ...]
    offset: int


class _Footer(msgspec.Struct, frozen=True):
    version: int
    sections: list[_Section]
    attributes: dict[str, Any]


class Segment:
    """A sealed file, mapped. `arrays` are read-only views into it."""

    def __init__(
        self,
        path: Path,
        arrays: Mapping[str, Array],
        attributes: dict[str, Any],
        guard: Guard,
        places: Mapping[str, tuple[int, int]],
    ) -> None:
        self.path, self.arrays, self.attributes, self.guard = path, arrays, attributes, guard
        self._places = places

    def verify(self, names: Iterable[str]) -> bool:
        """Whether all blocks under these sections are sound; reads those not read before."""
        return self.verify_blocks(block for name in names for block in self.blocks(name))

    def verify_blocks(self, blocks: Iterable[int]) -> bool:
        """The same by their numbers."""
        state, data, sums = self.guard.state, self.guard.data, self.guard.checksums
        sound = True
        for block in blocks:
            if state[block] == 0:
                piece = data[block * BLOCK : (block + 1) * BLOCK]
                state[block] = 1 if zlib.crc32(piece.data) == sums[block] else 2
            sound = sound and state[block] == 1
        return sound

    def blocks(self, name: str) -> range:
        """The numbers of the blocks that a section lies in."""
        start, end = self._places[name]
        return range(start // BLOCK, -(-end // BLOCK)) if end > start else range(0)

    def bad_rows(self, name: str) -> list[tuple[int, int]]:
        """Runs [first, end) of a section's rows that lie in blocks known to be bad."""
        array = self.arrays[name]
        start, end = self._places[name]
        if not len(array):
            return []
        width = (end - start) // len(array)
        return [
            (
                max(0, (block * BLOCK - start) // width),
                min(len(array), -(-((block + 1) * BLOCK - start) // width)),
            )
            for block in self.blocks(name)
            if self.guard.state[block] == 2
        ]


def open_segment(path: Path) -> Segment:
    """Map a sealed file. Raises BadSegment; OSError where it cannot be read."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < _HEADER.size + _TAIL.size:
            raise BadSegment(f"{path} is too short for a sealed file")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    mapped.madvise(mmap.MADV_RANDOM)
    data = np.frombuffer(mapped, np.uint8)
    magic, length, footer_at, crc = _HEADER.unpack_from(mapped)
    if magic != _MAGIC:
        raise BadSegment(f"{path} is not a sealed file of Tidegate")
    if crc != zlib.crc32(mapped[: _HEADER.size - 4]):
        raise BadSegment(f"{path} has a damaged header")
    if length != size:
        raise BadSegment(f"{path} has {size} bytes of {length}: it was cut or appended to")
    json_length, crc = _TAIL.unpack_from(mapped, size - _TAIL.size)
    sums_length = 4 * -(-footer_at // BLOCK)
    if footer_at + sums_length + json_length + _TAIL.size != size:
        raise BadSegment(f"{path} has a damaged footer")
    footer_bytes = mapped[footer_at : size - _TAIL.size]
    if crc != zlib.crc32(footer_bytes):
        raise BadSegment(f"{path} has a damaged footer")
    try:
        footer = msgspec.json.decode(footer_bytes[sums_length:], type=_Footer)
    except msgspec.DecodeError as error:
        raise BadSegment(f"{path} has a footer that cannot be read: {error}") from error
    if footer.version != _VERSION:
        raise BadSegment(f"{path} has format {footer.version}; this program reads {_VERSION}")
    arrays: dict[str, Array] = {}
    places: dict[str, tuple[int, int]] = {}
    for one in footer.sections:
        known = one.kind in _KINDS and min(one.shape, default=-1) >= 0
        end = one.offset + (Shape(one.kind, one.shape).size if known else size)
        if not _HEADER.size <= one.offset <= end <= footer_at:
            raise BadSegment(f"{path} has a section {one.name} outside of itself")
        view = data[one.offset : end].view("<" + one.kind)
        arrays[one.name], places[one.name] = view.reshape(one.shape), (one.offset, end)
    sums = data[footer_at : footer_at + sums_length].view("<u4") if sums_length else _NONE
    guard = Guard(data[:footer_at], sums)
    return Segment(path, arrays, footer.attributes, guard, places)


_NONE = np.empty(0, np.uint32)


@contextmanager
def new_segment(
    path: Path, shapes: Mapping[str, Shape], attributes: dict[str, Any]
) -> Generator[dict[str, Array]]:
    """Make a sealed file: the block fills in the arrays, which lie in the file already, so that
    memory stays flat. It appears under its name, durable, when the block ends, or not at all.
    """
    sections: list[_Section] = []
    offset = _PAGE
    for name, one in shapes.items():
        sections.append(_Section(name, one.kind, one.shape, offset))
        offset += -(-one.size // _PAGE) * _PAGE
    footer_at = offset
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("w+b") as file:
            os.posix_fallocate(file.fileno(), 0, footer_at)
            mapped = mmap.mmap(file.fileno(), footer_at)
            whole = np.frombuffer(mapped, np.uint8)
            yield {
                one.name: whole[one.offset : one.offset + Shape(one.kind, one.shape).size]
                .view("<" + one.kind)
                .reshape(one.shape)
                for one in sections
            }
            _finish(file, whole, _Footer(_VERSION, sections, attributes))
            mapped.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _finish(file: BinaryIO, whole: NDArray[np.uint8], footer: _Footer) -> None:
    """Write the header into the first page, and footer and tail behind the sections."""
    described = msgspec.json.encode(footer)
    blocks = range(0, len(whole), BLOCK)
    length = len(whole) + 4 * len(blocks) + len(described) + _TAIL.size
    header = _HEADER.pack(_MAGIC, length, len(whole), 0)[:-4]
    whole[: _HEADER.size] = np.frombuffer(header + _U32.pack(zlib.crc32(header)), np.uint8)
    sums = b"".join(_U32.pack(zlib.crc32(whole[at : at + BLOCK].data)) for at in blocks)
    file.seek(len(whole))
    file.write(sums + described + _TAIL.pack(len(described), zlib.crc32(sums + described)))
    file.flush()


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
