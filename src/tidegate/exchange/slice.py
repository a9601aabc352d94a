"""What `exchange` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Slice, Verbs

_STAFF = "organisations, and who of the people here registered and confirmed them"

REGISTRY = "registry:write"


def _verbs() -> Verbs:
    from tidegate.exchange.witness import ExchangeWitness

    return Verbs(witnesses=(ExchangeWitness,))


EXCHANGE = Slice(
    name="exchange",
    scopes=(
        Scope(
            REGISTRY,
            "register other organisations, confirm and revoke their keys",
            roles=("legal", "officer", "approver", "analyst"),
        ),
    ),
    keeps={
        "organisation": "whom the instance speaks for, who publishes it",
        "organisation_keys": "the keys that the instance signs with, as it publishes them",
        "parties": _STAFF,
        "party_keys": _STAFF,
    },
    verbs=_verbs,
)
