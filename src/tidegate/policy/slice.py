"""What `policy` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from tidegate.policy.replays import drop_old_replays, forget_examples
    from tidegate.policy.witness import PackWitness

    return Verbs(
        duties=(Duty("old-replays", 600.0, in_tx(drop_old_replays)),),
        erase=forget_examples,
        witnesses=(PackWitness,),
    )


POLICY = Slice(
    name="policy",
    scopes=(
        Scope(
            "policy:read",
            "read and check policy packs",
            roles=("reviewer", "senior", "policy", "curator", "compliance", "auditor"),
        ),
        Scope(
            "policy:write",
            "draft policy packs, replay them, put them into force",
            roles=("policy",),
            implies="policy:read",
        ),
    ),
    forgets=("replay_examples",),
    keeps={
        "packs": "rules, which are kept for ever, and who of the staff stored them",
        "pack_drafts": "rules that somebody of the staff writes at",
        "pack_changes": "who of the staff put which rules into force, and why",
        "replays": "what rules would have said: counts, and who of the staff asked; for a week",
    },
    verbs=_verbs,
)
