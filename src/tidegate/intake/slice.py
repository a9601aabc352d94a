"""What `intake` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Slice, Verbs, in_tx
from tidegate.intake.channels import BOUND


def _verbs() -> Verbs:
    from tidegate.intake.actions import forget_reporters, forget_reports
    from tidegate.intake.notifiers import sweep_measures
    from tidegate.intake.threats.trials import sweep_trials
    from tidegate.intake.threats.witness import ThreatPackWitness

    return Verbs(
        duties=(
            Duty("notifiers", 3600.0, in_tx(sweep_measures)),
            Duty("threat-trials", 3600.0, in_tx(sweep_trials)),
        ),
        erase=forget_reports,
        expire=forget_reporters,
        witnesses=(ThreatPackWitness,),
    )


INTAKE = Slice(
    name="intake",
    scopes=(
        Scope("reports:write", "submit reports", roles=("intake",)),
        Scope("flaggers:write", "register trusted flaggers, warn and suspend notifiers"),
        Scope("sources:read", "see who the source of a report is, for a stated purpose"),
    ),
    channels=BOUND,
    forgets=("reports", "report_sources", "report_messages", "grades", "threat_trials"),
    keeps={
        "flaggers": "organisations, and who of the people here registered them",
        "threat_packs": "patterns, which are kept for ever, and who of the staff stored them",
        "notifier_measures": "who was warned and why, by pseudonym; swept once it counts no more",
    },
    verbs=_verbs,
)
