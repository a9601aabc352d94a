"""The rules of what stands, without a database, against a plain list of intervals."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from tests.decisions.stacking import START, Stacking

from tidegate.decisions.model import DecisionIn, Restriction, effect, ended_by
from tidegate.decisions.restrictions import (
    Effective,
    Standing,
    by_strength,
    effective,
    standing_at,
)


class Memory:
    """An item that consists of its set alone."""

    def __init__(self) -> None:
        self.now = START
        self.set: list[Standing] = []
        self.issued: list[tuple[str, Effective]] = []

    def _become(self, after: Sequence[Standing]) -> None:
        kind = effect(effective(self.set), effective(after))
        if kind is not None:
            self.issued.append((kind, effective(after)))
        self.set = list(after)

    def _conclude(self, decision: DecisionIn) -> None:
        ended = ended_by(decision, standing_at(self.set, self.now))
        self.sweep()
        self._become([one for one in self.set if one not in ended])

    def _impose(self, restriction: Restriction, order: UUID | None) -> None:
        self.sweep()
        new = Standing(
            id=uuid4(),
            decision=uuid4(),
            scope=restriction.scope,
            territory=restriction.territory and sorted(restriction.territory),
            since=self.now,
            until=restriction.until,
            source="order" if order else "decision",
            order=order,
        )
        self._become([*self.set, new])

    def wait(self, length: timedelta) -> None:
        self.now += length

    def sweep(self) -> None:
        self._become(standing_at(self.set, self.now))

    def restrict(self, restriction: Restriction) -> None:
        self._impose(restriction, None)

    def lift(self, chosen: list[UUID] | None) -> None:
        self._conclude(DecisionIn(outcome="lift", reason="x", lifts=chosen))

    def let_pass(self) -> None:
        self._conclude(DecisionIn(outcome="pass", reason="x"))

    def escalate(self) -> None:
        self.sweep()
        self.issued.append(("escalate", effective(self.set)))

    def impose(self, order: UUID, restriction: Restriction) -> None:
        self._impose(restriction, order)

    def end_of_order(self, order: UUID) -> None:
        self.sweep()
        self._become([one for one in self.set if one.order != order])

    def standing(self) -> list[Standing]:
        return standing_at(self.set, self.now)

    def restricted_by(self) -> UUID | None:
        standing = by_strength(self.standing())
        return standing[0].decision if standing else None


def test_what_stands_is_what_a_list_of_intervals_says() -> None:
    run_state_machine_as_test(
        lambda: Stacking(Memory()),  # pyright: ignore[reportArgumentType]  any callable will do
        settings=settings(max_examples=150, stateful_step_count=30, deadline=None),
    )
