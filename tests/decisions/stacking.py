"""Restrictions that come and go, beside a plain list of intervals that says what must be the case.

`Stacking` is the machine; what it drives is anything with the verbs of `Memory` in
`test_restrictions_machine.py`: the rules alone, or the whole path on a database.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tidegate.decisions.model import Restriction
from tidegate.decisions.restrictions import Effective, Standing
from tidegate.infra.errors import Refusal

START = datetime(2026, 1, 1, tzinfo=UTC)
CODES = ["AT", "DE", "FR"]
ELSEWHERE = "elsewhere"  # stands for every place that no list names
ORDERS = [UUID(int=number) for number in range(3)]

scopes = st.sampled_from(["item", "account"])
places = st.none() | st.lists(st.sampled_from(CODES), min_size=1, unique=True)
hours = st.none() | st.integers(1, 6)


class System(Protocol):
    """What is driven. Every verb but `wait` may issue actions, which are in `issued` from then on."""

    @property
    def issued(self) -> list[tuple[str, Effective]]: ...
    def wait(self, length: timedelta) -> None: ...
    def sweep(self) -> None: ...
    def restrict(self, restriction: Restriction) -> None: ...
    def lift(self, chosen: list[UUID] | None) -> None: ...
    def let_pass(self) -> None: ...
    def escalate(self) -> None: ...
    def impose(self, order: UUID, restriction: Restriction) -> None: ...
    def end_of_order(self, order: UUID) -> None: ...
    def standing(self) -> list[Standing]: ...
    def restricted_by(self) -> UUID | None: ...


class Interval:
    """One restriction, as somebody with a calendar would note it down."""

    def __init__(self, restriction: Restriction, start: datetime, order: UUID | None) -> None:
        self.account = restriction.scope == "account"
        self.places = restriction.territory
        self.start = start
        self.end = restriction.until
        self.cut: datetime | None = None  # when somebody ended it before its time
        self.order = order

    def stands(self, at: datetime) -> bool:
        over = self.end is not None and self.end <= at
        return self.start <= at and not over and self.cut is None

    def covers(self, place: str) -> bool:
        return self.places is None or place in self.places


State = dict[tuple[str, bool], bool]  # (place, of the account) → down


class Plain:
    """The list of intervals, and what it says at any time, asked place by place."""

    def __init__(self) -> None:
        self.all: list[Interval] = []

    def state(self, at: datetime) -> State:
        return {
            (place, account): any(
                one.stands(at) and one.covers(place) and (one.account or not account)
                for one in self.all
            )
            for place in [*CODES, ELSEWHERE]
            for account in (False, True)
        }

    def next_change(self, at: datetime, *, account_only: bool = False) -> datetime | None:
        def seen(when: datetime) -> State:
            state = self.state(when)
            return {key: down for key, down in state.items() if key[1] or not account_only}

        ends = sorted(one.end for one in self.all if one.stands(at) and one.end is not None)
        return next((end for end in ends if seen(end) != seen(at)), None)

    def picture(self, at: datetime) -> tuple[State, datetime | None, datetime | None]:
        return self.state(at), self.next_change(at), self.next_change(at, account_only=True)

    def strongest(self, at: datetime) -> Interval | None:
        standing = [one for one in self.all if one.stands(at)]  # the oldest first
        for account in (True, False):
            for everywhere in (True, False):
                for endless in (True, False):
                    for one in standing:
                        kind = (one.account, one.places is None, one.end is None)
                        if kind == (account, everywhere, endless):
                            return one
        return None


def picture_of(told: Effective) -> tuple[State, datetime | None, datetime | None]:
    """What a receiver that looks at `effective` alone believes."""
    state: State = {}
    for place in [*CODES, ELSEWHERE]:
        state[place, False] = told.restricted and (
            told.territory is None or place in told.territory
        )
        state[place, True] = told.account is not None and (
            told.account.territory is None or place in told.account.territory
        )
    assert told.scope == (("account" if told.account else "item") if told.restricted else None)
    return state, told.until, told.account and told.account.until


def _full_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0)


class Stacking(RuleBasedStateMachine):
    """Random restrictions, lifts, passes, orders and time."""

    def __init__(self, system: System) -> None:
        super().__init__()
        self.system = system
        self.plain = Plain()
        self.now = START
        self.told = self.plain.picture(START)  # what the platform has been told last
        self.ids: dict[Interval, UUID] = {}

    # --- What is expected of each verb ---

    def _stands(self) -> list[Interval]:
        return [one for one in self.plain.all if one.stands(self.now)]

    def _check_actions(self, issued: list[tuple[str, Effective]], *expected: Any) -> None:
        """Each picture that differs from the one told before it is told, and no other."""
        told: list[tuple[str, Any]] = []
        for picture in expected:
            if picture != self.told:
                told.append(("restrict" if any(picture[0].values()) else "lift", picture))
                self.told = picture
        assert [(kind, picture_of(said)) for kind, said in issued] == told

    def _change(self, act: Any, change: Any) -> None:
        """Do it to both. What has come to its end by itself is told before what is done now."""
        before, ended = len(self.system.issued), self.plain.picture(self.now)
        act()
        change()
        self._check_actions(self.system.issued[before:], ended, self.plain.picture(self.now))
        for standing in self.system.standing():
            for one in self._stands():
                if one not in self.ids and standing.id not in self.ids.values():
                    self.ids[one] = standing.id
        self._wait(timedelta(seconds=1))  # so that one of two is the older

    def _refused(self, act: Any, type: str) -> None:
        before = len(self.system.issued), self.system.standing(), self.system.restricted_by()
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.type == type
        after = len(self.system.issued), self.system.standing(), self.system.restricted_by()
        assert after == before

    def _cut(self, which: list[Interval]) -> None:
        for one in which:
            one.cut = self.now

    def _restriction(self, scope: Any, territory: list[str] | None, end: int | None) -> Restriction:
        until = None if end is None else _full_hour(self.now) + timedelta(hours=end)
        return Restriction(scope, territory, until)

    # --- The verbs ---

    def _wait(self, length: timedelta) -> None:
        self.now += length
        self.system.wait(length)

    @rule(length=st.integers(1, 4))
    def time_passes(self, length: int) -> None:
        """To a full hour, at which restrictions end."""
        self._wait(_full_hour(self.now) + timedelta(hours=length) - self.now)

    @rule()
    def the_worker_looks(self) -> None:
        self._change(self.system.sweep, lambda: None)

    @rule(scope=scopes, territory=places, end=hours)
    def somebody_restricts(self, scope: str, territory: list[str] | None, end: int | None) -> None:
        restriction = self._restriction(scope, territory, end)
        new = Interval(restriction, self.now, None)
        self._change(lambda: self.system.restrict(restriction), lambda: self.plain.all.append(new))

    @rule()
    def somebody_passes(self) -> None:
        ended = [one for one in self._stands() if one.order is None]
        self._change(self.system.let_pass, lambda: self._cut(ended))

    @rule()
    def somebody_lifts(self) -> None:
        standing = self._stands()
        ended = [one for one in standing if one.order is None]
        if ended:
            self._change(lambda: self.system.lift(None), lambda: self._cut(ended))
        else:
            type = "order-stands" if standing else "nothing-to-lift"
            self._refused(lambda: self.system.lift(None), type)

    @precondition(lambda self: self._stands())
    @rule(data=st.data())
    def somebody_chooses(self, data: st.DataObject) -> None:
        """Ids of what stands, in any order; at times one of an order among them."""
        chosen = data.draw(
            st.lists(st.sampled_from(self._stands()), min_size=1, unique_by=id), label="chosen"
        )
        ids = [self.ids[one] for one in chosen]
        if all(one.order is None for one in chosen):
            self._change(lambda: self.system.lift(ids), lambda: self._cut(chosen))
        else:
            self._refused(lambda: self.system.lift(ids), "order-stands")

    @rule(data=st.data())
    def somebody_chooses_what_is_not_there(self, data: st.DataObject) -> None:
        """An id of nothing, or of what has ended; also after one that stands, or that one twice."""
        ended = [self.ids[one] for one in self.plain.all if not one.stands(self.now)]
        wrong = data.draw(st.sampled_from([UUID(int=99), *ended]), label="wrong")
        own = [self.ids[one] for one in self._stands() if one.order is None][:1]
        for ids in ([wrong], [*own, wrong], *([own * 2] if own else [])):
            self._refused(partial(self.system.lift, ids), "invalid-body")

    @rule()
    def somebody_escalates(self) -> None:
        before, ended = len(self.system.issued), self.plain.picture(self.now)
        self.system.escalate()
        *issued, (kind, said) = self.system.issued[before:]
        assert (kind, picture_of(said)) == ("escalate", ended)
        self._check_actions(issued, ended)

    @rule(order=st.sampled_from(ORDERS), scope=scopes, territory=places, end=hours)
    def an_order_comes(
        self, order: UUID, scope: str, territory: list[str] | None, end: int | None
    ) -> None:
        restriction = self._restriction(scope, territory, end)
        new = Interval(restriction, self.now, order)
        self._change(
            lambda: self.system.impose(order, restriction), lambda: self.plain.all.append(new)
        )

    @rule(order=st.sampled_from(ORDERS))
    def an_order_ends(self, order: UUID) -> None:
        ended = [one for one in self._stands() if one.order == order]
        self._change(lambda: self.system.end_of_order(order), lambda: self._cut(ended))

    # --- What is always so ---

    @invariant()
    def the_same_stands(self) -> None:
        found = {
            (one.id, one.scope == "account", one.since, one.until, one.source, one.order)
            for one in self.system.standing()
        }
        assert found == {
            (
                self.ids[one],
                one.account,
                one.start,
                one.end,
                "decision" if one.order is None else "order",
                one.order,
            )
            for one in self._stands()
        }
        territories = {one.id: one.territory for one in self.system.standing()}
        for one in self._stands():
            assert territories[self.ids[one]] == (one.places and sorted(one.places))

    @invariant()
    def the_strongest_is_named(self) -> None:
        first = self.plain.strongest(self.now)
        by_id = {one.id: one.decision for one in self.system.standing()}
        assert self.system.restricted_by() == (None if first is None else by_id[self.ids[first]])
