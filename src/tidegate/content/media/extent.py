"""How many pixels a picture says that it has, from its first bytes: what decoding it may cost.

Read outside the sandbox, so nothing is believed and nothing is decoded: numbers at fixed places, and
for some types a short walk. The decoder has the last word on size; who lies here has only
chosen the wrong queue.
"""

import struct

from tidegate.content.media import jxl
from tidegate.content.media.sniffing import sniff

_STEPS = 512  # of a walk; no honest header takes so many
_SIZES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}  # SOF
_ALONE = {0x00, 0x01, *range(0xD0, 0xD8), 0xFF}  # no markers, or such without a length


def pixels_of(data: bytes) -> int | None:
    """Width times height of a picture's canvas, as its header has it; None where that can't be
    told."""
    read = {
        "image/png": _png,
        "image/gif": _gif,
        "image/bmp": _bmp,
        "image/webp": _webp,
        "image/jpeg": _jpeg,
        "image/tiff": _tiff,
        "image/avif": _properties,
        "image/heic": _properties,
        "image/heif": _properties,
        "image/jxl": _jxl,
        "image/jp2": _jp2,
        "image/x-icon": _icon,
    }.get(sniff(data) or "")
    try:
        size = read and read(data)
    except struct.error:
        return None
    return abs(size[0] * size[1]) if size else None


_Size = tuple[int, int] | None


def _png(data: bytes) -> _Size:
    return struct.unpack_from(">II", data, 16)


def _gif(data: bytes) -> _Size:
    return struct.unpack_from("<HH", data, 6)


def _bmp(data: bytes) -> _Size:
    return struct.unpack_from("<HH" if data[14:15] == b"\x0c" else "<ii", data, 18)


def _webp(data: bytes) -> _Size:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = struct.unpack_from("3s3s", data, 24)
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(data: bytes) -> _Size:
    at = 2
    for _ in range(_STEPS):
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return None
        marker = data[at + 1]
        if marker in _SIZES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + length
    return None


def _tiff(data: bytes) -> _Size:
    order = "<" if data[:2] == b"II" else ">"
    (version,) = struct.unpack_from(order + "H", data, 2)
    if version != 42:  # 64-bit TIFF has no other use here than to be large
        return None
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    found: dict[int, int] = {}
    for entry in range(at + 2, at + 2 + 12 * min(count, _STEPS), 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (256, 257):  # ImageWidth, ImageLength: SHORT or LONG
            (found[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
    return (found[256], found[257]) if len(found) == 2 else None


def _properties(data: bytes) -> _Size:
    """The largest of the sizes that the properties of a HEIC or AVIF name: which is the picture's is a
    long story."""
    sizes: list[tuple[int, int]] = []
    at = 0
    head = data[: 1 << 16]
    while len(sizes) < _STEPS and (at := head.find(b"ispe", at)) >= 0:
        sizes.append(struct.unpack_from(">II", data, at + 8))
        at += 4
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _jxl(data: bytes) -> _Size:
    header = jxl.header_of(data)
    return header and (header.width, header.height)


def _jp2(data: bytes) -> _Size:
    if data[:4] == b"\xff\x4f\xff\x51":  # the codestream alone
        right, bottom, left, top = struct.unpack_from(">4I", data, 8)
        return right - left, bottom - top
    at = data[: 1 << 16].find(b"ihdr")
    if at < 0:
        return None
    height, width = struct.unpack_from(">II", data, at + 4)
    return width, height


def _icon(data: bytes) -> _Size:
    """The largest; 0 stands for 256."""
    (count,) = struct.unpack_from("<H", data, 4)
    sides = [struct.unpack_from("BB", data, 6 + 16 * n) for n in range(min(count, _STEPS))]
    sizes = [(width or 256, height or 256) for width, height in sides]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)
