"""`tidegate registry`: the organisations of the other side, and which of their keys are trusted."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, cast

import msgspec
import typer

from tidegate.cli.context import DataDir, Json, settings_of, transaction
from tidegate.cli.persons import User, in_name_of
from tidegate.cli.showing import moment_of, plain, say
from tidegate.exchange.actions import confirm_party, name_parties, revoke_key, set_provisional
from tidegate.exchange.authorities import MOST_BYTES as MOST_OF_LIST
from tidegate.exchange.authorities import read_authorities
from tidegate.exchange.model import SAID, Party
from tidegate.exchange.published import Published
from tidegate.exchange.queries import parties
from tidegate.exchange.slice import REGISTRY
from tidegate.infra.parsing import decode
from tidegate.infra.settings import Settings
from tidegate.infra.times import in_full, told
from tidegate.pipeline.registering import MOST_BYTES, check_found, fetch_published, register

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Organisations of the other side, and their keys.",
)

# One fingerprint of 64 begins with a dash, and is no option for that.
_DASHES = {"ignore_unknown_options": True}
Id = Annotated[str, typer.Argument(help="The organisation's id")]


@app.command()
def add(
    source: Annotated[
        str,
        typer.Argument(metavar="FILE|URL", help="What it publishes at /.well-known/tidegate.json"),
    ],
    user: User,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Register an organisation and show the fingerprints of its keys. Nothing is trusted until a second
    person has confirmed them."""
    settings = settings_of(data_dir)
    found = asyncio.run(_found(settings, source))
    with transaction(data_dir) as tx:
        party = register(in_name_of(tx, user, REGISTRY), settings, found)
    _show(party, as_json)
    waiting = [key.kid for key in party.keys if key.state == "unconfirmed"]
    if waiting and not as_json:
        say(
            "Ask the organisation by another way for the fingerprints. Whoever got them there types them:"
            f" tidegate registry confirm {party.id} FINGERPRINT… --document {party.document} --user EMAIL"
        )


async def _found(settings: Settings, source: str) -> Published:
    if source.startswith(("http://", "https://")):
        found = await fetch_published(settings, source)
    else:
        found = decode(_read(source, MOST_BYTES), Published)
    await check_found(settings, found)
    return found


@app.command(context_settings=_DASHES)
def confirm(
    id: Id,
    kids: Annotated[
        list[str],
        typer.Argument(metavar="FINGERPRINT…", help="Of its keys, as you know them from elsewhere"),
    ],
    user: User,
    document: Annotated[
        str | None,
        typer.Option(help="The SHA-256 beside it in `list`: nothing that came since is trusted"),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Trust an organisation, these keys of it, and what it says of itself. It takes another person than registered
    them."""
    with transaction(data_dir) as tx:
        party = confirm_party(in_name_of(tx, user, REGISTRY), id, kids, document)
    _show(party, as_json)


@app.command(context_settings=_DASHES)
def revoke(
    id: Id,
    kid: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="Of the key")],
    user: User,
    reason: Annotated[str, typer.Option(help="Why it counts no more")],
    at: Annotated[
        str | None, typer.Option(help="As of when (RFC 3339); without, from now on")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Count a key no more, as of a moment. One person is enough."""
    moment = None if at is None else moment_of(at, "--at")
    with transaction(data_dir) as tx:
        party = revoke_key(in_name_of(tx, user, REGISTRY), id, kid, moment or tx.now, reason)
    _show(party, as_json)


@app.command()
def provisional(
    id: Id,
    on: Annotated[
        bool, typer.Option("--on/--off", help="Whether they may be; without a person for a day")
    ],
    user: User,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Say whether orders of an authority may be executed provisionally while nobody is awake."""
    with transaction(data_dir) as tx:
        party = set_provisional(in_name_of(tx, user, REGISTRY), id, on)
    _show(party, as_json)


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the registered organisations with their keys."""
    with transaction(data_dir) as tx:
        found = parties(tx)
    for one in found:
        _show(one, as_json)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The Commission's list of authorities as CSV")],
    data_dir: DataDir = None,
) -> None:
    """Write down authorities by name, without keys; those that are registered stay as they are."""
    given = read_authorities(_read(str(file), MOST_OF_LIST))
    with transaction(data_dir) as tx:
        changed = name_parties(tx, given)
    say(f"{len(given)} authorities, {changed} of them new or changed.")


def _read(source: str, most: int) -> bytes:
    """Ends the command for a file that cannot be read or is too long."""
    try:
        if source == "-":
            data = sys.stdin.buffer.read(most + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(most + 1)
    except OSError as error:
        raise typer.BadParameter(f"{plain(source)}: {error.strerror}") from error
    if len(data) > most:
        raise typer.BadParameter(f"{plain(source)} has more than {most:,} bytes")
    return data


def _show(party: Party, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(told(party)).decode())
        return
    what = f"{party.kind}  {party.member_state}  {party.state}  {plain(party.name)}"
    print(f"{party.id}  {what}{'  (synthetic)' if party.synthetic else ''}")
    said = {name: getattr(party, name) for name in SAID}
    for name in ("inbox", "functions", "hosts"):
        if said[name]:
            print(f"  {name}: {_in_words(said[name])}")
    if party.provisional:
        print("  provisional: its orders are executed while nobody is awake")
    for key in party.keys:
        since = f" as of {in_full(key.revoked_at)}" if key.revoked_at else ""
        print(f"  {key.kid}  {key.state}{since}")
    for name, value in (party.proposed or {}).items():
        if value != said[name]:
            print(f"  waits to be confirmed: {name}: {_in_words(value) or 'none'}")
    if party.state != "named":
        print(f"  document: {party.document}")


def _in_words(value: object) -> str:
    parts = cast("list[object]", value) if isinstance(value, list) else [value]
    return plain(", ".join(map(str, parts)))
