"""How the commands that need no instance are told of what format a list is."""

from typing import Annotated

import typer

ListFormat = Annotated[
    str | None,
    typer.Option(
        "--format", help="Of the lists, as of `bank import`; else known by its first lines"
    ),
]


def known(format: str | None) -> str | None:
    """The format that was named. Raises BadParameter for one that there is not."""
    if format is None:
        return None
    from tidegate.signals.lists import FORMATS

    if format not in FORMATS:
        raise typer.BadParameter(f"one of {', '.join(FORMATS)}", param_hint="--format")
    return format
