"""How the decoding worker gives up what it doesn't need, before it sees the first untrusted byte.

Each layer is tried on its own, and `Protections` says which of them hold; order matters.
"""

import contextlib
import ctypes
import os
import resource

import msgspec

from tidegate.content.media.landlock import restrict_files
from tidegate.content.media.seccomp import restrict_calls
from tidegate.infra.procs import die_with_parent

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000
_CAPABILITY_VERSION_3 = 0x20080522

_UIDS = (61_180, 65_534)
"""Whom a worker started by root becomes: a number that systemd leaves unused (so that it shares
no uid with another service), else nobody, where a container maps only some."""

LIFETIME_CPU_SECONDS = 3600
"""A worker's processor time over all its files; the pool replaces it long before."""


class Protections(msgspec.Struct, frozen=True, kw_only=True):
    """What holds in a worker. Each is True (or the number in force) where the kernel granted it."""

    uid: int
    own_uid: bool
    """Started by root, and root no more. Where the server is no root, the uid is the server's."""
    limits: bool
    own_network: bool
    """In a network namespace with nothing in it."""
    no_capabilities: bool
    no_new_privileges: bool
    undumpable: bool
    dies_with_parent: bool
    landlock: int
    seccomp: bool


def lock_down(memory_bytes: int, parent: int, channel: tuple[int, int]) -> Protections:
    """Give up everything but memory, the clock and the two pipe ends of `channel`.

    Call it with a single thread and after every import: no file opens afterwards.
    """
    _close_all_but(channel)
    libc = ctypes.CDLL(None, use_errno=True)
    root = os.geteuid() == 0
    own_network = root and libc.unshare(_CLONE_NEWNET | _CLONE_NEWIPC) == 0
    own_uid = root and _drop_uid()
    uid = os.getuid()
    if not own_network:  # an ordinary user's way: a user namespace, which hides the number
        own_network = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) == 0
    no_capabilities = _drop_capabilities(libc)
    # A change of credentials clears the death signal: set it again after.
    dies = _die_with_parent(parent)
    return Protections(
        uid=uid,
        own_uid=own_uid,
        limits=_limit(memory_bytes),
        own_network=own_network,
        no_capabilities=no_capabilities,
        undumpable=libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0,
        dies_with_parent=dies,
        no_new_privileges=libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
        landlock=restrict_files(),
        seccomp=restrict_calls(),
    )


def _die_with_parent(parent: int) -> bool:
    try:
        die_with_parent(parent)
    except OSError:
        return False
    return True


def _close_all_but(channel: tuple[int, int]) -> None:
    """Standard streams lead nowhere, and what a library left open is closed."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    keep = sorted({0, 1, 2, *channel})
    for low, high in zip(keep, [*keep[1:], 65_536], strict=True):
        os.closerange(low + 1, high)


def _drop_uid() -> bool:
    with contextlib.suppress(OSError):
        os.setgroups([])
    for uid in _UIDS:
        try:
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        except OSError:
            continue
        return True
    return False


def _drop_capabilities(libc: ctypes.CDLL) -> bool:
    """All of them, also those that a new user namespace brings."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    return libc.capset(header, (ctypes.c_uint32 * 6)()) == 0


def _limit(memory_bytes: int) -> bool:
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: LIFETIME_CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 16,  # Landlock needs one more to be made
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    holds = True
    for kind, most in limits.items():
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):
            holds = False
    return holds
