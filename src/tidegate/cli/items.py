"""`tidegate items import`: a backlog of items, from a file or standard input, resumable.

It works on the instance's database, whether its server runs or not; with --url it goes through a
running server instead. Either way an item is judged like any other, and taking it twice is free: with
several bodies of one item, where each has its `version`.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.backlog import Checkpoint
from tidegate.cli.context import DataDir, say, settings_of
from tidegate.cli.erasing import erase
from tidegate.cli.importing import Import, Key, Take, Taken, Url, check_platform, needed
from tidegate.cli.items_taking import on_database, through_server
from tidegate.cli.refingerprint import refingerprint
from tidegate.cli.terms import terms
from tidegate.client import AsyncClient, ClientError
from tidegate.infra.errors import Refusal
from tidegate.infra.lines import Line, read_lines
from tidegate.infra.postgres import database_url
from tidegate.infra.settings import Settings
from tidegate.pipeline.instance import opened

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Items in bulk.")


@app.callback()
def group() -> None:
    """Items in bulk."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="NDJSON, one item a line; - is standard input")],
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    platform: Annotated[
        str | None, typer.Option(help="Whose ids these are, where the items do not say")
    ] = None,
) -> None:
    """Import items. Killed at any time, run it again to go on. Refused lines are told by their
    number on standard error. Exit status 0; 1 when lines were refused; 2 when it had to stop."""
    settings = settings_of(data_dir)
    check_platform(platform)
    with ExitStack() as stack:
        checkpoint, source = None, sys.stdin.buffer
        if str(file) != "-":
            checkpoint = Checkpoint(file, f"{url or settings.data_dir} {platform or ''}".strip())
            try:
                source = stack.enter_context(file.open("rb"))
            except OSError as error:
                raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error
        backlog: Import[Line] = Import(checkpoint, unit="line")
        take = _taker(stack, settings, url, key, platform)
        # A polite kill ends like Ctrl-C: with the checkpoint written.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            reached = backlog.reached
            if reached.offset:
                source.seek(reached.offset)
            lines = read_lines(source, reached.offset, reached.line, settings.json_limit)
            asyncio.run(backlog.run(lines, take, checkpoint and checkpoint.size))
        except KeyboardInterrupt:
            say("Interrupted. Run it again to go on.")
            raise typer.Exit(130) from None
        except (ClientError, Refusal) as error:
            why = str(error).rstrip(".")
            say(f"Stopped after {backlog.here}: {why}. Run it again to go on.")
            raise typer.Exit(2) from error
        finally:
            backlog.tell()
    raise typer.Exit(1 if backlog.reached.refused else 0)


app.command()(refingerprint)
app.command()(terms)
app.command()(erase)


def _taker(
    stack: ExitStack, settings: Settings, url: str | None, key: str | None, platform: str | None
) -> Take[Line]:
    """How lines are taken: through the server at `url`, else on the instance's own database."""
    if url is None:
        found = stack.enter_context(database_url(settings.database_url, settings.data_dir))
        instance = stack.enter_context(opened(settings, found))
        instance.media.start()
        return lambda lines: on_database(instance, lines, platform)
    secret = needed(key)

    async def take(lines: Iterator[Line]) -> AsyncIterator[Taken[Line]]:
        async with AsyncClient(url, secret, platform=platform) as client:
            async for taken in through_server(client, lines, settings.json_limit):
                yield taken

    return take
