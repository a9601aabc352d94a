"""`tidegate docs`: the pages of docs/ that are written from the code."""

from pathlib import Path
from typing import Annotated, get_args, get_origin

import msgspec
import typer

from tidegate.infra.settings import Settings
from tidegate.policy.variables import render_variables


def docs(
    directory: Annotated[Path, typer.Argument(help="Where the pages are")] = Path("docs"),
) -> None:
    """Write the generated pages: settings and policy variables."""
    for name, text in pages().items():
        (directory / name).write_text(text)
        print(directory / name)


def pages() -> dict[str, str]:
    """The generated pages, by file name."""
    return {"settings.md": render_settings(), "policy-variables.md": render_variables()}


def render_settings() -> str:
    """The settings' page, in Markdown."""
    rows = [
        f"| `{field.name}` | `TIDEGATE_{field.name.upper()}` | {_default(field)} | {_meaning(field)} |"
        for field in msgspec.structs.fields(Settings)
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "One TOML file (`tidegate.toml` in the data directory, or the path in"
            " `TIDEGATE_CONFIG`) and the environment, which wins. This page is written from"
            " `src/tidegate/infra/settings.py`.",
            "",
            "| in the file | in the environment | default | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is not msgspec.NODEFAULT:
        value = field.default
    else:
        value = field.default_factory() if callable(field.default_factory) else ""
    return "none" if value in (None, []) else f"`{value}`"


def _meaning(field: msgspec.structs.FieldInfo) -> str:
    if get_origin(field.type) is Annotated:
        for extra in get_args(field.type)[1:]:
            if isinstance(extra, msgspec.Meta) and extra.description:
                return extra.description
    raise LookupError(f"the setting {field.name} has no description")
