"""What `decisions` names of its own."""

from tidegate.infra.slices import Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.decisions.actions import forget_explanations, forget_readings
    from tidegate.decisions.witness import RestrictionWitness

    return Verbs(erase=forget_explanations, expire=forget_readings, witnesses=(RestrictionWitness,))


DECISIONS = Slice(
    name="decisions",
    forgets=("evaluations", "decisions"),
    keeps={"restrictions": "what was done to the item, and when: ids, places and times alone"},
    verbs=_verbs,
)
