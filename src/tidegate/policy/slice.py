"""What `policy` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.policy.witness import PackWitness

    return Verbs(witnesses=(PackWitness,))


POLICY = Slice(
    name="policy",
    scopes=(
        Scope(
            "policy:read",
            "read and check policy packs",
            roles=("reviewer", "senior", "policy", "curator", "compliance", "auditor"),
        ),
    ),
    keeps={"packs": "rules, which are kept for ever, and who of the staff stored them"},
    verbs=_verbs,
)
