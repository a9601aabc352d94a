"""What the tests of the PostgreSQL supervisor work with: instances, and other processes on them."""

import functools
import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tidegate.infra.postgres.place import Place, find_place
from tidegate.infra.postgres.server import Postmaster, Server

SOURCES = Path(__file__).parents[2] / "src"
PEER = Path(__file__).with_name("postgres_peer.py")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Instance:
    """One data directory, with eyes for what really runs on it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    @property
    def place(self) -> Place:
        place = find_place(self.data_dir)
        assert place is not None
        return place

    def running(self) -> Postmaster | None:
        return Server(self.place).running()

    def destroy(self) -> None:
        """Leave nothing behind, also where a test failed and holds the instance still."""
        if (place := find_place(self.data_dir)) is not None:
            Server(place).stop()
            shutil.rmtree(place.socket, ignore_errors=True)
            shutil.rmtree(place.home, ignore_errors=True)

    def processes(self) -> list[int]:
        return Server(self.place)._leftovers()

    def servers(self) -> list[int]:
        """Those of them that none of the others started: a child is called as its server is, until it says
        what it does."""
        found = {pid: _parent(pid) for pid in self.processes()}
        return [pid for pid, parent in found.items() if parent and parent not in found]


def _parent(pid: int) -> int | None:
    """Who started a process; None where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return int(fields[1])


class Peer:
    """Another process on the same instance."""

    def __init__(self, data_dir: Path, python: str = sys.executable, **popen: Any) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [python, str(PEER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **popen,
        )

    def send(self, verb: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{verb} {self.data_dir}\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, verb: str) -> dict[str, Any]:
        self.send(verb)
        return self.answer()

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@functools.cache
def python_for_everybody() -> tuple[str, dict[str, str]]:
    """A Python that the user `nobody` can run with our packages, or skip the test by name."""
    packages = [str(SOURCES), *(p for p in sys.path if p.endswith("site-packages"))]
    env = {"PYTHONPATH": os.pathsep.join(packages), "PATH": "/usr/bin:/bin"}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    probe = f"import psycopg, tidegate.infra.postgres; open({str(PEER)!r})"
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            done = subprocess.run(
                [python, "-c", probe], env=env, cwd="/", capture_output=True, **as_nobody()
            )
        except OSError:
            continue
        if done.returncode == 0:
            return python, env
    pytest.skip("no Python that user nobody can run")


def as_nobody() -> dict[str, Any]:
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def snapshot(*roots: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Mode, owner, group and content of everything below some directories."""
    found: dict[str, tuple[int, int, int, bytes]] = {}
    for root in roots:
        for path in [root, *sorted(root.rglob("*"))]:
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path)] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()  # type: ignore[arg-type]
