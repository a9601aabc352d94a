"""`tidegate items erase`: an item whose id no path can hold, or any other, whether the server runs or not."""

from typing import Annotated

import typer

from tidegate.cli.context import DataDir, existing, settings_of
from tidegate.infra.postgres import database_url
from tidegate.pipeline.erase import discard_evidence, erase_item
from tidegate.pipeline.instance import opened


def erase(
    id: Annotated[str, typer.Argument(help="The platform's own id")],
    data_dir: DataDir = None,
    platform: Annotated[str, typer.Option(help="Whose id it is")] = "default",
) -> None:
    """Erase an item, as DELETE /v1/items/{id} does; a tombstone stays. A hold forbids it."""
    settings = existing(settings_of(data_dir))
    with (
        database_url(settings.database_url, settings.data_dir) as url,
        opened(settings, url) as instance,
    ):
        with instance.database.begin("system:cli") as tx:
            released = erase_item(tx, platform, id)
        discard_evidence(instance.database, instance.evidence, released)
    print("erased")
