"""Sides of the exchange: an authority and a platform that trust each other."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.orders.sides import BKA, BOARD, FORUM, GARDA, Side, side

from tidegate.infra.clock import FakeClock


@pytest.fixture
def bka(
    server_urls: tuple[str, str], template: str, clock: FakeClock, tmp_path: Path
) -> Iterator[Side]:
    """A German authority."""
    with side(server_urls, template, clock, tmp_path, BKA) as one:
        yield one


@pytest.fixture
def forum(
    bka: Side, server_urls: tuple[str, str], template: str, clock: FakeClock, tmp_path: Path
) -> Iterator[Side]:
    """A German platform that the authority knows, and that knows it."""
    with side(server_urls, template, clock, tmp_path, FORUM) as one:
        one.meet(bka)
        bka.meet(one)
        yield one


@pytest.fixture
def ireland(
    bka: Side, server_urls: tuple[str, str], template: str, clock: FakeClock, tmp_path: Path
) -> Iterator[tuple[Side, Side]]:
    """An Irish authority, and a platform that is established there; all know each other."""
    with ExitStack() as stack:
        garda, board = (
            stack.enter_context(side(server_urls, template, clock, tmp_path, one))
            for one in (GARDA, BOARD)
        )
        for one in (bka, garda, board):
            one.meet(*({bka, garda, board} - {one}))
        yield garda, board
