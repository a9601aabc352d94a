"""The budget of escalations that rest on one report without a reporter.

Anybody can send such reports, as many as they like, and an escalation calls people at once. Beyond the
budget a report is kept, shown and looked at as any other: rules do not hear its channel and its reason.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from tidegate.decisions.queries import is_decided
from tidegate.infra.db import Tx
from tidegate.intake.actions import spend_escalations
from tidegate.intake.queries import report_facts
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Judged, Looked, judge

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
    if spend_escalations(tx, [report_id], looked.item.platform, budget):
        return looked, []
    return ordinary, [_spent(budget)]


def judged_within_budget(
    tx: Tx, instance: Instance, looked: Sequence[Looked], anonymous: Mapping[int, UUID]
) -> tuple[list[Looked], dict[int, list[str]], list[Judged] | None]:
    """The same of many, each of an item that is new and of which nothing else was reported. `anonymous`:
    the reports that nobody answers for, by their places. What was judged comes too, unless it is to be
    judged anew; problems come by the places."""
    judged = judge(tx, instance, looked, "report")
    risky = [place for place in anonymous if judged[place].evaluation.verdict == "escalate"]
    unheard = [_unheard(looked[place]) for place in risky]
    calmed = [
        (place, ordinary)
        for place, ordinary, said in zip(
            risky, unheard, judge(tx, instance, unheard, "report") if risky else (), strict=True
        )
        if said.evaluation.verdict != "escalate"
    ]
    given = list(looked)
    noted: dict[int, list[str]] = {}
    budget = instance.settings.anonymous_escalations
    for platform in {looked[place].item.platform for place, _ in calmed}:
        mine = [one for one in calmed if looked[one[0]].item.platform == platform]
        asked = [anonymous[place] for place, _ in mine]
        left = spend_escalations(tx, asked, platform, budget)
        for place, ordinary in mine[left:]:
            given[place], noted[place] = ordinary, [_spent(budget)]
    return given, noted, None if noted else judged


def _unheard(looked: Looked) -> Looked:
    """With a report that is counted, and whose channel and reason are not heard."""
    said = msgspec.structs.replace(looked.reports, channels=[], reasons=[])
    return msgspec.structs.replace(looked, reports=said)


def _spent(budget: int) -> str:
    return f"{CODE} (at most {budget} reports without a reporter escalate in an hour)"


def _escalates(tx: Tx, instance: Instance, looked: Looked) -> bool:
    (judged,) = judge(tx, instance, [looked], "report")
    return judged.evaluation.verdict == "escalate"
