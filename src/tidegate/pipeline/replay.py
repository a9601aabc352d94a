"""What was stored, as the rules would see it again: the input of a policy replay."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.content.queries import decode_content
from tidegate.content.tables import items, revisions
from tidegate.decisions.model import Verdict
from tidegate.decisions.tables import evaluations
from tidegate.infra.db import Tx
from tidegate.intake.queries import report_facts
from tidegate.pipeline.judge import Looked, facts_of
from tidegate.policy.facts import Facts, ReportFacts
from tidegate.policy.model import Pack
from tidegate.signals.model import Match

PAGE = 1000


def stored_facts(tx: Tx, pack: Pack, since: datetime) -> Iterator[tuple[str, Facts, Verdict]]:
    """(item, facts, recorded verdict) of each evaluation since then whose content is still kept.

    Matches are those of the evaluation; reports those that stand today.
    """
    query = (
        sa.select(
            *(items.c[name] for name in ItemRow.__struct_fields__),
            evaluations.c.revision.label("judged_revision"),
            evaluations.c.stage,
            evaluations.c.verdict.label("said"),
            evaluations.c.matches,
            evaluations.c.problems,
            revisions.c.digest,
            revisions.c.content,
        )
        .join(items, items.c.id == evaluations.c.item_id)
        .join(
            revisions,
            (revisions.c.item_id == evaluations.c.item_id)
            & (revisions.c.revision == evaluations.c.revision),
        )
        .where(evaluations.c.created_at >= since, revisions.c.content.isnot(None))
        .order_by(evaluations.c.created_at, evaluations.c.id)
    )
    streamed = tx.connection.execution_options(yield_per=PAGE).execute(query)
    for row in streamed:
        content = decode_content(row.content)
        assert content is not None
        item = ItemRow(*(getattr(row, name) for name in ItemRow.__struct_fields__))
        reports = report_facts(tx, item.id) if row.stage == "report" else ReportFacts()
        looked = Looked(
            msgspec.structs.replace(item, revision=row.judged_revision),
            content,
            row.digest,
            [],
            row.problems,
            reports=reports,
        )
        matches = msgspec.convert(row.matches, list[Match])
        yield item.external_id, facts_of(pack, looked, matches, row.stage), row.said
