"""Keeping a library from starting a thread that the sandbox would refuse it.

libheif has libde265 start a worker thread for each picture, whatever it is told, and cannot do without
once it asked; libde265 by itself decodes in the thread that calls it. So the call is led elsewhere: the
slot through which libheif finds the function (its PLT, ELF gABI 5, "Dynamic Linking") gets another
address. That is memory for data, no code is written.
"""

import ctypes
import mmap
import struct
import sys
from collections.abc import Iterator

_SYMTAB, _STRTAB, _JMPREL, _PLTRELSZ, _RELA, _RELASZ = 6, 5, 23, 2, 7, 8
_READ, _WRITE = 1, 2


class _LinkMap(ctypes.Structure):
    _fields_ = [
        ("base", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
        ("dynamic", ctypes.c_size_t),
    ]


def lead_elsewhere(library: str, function: str, target: str) -> bool:
    """Have the loaded `library`, named by a part of its file's name, call libc's `target` where it calls
    `function`. False where that cannot be done: it is not loaded, or another kind of machine."""
    path = _path_of(library)
    if path is None or sys.maxsize < 2**32 or sys.byteorder != "little":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    address = ctypes.cast(getattr(libc, target), ctypes.c_void_p).value or 0
    link = _LinkMap.from_address(ctypes.CDLL(path)._handle)
    slots = list(_slots(link, function.encode()))
    return bool(slots) and all(_write(libc, slot, address) for slot in slots)


def _path_of(library: str) -> str | None:
    with open("/proc/self/maps") as maps:
        paths = (line.split(maxsplit=5)[-1].strip() for line in maps if library in line)
        return next((path for path in paths if library in path.rpartition("/")[2]), None)


def _slots(link: _LinkMap, function: bytes) -> Iterator[int]:
    """Where the addresses lie by which this function is called."""
    entries: dict[int, int] = {}
    at = link.dynamic
    while (tag := _word(at)) != 0:
        entries[tag] = _word(at + 8)
        at += 16

    def pointer(tag: int) -> int:  # glibc has added the base to it, others have not
        value = entries.get(tag, 0)
        return value if value >= link.base else value + link.base

    for table, size in ((_JMPREL, _PLTRELSZ), (_RELA, _RELASZ)):
        if table not in entries:
            continue
        for entry in range(pointer(table), pointer(table) + entries.get(size, 0), 24):
            offset, info, _ = struct.unpack("<QQq", ctypes.string_at(entry, 24))
            if symbol := info >> 32:
                (name,) = struct.unpack("<I", ctypes.string_at(pointer(_SYMTAB) + 24 * symbol, 4))
                if ctypes.string_at(pointer(_STRTAB) + name) == function:
                    yield link.base + offset


def _word(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


def _write(libc: ctypes.CDLL, slot: int, address: int) -> bool:
    page = ctypes.c_void_p(slot & -mmap.PAGESIZE)
    size = ctypes.c_size_t(mmap.PAGESIZE)
    if libc.mprotect(page, size, _READ | _WRITE) != 0:
        return False
    ctypes.c_uint64.from_address(slot).value = address
    return True
