"""`tidegate demo`: the main job on real posts and reports; its data comes with a checkout and with the
installed package alike."""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

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
    name = "tidegate.demo"
    if find_spec(name) is None:  # not installed from a wheel
        name = "demo"
        sys.path.insert(0, str(CHECKOUT))
    run = importlib.import_module(f"{name}.run")
    raise typer.Exit(run.main(data_dir, port, headless=headless))
