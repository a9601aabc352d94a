"""`tidegate bench`: what measuring an instance needs of it."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Annotated

import typer

from tidegate.cli.context import DataDir, existing, say, settings_of
from tidegate.infra.postgres import database_url
from tidegate.pipeline.instance import opened
from tidegate.pipeline.seeding import GROUP
from tidegate.pipeline.seeding import seed as seed_group

BESIDE = 2  # groups at a time: while one is made the database takes in another

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="For measuring an instance.")


@app.callback()
def group() -> None:
    """With a single command Typer would leave its name out."""


@app.command()
def seed(
    cases: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many cases to open")],
    data_dir: DataDir = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same mix")] = 1,
) -> None:
    """Open many cases of a known mix of languages, bands, media and copies, as if posts and reports had
    come: for measuring, on an instance that is made for it. What they say is made up."""
    settings = existing(settings_of(data_dir))
    with (
        database_url(settings.database_url, settings.data_dir) as url,
        opened(settings, url) as instance,
        ThreadPoolExecutor(BESIDE) as pool,
    ):

        def make(group: int) -> int:
            random = Random(f"{seed} {group}")  # noqa: S311
            with instance.database.begin("system:cli") as tx:
                return seed_group(tx, instance, random, min(GROUP, cases - group * GROUP))

        gc.disable()  # what is made has no cycles, and looking for them takes a fifth of the time
        began = time.monotonic()
        made = sum(pool.map(make, range(-(-cases // GROUP))))
        took = time.monotonic() - began
    say(f"{made} cases are open, {made / took:,.0f} a second.")
