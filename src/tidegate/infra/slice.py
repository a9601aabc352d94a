"""What the machinery under the slices names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from uuid import UUID

    from tidegate.infra.answers import drop_old_answers, forget_answers
    from tidegate.infra.db import Tx

    def erase(tx: Tx, item_id: UUID) -> None:
        forget_answers(tx, [item_id])

    return Verbs(
        duties=(Duty("answers", 60.0, in_tx(drop_old_answers)),),
        erase=erase,
        expire=forget_answers,
    )


INFRA = Slice(
    name="infra",
    scopes=(Scope("metrics:read", "read the metrics", roles=("auditor",)),),
    forgets=("answers",),
    verbs=_verbs,
)
