"""What was stored, as the rules would see it again: the input of a policy replay."""

from collections.abc import Iterator
from datetime import datetime

from tidegate.content.kept import kept_revisions
from tidegate.decisions.model import Verdict
from tidegate.decisions.queries import evaluations_since
from tidegate.infra.db import Tx
from tidegate.intake.queries import report_facts
from tidegate.pipeline.judge import Looked, facts_of
from tidegate.policy.facts import Facts, ReportFacts
from tidegate.policy.model import Pack

PAGE = 1000


def stored_facts(tx: Tx, pack: Pack, since: datetime) -> Iterator[tuple[str, Facts, Verdict]]:
    """(item, facts, recorded verdict) of each evaluation since then whose content is still kept.

    Matches are those of the evaluation; reports those that stand today.
    """
    for page in evaluations_since(tx, since, PAGE):
        kept = kept_revisions(tx, [(one.item_id, one.revision) for one in page])
        for said in page:
            one = kept.get((said.item_id, said.revision))
            if one is None or one.content is None:
                continue
            reports = report_facts(tx, said.item_id) if said.stage == "report" else ReportFacts()
            looked = Looked(
                item=one.item,
                content=one.content,
                digest=one.digest,
                codes=[],
                problems=said.problems,
                reports=reports,
            )
            facts = facts_of(pack, looked, said.matches, said.stage)
            yield one.item.external_id, facts, said.verdict
