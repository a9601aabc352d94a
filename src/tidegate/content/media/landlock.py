"""Landlock for the decoding worker: no file, no TCP port, no signal to a process outside.

It stands behind the seccomp filter, and alone where there is none. See landlock(7).
"""

import ctypes
import os
import struct

# The same numbers on every architecture.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1

_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # from this ABI on, so many rights of the file system
_TCP_ABI, _TCP = 4, 0b11  # bind, connect
_SCOPE_ABI, _SCOPE = 6, 0b11  # abstract sockets, signals


def abi() -> int:
    """The version that this kernel offers, 0 where it has none (or it is switched off)."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)))


def restrict_files() -> int:
    """Take every right that Landlock knows from this process, for good; returns the ABI used.

    The process must have set no_new_privs. 0 where the kernel doesn't offer it.
    """
    offered = abi()
    if offered == 0:
        return 0
    files = (1 << max(count for since, count in _FILE_RIGHTS.items() if since <= offered)) - 1
    network = _TCP if offered >= _TCP_ABI else 0
    scope = _SCOPE if offered >= _SCOPE_ABI else 0
    attributes = struct.pack("=QQQ", files, network, scope)
    size = 24 if scope else 16 if network else 8
    libc = ctypes.CDLL(None, use_errno=True)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return 0
    try:
        return offered if libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)
