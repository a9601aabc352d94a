"""What `content` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from tidegate.content.holds.actions import end_due, forget_words
    from tidegate.content.witness import ErasureWitness

    return Verbs(
        duties=(Duty("holds", 2.0, in_tx(end_due)),),
        erase=forget_words,
        witnesses=(ErasureWitness,),
    )


CONTENT = Slice(
    name="content",
    scopes=(
        Scope("items:write", "submit, erase and hold items", implies="items:read"),
        Scope(
            "items:read",
            "read items, their evaluations and decisions",
            roles=("reviewer", "senior", "policy", "curator", "legal", "compliance", "auditor"),
        ),
        Scope(
            "holds:write",
            "see and lift holds of others, open what only a hold keeps",
            implies="items:read",
        ),
    ),
    # Erasure and expiry begin with content's own verbs, which say whether they may be at all.
    forgets=("items", "revisions", "evidence", "holds", "openings"),
    verbs=_verbs,
)
