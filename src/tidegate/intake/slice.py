"""What `intake` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Slice, Verbs
from tidegate.intake.channels import BOUND


def _verbs() -> Verbs:
    from tidegate.intake.actions import forget_reporters, forget_reports
    from tidegate.intake.threats.witness import ThreatPackWitness

    return Verbs(erase=forget_reports, expire=forget_reporters, witnesses=(ThreatPackWitness,))


INTAKE = Slice(
    name="intake",
    scopes=(Scope("reports:write", "submit reports", roles=("intake",)),),
    channels=BOUND,
    forgets=("reports",),
    keeps={"threat_packs": "patterns, which are kept for ever, and who of the staff stored them"},
    verbs=_verbs,
)
