"""What rules in shadow say beside those that act: each time that one fires in a look is kept, with what was
said instead, and compared with what people then decided.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import of_platform
from tidegate.decisions.model import Evaluation
from tidegate.decisions.tables import decisions, shadow_hits
from tidegate.infra.db import Tx
from tidegate.policy.model import VERDICTS, RuleResult

KEPT = timedelta(days=90)
MOST = 10_000  # of a rule's last hits are compared
EXAMPLES = 5  # of each kind

_COLUMNS = tuple(shadow_hits.c.keys())


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A look at an item in which a shadow rule fired: what it would have said (`outcome`), what was said
    (`verdict`), and what a person decided of that revision, if anybody has."""

    item_id: UUID
    revision: int
    outcome: str
    verdict: str
    decided: str | None
    created_at: Any

    @property
    def agrees(self) -> bool:
        """Whether nothing would have been otherwise: what was said is as strong."""
        return VERDICTS.index(self.verdict) >= VERDICTS.index(self.outcome)

    @property
    def people_agree(self) -> bool | None:
        """Whether people decided as the rule would have; None where nobody did, or it would have asked them."""
        if self.decided is None or self.outcome == "review":
            return None
        return self.decided == self.outcome


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """What a shadow rule has said, of its last hits: how often it fired, how often that changed nothing
    (`agreed`) or would have changed the verdict (`differed`), and as people then decided or otherwise; and
    the last of those that differ from the verdict, or from people, then of those that agree."""

    rule: str
    version: int
    fired: int
    agreed: int
    differed: int
    people_agreed: int
    people_differed: int
    differences: list[Hit]
    agreements: list[Hit]


def note_shadows(tx: Tx, found: Sequence[Evaluation]) -> None:
    """Keep which shadow rules fired in these evaluations; nearly always none."""
    rows = [
        (
            one.id,
            rule.rule,
            rule.version,
            one.pack,
            one.item_id,
            one.revision,
            rule.outcome,
            one.verdict,
            one.created_at,
        )
        for one in found
        for rule in one.rules
        if isinstance(rule, RuleResult) and rule.mode == "shadow"
    ]
    if rows:
        tx.copy(shadow_hits, _COLUMNS, rows)


def shadow_of(tx: Tx, rule: str, version: int) -> Shadow:
    """What a rule in shadow has said, as far as it may be seen here."""
    hits = _hits(tx, rule, version)
    told = [one for one in hits if not one.agrees or one.people_agree is False]
    silent = [one for one in hits if one.agrees and one.people_agree is not False]
    return Shadow(
        rule=rule,
        version=version,
        fired=len(hits),
        agreed=sum(one.agrees for one in hits),
        differed=sum(not one.agrees for one in hits),
        people_agreed=sum(one.people_agree is True for one in hits),
        people_differed=sum(one.people_agree is False for one in hits),
        differences=told[:EXAMPLES],
        agreements=silent[:EXAMPLES],
    )


def _hits(tx: Tx, rule: str, version: int) -> list[Hit]:
    """The last of them, the newest first, each item's revision once."""
    last = (
        sa.select(shadow_hits)
        .where(shadow_hits.c.rule == rule, shadow_hits.c.version == version)
        .where(of_platform(tx, shadow_hits.c.item_id))
        .order_by(shadow_hits.c.created_at.desc(), shadow_hits.c.evaluation_id.desc())
        .limit(MOST)
        .subquery()
    )
    decided = (
        sa.select(decisions.c.outcome)
        .where(
            decisions.c.item_id == last.c.item_id,
            decisions.c.revision == last.c.revision,
            ~decisions.c.decided_by.startswith("rule:"),
            decisions.c.state.in_(["held", "left"]),
        )
        .order_by(decisions.c.created_at.desc(), decisions.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    names = [name for name in Hit.__struct_fields__ if name != "decided"]
    query = sa.select(*(last.c[name] for name in names), decided.label("decided"))
    query = query.order_by(last.c.created_at.desc(), last.c.evaluation_id.desc())
    found: dict[tuple[UUID, int], Hit] = {}
    for row in tx.execute(query).mappings():
        found.setdefault((row["item_id"], row["revision"]), Hit(**row))
    return list(found.values())


def forget_shadows(tx: Tx, item_id: UUID) -> None:
    """Erasure."""
    tx.execute(sa.delete(shadow_hits).where(shadow_hits.c.item_id == item_id))


def drop_old_shadows(tx: Tx, limit: int = 10_000) -> int:
    """Forget what is older than 90 days; returns how many. For the worker."""
    old = sa.text(
        "DELETE FROM shadow_hits WHERE ctid = ANY(ARRAY(SELECT ctid FROM shadow_hits"
        " WHERE created_at <= :before LIMIT :limit))"
    )
    return tx.execute(old, {"before": tx.now - KEPT, "limit": limit}).rowcount
