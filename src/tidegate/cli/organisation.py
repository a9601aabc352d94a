"""`tidegate organisation`: whom this instance speaks for."""

from typing import Annotated, Any

import msgspec
import typer

from tidegate.cli.context import DataDir, Json, address_of, settings_of, transaction
from tidegate.cli.showing import say
from tidegate.exchange.actions import set_organisation
from tidegate.exchange.keys import OwnKey
from tidegate.exchange.model import FUNCTIONS, KINDS, Organisation
from tidegate.exchange.published import INBOX, Jwk, publish
from tidegate.exchange.queries import get_organisation, organisation, set_at
from tidegate.exchange.states import read_state
from tidegate.infra.secrets import InstanceSecrets
from tidegate.infra.times import told

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Whom this instance speaks for."
)


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
    with transaction(data_dir) as tx:
        ours, since = get_organisation(tx), set_at(tx)
    secrets = InstanceSecrets.open(settings.data_dir)
    key = OwnKey.of(secrets) if secrets.has("organisation") else None  # made at the first start
    keys = [] if key is None else [Jwk(x=key.x, kid=key.kid, valid_from=since)]
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
        "fingerprint": key.kid if key else "the key is made at the first start",
    }.items():
        if value:
            print(f"{what}: {value}")


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
