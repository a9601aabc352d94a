"""`tidegate ledger`: is the chain whole?"""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from psycopg import Error
from sqlalchemy.exc import SQLAlchemyError

from tidegate.cli.context import DataDir, Json, database_of, settings_of
from tidegate.infra.postgres.place import find_place
from tidegate.infra.secrets import InstanceSecrets
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import read_head
from tidegate.ledger.verify import exit_code
from tidegate.pipeline.verify import verify

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The append-only log of what was done."
)


@app.callback()
def group() -> None:
    """The append-only log of what was done."""


@app.command("verify")
def verify_(
    data_dir: DataDir = None,
    head: Annotated[
        Path | None, typer.Option(help="A signed head kept elsewhere (else the data dir's own)")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read the whole chain. Exit status 0 intact, 1 tampered with, 2 unreadable."""
    settings = settings_of(data_dir)
    if not settings.database_url and find_place(settings.data_dir) is None:
        print(f"There is no instance in {settings.data_dir}, so no ledger.")
        raise typer.Exit(2)
    path = head or settings.data_dir / HEAD_FILE
    try:
        if head and not head.exists():
            raise FileNotFoundError("there is no such file")
        expected = read_head(path)
    except (OSError, ValueError) as error:
        print(f"The head in {path} cannot be read: {error}")
        raise typer.Exit(2) from error
    key = InstanceSecrets.open(settings.data_dir).ledger_key.public_key()
    try:
        with database_of(settings) as database, database.begin() as tx:
            tx.freeze()
            found = verify(tx, key, expected)
    except (SQLAlchemyError, Error) as error:
        print(f"The ledger cannot be read: {error}")
        raise typer.Exit(exit_code(error)) from error
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        for fault in found.faults:
            until = f" to {fault.last}" if fault.last > fault.seq else ""
            place = f" {fault.seq}{until}" if fault.seq or fault.kind != "unexplained" else ""
            print(f"TAMPERED  {fault.kind}{place}: {fault.detail}")
        state = "tampered with" if found.faults else "intact"
        print(f"{found.entries} entries, {state}; {found.unsealed} not sealed yet")
    raise typer.Exit(exit_code(found))
