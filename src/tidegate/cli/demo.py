"""`tidegate demo`: the main job on real posts and reports, from a checkout."""

import importlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.context import say

CHECKOUT = Path(__file__).parents[3]


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="End after the summary instead of serving")
    ] = False,
    port: Annotated[int, typer.Option(help="Port to serve on")] = 8420,
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="A directory for the demo alone; made afresh")
    ] = Path("var/demo"),
) -> None:
    """Run the main job on real posts and reports, say how it went, then serve until Ctrl-C."""
    if not (CHECKOUT / "demo" / "run.py").is_file():
        say("tidegate: the demo's data is part of a checkout, not of the installed package.")
        raise typer.Exit(2)
    sys.path.insert(0, str(CHECKOUT))
    run = importlib.import_module("demo.run")
    raise typer.Exit(run.main(data_dir, port, headless=headless))
