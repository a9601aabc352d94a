"""What has happened to cases and alerts since a moment ago: ids and states, for those who follow it live.

A step of a case is a row of its history, one of an alert its being opened or acknowledged. Both draw
their numbers from one sequence; `review.tail` says which of them to ask for.
"""

from collections.abc import Iterable, Sequence
from typing import Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.access.queries import names_of
from tidegate.infra.acting import Sight
from tidegate.infra.db import Tx
from tidegate.review.sight import sees_case
from tidegate.review.tail import Tail

MOST = 1_000  # of what one look finds


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step; the case as it is now, not as the step left it. `held_by` is whose live claim is on it;
    people are called what others know them by. `queue` and `language` are of the case, also of one that an
    alert is about."""

    number: int
    platform: str | None
    case: UUID | None
    state: str | None
    queue: str | None
    language: str | None
    held_by: str | None
    alert: UUID | None
    kind: str | None
    acknowledged_by: str | None

    def shown_to(self, sight: Sight) -> "Step | None":
        """The step for somebody who sees that much: an alert rings for everybody on its platform, without
        its case for who does not see that."""
        if sight.platforms is not None and self.platform not in sight.platforms:
            return None
        if self.case is None or sees_case(sight, self.queue, self.language):
            return self
        if self.alert is None:
            return None
        return msgspec.structs.replace(self, case=None, queue=None, language=None)

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
      SELECT e.id AS number, c.platform, c.id AS case, c.state, c.queue, c.language,
        CASE WHEN c.claimed_until > :now THEN c.claimed_by END AS held_by,
        CAST(NULL AS uuid) AS alert, CAST(NULL AS text) AS kind, CAST(NULL AS text) AS acknowledged_by
      FROM (
        SELECT id, case_id FROM case_events
        WHERE id > :floor AND (id > :top OR id = ANY(CAST(:gaps AS bigint[])))
        ORDER BY id LIMIT :most
      ) AS e JOIN cases AS c ON c.id = e.case_id
      UNION ALL
      SELECT step, a.platform, case_id, NULL, c.queue, c.language, NULL, a.id, kind, acknowledged_by FROM (
        SELECT * FROM alerts
        WHERE step > :floor AND (step > :top OR step = ANY(CAST(:gaps AS bigint[])))
        ORDER BY step LIMIT :most
      ) AS a LEFT JOIN cases AS c ON c.id = a.case_id
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
    return shown(found, tx.sight)


def shown(steps: Iterable[Step], sight: Sight) -> list[Step]:
    """What of these is for somebody who sees that much."""
    return [one for step in steps if (one := step.shown_to(sight)) is not None]


def _since(tx: Tx, floor: int, top: int, gaps: Sequence[int] = ()) -> tuple[list[Step], int, int]:
    given = {"floor": floor, "top": top, "gaps": list(gaps), "now": tx.now, "most": MOST + 1}
    rows = tx.execute(_SINCE, given).mappings().all()
    names = Step.__struct_fields__
    found = [
        Step(**{name: row[name] for name in names}) for row in rows if row["number"] is not None
    ]
    people = {one for step in found for one in (step.held_by, step.acknowledged_by) if one}
    if people:
        known = names_of(tx, people)
        found = [
            msgspec.structs.replace(
                step,
                held_by=step.held_by and known[step.held_by],
                acknowledged_by=step.acknowledged_by and known[step.acknowledged_by],
            )
            for step in found
        ]
    return found, int(rows[0]["oldest"]), int(rows[0]["following"])


def _newest(tx: Tx) -> int:
    return int(tx.execute(_NEWEST).scalar_one())
