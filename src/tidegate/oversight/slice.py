"""What `oversight` names of its own."""

from tidegate.infra.slices import Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.oversight.replies.witness import ScorecardWitness

    return Verbs(witnesses=(ScorecardWitness,))


OVERSIGHT = Slice(
    name="oversight",
    keeps={
        "scorecards": "what firms were told of themselves, which is answered for",
        "scorecard_contests": "what they say is wrong with it, and what two persons found",
        "scorecard_replies": "what they said to it, which is printed beside the figures",
    },
    verbs=_verbs,
)
