"""The budget of escalations that rest on one report without a reporter.

Anybody can send such reports, as many as they like, and an escalation calls people at once. Beyond the
budget a report is kept, shown and looked at as any other: rules do not hear its channel and its reason.
"""

from uuid import UUID

import msgspec

from tidegate.decisions.queries import is_decided
from tidegate.infra.db import Tx
from tidegate.intake.actions import spend_escalation
from tidegate.intake.queries import report_facts
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Looked, judge

CODE = "escalation-budget"


def within_budget(
    tx: Tx, instance: Instance, looked: Looked, report_id: UUID
) -> tuple[Looked, list[str]]:
    """What is to be looked at for the report, which nobody answers for: as it is, or where a rule would
    escalate by it alone and the budget is spent, without what it says; and the problem then."""
    if not any(
        rule.mode == "live" and rule.outcome == "escalate" for rule in instance.pack(tx).rules
    ):
        return looked, []
    others = report_facts(tx, looked.item.id, without=report_id)
    # Heard from others too, or a rule has acted by it already: nothing rests on this one.
    if others == looked.reports or is_decided(tx, looked.item.id, looked.item.revision):
        return looked, []
    ordinary = msgspec.structs.replace(looked, reports=others)
    if not _escalates(tx, instance, looked) or _escalates(tx, instance, ordinary):
        return looked, []
    budget = instance.settings.anonymous_escalations
    if spend_escalation(tx, report_id, looked.item.platform, budget):
        return looked, []
    return ordinary, [f"{CODE} (at most {budget} reports without a reporter escalate in an hour)"]


def _escalates(tx: Tx, instance: Instance, looked: Looked) -> bool:
    (judged,) = judge(tx, instance, [looked], "report")
    return judged.evaluation.verdict == "escalate"
