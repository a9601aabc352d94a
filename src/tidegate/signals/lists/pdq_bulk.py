"""Lists of PDQ codes by the million: what `pdq` reads line by line, for the bank files of `matcher`.

They are read in blocks of whole lines, by numpy; only a line that is not plainly of the form
`64 hex digits[,quality[,…]]` is looked at by itself.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.lists.format import without_comment
from tidegate.signals.lists.pdq import is_header, parse_line

Bytes = NDArray[np.uint8]

_BLOCK = 8 << 20
_DIGITS = 64
_SHOWN, _MOST = 80, 4096  # characters of a bad line that are repeated, bytes that are looked at
_HEAD_LINES, _HEAD_DIGITS = 64, 32

_NIBBLES = np.full(256, 255, np.uint8)
for _value, _digits in enumerate(zip(b"0123456789abcdef", b"0123456789ABCDEF", strict=True)):
    _NIBBLES[list(_digits)] = _value


class Source(Protocol):
    """A file open for reading bytes, or a pipe."""

    def read1(self, size: int = ..., /) -> bytes: ...


class BadLine(NamedTuple):
    """A line that is no code: its number from 1, what it says (cut), and what was expected."""

    number: int
    text: str
    reason: str


class Block(NamedTuple):
    """Some lines of a list. The first three columns are of equal length, by ascending number;
    `quality` is -1 where the line has none. `size` is how many bytes of the file they took."""

    codes: Bytes  # (n, 32)
    numbers: NDArray[np.int64]
    quality: NDArray[np.int16]
    bad: list[BadLine]
    size: int


def looks_like_codes(head: bytes) -> bool:
    """Whether a file that begins so is meant as a list of codes, however they are written.

    One of its first lines is of the form, or the first is a header or begins with many hex digits: a
    list whose first line is mistyped is still a list, and to be told so.
    """
    lines = [line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    lines = [line for line in lines if line][:_HEAD_LINES]
    fields = [line.partition(b",")[0] for line in lines]
    if fields and len(fields[0]) >= _HEAD_DIGITS and _is_hex(fields[0]):
        return True
    if lines and is_header(lines[0].decode("utf-8", "replace")):
        return True
    return any(len(field) == _DIGITS and _is_hex(field) for field in fields)


def read_codes(file: Source) -> Iterator[Block]:
    """The lines of a list, as they come; blank ones, comments and a heading are left out."""
    number, rest, begun = 1, b"", False
    while chunk := file.read1(_BLOCK):
        data = rest + chunk
        cut = data.rfind(b"\n") + 1
        if not cut and len(data) >= _BLOCK:
            cut = len(data)  # no list has such lines
        if not cut:
            rest = data
            continue
        data, rest = data[:cut], data[cut:]
        block = _parse(data, number, begun)
        begun |= bool(len(block.codes) or block.bad)
        yield block
        number += data.count(b"\n")
    if rest:
        yield _parse(rest, number, begun)


def _parse(data: bytes, first: int, begun: bool) -> Block:
    """The lines of `data`, from number `first` on; `begun`: a line before them said something."""
    size = len(data)
    if not data.endswith(b"\n"):
        data += b"\n"
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts
    lengths -= (lengths > 0) & (text[ends - 1] == ord("\r"))
    numbers = first + np.arange(len(ends))

    whole = np.flatnonzero(lengths >= _DIGITS)
    nibbles = _NIBBLES[text[starts[whole, None] + np.arange(_DIGITS)]]
    quality, plain = _qualities(text, starts[whole] + _DIGITS, lengths[whole] - _DIGITS)
    plain &= nibbles.max(axis=1, initial=0) < 16
    codes = np.left_shift(nibbles[plain, 0::2], np.uint8(4)) | nibbles[plain, 1::2]
    kept, quality = whole[plain], quality[plain]

    odd = np.ones(len(ends), bool)
    odd[kept] = False
    odd &= lengths > 0
    bad: list[BadLine] = []
    read: list[tuple[int, bytes, int]] = []
    for row in np.flatnonzero(odd).tolist():
        line = data[starts[row] : ends[row]]
        is_first = not (begun or bad or read or (len(kept) and kept[0] < row))
        found = _parse_line(line, int(numbers[row]), is_first)
        if isinstance(found, BadLine):
            bad.append(found)
        elif found is not None:
            read.append((row, *found))
    if read:
        kept = np.concatenate((kept, [row for row, _, _ in read]))
        extra = np.frombuffer(b"".join(code for _, code, _ in read), np.uint8).reshape(-1, 32)
        codes = np.concatenate((codes, extra))
        quality = np.concatenate((quality, np.array([one for _, _, one in read], np.int16)))
        order = np.argsort(kept)
        kept, codes, quality = kept[order], codes[order], quality[order]
    return Block(codes, numbers[kept], quality, bad, size)


def _qualities(
    text: Bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """What stands behind the digits, "" or ",quality" or ",quality,…"; and whether it is plain."""
    quality = np.full(len(starts), -1, np.int16)
    plain = lengths == 0
    rows = np.flatnonzero(lengths)
    if not len(rows):
        return quality, plain
    places = starts[rows, None] + np.arange(5)
    inside = np.arange(5) < lengths[rows, None]
    tail = np.where(inside, text[np.minimum(places, len(text) - 1)], ord(","))
    digits = tail[:, 1:4].astype(np.int16) - ord("0")
    comma = tail[:, 1:] == ord(",")
    count = comma.argmax(axis=1)
    value = np.zeros(len(rows), np.int16)
    fine = (tail[:, 0] == ord(",")) & comma.any(axis=1)
    for place in range(3):
        digit, used = digits[:, place], count > place
        fine &= ~used | ((digit >= 0) & (digit <= 9))
        value = np.where(used, value * 10 + digit, value)
    fine &= value <= 100
    plain[rows] = fine
    quality[rows] = np.where(count > 0, value, -1)
    return quality, plain


def _parse_line(raw: bytes, number: int, first: bool) -> tuple[bytes, int] | BadLine | None:
    """One line by itself: code and quality, what is wrong with it, or None: nothing is in it. `first`:
    no line before it said anything."""
    text = raw[:_MOST].decode("utf-8", "replace").removeprefix("\ufeff").strip()
    if not without_comment(text) or (first and is_header(text)):
        return None
    try:
        code, quality = parse_line(text)
    except ValueError as error:
        return BadLine(number, text[:_SHOWN], str(error))
    return code, -1 if quality is None else quality


def _is_hex(field: bytes) -> bool:
    return all(_NIBBLES[byte] < 16 for byte in field)
