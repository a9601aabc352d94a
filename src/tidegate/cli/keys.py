"""`tidegate keys`: API keys, with scopes, shown once, revocable."""

from typing import Annotated

import msgspec
import typer

from tidegate.access.actions import create_key, revoke_key
from tidegate.access.queries import list_keys
from tidegate.cli.context import DataDir, Json, say, transaction
from tidegate.pipeline.house import SCOPES

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="API keys, with scopes, shown once, revocable.",
)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Whose key it is: it acts under this name")],
    scopes: Annotated[str, typer.Option(help="Comma separated, e.g. items:write,reports:write")],
    data_dir: DataDir = None,
    platform: Annotated[str | None, typer.Option(help="Bind the key to one platform")] = None,
    user: Annotated[str | None, typer.Option(help="Act under this user's name (email)")] = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it. Only its hash is kept, so it is shown this once."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    with transaction(data_dir) as tx:
        key_id, token = create_key(tx, SCOPES, name, wanted, platform, user)
    if as_json:
        document = {"id": key_id, "key": token, "name": name, "scopes": wanted}
        print(msgspec.json.encode(document | {"platform": platform, "user": user}).decode())
    else:
        print(token)


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the keys, without their secrets."""
    with transaction(data_dir) as tx:
        found = list_keys(tx)
    for key in found:
        if as_json:
            print(msgspec.json.encode(key).decode())
        else:
            print(f"{key.id}  {key.name}  {','.join(key.scopes)}  {key.revoked_at or 'standing'}")


@app.command()
def revoke(key_id: str, data_dir: DataDir = None) -> None:
    """Revoke a key; every process refuses it within a second."""
    with transaction(data_dir) as tx:
        revoke_key(tx, key_id)
    say(f"Key {key_id} is revoked.")
