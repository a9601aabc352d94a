"""`tidegate orders`: whether somebody else's inbox speaks the protocol of orders."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tidegate.cli.context import Json, say
from tidegate.cli.showing import plain, stop

if TYPE_CHECKING:
    import httpx

    from tidegate.exchange.keys import OwnKey
    from tidegate.exchange.published import Published
    from tidegate.orders.conformance import Answer, Clause

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Legal orders.")
_SECONDS = 30.0
_STRANGER = "conformance.invalid"
_WORDS = {True: "held     ", False: "NOT HELD ", None: "not tried"}


@app.callback()
def orders() -> None:
    """Legal orders."""


@app.command()
def conformance(
    url: Annotated[str, typer.Argument(help="Where the instance is that is tried: https://…")],
    synthetic: Annotated[
        bool,
        typer.Option(
            "--synthetic", help="It is a synthetic one: nobody is called by what is sent to it"
        ),
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(
            help="A key that it knows as one of --from (PEM, or the 32 bytes of organisation.key);"
            " else one is made and thrown away"
        ),
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--from", help="The organisation whose key that is")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a scripted set of messages to an inbox and say clause by clause what held. Exit status: 0 all that
    was tried held, 1 something did not, 2 it could not be tried."""
    if not synthetic:
        raise typer.BadParameter(
            "say so: what is sent rings for people, so only a synthetic instance is tried",
            param_hint="--synthetic",
        )
    if (key is None) != (sender is None):
        raise typer.BadParameter("these two go together", param_hint="--key and --from")
    import httpx
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from tidegate.exchange.keys import OwnKey
    from tidegate.infra.clock import SystemClock
    from tidegate.orders.conformance import Script

    made = OwnKey(Ed25519PrivateKey.generate())
    with httpx.Client(timeout=_SECONDS, headers={"user-agent": "tidegate"}) as client:
        them = _published(client, url)
        script = Script(
            lambda raw: _post(client, them.inbox, raw),
            them,
            us=sender or _STRANGER,
            key=made if key is None else _read_key(key),
            stranger=OwnKey(Ed25519PrivateKey.generate()),
            known=key is not None,
        )
        try:
            found = [_tell(one, as_json) for one in script.run(SystemClock().now())]
        except httpx.HTTPError as error:
            stop(error, f"{them.inbox}:")
    failed = sum(one.held is False for one in found)
    say(f"{sum(one.held is True for one in found)} held, {failed} did not.")
    raise typer.Exit(1 if failed else 0)


def _published(client: "httpx.Client", url: str) -> "Published":
    """What the other side says of itself."""
    import httpx

    from tidegate.exchange.published import PATH, Published

    try:
        answer = client.get(httpx.URL(url).join(PATH))
        answer.raise_for_status()
        found = msgspec.json.decode(answer.content, type=Published)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        stop(error, f"{url} publishes nothing that can be read:")
    if not found.synthetic:
        calm = "is not synthetic, so people would be called: nothing was sent"
        stop(ValueError(f"{found.organisation.id} {calm}"))
    return found


def _post(client: "httpx.Client", inbox: str, raw: bytes) -> "Answer":
    from tidegate.orders.conformance import Answer
    from tidegate.orders.jws import MEDIA_TYPE

    answer = client.post(inbox, content=raw, headers={"content-type": MEDIA_TYPE})
    told = answer.headers
    kind, wait = told.get("content-type", ""), told.get("retry-after")
    return Answer(answer.status_code, kind, answer.content, wait)


def _read_key(path: Path) -> "OwnKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from tidegate.exchange.keys import OwnKey

    try:
        data = path.read_bytes()
        if len(data) == 32:
            return OwnKey(Ed25519PrivateKey.from_private_bytes(data))
        found = load_pem_private_key(data, None)
    except (OSError, ValueError, TypeError) as error:
        stop(error, f"{path}")
    if not isinstance(found, Ed25519PrivateKey):
        stop(ValueError("is no key of Ed25519"), f"{path}")
    return OwnKey(found)


def _tell(clause: "Clause", as_json: bool) -> "Clause":
    if as_json:
        print(msgspec.json.encode(clause).decode())
    else:
        got = f" ({plain(clause.got)})" if clause.got else ""
        print(f"{_WORDS[clause.held]} {clause.name}: {clause.says}{got}")
    return clause
