"""`tidegate keys`: API keys, with scopes and bounds, shown once, rotated, revocable."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from tidegate.access.actions import create_key, revoke_key, rotate_key
from tidegate.access.bounds import Bounds, read_end, read_key_rate, read_networks
from tidegate.access.model import KeyView, bad
from tidegate.access.queries import list_keys
from tidegate.cli.context import DataDir, Json, say, transaction
from tidegate.infra.db import Tx
from tidegate.infra.durations import read_overlap
from tidegate.pipeline.house import SCOPES

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="API keys, with scopes, shown once, revocable.",
)

Key = Annotated[str, typer.Argument(metavar="NAME_OR_ID", help="The key's name or id")]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Whose key it is: it acts under this name")],
    scopes: Annotated[str, typer.Option(help="Comma separated, e.g. items:write,reports:write")],
    data_dir: DataDir = None,
    platform: Annotated[str | None, typer.Option(help="Bind the key to one platform")] = None,
    user: Annotated[str | None, typer.Option(help="Act under this user's name (email)")] = None,
    expires: Annotated[
        str | None,
        typer.Option(help="When it ends: 90d, 2027-01-31 (as that day begins, UTC) or a time"),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="Use it from this network alone, e.g. 10.0.0.0/8; several are allowed"),
    ] = None,
    channels: Annotated[
        str, typer.Option(help="It may report as: trusted_flagger,referral,franked")
    ] = "",
    rate: Annotated[
        str | None,
        typer.Option(help="How often it may ask, e.g. 50/s or 600/m; else what rate_limit says"),
    ] = None,
    flagger: Annotated[
        str | None,
        typer.Option(help="The id of the trusted flagger whose key it is (GET /v1/flaggers)"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it. Only its hash is kept, so it is shown this once."""
    wanted = _parts([scopes])
    with transaction(data_dir, make=True) as tx:
        bounds = Bounds(
            expires_at=None if expires is None else read_end(expires, tx.now),
            networks=() if network is None else read_networks(_parts(network)),
            channels=tuple(_parts([channels])),
            rate=None if rate is None else read_key_rate(rate),
        )
        key_id, token = create_key(tx, SCOPES, name, wanted, platform, user, bounds)
        if flagger is not None:
            _bind(tx, key_id, platform, flagger, bounds.channels)
    if as_json:
        document = {"id": key_id, "key": token, "name": name, "scopes": wanted}
        document |= {"platform": platform, "user": user, "expires_at": bounds.expires_at}
        document |= {"networks": list(map(str, bounds.networks)), "channels": bounds.channels}
        document |= {"rate": None if bounds.rate is None else str(bounds.rate)}
        print(msgspec.json.encode(document).decode())
    else:
        print(token)


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the keys, without their secrets."""
    with transaction(data_dir) as tx:
        found, now = list_keys(tx), tx.now
    for key in found:
        print(msgspec.json.encode(key).decode() if as_json else _line(key, now))


@app.command()
def rotate(
    key: Key,
    data_dir: DataDir = None,
    overlap: Annotated[
        str, typer.Option(help="How long the secret of now is good yet: 24h, 7d; 0 not at all")
    ] = "24h",
    as_json: Json = False,
) -> None:
    """Give a key a new secret and print the key. For a while both secrets are good."""
    wait = read_overlap(overlap)
    with transaction(data_dir) as tx:
        key_id, token = rotate_key(tx, key, wait)
        old_until = tx.now + wait
    if as_json:
        document = {"id": key_id, "key": token, "old_until": old_until if wait else None}
        print(msgspec.json.encode(document).decode())
        return
    ends = f"is good until {old_until:%Y-%m-%d %H:%M:%S} UTC" if wait else "is good no more"
    say(f"The secret of before {ends}.")
    print(token)


@app.command()
def revoke(key: Key, data_dir: DataDir = None) -> None:
    """Revoke a key; every process refuses it within a second."""
    with transaction(data_dir) as tx:
        key_id = revoke_key(tx, key)
    say(f"Key {key_id} is revoked.")


def _line(key: KeyView, now: datetime) -> str:
    expired = key.expires_at is not None and key.expires_at <= now
    state = "expired" if expired else "standing"
    parts = [key.id, key.name, ",".join(key.scopes), str(key.revoked_at or state)]
    more = {
        "platform": key.platform,
        "user": key.user,
        "until": key.expires_at,
        "from": ",".join(key.networks),
        "channels": ",".join(key.channels),
        "at most": key.rate,
        "old secret until": key.old_until,
    }
    return "  ".join([*parts, *(f"{what} {value}" for what, value in more.items() if value)])


def _bind(tx: Tx, key_id: str, platform: str | None, flagger: str, channels: Iterable[str]) -> None:
    """What comes with the key is the flagger's. Raises Refusal (404, 422)."""
    from tidegate.intake.flaggers import CHANNEL, bind_key, flagger_unknown

    if CHANNEL not in channels:
        raise bad("/channels", f"{CHANNEL}, for a key of a flagger", ", ".join(channels) or "none")
    try:
        flagger_id = UUID(flagger)
    except ValueError:
        raise flagger_unknown() from None
    bind_key(tx, key_id, platform, flagger_id)


def _parts(texts: Iterable[str]) -> list[str]:
    """What is separated by commas."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]
