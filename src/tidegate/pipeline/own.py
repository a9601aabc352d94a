"""Whom this instance speaks for, and the key that it signs with."""

import msgspec

from tidegate.exchange.keys import OwnKey, published_keys, signing_key
from tidegate.exchange.model import Organisation
from tidegate.exchange.published import INBOX, Published, publish
from tidegate.exchange.queries import get_organisation
from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance


class Own(msgspec.Struct, frozen=True):
    """What a message of ours is sent as."""

    organisation: Organisation
    key: OwnKey


def own_of(tx: Tx, instance: Instance) -> Own:
    """Raises Refusal (503) before the organisation was set."""
    return Own(get_organisation(tx, 503), signing_key(tx, instance.secrets))


def published_of(tx: Tx, instance: Instance, base: str) -> Published:
    """What we publish of ourselves; `base` is the address at which others reach us. Raises Refusal (404)
    before the organisation was set."""
    found = get_organisation(tx)
    return publish(found, published_keys(tx, instance.secrets), base + INBOX)
