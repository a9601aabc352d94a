"""A list's file as plain text: whatever it was packed in, in UTF-8, with line feeds at its lines' ends.

Formats read plain text alone. What comes otherwise (gzip, bzip2, xz, a ZIP of one file; UTF-16; the
carriage returns of old systems, alone or among other ends of lines) is laid out whole in a temporary
file first (`TMPDIR`): so it is taken whole, or not begun, and an import that was cut off finds its
place again.
"""

import bz2
import codecs
import gzip
import lzma
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO, cast

from tidegate.signals.lists.format import HEAD_BYTES

Layer = Callable[[BinaryIO], Iterator[bytes]]
"""Yields what a file holds under one packing or spelling."""

_CHUNK = 1 << 20
_SMALL = 64 << 20  # up to here anything may unpack
_RATIO = 200  # beyond it no list unpacks to so much, but a trap does
_LAYERS = 4

_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# A carriage return that ends a line by itself; those within a cell in quotes are its own.
_LONE = re.compile(rb"(?<!\r)\r++(?!\n|\Z)")
_QUOTED = re.compile(rb'(?:\A|(?<=[,;\t|\r\n]))"(?:[^"]++|"")*+(?:"(?=[,;\t|\r\n]|\Z)|\Z)')
_ENDS = re.compile(rb"\r+\n|\r")
_DAMAGED = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


def plain(source: BinaryIO, head: bytes, stack: ExitStack) -> tuple[BinaryIO, bytes]:
    """The plain text of `source`, which stands at its start and begins with `head`, and the first
    bytes of that text.

    It is `source` itself where that is plain already, else a temporary file that `stack` closes.
    Raises ValueError for what is damaged, or no list in any packing; OSError where there is no room.
    """
    file = source
    for _ in range(_LAYERS):
        layer = _layer(head)
        if layer is None:
            return file, head
        file = stack.enter_context(_laid_out(seekable(file, stack), layer))
        head = file.read(HEAD_BYTES)
        file.seek(0)
    raise ValueError("is packed several times over; unpack it first")


def seekable(file: BinaryIO, stack: ExitStack) -> BinaryIO:
    """The same file, or what is left of a pipe, in a temporary file."""
    return file if file.seekable() else stack.enter_context(_laid_out(file, _chunks))


def _layer(head: bytes) -> Layer | None:
    for magic, layer in _PACKINGS.items():
        if re.match(magic, head, re.S):
            return layer
    if encoding := _encoding(head):
        return lambda file: _recoded(file, encoding)
    if b"\r" not in head:
        return None
    alone = b"\n" not in head
    among = not alone and b"\0" not in head and _LONE.search(_QUOTED.sub(b'""', head))
    return _with_line_feeds if alone or among else None


def _encoding(head: bytes) -> str | None:
    """UTF-16 and UTF-32, by their mark, or by the zero bytes between Latin letters."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    halves = head[: len(head) // 2 * 2]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = halves[start::2], halves[1 - start :: 2]
        if len(zeros) > 3 and zeros.count(0) * 10 >= len(zeros) * 9 and not others.count(0):
            return encoding
    return None


def _laid_out(file: BinaryIO, layer: Layer) -> BinaryIO:
    made = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115
    try:
        size = 0
        for chunk in layer(file):
            size += len(chunk)
            if size > _SMALL and file.seekable() and size > _RATIO * _size(file):
                raise ValueError(f"unpacks to more than {_RATIO} times its size; that is no list")
            made.write(chunk)
        made.seek(0)
    except BaseException as error:
        made.close()
        if isinstance(error, _DAMAGED) or (isinstance(error, OSError) and error.errno is None):
            raise ValueError("is packed, but damaged or cut short; nothing was taken") from error
        raise
    return made


def _size(file: BinaryIO) -> int:
    at = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(at)
    return size


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _gzip(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as inner:
        yield from _chunks(cast("BinaryIO", inner))


def _bzip2(file: BinaryIO) -> Iterator[bytes]:
    with bz2.BZ2File(file) as inner:
        yield from _chunks(cast("BinaryIO", inner))


def _xz(file: BinaryIO) -> Iterator[bytes]:
    with lzma.LZMAFile(file) as inner:
        yield from _chunks(cast("BinaryIO", inner))


def _zip(file: BinaryIO) -> Iterator[bytes]:
    with ExitStack() as stack:
        archive = stack.enter_context(zipfile.ZipFile(file))
        members = [one for one in archive.infolist() if not one.is_dir()]
        if any(one.filename == "[Content_Types].xml" for one in members):
            raise ValueError(
                "is a workbook; save its sheet as CSV in UTF-8, with a header line that names the columns"
            )
        if len(members) != 1:
            raise ValueError(f"is a ZIP archive of {len(members):,} files; unpack it and name one")
        if members[0].flag_bits & 1:
            raise ValueError("is a ZIP archive under a password; unpack it first")
        yield from _chunks(cast("BinaryIO", stack.enter_context(archive.open(members[0]))))


def _zstandard(file: BinaryIO) -> Iterator[bytes]:
    raise ValueError("is packed with zstd; unpack it first")


_PACKINGS: dict[bytes, Layer] = {
    rb"\x1f\x8b": _gzip,
    rb"BZh[1-9]1AY&SY": _bzip2,
    rb"\xfd7zXZ\x00": _xz,
    rb"PK\x03\x04": _zip,
    rb"\x28\xb5\x2f\xfd": _zstandard,
}


def _recoded(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(file):
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise ValueError(f"is not sound {encoding.upper()}; nothing was taken") from error


def _with_line_feeds(file: BinaryIO) -> Iterator[bytes]:
    held = b""
    for chunk in _chunks(file):
        data = held + chunk
        held = (
            data[-1:] if data.endswith(b"\r") else b""
        )  # a line feed behind it ends the same line
        yield _ENDS.sub(b"\n", data[: len(data) - len(held)])
    yield _ENDS.sub(b"\n", held)
