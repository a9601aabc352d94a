"""What the machinery under the slices names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from tidegate.infra.answers import drop_old_answers, forget_answers

    return Verbs(duties=(Duty("answers", 60.0, in_tx(drop_old_answers)),), erase=forget_answers)


INFRA = Slice(
    name="infra",
    scopes=(Scope("metrics:read", "read the metrics", roles=("auditor",)),),
    forgets=("answers",),
    verbs=_verbs,
)
