"""`tidegate referrals import`: referrals in bulk, one a line, from NDJSON or a spreadsheet.

What was referred or ordered before is told and not sent again, so that a file can be taken any number of times.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer

from tidegate.cli.backlog import Checkpoint
from tidegate.cli.context import DataDir, say, settings_of
from tidegate.cli.importing import Import, Taken
from tidegate.cli.persons import User, in_name_of
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.lines import Line, read_lines
from tidegate.infra.parsing import convert, decode
from tidegate.infra.postgres import database_url
from tidegate.orders.referrals.model import ReferralIn
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.instance import opened as opened_instance
from tidegate.pipeline.orders.referring import refer_new
from tidegate.signals.lists.table import Heading, heading, records, row_of

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Referrals in bulk.")

_MARK = b"\xef\xbb\xbf"
_HEAD = 1 << 16
_LIMIT = 1 << 20
_FIELDS = ("to", "urls", "terms_cited", "reasons", "language")
Parse = Callable[[bytes], dict[str, Any]]


@app.callback()
def group() -> None:
    """Referrals in bulk."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="NDJSON, or a CSV whose first line names columns")],
    user: User,
    to: Annotated[str | None, typer.Option(help="The provider, where a line names none")] = None,
    terms: Annotated[str | None, typer.Option(help="Its terms that are cited")] = None,
    reasons: Annotated[str | None, typer.Option(help="Why, where a line does not say")] = None,
    language: Annotated[str | None, typer.Option(help="In which it is written")] = None,
    data_dir: DataDir = None,
) -> None:
    """Refer the URLs of a file, each line with `url` or `urls` and what else it has of a referral. Killed at
    any time, run it again to go on. Exit status 0; 1 when a line was refused; 2 when it had to stop."""
    given = {"to": to, "terms_cited": terms, "reasons": reasons, "language": language}
    known = {name: value for name, value in given.items() if value is not None}
    settings = settings_of(data_dir)
    with ExitStack() as stack:
        try:
            source = stack.enter_context(file.open("rb"))
        except OSError as error:
            raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error
        found = stack.enter_context(database_url(settings.database_url, settings.data_dir))
        instance = stack.enter_context(opened_instance(settings, found))
        backlog = Import[Line](Checkpoint(file, f"{settings.data_dir} {known}"), unit="line")
        _run(
            backlog,
            source,
            file.stat().st_size,
            lambda lines, parse: _taken(instance, user, known, lines, parse),
        )
    raise typer.Exit(1 if backlog.reached.refused else 0)


def _run(
    backlog: Import[Line],
    source: BinaryIO,
    size: int,
    take: Callable[[Iterator[Line], Parse], AsyncIterator[Taken[Line]]],
) -> None:
    """Take what is left of a file. Ends the command where it cannot go on."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        frames, parse = _reading(source)
        lines = frames(backlog.reached.offset, backlog.reached.line)
        asyncio.run(backlog.run(lines, lambda entries: take(entries, parse), size))
    except KeyboardInterrupt:
        say("Interrupted. Run it again to go on.")
        raise typer.Exit(130) from None
    except (Refusal, OSError) as error:
        say(f"Stopped after {backlog.here}: {str(error).rstrip('.')}. Run it again to go on.")
        raise typer.Exit(2) from error
    finally:
        backlog.tell()


def _reading(source: BinaryIO) -> tuple[Callable[[int, int], Iterator[Line]], Parse]:
    """The lines of a file from an offset on, and what one says."""
    head = source.read(_HEAD)
    found = None if head.removeprefix(_MARK).lstrip()[:1] == b"{" else heading(head, ["url"])
    if found is None:

        def lines(offset: int, number: int) -> Iterator[Line]:
            source.seek(offset)
            return read_lines(source, offset, number, _LIMIT)

        return lines, lambda data: decode(data.removeprefix(_MARK), dict[str, Any])

    def rows(offset: int, number: int) -> Iterator[Line]:
        source.seek(offset)
        above = found.above if offset == 0 else 0
        for line in records(found.mark)(source, offset, number):
            if line.last > above:
                yield line

    return rows, lambda data: _cells(data, found)


def _cells(data: bytes, found: Heading) -> dict[str, Any]:
    try:
        cells = row_of(data.removeprefix(_MARK), found)
    except ValueError as error:
        raise bad_field("", "a row of the table", str(error)) from None
    return {name: cell.strip() for name, cell in cells.items() if cell.strip()}


async def _taken(
    instance: Instance, user: str, known: dict[str, str], lines: Iterator[Line], parse: Parse
) -> AsyncIterator[Taken[Line]]:
    """Refer line after line, each in a transaction of its own."""
    for line in lines:
        try:
            given = _read(line, parse, known)
            yield await asyncio.to_thread(_refer, instance, user, line, given)
        except Refusal as refused:
            if refused.status >= 500:
                raise
            yield Taken(line, problem=refused.document())


def _read(line: Line, parse: Parse, known: dict[str, str]) -> ReferralIn:
    if line.data is None:
        raise bad_field("", f"at most {_LIMIT:,} bytes", "more")
    said = parse(line.data)
    if "url" in said:
        said["urls"] = [said.pop("url")]
    return convert(known | {name: said[name] for name in _FIELDS if name in said}, ReferralIn)


def _refer(instance: Instance, user: str, line: Line, given: ReferralIn) -> Taken[Line]:
    with instance.database.begin() as tx:
        acting = in_name_of(tx, user, "orders:draft")
        referral, before = refer_new(acting, instance, given)
    if referral is None:
        return Taken(line, before=", ".join(sorted({one.was for one in before})))
    return Taken(line, answer=msgspec.json.encode({"id": referral.id}))
