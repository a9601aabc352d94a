"""What `oversight` names of its own. Its scopes came with `orders`, whose clocks they open too."""

from tidegate.infra.slices import Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.oversight.measures.witness import MeasureWitness

    return Verbs(witnesses=(MeasureWitness,))


OVERSIGHT = Slice(
    name="oversight",
    keeps={
        "measures": "what an authority asked of a provider, for whom supervises both",
        "measure_signatures": "which two persons signed it, who answer for it",
        "measure_replies": "what the provider answered, and who wrote it down",
    },
    verbs=_verbs,
)
