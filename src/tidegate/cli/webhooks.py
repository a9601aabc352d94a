"""`tidegate webhooks`: the platform's own systems, which actions are delivered to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from tidegate.cli.context import DataDir, Json, database_of, say, settings_of, transaction
from tidegate.enforcement.queries import WebhookView, list_webhooks
from tidegate.enforcement.webhooks import (
    create_webhook,
    disable_webhook,
    rotate_webhook,
    set_enforce,
)
from tidegate.infra.durations import read_overlap
from tidegate.infra.egress import AddressGuard, EgressRefused
from tidegate.infra.errors import Refusal
from tidegate.pipeline.house import MESSAGE_TYPES

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The systems that actions are delivered to."
)


def _read_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(
            "this is no id of a target. See `tidegate webhooks list`."
        ) from None


Target = Annotated[
    UUID, typer.Argument(parser=_read_id, help="The id that `tidegate webhooks list` shows")
]


@app.command()
def create(
    url: Annotated[str, typer.Option(help="Where messages are posted")],
    data_dir: DataDir = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The target may be in a private network")
    ] = False,
    enforce: Annotated[
        bool, typer.Option("--enforce", help="Send; without it the target is in observe mode")
    ] = False,
    alerts: Annotated[
        bool,
        typer.Option(
            "--alerts",
            help="The target gets alerts and nothing else, --enforce or not; see docs/alerts.md",
        ),
    ] = False,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="The target is a system that acts: it gets actions and what an author is to be told, "
            "and nothing that says which are a legal order's",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a target and print its signing secret. Without --enforce or --alerts nothing is sent."""
    settings = settings_of(data_dir)
    try:
        with database_of(settings, make=True) as database, database.begin("system:cli") as tx:
            webhook = create_webhook(
                tx,
                url,
                allow_private,
                enforce,
                known=MESSAGE_TYPES,
                allowed=settings.allowed_addresses,
                alerts=alerts,
                plain=plain,
            )
    except Refusal as refusal:
        leave = not allow_private and _is_taken(url, settings.allowed_addresses)
        if refusal.type == "address-refused" and leave:
            say("If the target is in your own network, say so with --allow-private.")
        raise
    print(msgspec.json.encode(webhook).decode() if as_json else webhook.secret)


def _is_taken(url: str, allowed: Sequence[str]) -> bool:
    """Whether a URL is refused for being in a private network alone."""
    try:
        AddressGuard(allowed, allow_private=True).check_url(url)
    except EgressRefused:
        return False
    return True


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the targets, without their secrets."""
    with transaction(data_dir) as tx:
        found, now = list_webhooks(tx), tx.now
    for one in found:
        if as_json:
            print(msgspec.json.encode(one).decode())
        else:
            print(f"{one.id}  {_mode(one)}  {one.url}{_state(one, now)}")


def _mode(one: WebhookView) -> str:
    if one.disabled_at is not None:
        return "off    "
    if one.alerts:
        return "alerts "
    return "enforce" if one.enforce else "observe"


def _state(one: WebhookView, now: datetime) -> str:
    """What else is to be known of a target."""
    if one.disabled_at is not None:
        because = (one.disabled_because or "").removeprefix("disabled ")
        return f"  disabled: {because} ({one.disabled_at:%Y-%m-%d %H:%M} UTC)"
    said = ["plain"] if one.plain else []
    if one.paused_until is not None and one.paused_until > now:
        said.append(f"asked to be left alone until {one.paused_until:%Y-%m-%d %H:%M:%S} UTC")
    elif one.failing_since is not None:
        said.append(f"has taken nothing since {one.failing_since:%Y-%m-%d %H:%M} UTC")
    if one.old_until:
        said.append(f"old secret until {one.old_until}")
    return "".join(f"  {one}" for one in said)


@app.command()
def rotate(
    webhook_id: Target,
    data_dir: DataDir = None,
    overlap: Annotated[
        str, typer.Option(help="How long the secret of now signs as well: 24h, 7d; 0 not at all")
    ] = "24h",
    as_json: Json = False,
) -> None:
    """Give a target a new signing secret and print it. For a while messages carry both signatures."""
    wait = read_overlap(overlap)
    with transaction(data_dir) as tx:
        webhook = rotate_webhook(tx, webhook_id, wait)
        old_until = tx.now + wait
    ends = f"until {old_until:%Y-%m-%d %H:%M:%S} UTC too" if wait else "no more"
    say(f"Messages are signed with the secret of before {ends}.")
    print(msgspec.json.encode(webhook).decode() if as_json else webhook.secret)


@app.command()
def enforce(webhook_id: Target, data_dir: DataDir = None) -> None:
    """Switch a target to enforce: from now on messages are sent."""
    with transaction(data_dir) as tx:
        set_enforce(tx, webhook_id, True)
    say(f"{webhook_id} enforces now.")


@app.command()
def observe(webhook_id: Target, data_dir: DataDir = None) -> None:
    """Switch a target back to observe: everything is recorded, nothing sent."""
    with transaction(data_dir) as tx:
        set_enforce(tx, webhook_id, False)
        alerts = any(one.id == webhook_id and one.alerts for one in list_webhooks(tx))
    if alerts:
        say(f"{webhook_id} gets alerts all the same. `webhooks disable` takes it out of use.")
    else:
        say(f"{webhook_id} observes now.")


@app.command()
def disable(webhook_id: Target, data_dir: DataDir = None) -> None:
    """Take a target out of use."""
    with transaction(data_dir) as tx:
        disable_webhook(tx, webhook_id)
    say(f"{webhook_id} is disabled.")
