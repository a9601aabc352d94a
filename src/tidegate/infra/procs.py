"""Processes as Linux sees them: dying with the parent, and telling one process from the next.

Used by what starts children (the workers, the media sandbox) and by the PostgreSQL supervisor. And
how many files a process may have open.
"""

import contextlib
import ctypes
import os
import resource
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1

FEW_FILES = 4096
"""With fewer open files (connections among them) a busy server comes to its limit."""


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this process (SIGKILL) as soon as its parent ends, however it ends.

    Call it first thing in the child. `parent` is the parent's process id as the child was told
    it: if that one is gone already, the child ends here. The kernel watches the *thread* that
    forked, so start such children from a thread that lives as long as the process.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def end_me_before(points: int) -> None:
    """Have the kernel end this process, and what it starts, before those of fewer points (0 to 1000)
    when memory runs out."""
    with contextlib.suppress(OSError):  # e.g. no /proc
        Path("/proc/self/oom_score_adj").write_text(str(points))


def start_time(pid: int) -> int | None:
    """When process `pid` started (clock ticks since boot), or None if it has ended.

    With the process id this names one process for good: ids are used again, the pair is not.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def command_line(pid: int) -> str:
    """The command line (or the title that the process gave itself), "" if it has ended."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode(errors="replace").strip()


def owner(pid: int) -> int | None:
    """The user id that process `pid` runs under, or None if it has ended."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def raise_open_files() -> int:
    """Let this process, and whatever it starts, open as many files as it may; how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return open_files()


def open_files() -> int:
    """How many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
