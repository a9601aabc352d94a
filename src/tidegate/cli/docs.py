"""`tidegate docs`: the pages of docs/ that are written from the code."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tidegate.access.model import ADMIN, ROLES
from tidegate.infra.settings import Settings
from tidegate.infra.settings_told import told
from tidegate.pipeline.house import SCOPES
from tidegate.policy.variables import render_variables
from tidegate.web.permissions import render_permissions


def docs(
    directory: Annotated[Path, typer.Argument(help="Where the pages are")] = Path("docs"),
) -> None:
    """Write the generated pages: settings, scopes, permissions and policy variables."""
    for name, text in pages().items():
        (directory / name).write_text(text)
        print(directory / name)


def pages() -> dict[str, str]:
    """The generated pages, by file name."""
    return {
        "settings.md": render_settings(),
        "scopes.md": render_scopes(),
        "permissions.md": render_permissions(),
        "policy-variables.md": render_variables(),
    }


def render_scopes() -> str:
    """The scopes' page, in Markdown."""
    roles = [role for role in ROLES if role != ADMIN]
    rows = [
        f"| `{scope.name}` | {scope.allows} | {f'`{scope.implies}`' if scope.implies else ''} | "
        + " | ".join("yes" if scope.name in SCOPES.of_role(role) else "" for role in roles)
        + " |"
        for scope in SCOPES.known.values()
    ]
    return "\n".join(
        [
            "# Scopes and roles",
            "",
            "What a key is made with (`tidegate keys create --scopes a,b`), and what the roles of people"
            " have. The role `admin` has them all, and so has the scope `admin`. This page is written"
            " from what the slices declare (`src/tidegate/*/slice.py`).",
            "",
            f"| scope | allows to | with it comes | {' | '.join(roles)} |",
            "|---|---|---|" + "---|" * len(roles),
            *rows,
            "",
        ]
    )


def render_settings() -> str:
    """The settings' page, in Markdown."""
    meanings = {one.name: one.meaning for one in told(Settings())}
    rows = [
        f"| `{field.name}` | `TIDEGATE_{field.name.upper()}` | {_default(field)}"
        f" | {meanings[field.name]} |"
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
