"""`tidegate users`: people who sign in on the pages."""

from typing import Annotated

import msgspec
import typer

from tidegate.access.actions import (
    change_platforms,
    change_role,
    create_link,
    create_user,
    disable_user,
    enable_user,
)
from tidegate.access.model import ROLES, User
from tidegate.access.queries import list_users
from tidegate.cli.context import DataDir, Json, address_of, say, settings_of, transaction
from tidegate.infra.settings import Settings

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="People who sign in on the pages."
)

Email = Annotated[str, typer.Option(help="The person's e-mail address")]
Role = Annotated[str, typer.Option(help=", ".join(ROLES))]
Platforms = Annotated[
    list[str] | None,
    typer.Option("--platform", help="Bind the person to it; may be repeated"),
]


@app.command()
def create(
    email: Email,
    role: Role,
    platform: Platforms = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a user and print a link to a page whose button signs them in once."""
    with transaction(data_dir, make=True) as tx:
        user, token = create_user(tx, email, role, platform or None)
    url = sign_in_url(settings_of(data_dir), token)
    if as_json:
        document = {"id": user.id, "email": user.email, "role": role, "link": url}
        print(msgspec.json.encode(document | {"platforms": user.platforms}).decode())
    else:
        print(url)


@app.command()
def link(email: Email, data_dir: DataDir = None) -> None:
    """Print a new one-time link for a user."""
    with transaction(data_dir) as tx:
        token = create_link(tx, email)
    print(sign_in_url(settings_of(data_dir), token))


@app.command()
def role(email: Email, role: Role, data_dir: DataDir = None) -> None:
    """Change a user's role; their sessions end."""
    with transaction(data_dir) as tx:
        change_role(tx, email, role)
    say(f"{email} is {role} now.")


@app.command()
def platforms(
    email: Email,
    platform: Platforms = None,
    everything: Annotated[bool, typer.Option("--all", help="Bind the person to none")] = False,
    data_dir: DataDir = None,
) -> None:
    """Change which platforms a user is bound to, and sees alone; their sessions end."""
    if everything == bool(platform):
        raise typer.BadParameter("either platforms or --all", param_hint="--platform")
    with transaction(data_dir) as tx:
        user = change_platforms(tx, email, platform or None)
    say(f"{email} sees {_seen(user)} now.")


@app.command()
def disable(email: Email, data_dir: DataDir = None) -> None:
    """Keep a user out; their sessions and keys end."""
    with transaction(data_dir) as tx:
        disable_user(tx, email)
    say(f"{email} is disabled.")


@app.command()
def enable(email: Email, data_dir: DataDir = None) -> None:
    """Let a disabled user in again."""
    with transaction(data_dir) as tx:
        enable_user(tx, email)
    say(f"{email} is enabled.")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the users."""
    with transaction(data_dir) as tx:
        found = list_users(tx)
    for user in found:
        if as_json:
            print(msgspec.json.encode(user).decode())
        else:
            print(f"{user.email}  {user.role}  {_seen(user)}")


def _seen(user: User) -> str:
    return "all platforms" if user.platforms is None else ", ".join(user.platforms)


def sign_in_url(settings: Settings, token: str) -> str:
    """The link under the address that people reach the pages at."""
    return f"{address_of(settings)}/sign-in/{token}"
