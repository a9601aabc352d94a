"""What `oversight` names of its own."""

from tidegate.infra.slices import Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.oversight.checks.witness import CheckWitness

    return Verbs(witnesses=(CheckWitness,))


OVERSIGHT = Slice(
    name="oversight",
    keeps={
        "checks": "looks at what was ordered or referred, and who of the people here asked for one",
    },
    verbs=_verbs,
)
