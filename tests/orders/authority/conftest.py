"""Sides of the exchange: authorities and platforms that trust each other, each with a database of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.conftest import cloned
from tests.kept_database import KeptDatabase
from tests.orders.sides import BKA, BOARD, FORUM, GARDA, Side, side

from tidegate.infra.clock import FakeClock

Kept = dict[str, KeptDatabase]


@pytest.fixture(scope="session")
def kept(server_urls: tuple[str, str], started: str) -> Iterator[Kept]:
    """The databases of the sides, by their ids."""
    found = {
        who.id: KeptDatabase(lambda: cloned(server_urls, started))
        for who in (BKA, FORUM, GARDA, BOARD)
    }
    yield found
    for one in found.values():
        one.drop()


@pytest.fixture
def bka(kept: Kept, clock: FakeClock, tmp_path: Path) -> Iterator[Side]:
    """A German authority."""
    with side(kept[BKA.id], clock, tmp_path, BKA) as one:
        yield one


@pytest.fixture
def forum(bka: Side, kept: Kept, clock: FakeClock, tmp_path: Path) -> Iterator[Side]:
    """A German platform that the authority knows, and that knows it."""
    with side(kept[FORUM.id], clock, tmp_path, FORUM) as one:
        one.meet(bka)
        bka.meet(one)
        yield one


@pytest.fixture
def ireland(bka: Side, kept: Kept, clock: FakeClock, tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    """An Irish authority, and a platform that is established there; all know each other."""
    with ExitStack() as stack:
        garda, board = (
            stack.enter_context(side(kept[one.id], clock, tmp_path, one)) for one in (GARDA, BOARD)
        )
        for one in (bka, garda, board):
            one.meet(*({bka, garda, board} - {one}))
        yield garda, board
