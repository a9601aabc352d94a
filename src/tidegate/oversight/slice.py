"""What `oversight` names of its own. Its scopes came with `orders`, whose clocks they open too."""

from tidegate.infra.slices import Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.oversight.checks.witness import CheckWitness
    from tidegate.oversight.measures.witness import MeasureWitness
    from tidegate.oversight.replies.witness import ScorecardWitness

    return Verbs(witnesses=(ScorecardWitness, CheckWitness, MeasureWitness))


OVERSIGHT = Slice(
    name="oversight",
    keeps={
        "scorecards": "what firms were told of themselves, which is answered for",
        "scorecard_contests": "what they say is wrong with it, and what two persons found",
        "scorecard_replies": "what they said to it, which is printed beside the figures",
        "checks": "looks at what was ordered or referred, and who of the people here asked for one",
        "measures": "what an authority asked of a provider, for whom supervises both",
        "measure_signatures": "which two persons signed it, who answer for it",
        "measure_replies": "what the provider answered, and who wrote it down",
    },
    verbs=_verbs,
)
