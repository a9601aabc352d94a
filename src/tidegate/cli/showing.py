"""What commands that need no instance show a person at the terminal: words, names and progress."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager


def say(text: str) -> None:
    """A word to the person at the terminal; standard output is for results."""
    print(text, file=sys.stderr)


def plain(text: str) -> str:
    """A name from a file or a list, with what a terminal might act on escaped."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


@contextmanager
def bar(unit: str) -> Generator[Callable[[int, int], None]]:
    """A bar on standard error while the block runs, if that is a terminal; yields what moves it."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
