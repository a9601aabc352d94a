"""`tidegate database`: the whole database in a file, and from a file."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.context import AppRole, DataDir, existing, say, settings_of
from tidegate.infra import migrations
from tidegate.infra.postgres import database_url as url_of
from tidegate.infra.postgres import dumps
from tidegate.infra.postgres.roles import embedded_owner
from tidegate.pipeline.house import SLICES

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The whole database: a backup, and its way back.",
)


@app.command()
def dump(file: Path, data_dir: DataDir = None) -> None:
    """Write the database to a file, whether `serve` runs or not. `secrets/` and `evidence/` are apart."""
    settings = existing(settings_of(data_dir))
    with url_of(settings.database_url, settings.data_dir) as url:
        remade = [table for one in SLICES for table in one.remade]
        dumps.dump(url, file, embedded=not settings.database_url, without=remade)
    say(f"{file}: the database. `secrets/` and `evidence/` are not in it; keep copies of them too.")


@app.command()
def restore(
    file: Path,
    data_dir: DataDir = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            "--database-url",
            help="A database of your own, with the role that shall own its tables (else the instance's)",
        ),
    ] = None,
    app_role: AppRole = None,
) -> None:
    """Fill an empty database from a dump, wholly or not at all, and bring it to this version's schema.

    With the embedded server the database of a new --data-dir is made first.
    """
    settings = settings_of(data_dir, database_url=database_url)
    dumps.refuse_no_dump(file)
    with url_of(settings.database_url, settings.data_dir) as url:
        owner, embedded = embedded_owner(settings.data_dir, url)
        dumps.load(owner, file, embedded=not settings.database_url)
        # What was made from another state of the database; it is made anew.
        shutil.rmtree(settings.data_dir / "index", ignore_errors=True)
        migrations.migrate(
            owner, app_role=app_role or embedded, tell=lambda revision: say(f"{revision} …")
        )
    print("The database is restored.")
    say(f"`secrets/` and `evidence/` of the same backup belong into {settings.data_dir}.")
