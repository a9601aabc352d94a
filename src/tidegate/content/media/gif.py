"""How many frames a GIF has, without decoding any: Pillow would walk a million of them.

GIF89a specification, section 15 ff.: blocks are told by their first byte.
"""


def count_frames(data: bytes | bytearray | memoryview, limit: int) -> int:
    """Images in the GIF `data`, counted up to `limit` and as far as the blocks are whole."""
    if len(data) < 13:
        return 0
    at, frames = 13 + _table_size(data[10]), 0
    while frames < limit and at < len(data):
        introducer = data[at]
        if introducer == 0x21:  # extension: label, sub-blocks
            at = _after_blocks(data, at + 2)
        elif introducer == 0x2C and at + 9 < len(data):  # image: descriptor, table, code size
            frames += 1
            at = _after_blocks(data, at + 11 + _table_size(data[at + 9]))
        elif introducer == 0:  # stray padding, which decoders skip
            at += 1
        else:
            break
    return frames


def _table_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes | bytearray | memoryview, at: int) -> int:
    end = len(data)
    while at < end and (size := data[at]):
        at += size + 1
    return at + 1
