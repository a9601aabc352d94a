"""How the day is told, line by line, with the time of the story; and what must be so, checked on the way."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console

from ..processes import DemoError
from .hourglass import Hourglass

T = TypeVar("T")
WAIT_SECONDS = 30.0
_BETWEEN = 0.05


class Telling:
    """The day's narrator."""

    def __init__(self, console: Console, hourglass: Hourglass) -> None:
        self.hourglass = hourglass
        self.checked = 0
        self._console = console
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it began, really."""
        return time.monotonic() - self._began

    def line(self, what: str) -> None:
        """Something that has happened."""
        self._console.print(f"[bold]{self.hourglass.said()}[/]  {what}", soft_wrap=True)

    @contextmanager
    def step(self, what: str) -> Generator[None]:
        """A step that shows that it runs, and is told once it is done."""
        with self._console.status(f"{self.hourglass.said()}  {what}"):
            yield
        self.line(what)

    def wait(self, what: str, found: Callable[[], T | None]) -> T:
        """Until something is found, which is given back. Raises DemoError where it never is."""
        end = time.monotonic() + WAIT_SECONDS
        with self._console.status(f"{self.hourglass.said()}  waiting for {what}"):
            while not (got := found()):
                if time.monotonic() > end:
                    raise DemoError(f"At {self.hourglass.said()}: waited in vain for {what}")
                time.sleep(_BETWEEN)
        self.checked += 1
        return got

    def that(self, holds: object, what: str) -> None:
        """Raises DemoError where it is not so: whatever comes next would tell of what never happened."""
        if not holds:
            raise DemoError(f"At {self.hourglass.said()}: it is not so that {what}")
        self.checked += 1

    def equal(self, got: object, expected: object, what: str) -> None:
        self.that(got == expected, f"{what} is {expected!r}; it is {got!r}")
