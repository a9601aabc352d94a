"""A full disk: a clear answer, nothing half-made, and no hand needed once there is room again."""

import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgres_instances import Peer, as_nobody, needs_root, python_for_everybody, rows
from tests.waiting import until


class SmallDisk:
    """A disk in memory whose size can be changed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.path)]
        return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """A disk of an ordinary user's, since root's clusters lie in one place for all."""
    with tempfile.TemporaryDirectory(prefix="tg-") as directory:
        Path(directory).chmod(0o755)
        disk = SmallDisk(Path(directory) / "disk")
        disk.path.mkdir()
        nobody = pwd.getpwnam("nobody")
        if not disk.mount(f"size=20m,uid={nobody.pw_uid},gid={nobody.pw_gid},mode=700"):
            pytest.skip("mounting a tmpfs is not allowed here")
        try:
            yield disk
        finally:
            subprocess.run(["umount", "-l", str(disk.path)], check=True)


@needs_root
def test_a_full_disk_is_told_and_survived(disk: SmallDisk) -> None:
    python, env = python_for_everybody()
    peer = Peer(disk.path / "instance", python, env=env, cwd="/", **as_nobody())
    try:
        assert "No space left" in peer.ask("start")["error"]
        assert not list((disk.path / "instance" / "postgres").glob("data*"))

        assert disk.mount("remount,size=120m")
        peer.ask("start")
        url = peer.ask("owner")["ok"]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (1)")
            with pytest.raises(psycopg.OperationalError):
                connection.execute(
                    "CREATE TABLE flood AS SELECT sha512(n::text::bytea)"
                    " FROM generate_series(1, 10000000) n"
                )

        assert disk.mount("remount,size=400m")
        until(lambda: "ok" in peer.ask("ensure"), "a server with room again")
        assert rows(url, "SELECT n FROM kept") == [(1,)]
        assert peer.ask("remove") == {"ok": None}
    finally:
        peer.end()
