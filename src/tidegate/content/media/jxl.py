"""What the header of a JPEG XL says: its size, which has to be known before anything is decoded, and
whether it is animated. ISO/IEC 18181-1, annexes A and D; bits are read from the lowest on.
"""

from typing import NamedTuple

from tidegate.content.media.boxes import boxes

_HEAD = 64  # bytes of the codestream; the header is shorter
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIDE = ((9, 1), (13, 1), (18, 1), (30, 1))
_PREVIEW_SIDE = ((6, 1), (8, 65), (10, 321), (12, 1345))
_PREVIEW_EIGHTHS = ((0, 16), (0, 32), (5, 1), (9, 33))


class JxlHeader(NamedTuple):
    width: int
    height: int
    animated: bool


def header_of(data: bytes) -> JxlHeader | None:
    """The header of the JPEG XL `data`, bare or in its container; None where there is none."""
    stream = _codestream(data)
    if stream[:2] != b"\xff\x0a":
        return None
    bits = _Bits(stream[2:])
    try:
        width, height = _size(bits)
        return JxlHeader(width, height, _animated(bits))
    except EOFError:
        return None


def _codestream(data: bytes) -> bytes:
    """The codestream's beginning."""
    if data[:2] == b"\xff\x0a":
        return data[:_HEAD]
    head = b""
    for box in boxes(data):
        if box.name == b"jxlc":
            return data[box.start : min(box.end, box.start + _HEAD)]
        if box.name == b"jxlp" and len(head) < _HEAD:  # a piece, behind its number
            head += data[box.start + 4 : min(box.end, box.start + 4 + _HEAD)]
    return head


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """Raises EOFError at the end."""
        if count > self._left:
            raise EOFError
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value

    def one_of(self, forms: tuple[tuple[int, int], ...]) -> int:
        """A number in one of four forms: so many bits, and what is added to them."""
        count, added = forms[self.take(2)]
        return self.take(count) + added


def _size(bits: _Bits) -> tuple[int, int]:
    """Width and height."""
    eighths = bits.take(1)

    def side() -> int:
        return 8 * (bits.take(5) + 1) if eighths else bits.one_of(_SIDE)

    height = side()
    if ratio := bits.take(3):
        over, under = _RATIOS[ratio - 1]
        return height * over // under, height
    return side(), height


def _animated(bits: _Bits) -> bool:
    if bits.take(1) or not bits.take(1):  # all as by default, or no further fields
        return False
    bits.take(3)  # orientation
    if bits.take(1):  # the size it is meant to be shown at
        _size(bits)
    if bits.take(1):  # a preview
        forms = _PREVIEW_EIGHTHS if bits.take(1) else _PREVIEW_SIDE
        bits.one_of(forms)
        if not bits.take(3):
            bits.one_of(forms)
    return bool(bits.take(1))
