"""Who gets which case next, and when a break is offered, against slow and obvious references."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tidegate.review.pace import Candidate, Pace, Stint, break_due, choose, wants_easier

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
PACE = Pace(
    hard_in_a_row=3,
    exposure=timedelta(minutes=20),
    work=timedelta(minutes=90),
    rest=timedelta(minutes=10),
    firm=False,
)


def candidate(number: int, band: int, severity: int) -> Candidate:
    return Candidate(UUID(int=number), band, severity)


waiting = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), max_size=12).map(
    lambda kinds: [candidate(n, *kind) for n, kind in enumerate(sorted(kinds, key=lambda k: k[0]))]
)


def reference(cases: list[Candidate], in_a_row: int, limit: int) -> Candidate | None:
    """By the words of the rule."""
    if not cases:
        return None
    first = cases[0]
    if first.band in (0, 1):
        return first
    easier = [one for one in cases if one.severity < 4 and one.band in (first.band, first.band + 1)]
    if first.severity >= 4 and in_a_row >= limit and easier:
        return easier[0]
    return first


@given(waiting, st.integers(0, 6), st.integers(1, 5))
def test_the_chosen_case_is_what_the_rule_says(
    cases: list[Candidate], in_a_row: int, limit: int
) -> None:
    assert choose(cases, in_a_row, limit) == reference(cases, in_a_row, limit)


@given(waiting, st.integers(0, 6), st.integers(1, 5))
def test_two_candidates_are_enough_to_choose(
    cases: list[Candidate], in_a_row: int, limit: int
) -> None:
    """The first, and the first easier one near it: no more is read of a long queue."""
    few = cases[:1]
    if few and wants_easier(few[0], in_a_row, limit):
        near = [one for one in cases if one.band <= few[0].band + 1 and not one.hard]
        few += near[:1]
    assert choose(few, in_a_row, limit) == choose(cases, in_a_row, limit)


@given(waiting, st.integers(1, 4))
def test_never_more_hard_ones_in_a_row_while_an_easier_one_is_near(
    cases: list[Candidate], limit: int
) -> None:
    """A queue worked off from its beginning to its end."""
    left, in_a_row = list(cases), 0
    while left:
        near = [one for one in left if not one.hard and one.band <= left[0].band + 1]
        urgent = left[0].band <= 1
        given_one = choose(left, in_a_row, limit)
        assert given_one is not None
        in_a_row = in_a_row + 1 if given_one.hard else 0
        assert urgent or not near or in_a_row <= limit
        left.remove(given_one)


def stint(**fields: object) -> Stint:
    return Stint(**({"began_at": START, "last_at": START} | fields))  # type: ignore[arg-type]


def test_a_break_is_offered_for_what_was_seen_or_for_long_work() -> None:
    now = START + timedelta(minutes=30)
    assert break_due(stint(last_at=now), now, PACE) is None
    assert break_due(stint(last_at=now, revealed_seconds=1200), now, PACE) == "exposure"
    long = START + timedelta(minutes=90)
    assert break_due(stint(last_at=long), long, PACE) == "work"


def test_a_break_that_was_put_off_is_offered_again_later_unless_it_is_firm() -> None:
    now = START + timedelta(minutes=95)
    put_off = stint(last_at=now, later_at=now - timedelta(minutes=9))
    assert break_due(put_off, now, PACE) is None
    later = stint(last_at=now, later_at=now - timedelta(minutes=10))
    assert break_due(later, now, PACE) == "work"
    firm = Pace(hard_in_a_row=3, exposure=PACE.exposure, work=PACE.work, rest=PACE.rest, firm=True)
    assert break_due(put_off, now, firm) == "work"
