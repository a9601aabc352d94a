"""What `access` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Slice, Verbs, in_tx

_STAFF = "people who work here, for as long as what they did must be told"


def _verbs() -> Verbs:
    from tidegate.access.factor_witness import FactorWitness
    from tidegate.access.sent_forms import drop_sent_forms
    from tidegate.access.sign_in import sweep
    from tidegate.access.witness import KeyWitness, UserWitness

    return Verbs(
        duties=(
            Duty("sign-in", 60.0, in_tx(sweep)),
            Duty("sent-forms", 600.0, in_tx(drop_sent_forms)),
        ),
        witnesses=(KeyWitness, UserWitness, FactorWitness),
    )


ACCESS = Slice(
    name="access",
    scopes=(Scope("admin", "everything"),),
    keeps={
        "users": _STAFF,
        "keys": _STAFF,
        "sessions": "the ids of people who work here; swept when they end",
        "devices": "the ids of people who work here; swept when they are long unused",
        "preferences": "how people who work here want the pages",
        "sent_forms": "the ids of people who work here; swept after a day",
        "passkeys": _STAFF,
        "recovery_codes": _STAFF,
        "identities": _STAFF,
        "challenges": "the ids of people who work here; swept after ten minutes",
        "links": "the ids of people who work here; swept when they end",
    },
    verbs=_verbs,
)
