"""An import of a long file: how far it is, what it says meanwhile, and what it notes for the next one.

Used by `tidegate items import` and `tidegate reports import`. What a file falls into (a line, a message) has
a number, a place and an end; how it is taken is another's.
"""

import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any, Generic, Protocol, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from tidegate.cli.backlog import Checkpoint, Reached
from tidegate.cli.showing import plain, say
from tidegate.content.model import Platform
from tidegate.infra.wording import sentence

Url = Annotated[str | None, typer.Option(help="Go through the server at this address")]
Key = Annotated[str | None, typer.Option(envvar="TIDEGATE_KEY", help="The API key, with --url")]

SAVE_SECONDS = 0.5
SHOWN = 100  # of what was refused, and of what was there before, that is told one by one


def needed(key: str | None) -> str:
    """The key that goes with --url."""
    if not key:
        raise typer.BadParameter("--url needs --key (or TIDEGATE_KEY)", param_hint="--key")
    return key


def check_platform(name: str | None) -> None:
    """Ends the command for a name that no platform has."""
    if name is None:
        return
    try:
        msgspec.convert(name, Platform)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(sentence(error, Platform), param_hint="--platform") from error


class Entry(Protocol):
    """A part of a file. `end`: the offset after it, where reading can go on; `size`: bytes that it holds."""

    @property
    def number(self) -> int: ...
    @property
    def place(self) -> str: ...
    @property
    def end(self) -> int: ...
    @property
    def size(self) -> int: ...


E = TypeVar("E", bound=Entry)


class Taken(msgspec.Struct, Generic[E], frozen=True):
    """What became of a part: durable, with what was answered; or the problem document of its refusal. `before`:
    it was there already, and nothing was written; as what, where there is more to say."""

    entry: E
    problem: dict[str, Any] | None = None
    answer: bytes | None = None
    before: str | None = None


Take = Callable[[Iterator[E]], AsyncIterator[Taken[E]]]


class Import(Generic[E]):
    """One import. `unit`: what its parts are called, such as "line"; `told` is called with each as it is
    settled."""

    def __init__(
        self,
        checkpoint: Checkpoint | None,
        *,
        unit: str,
        told: Callable[[Taken[E]], None] | None = None,
    ) -> None:
        self.reached = (
            checkpoint.load()
            if checkpoint
            else Reached(target="", offset=0, line=0, taken=0, refused=0)
        )
        self._checkpoint = checkpoint
        self._unit = unit
        self._told = told
        self._before = self.reached
        self._began = self._saved = time.monotonic()
        if self.reached.offset:
            say(f"Going on after {self.here}.")

    @property
    def here(self) -> str:
        """How far it is, for a sentence."""
        return f"{self._unit} {self.reached.line:,}"

    async def run(self, entries: Iterator[E], take: Take[E], size: int | None) -> None:
        """Take everything that is left: `entries`, of a file of that `size`."""
        start = self.reached
        columns = (
            SpinnerColumn(),
            BarColumn(),
            TextColumn(
                f"{{task.fields[number]:,}} {self._unit}s, {{task.fields[refused]:,}} refused"
            ),
            TimeRemainingColumn(),
        )
        try:
            with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
                bar = progress.add_task("", total=size, number=start.line, refused=start.refused)
                async for taken in take(entries):
                    self._settled(taken, progress.console)
                    progress.update(
                        bar,
                        completed=self.reached.offset,
                        number=self.reached.line,
                        refused=self.reached.refused,
                    )
                    self._save_now_and_then()
        except BaseException:
            self._save()
            raise
        if self._checkpoint:
            self._checkpoint.clear()

    def tell(self, *, aside: bool = False) -> None:
        """The result, on standard output; `aside`: on standard error, where the former is for data."""
        taken = self.reached.taken - self._before.taken
        seconds = max(time.monotonic() - self._began, 1e-9)
        before = f"{self.reached.before:,} imported before, " if self.reached.before else ""
        print(
            f"{self.reached.taken:,} taken, {before}{self.reached.refused:,} refused"
            f" ({taken:,} now, {taken / seconds:,.0f}/s)",
            file=sys.stderr if aside else None,
        )

    def _settled(self, taken: Taken[E], console: Console) -> None:
        entry, problem = taken.entry, taken.problem
        is_new = problem is None and taken.before is None
        if problem is not None:
            # The detail names the field and what was expected, never more than a few words of it.
            text = problem.get("detail") or problem.get("title") or ""
            self._say(console, entry, text, self.reached.refused, "were refused")
        elif taken.before is not None:
            text = f"imported before {taken.before}".rstrip()
            self._say(console, entry, text, self.reached.before, "were imported before")
        if self._told is not None:
            self._told(taken)
        self.reached = msgspec.structs.replace(
            self.reached,
            offset=entry.end,
            line=entry.number,
            taken=self.reached.taken + is_new,
            refused=self.reached.refused + (problem is not None),
            before=self.reached.before + (problem is None and not is_new),
        )

    def _say(self, console: Console, entry: E, text: str, number: int, what: str) -> None:
        """Tell of a part that was not taken; `number`: of how many that was said already."""
        if number < SHOWN:
            line = plain(f"{entry.place}: {text}")
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        elif number == SHOWN:
            console.print(f"… more {self._unit}s {what}; they are counted only")

    def _save_now_and_then(self) -> None:
        if time.monotonic() - self._saved >= SAVE_SECONDS:
            self._save()
            self._saved = time.monotonic()

    def _save(self) -> None:
        if self._checkpoint is None:
            return
        try:
            sys.stdout.flush()
        except OSError:  # nothing may be noted that was to be told, and was not
            return
        try:
            self._checkpoint.save(self.reached)
        except OSError as error:
            say(f"{self._checkpoint.path} cannot be written ({error.strerror}): a later import")
            say("would start anew, which is slower and otherwise the same.")
            self._checkpoint = None
