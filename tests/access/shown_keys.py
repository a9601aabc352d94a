"""Who the bearer of a key is, as the gate learns it."""

from tidegate.access.model import Principal
from tidegate.access.queries import read_key
from tidegate.infra.db import Tx
from tidegate.pipeline.house import SCOPES


def bearer(tx: Tx, token: str) -> Principal | None:
    """None for anything but a standing key."""
    found = read_key(tx, SCOPES, token)
    return found if isinstance(found, Principal) else None
