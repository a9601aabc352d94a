"""What `intake` names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Slice, Verbs
from tidegate.intake.channels import BOUND


def _verbs() -> Verbs:
    from tidegate.intake.actions import forget_reporters, forget_reports

    return Verbs(erase=forget_reports, expire=forget_reporters)


INTAKE = Slice(
    name="intake",
    scopes=(
        Scope("reports:write", "submit reports", roles=("intake",)),
        Scope("sources:read", "see who the source of a report is, for a stated purpose"),
    ),
    channels=BOUND,
    forgets=("reports", "report_sources", "grades"),
    verbs=_verbs,
)
