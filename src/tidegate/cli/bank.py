"""`tidegate bank`: banks of known content, from the command line."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tidegate.cli import bank_files
from tidegate.cli.bank_lists import export, import_
from tidegate.cli.context import DataDir, Json, database_of, existing, say, settings_of, transaction
from tidegate.infra.postgres import database_url
from tidegate.infra.wording import sentence
from tidegate.pipeline.enrol import enrol_file
from tidegate.pipeline.instance import opened
from tidegate.signals.banks.actions import add_entry, create_bank
from tidegate.signals.banks.model import BankIn, EntryIn
from tidegate.signals.banks.queries import list_banks

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Banks of known content.")
app.command("import")(import_)
app.command()(export)
app.command()(bank_files.build)
app.command()(bank_files.stats)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Letters, digits, _ and -; at most 64")],
    stance: Annotated[str, typer.Option(help="known or allow")] = "known",
    label: Annotated[list[str] | None, typer.Option(help="May be repeated")] = None,
    platform: Annotated[
        str | None, typer.Option(help="For this platform's items alone; else everybody's")
    ] = None,
    note: Annotated[str | None, typer.Option(help="For people")] = None,
    data_dir: DataDir = None,
) -> None:
    """Make an empty bank."""
    wanted = {"name": name, "stance": stance, "labels": label or [], "note": note}
    wanted |= {"platform": platform}
    try:
        bank = msgspec.convert(wanted, BankIn)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(sentence(error, BankIn)) from error
    with transaction(data_dir, make=True) as tx:
        create_bank(tx, bank)
    say(f"Bank {name} is there.")


@app.command()
def add(
    bank: str,
    files: Annotated[list[Path], typer.Argument(help="Pictures or other files", exists=True)],
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="You vouch for them: they may restrict at once")
    ] = False,
    label: Annotated[list[str] | None, typer.Option(help="May be repeated")] = None,
    data_dir: DataDir = None,
) -> None:
    """Add files to a bank, one entry each; prints the entries' ids."""
    settings = existing(settings_of(data_dir))
    options = EntryIn(labels=label, confirmed=confirmed)
    with (
        database_url(settings.database_url, settings.data_dir) as url,
        opened(settings, url) as instance,
    ):
        instance.media.start()
        for file in files:
            enrolment = asyncio.run(
                enrol_file(instance, file.read_bytes(), None, file.name, options)
            )
            with instance.database.begin("system:cli") as tx:
                entry = add_entry(tx, bank, **enrolment.arguments())
            print(entry.id)
            for problem in enrolment.problems:
                say(f"{file}: {problem}")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the banks."""
    with database_of(settings_of(data_dir)) as database, database.begin() as tx:
        found = list_banks(tx)
    for one in found:
        if as_json:
            print(msgspec.json.encode(one).decode())
        else:
            whose = "" if one.platform is None else f"  of {one.platform}"
            print(f"{one.name}  {one.stance}  {one.entries} entries{whose}")
