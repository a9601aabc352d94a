"""Instances for the tests of the PostgreSQL supervisor; each leaves nothing behind."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_instances import Instance, Peer

from tidegate.infra.postgres.place import find_place
from tidegate.infra.postgres.server import Server


@pytest.fixture(scope="module")
def kept_instance() -> Iterator[Instance]:
    """One instance for a module's tests: each finds it released and leaves it so."""
    with tempfile.TemporaryDirectory(prefix="tg-") as directory:
        instance = Instance(Path(directory) / "instance")
        yield instance
        instance.destroy()


@pytest.fixture
def fresh_instance() -> Iterator[Instance]:
    """An instance that nothing was made of yet; its DIR does not exist."""
    with tempfile.TemporaryDirectory(prefix="tg-") as directory:
        instance = Instance(Path(directory) / "instance")
        yield instance
        instance.destroy()


@pytest.fixture
def instance(kept_instance: Instance) -> Iterator[Instance]:
    yield kept_instance
    if find_place(kept_instance.data_dir) is not None:
        Server(kept_instance.place).stop()


@pytest.fixture(scope="module")
def idle_peers() -> Iterator[list[Peer]]:
    """Peers that hold nothing, kept for the next test: a new process takes longer than a test."""
    idle: list[Peer] = []
    yield idle
    for one in idle:
        one.end()


@pytest.fixture
def peer(instance: Instance, idle_peers: list[Peer]) -> Iterator[Callable[[], Peer]]:
    """Makes peers on the instance; after the test they hold nothing."""
    peers: list[Peer] = []

    def make() -> Peer:
        one = idle_peers.pop() if idle_peers else Peer(instance.data_dir)
        one.data_dir = instance.data_dir
        peers.append(one)
        return one

    yield make
    for one in peers:
        if not one.ended and one.ask("release") == {"ok": None}:
            idle_peers.append(one)
        else:
            one.end()
