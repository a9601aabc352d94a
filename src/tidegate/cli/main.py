"""The command `tidegate`: one file a command, gathered here."""

import sys

import typer

from tidegate.cli import bank, demo, docs, doctor, items, keys, ledger, policy, users, webhooks
from tidegate.cli.serve import serve
from tidegate.infra.errors import Refusal
from tidegate.infra.postgres import PostgresError
from tidegate.infra.settings import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Checks posts and reports against known terrorist and violent extremist content, "
    "and proves what was decided.",
)
app.command()(serve)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command()(docs.docs)
app.add_typer(bank.app, name="bank")
app.add_typer(items.app, name="items")
app.add_typer(keys.app, name="keys")
app.add_typer(ledger.app, name="ledger")
app.add_typer(policy.app, name="policy")
app.add_typer(users.app, name="users")
app.add_typer(webhooks.app, name="webhooks")


def main() -> None:
    """Run; what the domain or the set-up refuses is one clear line and exit status 2."""
    try:
        app()
    except Refusal as refusal:
        print(f"tidegate: {refusal.title}. {refusal.detail}", file=sys.stderr)
        sys.exit(2)
    except (PostgresError, SettingsError) as error:
        print(f"tidegate: {error}", file=sys.stderr)
        sys.exit(2)
