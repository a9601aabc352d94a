"""What `clocks` names of its own."""

from tidegate.infra.slices import Gauge, Slice, Verbs


def _verbs() -> Verbs:
    from tidegate.clocks.queries import ringing_count
    from tidegate.clocks.witness import ClockWitness
    from tidegate.infra.db import Tx

    def gauges(tx: Tx) -> list[Gauge]:
        text = "Clocks that ring, and nobody has them"
        return [Gauge("tidegate_clocks_ringing", text, ringing_count(tx))]

    return Verbs(gauges=gauges, witnesses=(ClockWitness,))


CLOCKS = Slice(
    name="clocks",
    keeps={
        "clocks": "what had to be done by when, and who had it: ids and times alone",
        "clock_events": "what happened when, and who of the staff told: no content",
        "calls": "what the command on call has yet to be told: ids and times alone",
        "rings": "that somebody was called, and who had it: ids and times alone",
    },
    verbs=_verbs,
)
