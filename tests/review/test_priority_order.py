"""The order of cases by score, and the lists of the API: what waits, then what is decided; cursors of each."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.review.test_cases import decided, opened

from tidegate.content.model import ItemRow
from tidegate.infra.clock import FakeClock
from tidegate.infra.cursors import write_cursor
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.policy.weights import Weights
from tidegate.review.actions import reopen
from tidegate.review.filters import Filter
from tidegate.review.listing import list_cases, priorities_of
from tidegate.review.model import CaseOrder
from tidegate.review.ranking import Ranking, Seen, rank, rank_stale
from tidegate.review.rows import page_of
from tidegate.review.scoring import Scoring
from tidegate.review.tables import cases
from tidegate.triage.score import ScoreFacts

NewItem = Callable[[Tx], ItemRow]
# As a page of before there were scores gave it: within a band by waiting alone.
OLD_PLACE = "AAIABkdTE8_oAAGbduAArHmCgcqpP-fcRHgAAAAI"


def ranking(given: dict[UUID, ScoreFacts], **weights: float) -> Ranking:
    scoring = Scoring(
        version=f"mine@{1 + len(weights)}",
        weights=Weights(**weights),
        given=lambda _tx, _cases: given,
    )
    return Ranking(ageing=timedelta(hours=24), key=b"k", scoring=scoring)


def every(tx: Tx, limit: int = 2, order: CaseOrder | None = None) -> list[UUID]:
    seen: list[UUID] = []
    cursor: str | None = None
    while True:
        page, cursor = list_cases(tx, cursor=cursor, limit=limit, order=order)
        seen += [case.id for case in page]
        if cursor is None:
            return seen


def test_what_waits_comes_by_score_and_what_is_decided_after_it(
    database: Database, clock: FakeClock, new_item: NewItem
) -> None:
    made: list[UUID] = []
    for number in range(9):
        with database.begin("user:a@x.org") as tx:
            case = opened(tx, new_item(tx))
            made.append(case.id)
            facts = {case.id: ScoreFacts(threat="high_specific" if number == 5 else "none")}
            rank(tx, ranking(facts), [Seen(case=case)])
            if number in (2, 6):
                decided(tx, case)
        clock.advance(60)
    waiting = [made[n] for n in (5, 0, 1, 3, 4, 7, 8)]
    with database.begin() as tx:
        for limit in (1, 2, 3, 7, 20):
            assert every(tx, limit) == [*waiting, made[6], made[2]]
            assert every(tx, limit, "priority") == waiting
            assert every(tx, limit, "oldest") == made
        assert [row.id for row in page_of(tx, Filter()).rows] == waiting
        found = priorities_of(tx, [made[5]])[made[5]]
        assert found is not None
        assert found.score == page_of(tx, Filter()).rows[0].score
    # Within a band a day of waiting is worth more than what is wide known; then the oldest comes first again.
    with database.begin() as tx:
        late = opened(tx, new_item(tx))
        clock.advance(86_400)
    with database.begin() as tx:
        new = opened(tx, new_item(tx))
        rank(tx, ranking({new.id: ScoreFacts(reach=1000)}), [Seen(case=new)])
        assert every(tx, 20, "priority").index(late.id) < every(tx, 20, "priority").index(new.id)


def test_other_weights_reach_what_waits(database: Database, new_item: NewItem) -> None:
    with database.begin("user:a@x.org") as tx:
        calm, grave = opened(tx, new_item(tx)), opened(tx, new_item(tx))
        facts = {grave.id: ScoreFacts(confidence=1.0), calm.id: ScoreFacts(reach=10)}
        before = ranking(facts)
        rank(tx, before, [Seen(case=calm), Seen(case=grave)])
        assert every(tx) == [grave.id, calm.id]
        assert rank_stale(tx, before) == 0, "nothing to do"
        after = ranking(facts, sources=0.0)
        assert rank_stale(tx, after) == 2
        assert rank_stale(tx, after) == 0
        assert every(tx) == [calm.id, grave.id]
        told = priorities_of(tx, [calm.id])[calm.id]
        assert told is not None
        assert told.version == "mine@2"


def test_a_case_that_comes_back_has_its_points_and_waits_from_then(
    database: Database, clock: FakeClock, new_item: NewItem
) -> None:
    with database.begin("user:a@x.org") as tx:
        case, other = opened(tx, new_item(tx)), opened(tx, new_item(tx))
        facts = {case.id: ScoreFacts(threat="medium")}
        rank(tx, ranking(facts), [Seen(case=case), Seen(case=other)])
        before = priorities_of(tx, [case.id])[case.id]
        decided(tx, case)
    clock.advance(10_000)
    with database.begin("user:a@x.org") as tx:
        reopen(tx, case.id, "look again")
        assert priorities_of(tx, [case.id])[case.id] == before, "as if it had come just now"
        row = tx.execute(sa.select(cases).where(cases.c.id == case.id)).one()
        assert (row.waits_since, row.place_at < tx.now) == (tx.now, True)


def test_a_cursor_of_another_order_is_refused(database: Database, new_item: NewItem) -> None:
    with database.begin("user:a@x.org") as tx:
        for _ in range(3):
            opened(tx, new_item(tx))
        oldest = list_cases(tx, limit=1, order="oldest")[1]
        ranked = list_cases(tx, limit=1)[1]
        assert oldest is not None
        assert ranked is not None
        # A list that was begun before there was another order goes on as it was.
        assert len(list_cases(tx, cursor=oldest)[0]) == 2
        assert len(list_cases(tx, cursor=ranked)[0]) == 2
        assert len(list_cases(tx, cursor=ranked, order="priority")[0]) == 2
        assert page_of(tx, Filter(), ranked).rows
        wrong: list[tuple[str, CaseOrder | None]] = [
            (oldest, "priority"),
            (ranked, "oldest"),
            (OLD_PLACE, None),
            (OLD_PLACE, "priority"),
            ("nonsense", None),
        ]
        for cursor, order in wrong:
            with pytest.raises(Refusal) as refused:
                list_cases(tx, cursor=cursor, order=order)
            assert refused.value.status == 422
        for cursor in (OLD_PLACE, oldest, write_cursor(tx.now, UUID(int=1))):
            with pytest.raises(Refusal):
                page_of(tx, Filter(), cursor)
        with pytest.raises(Refusal):
            page_of(tx, Filter(state="decided"), ranked)
        with pytest.raises(Refusal):
            list_cases(tx, state="decided", order="priority")
