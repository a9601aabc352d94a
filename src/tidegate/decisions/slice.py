"""What `decisions` names of its own."""

from tidegate.infra.slices import Duty, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from uuid import UUID

    from tidegate.decisions.actions import forget_explanations, forget_readings
    from tidegate.decisions.disclosure_witness import DisclosureWitness
    from tidegate.decisions.shadow import drop_old_shadows, forget_shadows
    from tidegate.decisions.witness import RestrictionWitness
    from tidegate.infra.db import Tx

    def erase(tx: Tx, item_id: UUID) -> None:
        forget_explanations(tx, item_id)
        forget_shadows(tx, item_id)

    return Verbs(
        duties=(Duty("old-shadows", 3600.0, in_tx(drop_old_shadows)),),
        erase=erase,
        expire=forget_readings,
        witnesses=(RestrictionWitness, DisclosureWitness),
    )


DECISIONS = Slice(
    name="decisions",
    forgets=("evaluations", "decisions", "shadow_hits", "looks"),
    keeps={
        "restrictions": "what was done to the item, and when: ids, places and times alone",
        "disclosures": "that an order forbade to speak of the item, and when: ids and times alone",
    },
    verbs=_verbs,
)
