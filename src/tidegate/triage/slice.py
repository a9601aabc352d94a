"""What `triage` names of its own."""

from tidegate.infra.slices import Duty, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from tidegate.triage.records import sweep_records

    return Verbs(duties=(Duty("reporter-records", 3600.0, in_tx(sweep_records)),))


TRIAGE = Slice(
    name="triage",
    keeps={
        "reporter_records": "how often a pseudonym was right: two counts, swept after a year",
        "learned_models": "what was learnt from all decisions together: it gives no words back",
        "outcomes_read": "up to which decision was read: an id and a time",
    },
    verbs=_verbs,
)
