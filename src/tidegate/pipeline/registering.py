"""From what somebody names to what is registered: a document, or the address at which an organisation has it."""

from urllib.parse import urlsplit

from tidegate.exchange.actions import add_party
from tidegate.exchange.keys import OwnKey
from tidegate.exchange.model import Party
from tidegate.exchange.published import PATH, Published, read_published
from tidegate.infra.db import Tx
from tidegate.infra.egress import AddressGuard, Client, EgressFailed
from tidegate.infra.identity import synthetic_since
from tidegate.infra.parsing import decode
from tidegate.infra.secrets import InstanceSecrets
from tidegate.infra.settings import Settings

MOST_BYTES = 512 << 10


async def fetch_published(settings: Settings, url: str) -> Published:
    """What an organisation publishes at an address, or under the host that is named alone. It may send nobody
    elsewhere. Raises Refusal (422), also for what is not its document."""
    if urlsplit(url).path in ("", "/"):
        url = url.rstrip("/") + PATH
    guard = AddressGuard(settings.allowed_addresses)
    at = await guard.check_sealed(url)
    client = Client(guard)
    try:
        timeout = settings.fetch_timeout_seconds
        found = await client.ask("GET", url, headers={}, limit_bytes=MOST_BYTES, timeout=timeout)
    finally:
        await client.aclose()
    if found.status != 200:
        raise EgressFailed(f"{at.host} answered {found.status}.")
    return decode(found.data, Published)


async def check_found(settings: Settings, found: Published) -> None:
    """What can be said of a document without the database. Raises Refusal (422), also for an inbox that
    nothing may be sent to from here."""
    read_published(found)
    await AddressGuard(settings.allowed_addresses).check_sealed(found.inbox)


def register(tx: Tx, settings: Settings, found: Published) -> Party:
    """Register what was found and checked. Raises Refusal as `add_party` does."""
    secrets, standing = InstanceSecrets.open(settings.data_dir), synthetic_since(tx)
    own = OwnKey.of(secrets).kid if secrets.has("organisation") else None  # made at the first start
    synthetic = settings.synthetic if standing is None else standing
    return add_party(tx, found, own_kid=own, synthetic=synthetic)
