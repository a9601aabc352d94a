"""Whom this instance speaks for, and the key that it signs with."""

import msgspec

from tidegate.exchange.keys import OwnKey
from tidegate.exchange.model import Organisation
from tidegate.exchange.published import INBOX, Jwk, Published, publish
from tidegate.exchange.queries import organisation, set_at
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.instance import Instance


class Own(msgspec.Struct, frozen=True):
    """What a message of ours is sent as."""

    organisation: Organisation
    key: OwnKey


def own_of(tx: Tx, instance: Instance) -> Own:
    """Raises Refusal (503) before the organisation was set."""
    found = organisation(tx)
    if found is None:
        raise organisation_unset(503)
    return Own(found, OwnKey.of(instance.secrets))


def organisation_unset(status: int) -> Refusal:
    return Refusal(
        "organisation-unset",
        status,
        "This instance speaks for no organisation yet",
        "Whoever runs it says which: tidegate organisation set.",
    )


def published_of(tx: Tx, instance: Instance, base: str) -> Published:
    """What we publish of ourselves; `base` is the address at which others reach us. Raises Refusal (404)
    before the organisation was set."""
    found = organisation(tx)
    if found is None:
        raise organisation_unset(404)
    key = OwnKey.of(instance.secrets)
    jwk = Jwk(x=key.x, kid=key.kid, valid_from=set_at(tx))
    return publish(found, [jwk], base + INBOX)
