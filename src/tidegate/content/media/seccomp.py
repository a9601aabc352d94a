"""A seccomp filter for the decoding worker: the few system calls of arithmetic on memory.

Everything else (files, sockets, processes, signals, executable memory) fails with EPERM, also when
the decoder has been taken over. See seccomp(2) and linux/seccomp.h.
"""

import ctypes
import platform
import struct
import sys

# name: (x86_64, aarch64); -1 where an architecture has no such call
ALLOWED: dict[str, tuple[int, int]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "lseek": (8, 62),
    "poll": (7, -1),
    "ppoll": (271, 73),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "setitimer": (38, 103),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
}
MEMORY = {"mmap": (9, 222), "mprotect": (10, 226)}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_KILL_PROCESS, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000 | 1  # errno EPERM
_LOAD, _IF_EQUAL, _IF_SET, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _PROTECTION_AT = 0, 4, 16 + 2 * 8  # in struct seccomp_data
_PROT_EXEC = 4


def program(machine: str) -> bytes | None:
    """The filter as BPF instructions, or None for an architecture that it isn't written for."""
    if machine not in _AUDIT_ARCH or sys.byteorder != "little":
        return None
    column = 0 if machine == "x86_64" else 1
    memory = [numbers[column] for numbers in MEMORY.values()]
    allowed = [numbers[column] for numbers in ALLOWED.values() if numbers[column] >= 0]
    code = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_IF_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    # Distances are counted from the next instruction to the tail: refuse, check memory, allow.
    checks = [(number, "allow") for number in allowed] + [(number, "memory") for number in memory]
    for index, (number, target) in enumerate(checks):
        left = len(checks) - index - 1
        code.append((_IF_EQUAL, left + (1 if target == "memory" else 3), 0, number))
    code += [
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _PROTECTION_AT),
        (_IF_SET, 1, 0, _PROT_EXEC),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def restrict_calls() -> bool:
    """Install the filter for good; False where this kernel or machine offers none.

    The process must have set no_new_privs, and have all its modules loaded.
    """
    code = program(platform.machine())
    if code is None:
        return False
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_program = _Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filter_program), 0, 0) == 0
