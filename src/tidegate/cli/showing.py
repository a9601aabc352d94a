"""What commands that need no instance show a person at the terminal: words, names and progress."""

import errno
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from typing import NoReturn, TextIO

import typer


def say(text: str) -> None:
    """A word to the person at the terminal; standard output is for results."""
    if sys.stderr is not None:  # else `print` would take standard output
        print(text, file=sys.stderr)


def stream(standard: TextIO | None, name: str) -> TextIO:
    """A standard stream. Raises OSError where whoever started the program has closed it."""
    if standard is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), name)
    return standard


def stop(error: BaseException, subject: str = "") -> NoReturn:
    """End the command for what it cannot mend, with one line and exit status 2; 130 for Ctrl-C."""
    if isinstance(error, KeyboardInterrupt):
        say("Interrupted.")
        raise typer.Exit(130) from None
    if isinstance(error, OSError) and error.filename is None and sys.stdout is not None:
        # What is left would be written, and fail, once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # whoever read has enough
        pass
    elif isinstance(error, OSError):
        subject = subject or str(error.filename or "standard output")
        say(f"tidegate: {plain(subject)}: {error.strerror}")
    else:
        say(f"tidegate: {f'{plain(subject)} ' if subject else ''}{plain(str(error))}")
    raise typer.Exit(2) from error


def plain(text: str) -> str:
    """A name from a file or a list, with what a terminal might act on escaped."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def moment_of(text: str, option: str) -> datetime:
    """A time with its offset. Ends the command for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min
    if found.tzinfo is None:
        expected = "a time with an offset, such as 2026-01-31T12:00:00Z"
        raise typer.BadParameter(expected, param_hint=option)
    return found


@contextmanager
def bar(unit: str) -> Generator[Callable[[int, int], None]]:
    """A bar on standard error while the block runs, if that is a terminal; yields what moves it."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
