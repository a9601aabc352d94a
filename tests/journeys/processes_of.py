"""The processes of a running instance, found from outside, so that tests can end them."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path

from tests.serving import Served

from tidegate.infra.postgres.place import find_place
from tidegate.infra.postgres.server import Server
from tidegate.infra.procs import command_line, start_time


def children(parent: int) -> list[int]:
    """The direct children of a process, living ones."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != b"Z":
            found.append(int(path.parent.name))
    return found


def descendants(parent: int) -> list[int]:
    """Every process below a process."""
    below = children(parent)
    return below + [pid for child in below for pid in descendants(child)]


def parts(served: Served, role: str) -> list[int]:
    """The processes of a role (web, worker) below the supervisor."""
    assert served.process is not None
    return [pid for pid in children(served.process.pid) if f"--role {role}" in command_line(pid)]


def postmaster(data_dir: Path) -> int | None:
    """The main process of the embedded PostgreSQL, None when there is none now."""
    place = find_place(data_dir)
    running = place and Server(place).running()
    return running.pid if running else None


def send(number: int, pids: Iterable[int]) -> None:
    """Signal processes; those that have ended are left out."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def stopped(pids: Iterable[int]) -> bool:
    """Whether all of them have ended."""
    return all(start_time(pid) is None for pid in pids)


def freeze(pids: Iterable[int]) -> None:
    send(signal.SIGSTOP, pids)


def thaw(pids: Iterable[int]) -> None:
    send(signal.SIGCONT, pids)
