"""`tidegate items import`: a backlog of items, from a file or standard input, resumable.

It works on the instance's database, whether its server runs or not; with --url it goes through a
running server instead. Either way an item is judged like any other, and taking it twice is free: with
several bodies of one item, where each has its `version`.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from tidegate.cli.backlog import Checkpoint, Reached
from tidegate.cli.context import DataDir, say, settings_of
from tidegate.cli.erasing import erase
from tidegate.cli.refingerprint import refingerprint
from tidegate.cli.taking import Taken, on_database, through_server
from tidegate.cli.terms import terms
from tidegate.client import AsyncClient, ClientError
from tidegate.content.model import Platform
from tidegate.infra.errors import Refusal
from tidegate.infra.lines import Line, read_lines
from tidegate.infra.postgres import database_url
from tidegate.infra.settings import Settings
from tidegate.infra.wording import sentence
from tidegate.pipeline.instance import opened

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Items in bulk.")

_SAVE_SECONDS = 0.5
_SHOWN = 100  # refused lines that are told one by one


@app.callback()
def group() -> None:
    """Items in bulk."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="NDJSON, one item a line; - is standard input")],
    data_dir: DataDir = None,
    url: Annotated[str | None, typer.Option(help="Go through the server at this address")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="TIDEGATE_KEY", help="The API key, with --url")
    ] = None,
    platform: Annotated[
        str | None, typer.Option(help="Whose ids these are, where the items do not say")
    ] = None,
) -> None:
    """Import items. Killed at any time, run it again to go on. Refused lines are told by their
    number on standard error. Exit status 0; 1 when lines were refused; 2 when it had to stop."""
    settings = settings_of(data_dir)
    if platform is not None:
        try:
            msgspec.convert(platform, Platform)
        except msgspec.ValidationError as error:
            raise typer.BadParameter(sentence(error, Platform), param_hint="--platform") from error
    with ExitStack() as stack:
        checkpoint, source = None, sys.stdin.buffer
        if str(file) != "-":
            checkpoint = Checkpoint(file, f"{url or settings.data_dir} {platform or ''}".strip())
            try:
                source = stack.enter_context(file.open("rb"))
            except OSError as error:
                raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error
        backlog = Import(source, checkpoint, settings.json_limit)
        take = _taker(stack, settings, url, key, platform)
        # A polite kill ends like Ctrl-C: with the checkpoint written.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            asyncio.run(backlog.run(take))
        except KeyboardInterrupt:
            say("Interrupted. Run it again to go on.")
            raise typer.Exit(130) from None
        except (ClientError, Refusal) as error:
            why = str(error).rstrip(".")
            say(f"Stopped after line {backlog.reached.line:,}: {why}. Run it again to go on.")
            raise typer.Exit(2) from error
        finally:
            backlog.tell()
    raise typer.Exit(1 if backlog.reached.refused else 0)


app.command()(refingerprint)
app.command()(terms)
app.command()(erase)

Take = Callable[[Iterator[Line]], AsyncIterator[Taken]]


def _taker(
    stack: ExitStack, settings: Settings, url: str | None, key: str | None, platform: str | None
) -> Take:
    """How lines are taken: through the server at `url`, else on the instance's own database."""
    if url is None:
        found = stack.enter_context(database_url(settings.database_url, settings.data_dir))
        instance = stack.enter_context(opened(settings, found))
        instance.media.start()
        return lambda lines: on_database(instance, lines, platform)
    if not key:
        raise typer.BadParameter("--url needs --key (or TIDEGATE_KEY)", param_hint="--key")

    async def take(lines: Iterator[Line]) -> AsyncIterator[Taken]:
        async with AsyncClient(url, key, platform=platform) as client:
            async for taken in through_server(client, lines, settings.json_limit):
                yield taken

    return take


class Import:
    """One import: how far it is, what it says, and what it notes for the next one."""

    def __init__(self, source: BinaryIO, checkpoint: Checkpoint | None, limit: int) -> None:
        self.reached = (
            checkpoint.load()
            if checkpoint
            else Reached(target="", offset=0, line=0, taken=0, refused=0)
        )
        self._source = source
        self._checkpoint = checkpoint
        self._limit = limit
        self._before = self.reached
        self._began = self._saved = time.monotonic()
        if self.reached.offset:
            source.seek(self.reached.offset)
            say(f"Going on after line {self.reached.line:,}.")

    async def run(self, take: Take) -> None:
        """Take everything that is left."""
        start = self.reached
        lines = read_lines(self._source, start.offset, start.line, self._limit)
        size = self._checkpoint.size if self._checkpoint else None
        columns = (
            SpinnerColumn(),
            BarColumn(),
            TextColumn("{task.fields[lines]:,} lines, {task.fields[refused]:,} refused"),
            TimeRemainingColumn(),
        )
        try:
            with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
                bar = progress.add_task("", total=size, lines=start.line, refused=start.refused)
                async for line, problem in take(lines):
                    if problem is not None:
                        self._refused(progress.console, line, problem)
                    self.reached = msgspec.structs.replace(
                        self.reached,
                        offset=line.end,
                        line=line.number,
                        taken=self.reached.taken + (problem is None),
                        refused=self.reached.refused + (problem is not None),
                    )
                    progress.update(
                        bar, completed=line.end, lines=line.number, refused=self.reached.refused
                    )
                    self._save_now_and_then()
        except BaseException:
            self._save()
            raise
        if self._checkpoint:
            self._checkpoint.clear()

    def tell(self) -> None:
        """The result, on standard output."""
        taken = self.reached.taken - self._before.taken
        seconds = max(time.monotonic() - self._began, 1e-9)
        print(
            f"{self.reached.taken:,} taken, {self.reached.refused:,} refused"
            f" ({taken:,} now, {taken / seconds:,.0f}/s)"
        )

    def _refused(self, console: Console, line: Line, problem: dict[str, Any]) -> None:
        # The detail names the field and what was expected, never more than a few words of it.
        if self.reached.refused < _SHOWN:
            text = problem.get("detail") or problem.get("title")
            console.print(f"line {line.number}: {text}", markup=False, highlight=False)
        elif self.reached.refused == _SHOWN:
            console.print("… more lines were refused; they are counted only")

    def _save_now_and_then(self) -> None:
        if time.monotonic() - self._saved >= _SAVE_SECONDS:
            self._save()
            self._saved = time.monotonic()

    def _save(self) -> None:
        if self._checkpoint is None:
            return
        try:
            self._checkpoint.save(self.reached)
        except OSError as error:
            say(f"{self._checkpoint.path} cannot be written ({error.strerror}): a later import")
            say("would start anew, which is slower and otherwise the same.")
            self._checkpoint = None
