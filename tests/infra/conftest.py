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


@pytest.fixture
def peer(instance: Instance) -> Iterator[Callable[[], Peer]]:
    """Makes peers on the instance, and ends them after the test."""
    peers: list[Peer] = []

    def make() -> Peer:
        peers.append(Peer(instance.data_dir))
        return peers[-1]

    yield make
    for one in peers:
        one.end()
