"""What has happened to cases and alerts since a moment ago: ids and states, for those who follow it live.

A step of a case is a row of its history, one of an alert its being opened or acknowledged. Both draw
their numbers from one sequence; `review.tail` says which of them to ask for.
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.review.tail import Tail

MOST = 1_000  # of what one look finds


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step; the case as it is now, not as the step left it. `held_by` is whose live claim is on it."""

    number: int
    platform: str | None
    case: UUID | None
    state: str | None
    queue: str | None
    held_by: str | None
    alert: UUID | None
    kind: str | None
    acknowledged_by: str | None

    def is_seen_by(self, platforms: frozenset[str] | None) -> bool:
        """Whether it is for somebody who is bound to these (None: to nothing)."""
        return platforms is None or self.platform in platforms

    @property
    def type(self) -> Literal["case", "alert"]:
        return "case" if self.alert is None else "alert"


_SINCE = sa.text(
    """
    SELECT moment.oldest, moment.following, step.*
    FROM (
      SELECT pg_snapshot_xmin(now)::text AS oldest, pg_snapshot_xmax(now)::text AS following
      FROM pg_current_snapshot() AS now
    ) AS moment LEFT JOIN (
      SELECT e.id AS number, c.platform, c.id AS case, c.state, c.queue,
        CASE WHEN c.claimed_until > :now THEN c.claimed_by END AS held_by,
        CAST(NULL AS uuid) AS alert, CAST(NULL AS text) AS kind, CAST(NULL AS text) AS acknowledged_by
      FROM (
        SELECT id, case_id FROM case_events
        WHERE id > :floor AND (id > :top OR id = ANY(CAST(:gaps AS bigint[])))
        ORDER BY id LIMIT :most
      ) AS e JOIN cases AS c ON c.id = e.case_id
      UNION ALL
      SELECT step, platform, case_id, NULL, NULL, NULL, id, kind, acknowledged_by FROM (
        SELECT * FROM alerts
        WHERE step > :floor AND (step > :top OR step = ANY(CAST(:gaps AS bigint[])))
        ORDER BY step LIMIT :most
      ) AS a
    ) AS step ON true
    ORDER BY step.number
    """
)
_NEWEST = sa.text(
    "SELECT greatest((SELECT max(id) FROM case_events), (SELECT max(step) FROM alerts), 0)"
)


def follow(tx: Tx, tail: Tail) -> tuple[Tail, list[Step] | None]:
    """What has become visible since the last look, the first first, and how to go on; None when that is
    too much to tell one by one: then it goes on from what is newest."""
    found, oldest, following = _since(tx, tail.floor, tail.top, list(tail.gaps))
    if len(found) > MOST or (found and not tail.reaches(found[-1].number)):
        return begin(tx), None
    return tail.take([step.number for step in found], oldest, following), found


def begin(tx: Tx) -> Tail:
    """A tail of what comes from now on; what is being written at this moment is not missed."""
    tail = Tail(max(0, _newest(tx) - MOST))
    found, oldest, following = _since(tx, tail.floor, tail.top)
    return tail.take([step.number for step in found], oldest, following)


def steps_after(tx: Tx, number: int) -> list[Step] | None:
    """What the actor may see of the steps after a number, the first first; None when they are too many,
    or the number is none that was ever seen here."""
    found, _, _ = _since(tx, number, number)
    if len(found) > MOST or (not found and number > _newest(tx)):
        return None
    return [step for step in found if step.is_seen_by(tx.platforms)]


def _since(tx: Tx, floor: int, top: int, gaps: Sequence[int] = ()) -> tuple[list[Step], int, int]:
    given = {"floor": floor, "top": top, "gaps": list(gaps), "now": tx.now, "most": MOST + 1}
    rows = tx.execute(_SINCE, given).mappings().all()
    names = Step.__struct_fields__
    found = [
        Step(**{name: row[name] for name in names}) for row in rows if row["number"] is not None
    ]
    return found, int(rows[0]["oldest"]), int(rows[0]["following"])


def _newest(tx: Tx) -> int:
    return int(tx.execute(_NEWEST).scalar_one())
