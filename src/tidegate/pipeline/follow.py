"""From a verdict to what it asks for: a rule's decision with its action, or a case for people."""

from uuid import UUID

from tidegate.content.model import ItemRow
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.pipeline.decide import decide_by_rule
from tidegate.pipeline.judge import Judged
from tidegate.review.actions import open_case


def follow(
    tx: Tx, item: ItemRow, judged: Judged, opened: list[OpenedCase]
) -> tuple[UUID | None, UUID | None, UUID | None]:
    """Carry out what the verdict asks for: (case, decision, action). The caller holds the item's row
    and announces the cases that are added to `opened`.
    """
    verdict = judged.evaluation.verdict
    case = decision = action = None
    if judged.ruling is not None:
        decided, issued = decide_by_rule(tx, item, judged.evaluation, judged.ruling)
        decision, action = decided.id, issued.id
    if verdict in ("review", "escalate"):
        row, is_new = open_case(
            tx,
            item=item,
            revision=item.revision,
            queue="default",
            origin="evaluation",
            match=judged.leading_match,
        )
        case = row.id
        if is_new:
            opened.append(OpenedCase(row.id, item, item.revision))
    return case, decision, action
