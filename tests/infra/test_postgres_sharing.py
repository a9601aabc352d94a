"""One server for all processes of an instance: who starts it, who stops it, who inherits it."""

import os
import signal
import subprocess
from collections.abc import Callable

import pytest
from postgres_instances import Instance, Peer, rows
from tests.waiting import until

from tidegate.infra.postgres import EmbeddedPostgres, PostgresError, embedded, supervisor


def test_a_command_uses_the_running_server_and_leaves_it_running(
    instance: Instance, peer: Callable[[], Peer]
) -> None:
    serve, command = peer(), peer()
    url = serve.ask("start")["ok"]
    server = instance.running()
    assert command.ask("start")["ok"] == url
    assert instance.running() == server
    command.ask("release")
    assert instance.running() == server
    serve.ask("release")
    assert instance.running() is None


def test_the_last_one_out_stops_it_whoever_started_it(
    instance: Instance, peer: Callable[[], Peer]
) -> None:
    first, second = peer(), peer()
    first.ask("start")
    second.ask("start")
    first.ask("release")
    assert instance.running() is not None
    assert second.ask("ensure") == {"ok": False}
    second.ask("release")
    assert instance.running() is None


def test_starters_at_once_share_one_server(
    fresh_instance: Instance, peer: Callable[[], Peer]
) -> None:
    """Also the very first time, when there is neither a directory nor a database."""
    peers = [peer() for _ in range(4)]
    for one in peers:
        one.data_dir = fresh_instance.data_dir
        one.send("start")
    answers = [one.answer() for one in peers]
    assert len({answer["ok"] for answer in answers}) == 1
    assert len(fresh_instance.servers()) == 1
    for one in peers:
        one.send("release")
    assert [one.answer() for one in peers] == [{"ok": None}] * 4
    assert fresh_instance.processes() == []


def test_starting_and_stopping_in_each_others_way_fails_nobody(
    instance: Instance, peer: Callable[[], Peer]
) -> None:
    peers = [peer() for _ in range(4)]
    for one in peers:
        one.send("storm")
    assert [one.answer() for one in peers] == [{"ok": 8}] * 4
    assert instance.processes() == []


def test_an_orphan_is_adopted_and_in_the_end_stopped(
    instance: Instance, peer: Callable[[], Peer]
) -> None:
    lost = peer()
    lost.ask("start")
    orphan = instance.running()
    lost.end()
    assert orphan is not None
    assert orphan.alive()
    with embedded(instance.data_dir) as url:
        assert instance.running() == orphan
        assert rows(url, "SELECT 1") == [(1,)]
    assert not orphan.alive()


def test_whoever_holds_it_starts_it_again_for_all(
    instance: Instance, peer: Callable[[], Peer]
) -> None:
    command, serve = peer(), peer()
    command.ask("start")
    serve.ask("start")
    killed = instance.running()
    assert killed is not None
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: not killed.alive(), "the end of the killed server")
    assert serve.ask("ensure") == {"ok": True}
    revived = instance.running()
    assert revived != killed
    assert command.ask("ensure") == {"ok": True}
    assert instance.running() == revived


def test_a_killed_process_takes_its_hold_with_it(
    instance: Instance, peer: Callable[[], Peer]
) -> None:
    serve, command = peer(), peer()
    serve.ask("start")
    command.ask("start")
    serve.end()
    command.ask("release")
    assert instance.running() is None


def test_a_child_of_the_holder_neither_keeps_nor_ends_the_hold(instance: Instance) -> None:
    holder = EmbeddedPostgres(instance.data_dir)
    holder.start()
    child = os.fork()
    if child == 0:
        holder.release()
        signal.pause()
        os._exit(0)
    try:
        assert rows(holder.url, "SELECT 1") == [(1,)]
        other = subprocess.Popen(["sleep", "60"], close_fds=False)
        holder.release()
        assert instance.running() is None
        other.kill()
        other.wait()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_hanging_process_is_named_to_the_others(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded(instance.data_dir):
        pass
    monkeypatch.setattr(supervisor, "_LOCK_SECONDS", 0.05)
    hanging = EmbeddedPostgres(instance.data_dir)
    with (
        hanging._exclusive(),
        pytest.raises(PostgresError, match=f"process {os.getpid()} has held"),
    ):
        EmbeddedPostgres(instance.data_dir).start()
    with embedded(instance.data_dir) as url:
        assert rows(url, "SELECT 1") == [(1,)]


def test_what_others_use_is_not_removed(instance: Instance, peer: Callable[[], Peer]) -> None:
    serve = peer()
    url = serve.ask("start")["ok"]
    with pytest.raises(PostgresError, match="another Tidegate process uses it"):
        EmbeddedPostgres(instance.data_dir).remove()
    assert rows(url, "SELECT 1") == [(1,)]
