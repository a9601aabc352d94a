"""`tidegate organisation`: whom this instance speaks for."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tidegate.cli.context import DataDir, Json, address_of, settings_of, transaction
from tidegate.cli.showing import moment_of, say, stop
from tidegate.exchange.actions import set_organisation
from tidegate.exchange.keys import (
    OwnKeyRow,
    add_own_key,
    published_keys,
    revoke_own_key,
    signing_key,
)
from tidegate.exchange.model import FUNCTIONS, KINDS, Organisation
from tidegate.exchange.published import INBOX, Jwk, publish
from tidegate.exchange.queries import get_organisation, organisation
from tidegate.exchange.states import read_state
from tidegate.infra.secrets import InstanceSecrets
from tidegate.infra.times import in_full, told

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Whom this instance speaks for."
)

keys_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The keys that it signs with."
)
app.add_typer(keys_app, name="keys")


@app.command("set")
def set_(
    id: Annotated[
        str | None, typer.Option(help="What others know it by, for ever: forum.example")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is called")] = None,
    kind: Annotated[str | None, typer.Option(help=f"{' or '.join(KINDS)}, for ever")] = None,
    member_state: Annotated[
        str | None, typer.Option(help="The state that it is of, or established in: DE")
    ] = None,
    languages: Annotated[
        str | None, typer.Option(help="In which it can be written to: de,en")
    ] = None,
    contact: Annotated[str | None, typer.Option(help="Its contact point's e-mail address")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Its time zone; else that of the state's capital")
    ] = None,
    hosts: Annotated[
        str | None, typer.Option(help="The hosts of a platform's content: forum.example,…")
    ] = None,
    functions: Annotated[
        str | None, typer.Option(help=f"Those of an authority: {','.join(FUNCTIONS)}")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Say whom this instance speaks for, or change that; what is not named stays as it is."""
    if kind not in (*KINDS, None):
        raise typer.BadParameter(f"one of {', '.join(KINDS)}", param_hint="--kind")
    said: dict[str, Any] = {
        "id": id,
        "name": name,
        "kind": kind,
        "member_state": member_state,
        "languages": None if languages is None else _parts(languages),
        "contact_email": contact,
        "zone": zone,
        "hosts": None if hosts is None else _parts(hosts.lower()),
        "functions": None if functions is None else _parts(functions),
    }
    given = {name: value for name, value in said.items() if value is not None}
    with transaction(data_dir, make=True) as tx:
        ours = set_organisation(tx, _completed(organisation(tx), given))
    say(f"This instance speaks for {ours.name} ({ours.id}).")


@app.command()
def show(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show whom this instance speaks for, with the fingerprint of the key that it signs with."""
    settings = settings_of(data_dir)
    secrets = InstanceSecrets.open(settings.data_dir)
    with transaction(data_dir) as tx:
        ours = get_organisation(tx)
        made = secrets.has("organisation")  # at the first start
        keys = published_keys(tx, secrets) if made else []
        kid = signing_key(tx, secrets).kid if made else "the key is made at the first start"
    found = publish(ours, keys, address_of(settings) + INBOX)
    if as_json:
        print(msgspec.json.encode(told(found)).decode())
        return
    print(f"{ours.id}  {ours.kind}  {ours.member_state}  {ours.zone}  {ours.name}")
    for what, value in {
        "functions": ", ".join(ours.functions),
        "languages": ", ".join(ours.languages),
        "hosts": ", ".join(ours.hosts),
        "contact": ours.contact_email,
        "inbox": found.inbox,
        "synthetic": "yes" if ours.synthetic else "",
        "fingerprint": kid,
    }.items():
        if value:
            print(f"{what}: {value}")


@keys_app.command("add")
def add_key(
    valid_from: Annotated[
        str | None, typer.Option(help="From when on it signs (RFC 3339); without, from now on")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make another key to sign with, and publish it. The one before signs until then, and verifies what it signed
    until it is revoked."""
    moment = None if valid_from is None else moment_of(valid_from, "--valid-from")
    secrets = _secrets(data_dir)
    with transaction(data_dir) as tx:
        row = add_own_key(tx, secrets, moment or tx.now)
    _show_key(row, as_json)
    if not as_json:
        say(
            f"Take {secrets.directory / f'organisation-{row.n}.key'} into the backup of the secrets, and to every"
            " process of this instance. Tell others the fingerprint by another way than the network: what it signs"
            " is doubtful to them until they have registered you again and a second person has confirmed it."
        )


@keys_app.command("list")
def list_keys(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the keys of this organisation as they are published."""
    secrets = _secrets(data_dir)
    with transaction(data_dir) as tx:
        get_organisation(tx)
        found = published_keys(tx, secrets)
        signs = signing_key(tx, secrets).kid
    for one in found:
        _show_key(one, as_json, signs=one.kid == signs)


@keys_app.command("revoke", context_settings={"ignore_unknown_options": True})
def revoke_key(
    kid: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="Of the key")],
    reason: Annotated[str, typer.Option(help="Why it counts no more")],
    at: Annotated[
        str | None, typer.Option(help="As of when (RFC 3339); without, from now on")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Sign with a key no more, and publish that it counts no more. It stays published with its time."""
    moment = None if at is None else moment_of(at, "--at")
    secrets = _secrets(data_dir)
    with transaction(data_dir) as tx:
        row = revoke_own_key(tx, secrets, kid, moment or tx.now, reason)
    _show_key(row, as_json)


def _secrets(data_dir: Path | None) -> InstanceSecrets:
    """Those of an instance that was started: before, there is no key to follow. Ends the command."""
    secrets = InstanceSecrets.open(settings_of(data_dir).data_dir)
    if not secrets.has("organisation"):
        stop(ValueError("the first key is made at the first start of `tidegate serve`"), "keys:")
    return secrets


def _show_key(key: OwnKeyRow | Jwk, as_json: bool, *, signs: bool = False) -> None:
    if as_json:
        print(msgspec.json.encode(told(key)).decode())
        return
    ended = f"  revoked as of {in_full(key.revoked_at)}" if key.revoked_at else ""
    print(f"{key.kid}  from {in_full(key.valid_from)}{ended}{'  signs' if signs else ''}")


def _completed(before: Organisation | None, given: dict[str, Any]) -> Organisation:
    """What is said now on top of what was said before. The zone follows the state where it was never named."""
    if before is not None:
        old = read_state(before.member_state)
        if "member_state" in given and old is not None and before.zone == old.zone:
            given = _with_zone(given)
        return msgspec.structs.replace(before, **given)
    blank = {"id": "", "name": "", "kind": "platform", "member_state": "", "contact_email": ""}
    missing = [f"--{_OPTIONS.get(name, name)}" for name in blank if name not in given]
    if missing:
        raise typer.BadParameter(f"it takes {', '.join(missing)} the first time")
    return Organisation(**_with_zone(given))


_OPTIONS = {"member_state": "member-state", "contact_email": "contact"}


def _with_zone(given: dict[str, Any]) -> dict[str, Any]:
    state = read_state(given["member_state"])
    return {"zone": state.zone if state else "UTC"} | given


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
