"""`tidegate reports import`: reports from a file, a folder or standard input, resumable.

As with items it works on the instance's database, whether its server runs or not, or with --url through a
running server. What a file holds is read by `intake/imports`; taking a report twice is free.
"""

import asyncio
import hashlib
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import msgspec
import typer

from tidegate.cli.backlog import Checkpoint
from tidegate.cli.context import DataDir, say, settings_of
from tidegate.cli.importing import Import, Key, Take, Taken, Url, check_platform, needed
from tidegate.cli.reports_taking import on_database, reference_in, through_server
from tidegate.cli.showing import plain, stop
from tidegate.client import AsyncClient, ClientError
from tidegate.infra.clock import clock_beside
from tidegate.infra.errors import Refusal
from tidegate.infra.postgres import database_url
from tidegate.infra.settings import Settings
from tidegate.intake.channels import CHANNELS, Channel
from tidegate.intake.imports.formats import FORMATS, opened, opened_folder
from tidegate.intake.imports.mbox import names
from tidegate.intake.imports.model import Given, Opened, Parsed, parsed
from tidegate.pipeline.instance import opened as opened_instance

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Reports in bulk.")


@app.callback()
def group() -> None:
    """Reports in bulk."""


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="NDJSON, CSV, an mbox, an .eml or a folder of them; - is standard input"
        ),
    ],
    channel: Annotated[
        str,
        typer.Option(help=f"How the reports came in: {', '.join(CHANNELS)}", show_default=False),
    ],
    format: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(FORMATS)}; else known by what the file holds"),
    ] = None,
    reason: Annotated[
        str, typer.Option(help="The reason of a report that has none, as of every e-mail")
    ] = "import",
    platform: Annotated[str | None, typer.Option(help="Whose reports these are")] = None,
    data_dir: DataDir = None,
    url: Url = None,
    key: Key = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print a line of JSON for each: place, id, reference or problem"
        ),
    ] = False,
) -> None:
    """Import reports. Killed at any time, run it again to go on; what was taken is not taken twice. What is
    refused is told by its place on standard error, and nothing of it is kept. Exit status 0; 1 when
    something was refused; 2 when it had to stop."""
    settings = settings_of(data_dir)
    check_platform(platform)
    told = _checked(channel, format, reason)
    with ExitStack() as stack:
        source = _source(stack, file)
        given = _given(settings, told, reason, file)
        try:
            reading, source = _opened(stack, source, file, format, given)
        except ValueError as error:
            say(f"tidegate: {plain(str(file))} {plain(str(error))}")
            raise typer.Exit(2) from error
        except OSError as error:
            raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error
        take, secret = _taker(stack, settings, url, key, platform)
        given = msgspec.structs.replace(given, key=secret)
        checkpoint = None
        if str(file) != "-":
            words = (
                f"{url or settings.data_dir} {platform or ''} {channel} {reason} {reading.format}"
            )
            inside = names(file) if file.is_dir() else None
            checkpoint = Checkpoint(file, words, size=_size(reading, source), names=inside)
        unit = reading.unit.removesuffix("s")
        backlog = Import[Parsed](checkpoint, unit=unit, told=_print if as_json else None)
        _run(backlog, reading, source, given, take, as_json=as_json)
    raise typer.Exit(1 if backlog.reached.refused else 0)


def _run(
    backlog: Import[Parsed],
    reading: Opened,
    source: BinaryIO | None,
    given: Given,
    take: Take[Parsed],
    *,
    as_json: bool,
) -> None:
    """Take what is left of a file. Ends the command where it cannot go on."""
    reached = backlog.reached
    # A polite kill ends like Ctrl-C: with the checkpoint written.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if source is not None and reached.offset:
            source.seek(reached.offset)
        reports = parsed(reading, given, reached.offset, reached.line)
        asyncio.run(backlog.run(reports, take, _size(reading, source)))
    except KeyboardInterrupt:
        say("Interrupted. Run it again to go on.")
        raise typer.Exit(130) from None
    except (ClientError, Refusal, OSError) as error:
        why = str(error).rstrip(".")
        say(f"Stopped after {backlog.here}: {why}. Run it again to go on.")
        if isinstance(error, BrokenPipeError):
            stop(error)
        raise typer.Exit(2) from error
    finally:
        backlog.tell(aside=as_json)


def _checked(channel: str, format: str | None, reason: str) -> Channel:
    if channel not in CHANNELS:
        raise typer.BadParameter(f"one of {', '.join(CHANNELS)}", param_hint="--channel")
    if format is not None and format not in FORMATS:
        raise typer.BadParameter(f"one of {', '.join(FORMATS)}", param_hint="--format")
    if not 1 <= len(reason) <= 200 or not reason.isprintable():
        raise typer.BadParameter("1 to 200 characters", param_hint="--reason")
    return cast("Channel", channel)


def _source(stack: ExitStack, file: Path) -> BinaryIO | None:
    """What is read; None for a folder."""
    if str(file) == "-":
        return sys.stdin.buffer
    try:
        return None if file.is_dir() else stack.enter_context(file.open("rb"))
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error


def _taker(
    stack: ExitStack, settings: Settings, url: str | None, key: str | None, platform: str | None
) -> tuple[Take[Parsed], bytes]:
    """How reports are taken, through the server at `url` or on the instance's own database; and the secret
    under which ids are made of what they say."""
    if url is None:
        found = stack.enter_context(database_url(settings.database_url, settings.data_dir))
        instance = stack.enter_context(opened_instance(settings, found))
        instance.media.start()
        on = platform or "default"
        return lambda reports: on_database(instance, reports, on), instance.secrets.sources_key
    secret = needed(key)

    async def take(reports: Iterator[Parsed]) -> AsyncIterator[Taken[Parsed]]:
        async with AsyncClient(url, secret, platform=platform) as client:
            async for taken in through_server(client, reports, settings.json_limit):
                yield taken

    return take, hashlib.sha256(f"ids of an import\n{secret}".encode()).digest()


def _given(settings: Settings, channel: Channel, reason: str, file: Path) -> Given:
    """What the command says; the key is known once it is known who takes the reports."""
    at = clock_beside(settings.data_dir).now()
    if str(file) != "-":
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Given(
        channel=channel,
        key=b"",
        at=at,
        reason=reason,
        line_limit=settings.json_limit,
        message_limit=settings.upload_limit,
    )


def _opened(
    stack: ExitStack, source: BinaryIO | None, file: Path, format: str | None, given: Given
) -> tuple[Opened, BinaryIO | None]:
    """How the file is read. Raises ValueError where nobody can tell, and OSError."""
    if source is None:
        return opened_folder(file, format, given), None
    return opened(stack, source, file.name, format, given)


def _size(reading: Opened, source: BinaryIO | None) -> int | None:
    """Where it ends, as offsets in it count; None, nobody knows."""
    if source is None or not source.seekable():
        return reading.size
    at = source.tell()
    size = source.seek(0, 2)
    source.seek(at)
    return size


def _print(taken: Taken[Parsed]) -> None:
    """A line of JSON about a report."""
    one = taken.entry
    line: dict[str, object] = {"place": one.place, "id": one.report and one.report.id}
    if taken.problem is not None:
        line["problem"] = taken.problem
    else:
        line["reference"] = reference_in(taken.answer)
        if taken.before is not None:
            line["before"] = True
    print(msgspec.json.encode(line).decode())
