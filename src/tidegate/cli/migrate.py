"""`tidegate migrate`: the database brought to this version's schema."""

from typing import Annotated

import typer

from tidegate.cli.context import AppRole, DataDir, existing, say, settings_of
from tidegate.infra import migrations
from tidegate.infra.postgres import database_url as url_of
from tidegate.infra.postgres.roles import embedded_owner


def migrate(
    data_dir: DataDir = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            "--database-url",
            help="The database, with the role that owns its tables (else the instance's own)",
        ),
    ] = None,
    app_role: AppRole = None,
) -> None:
    """Bring the database to this version's schema, wholly or not at all. Make a backup first."""
    settings = existing(settings_of(data_dir, database_url=database_url))
    with url_of(settings.database_url, settings.data_dir) as url:
        owner, embedded = embedded_owner(settings.data_dir, url)
        ran = migrations.migrate(
            owner, app_role=app_role or embedded, tell=lambda revision: say(f"{revision} …")
        )
    print("The database is up to date." if ran else "The database is already current.")
