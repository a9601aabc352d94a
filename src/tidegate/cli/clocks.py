"""`tidegate clocks`: when something is due, with no server and no database."""

import tomllib
from datetime import datetime
from typing import Annotated

import msgspec
import typer

from tidegate.cli.context import DataDir, Json, settings_of
from tidegate.cli.showing import plain, say
from tidegate.clocks.model import Due, Limit, Terms
from tidegate.clocks.packs import Packs, read_packs
from tidegate.clocks.periods import by_days, read_moment
from tidegate.infra.times import told
from tidegate.infra.wording import sentence

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What has to be done by when.")


@app.callback()
def group() -> None:
    """What has to be done by when."""


@app.command()
def due(
    name: Annotated[str, typer.Argument(help="A clock, such as tco.remove")],
    start: Annotated[str, typer.Option("--from", help="When it starts: an RFC 3339 time")],
    until: Annotated[
        str | None, typer.Option(help="Its end, where that was given as a time")
    ] = None,
    zone: Annotated[str, typer.Option(help="Whose midnight counts, as in Europe/Berlin")] = "UTC",
    calendar: Annotated[
        str | None,
        typer.Option(help="Whose holidays count: de, fr, ie or uk; none: weekends alone"),
    ] = None,
    limit: Annotated[
        str | None, typer.Option(help="Another limit than the clock's: '{hours=1}'")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Say when a clock is due, in both readings, and when it warns."""
    packs = read_packs(settings_of(data_dir).data_dir)
    definition = packs.definition(name)
    own = None if limit is None else _limit(limit)
    at = _moment("--from", start)
    end = None if until is None else _moment("--until", until)
    found = packs.due(definition, at, Terms(zone, calendar), limit=own, until=end)
    counted = own or definition.limit
    used = counted.calendar or calendar
    note = None if end or not by_days(counted) else _note(packs, used, at, found)
    if note:
        say(note)
    answer = told(
        {
            "name": name,
            "due_at": found.due_at,
            "due_latest": found.due_latest,
            "warnings": found.warnings,
            "pack": packs.pack_of(name).named,
            "zone": zone,
            "calendar": used,
            "note": note,
        }
    )
    if as_json:
        print(msgspec.json.encode(answer).decode())
        return
    if definition.title:
        print(f"clock       {plain(definition.title)}")
    print(f"due at      {answer['due_at']}")
    print(f"due latest  {answer['due_latest']}")
    for one in answer["warnings"]:
        print(f"warns       {one}")


def _note(packs: Packs, calendar: str | None, at: datetime, found: Due) -> str | None:
    """What is to be said of the holidays that were counted."""
    first, last = packs.years[0], packs.years[-1]
    if calendar is None:
        return "No calendar: weekends alone are free."
    if first <= at.year and found.due_latest.year <= last:
        return None
    return (
        f"Holidays of {calendar} are known from {first} to {last}; beyond, weekends alone are free."
    )


def _moment(option: str, text: str) -> datetime:
    try:
        return read_moment(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{option}: an RFC 3339 time with an offset, such as 2026-03-02T02:13:07Z,"
            f" not {plain(text[:60])}"
        ) from None


def _limit(text: str) -> Limit:
    try:
        return msgspec.convert(tomllib.loads(f"limit = {text}")["limit"], Limit)
    except tomllib.TOMLDecodeError:
        raise typer.BadParameter("--limit: such as '{hours=1}' or '{working_days=2}'") from None
    except msgspec.ValidationError as error:
        raise typer.BadParameter(f"--limit: {sentence(error, Limit)}") from None
