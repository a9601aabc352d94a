"""The command `tidegate`: one file a command, imported when it is asked for.

A command that makes a key should not wait for the imports of the one that serves, nor one that needs
no instance for those of a database.
"""

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import typer

from tidegate.cli.failures import explain

COMMANDS = (
    "serve",
    "bank",
    "bench",
    "clocks",
    "cluster",
    "database",
    "demo",
    "docs",
    "doctor",
    "items",
    "keys",
    "ledger",
    "match",
    "migrate",
    "orders",
    "organisation",
    "policy",
    "referrals",
    "registry",
    "reports",
    "scorecard",
    "triage",
    "threats",
    "users",
    "webhooks",
)
# Of a group of commands, those in a file of their own, which loads less than the group does.
APART: dict[tuple[str, ...], str] = {
    ("bank", "build"): "bank_files",
    ("bank", "stats"): "bank_files",
}


def app_for(words: Sequence[str]) -> typer.Typer:
    """The application with the command that `words` begin with; with all where they name none."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # plain lines: an error's path is not broken over a frame
        pretty_exceptions_enable=False,
        help="Checks posts and reports against known terrorist and violent extremist content, "
        "and proves what was decided.",
    )
    named = [word for word in words[:1] if word in COMMANDS]
    for name in named or COMMANDS:
        module = import_module(f"tidegate.cli.{APART.get(tuple(words[:2]), name)}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    # With a single command Typer would leave its name out of the command line.
    app.callback()(lambda: None)
    return app


def main() -> None:
    """Run; what the domain or the set-up refuses is one clear line and exit status 2. So is that of
    faults of ours, for 1 is an answer: something matched, or needs mending."""
    try:
        app_for(sys.argv[1:])()
    except KeyboardInterrupt:  # while it was loaded
        sys.exit(130)
    except Exception as error:
        if (line := explain(error)) is None:
            traceback.print_exc()
        else:
            print(f"tidegate: {line}", file=sys.stderr)
        sys.exit(2)
