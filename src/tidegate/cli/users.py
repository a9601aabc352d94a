"""`tidegate users`: people who sign in on the pages."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import UNSET

from tidegate.access.actions import create_link, create_user
from tidegate.access.model import ROLES, Limits, User
from tidegate.access.names import rename
from tidegate.access.people import enable_user
from tidegate.access.queries import get_user, list_users
from tidegate.access.signatures import set_signature
from tidegate.cli.context import DataDir, Json, address_of, say, settings_of, transaction
from tidegate.cli.showing import plain
from tidegate.infra.settings import Settings
from tidegate.pipeline.people import change_limits, change_role, disable_user

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="People who sign in on the pages."
)

Email = Annotated[str, typer.Option(help="The person's e-mail address")]
Role = Annotated[str, typer.Option(help=", ".join(ROLES))]
Platforms = Annotated[
    list[str] | None,
    typer.Option("--platform", help="Bind the person to it; may be repeated"),
]
Queues = Annotated[
    list[str] | None,
    typer.Option("--queue", help="Only cases of this queue; may be repeated"),
]
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", help="Only cases in this language (de, ar); may be repeated"),
]
SignsName = Annotated[
    str | None,
    typer.Option("--name", help="What they sign legal documents as; else their address"),
]
SignsPost = Annotated[str | None, typer.Option("--post", help="The post that they sign them in")]
Everything = Annotated[bool, typer.Option("--all", help="Bind the person to none")]


@app.command()
def create(
    email: Email,
    role: Role,
    platform: Platforms = None,
    queue: Queues = None,
    language: Languages = None,
    name: SignsName = None,
    post: SignsPost = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a user and print a link to a page whose button signs them in once."""
    limits = Limits(platforms=platform or None, queues=queue or None, languages=language or None)
    with transaction(data_dir, make=True) as tx:
        user, token = create_user(tx, email, role, limits)
        set_signature(tx, user.email, name=name or "", post=post or "")
    url = sign_in_url(settings_of(data_dir), token)
    if as_json:
        document = {"id": user.id, "email": user.email, "role": role, "link": url}
        document |= {"display_name": user.display_name}
        print(msgspec.json.encode(document | msgspec.structs.asdict(user.limits)).decode())
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
    """Change a user's role; their sessions end, and the cases that they hold go back."""
    with transaction(data_dir) as tx:
        change_role(tx, email, role)
    say(f"{email} is {role} now.")


@app.command()
def platforms(
    email: Email,
    platform: Platforms = None,
    everything: Everything = False,
    data_dir: DataDir = None,
) -> None:
    """Change which platforms a user is bound to, and sees alone; their sessions end."""
    _limit(data_dir, email, "platforms", platform, everything)


@app.command()
def queues(
    email: Email, queue: Queues = None, everything: Everything = False, data_dir: DataDir = None
) -> None:
    """Change of which queues a user sees cases; their sessions end."""
    _limit(data_dir, email, "queues", queue, everything)


@app.command()
def languages(
    email: Email,
    language: Languages = None,
    everything: Everything = False,
    data_dir: DataDir = None,
) -> None:
    """Change in which languages a user sees cases; their sessions end. Cases in no language that is known
    are for everybody."""
    _limit(data_dir, email, "languages", language, everything)


def _limit(
    data_dir: Path | None, email: str, what: str, names: list[str] | None, everything: bool
) -> None:
    if everything == bool(names):
        raise typer.BadParameter(f"either {what} or --all", param_hint=f"--{what[:-1]}")
    with transaction(data_dir) as tx:
        limits = msgspec.structs.replace(get_user(tx, email).limits, **{what: names or None})
        user = change_limits(tx, email, limits)
    say(f"{email} sees {_seen(user)} now.")


@app.command()
def name(
    email: Email,
    display_name: Annotated[str, typer.Argument(metavar="NAME", help="What others know them by")],
    data_dir: DataDir = None,
) -> None:
    """Change the name by which others know a user on the pages."""
    with transaction(data_dir) as tx:
        rename(tx, email, display_name)
    say(f"Others know {email} as {display_name} now.")


@app.command("set")
def set_(
    email: Email, name: SignsName = None, post: SignsPost = None, data_dir: DataDir = None
) -> None:
    """Say by which name and in which post somebody signs legal documents (Annex II and III); "" for none. Others know
    them on the pages by another: see `name`."""
    if name is None and post is None:
        raise typer.BadParameter("either of these, or both", param_hint="--name, --post")
    with transaction(data_dir) as tx:
        signed = set_signature(
            tx,
            email,
            name=UNSET if name is None else name,
            post=UNSET if post is None else post,
        )
    said = ", ".join(one for one in (signed.name, signed.post) if one) or email
    say(f"{email} signs as {plain(said)} now.")


@app.command()
def disable(email: Email, data_dir: DataDir = None) -> None:
    """Keep a user out; their sessions and keys end, and the cases that they hold go back."""
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
            print(f"{user.email}  {user.role}  {_seen(user)}  as {user.display_name}")


def _seen(user: User) -> str:
    """What somebody sees, in words."""
    bound = msgspec.structs.asdict(user.limits).items()
    limits = [f"{what}: {', '.join(names)}" for what, names in bound if names is not None]
    return ", ".join(limits) or "everything"


def sign_in_url(settings: Settings, token: str) -> str:
    """The link under the address that people reach the pages at."""
    return f"{address_of(settings)}/sign-in/{token}"
