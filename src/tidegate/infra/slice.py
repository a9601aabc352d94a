"""What the machinery under the slices names of its own."""

from tidegate.infra.scopes import Scope
from tidegate.infra.slices import Duty, Gauge, Slice, Verbs, in_tx


def _verbs() -> Verbs:
    from uuid import UUID

    from tidegate.infra.answers import drop_old_answers, forget_answers
    from tidegate.infra.aside import count_aside
    from tidegate.infra.db import Tx

    def erase(tx: Tx, item_id: UUID) -> None:
        forget_answers(tx, [item_id])

    def gauges(tx: Tx) -> list[Gauge]:
        text = "Rows that background work could not handle and went past, since the beginning"
        return [Gauge("tidegate_rows_set_aside", text, count_aside(tx))]

    return Verbs(
        duties=(Duty("answers", 60.0, in_tx(drop_old_answers)),),
        erase=erase,
        expire=forget_answers,
        gauges=gauges,
    )


INFRA = Slice(
    name="infra",
    scopes=(Scope("metrics:read", "read the metrics", roles=("compliance", "auditor")),),
    forgets=("answers",),
    verbs=_verbs,
)
