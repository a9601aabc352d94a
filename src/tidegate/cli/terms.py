"""`tidegate items terms`: the keyed terms by which items and entries are found.

The worker makes them by itself a moment after a post; this shows how far it is, and helps.
"""

import time
from typing import Annotated

import typer

from tidegate.cli.context import DataDir, existing, settings_of
from tidegate.cli.showing import bar
from tidegate.infra.postgres import database_url
from tidegate.pipeline.instance import opened
from tidegate.pipeline.terms import TermWalk, behind
from tidegate.signals.words.actions import ENTRIES, ITEMS, begin_again

_PAUSE_SECONDS = 0.5  # while another process is at it


def terms(
    data_dir: DataDir = None,
    again: Annotated[
        bool, typer.Option("--again", help="Forget all of them, and make them anew")
    ] = False,
) -> None:
    """Make the terms of all kept items, and wait until they are made: until then not all is found. Killed
    at any time, run it again to go on."""
    settings = existing(settings_of(data_dir))
    with (
        database_url(settings.database_url, settings.data_dir) as url,
        opened(settings, url) as instance,
    ):
        walk = TermWalk(instance)
        with instance.database.begin() as tx:
            for name in (ITEMS, ENTRIES) if again else ():
                begin_again(tx, name)
            total = left = behind(tx)
        with bar("items") as progress:
            while left:
                if not walk.step():
                    time.sleep(_PAUSE_SECONDS)
                with instance.database.begin() as tx:
                    left = behind(tx)
                progress(max(0, total - left), max(total, 1))
    print("All kept items can be found by their words.")
