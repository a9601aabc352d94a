"""`tidegate migrate`: the database brought to this version's schema."""

from typing import Annotated

import typer

from tidegate.cli.context import DataDir, say, settings_of
from tidegate.infra import migrations
from tidegate.infra.postgres import database_url as url_of


def migrate(
    data_dir: DataDir = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            "--database-url",
            help="The database, with the role that owns its tables (else the instance's own)",
        ),
    ] = None,
) -> None:
    """Bring the database to this version's schema, wholly or not at all. Make a backup first."""
    settings = settings_of(data_dir, database_url=database_url)
    with url_of(settings.database_url, settings.data_dir) as url:
        ran = migrations.migrate(url, tell=lambda revision: say(f"{revision} …"))
    print("The database is up to date." if ran else "The database is already current.")
