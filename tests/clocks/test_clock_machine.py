"""The machine that follows a clock through its events, against one that lets time pass second by second."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.clocks.model import EXPIRED, Course, Definition, Due, Happened, Limit, follow

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
LIMIT, GRACE = 10, 4  # seconds, and of the generous reading so many more
KINDS = ("start", "stop", "suspend", "restart", "void")


def at(second: int) -> datetime:
    return BEGIN + timedelta(seconds=second)


def definition(*, suspends: bool, safe: str, on_expiry: str) -> Definition:
    return Definition(
        name="test.clock",
        article="1",
        bearer="provider",
        start=["start"],
        stop=["stop"],
        suspend=["suspend"] if suspends else [],
        restart=["restart"],
        void=["void"],
        limit=Limit(hours=1),
        safe=safe,  # pyright: ignore[reportArgumentType]
        on_expiry=on_expiry,  # pyright: ignore[reportArgumentType]
    )


def happened(second: int, event: str) -> Happened:
    due = Due(at(second + LIMIT), at(second + LIMIT + GRACE))
    return Happened(event, at(second), due if event in ("start", "restart") else None)


class Slow:
    """What an attentive clerk would write down, who looks at the clock each second: first at what happened in
    that second, then whether the time is over."""

    def __init__(self, suspends: bool, generous: bool, lapses: bool) -> None:
        self.suspends, self.lapses = suspends, lapses
        self.length = LIMIT + GRACE if generous else LIMIT
        self.state = "none"
        self.started = 0
        self.since = 0
        self.spans: list[tuple[int, str, int | None, str | None, bool]] = []
        self.odd = False

    def close(self, second: int, event: str) -> None:
        began, start, end, _, missed = self.spans[-1]
        if end is None:
            self.spans[-1] = (began, start, second, event, missed)

    def open(self, second: int, event: str) -> None:
        self.since = second
        self.spans.append((second, event, None, None, False))
        self.state = "running"

    def hear(self, second: int, event: str) -> None:
        if self.state == "none":
            if event == "start":
                self.open(second, event)
            else:
                self.odd = True
            return
        if self.state in ("met", "late", "lapsed", "void") or event == "start":
            return
        if event == "stop":
            self.close(second, event)
            self.state = "late" if any(span[4] for span in self.spans) else "met"
        elif event == "void":
            self.close(second, event)
            self.state = "void"
        elif event == "suspend" and self.suspends and self.state != "suspended":
            self.close(second, event)
            self.state = "suspended"
        elif event == "restart" and (self.state == "suspended" or not self.suspends):
            self.close(second, event)
            self.open(second, event)

    def tick(self, second: int) -> None:
        if self.state == "running" and second >= self.since + self.length:
            if self.lapses:
                self.close(self.since + self.length, EXPIRED)
                self.state = "lapsed"
            else:
                began, start, end, why, _ = self.spans[-1]
                self.spans[-1] = (began, start, end, why, True)
                self.state = "overdue"


def compare(course: Course, slow: Slow) -> None:
    states = {"late": "missed", "overdue": "missed"}
    assert course.state == states.get(slow.state, slow.state)
    assert course.live == (slow.state in ("running", "suspended", "overdue"))
    assert course.contradictory == slow.odd
    told = [
        (run.started_at, run.start_event, run.ended_at, run.end_event, run.missed)
        for run in course.runs
    ]
    assert told == [
        (at(began), start, None if end is None else at(end), why, missed)
        for began, start, end, why, missed in slow.spans
    ]
    assert course.due.due_at == at(slow.since + LIMIT)


@settings(max_examples=400)
@given(
    story=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(KINDS)), max_size=8),
    first=st.integers(0, 30),
    sweeps=st.lists(st.integers(0, 70), max_size=4),
    told=st.randoms(use_true_random=False),
    suspends=st.booleans(),
    ours=st.booleans(),
    safe=st.sampled_from(("early", "late")),
    on_expiry=st.sampled_from(("missed", "counted", "lapsed")),
)
def test_whatever_happens_in_whatever_order_it_is_told(
    story: list[tuple[int, str]],
    first: int,
    sweeps: list[int],
    told: object,
    suspends: bool,
    ours: bool,
    safe: str,
    on_expiry: str,
) -> None:
    known = definition(suspends=suspends, safe=safe, on_expiry=on_expiry)
    story = sorted([*story, (first, "start")], key=lambda one: one[0])
    slow = Slow(suspends, not ours or safe == "late", on_expiry == "lapsed")
    end = 80
    for second in range(end):
        for _, event in [one for one in story if one[0] == second]:
            slow.hear(second, event)
        slow.tick(second)
    # The program hears the same, in any order but of one moment, and notes some ends on the way.
    moments: dict[int, list[str]] = {}
    for second, event in story:
        moments.setdefault(second, []).append(event)
    order = list(moments)
    told.shuffle(order)  # pyright: ignore[reportAttributeAccessIssue]
    heard = [happened(second, event) for second in order for event in moments[second]]
    heard += [Happened(EXPIRED, at(second)) for second in (*sweeps, end)]
    compare(follow(known, ours, heard), slow)


def test_what_is_done_at_the_very_end_is_in_time_and_later_is_not() -> None:
    known = definition(suspends=True, safe="early", on_expiry="missed")
    begun = happened(0, "start")
    assert follow(known, True, [begun, happened(LIMIT, "stop")]).state == "met"
    late = Happened("stop", at(LIMIT) + timedelta(microseconds=1))
    assert follow(known, True, [begun, late]).state == "missed"
    # Another is called late after the generous reading alone.
    assert follow(known, False, [begun, late]).state == "met"
    latest = at(LIMIT + GRACE)
    assert follow(known, False, [begun, Happened("stop", latest)]).state == "met"
    later = Happened("stop", latest + timedelta(microseconds=1))
    assert follow(known, False, [begun, later]).state == "missed"


def test_missed_is_a_fact_and_not_an_end() -> None:
    known = definition(suspends=True, safe="early", on_expiry="missed")
    course = follow(known, True, [happened(0, "start"), Happened(EXPIRED, at(LIMIT))])
    assert (course.state, course.live, course.stopped_at) == ("missed", True, None)
    story = [happened(0, "start"), Happened(EXPIRED, at(LIMIT)), happened(30, "stop")]
    done = follow(known, True, story)
    assert (done.state, done.live, done.stopped_at) == ("missed", False, at(30))


def test_a_restart_is_a_fresh_limit_and_not_the_rest() -> None:
    known = definition(suspends=True, safe="early", on_expiry="missed")
    story = [happened(0, "start"), happened(9, "suspend"), happened(40, "restart")]
    course = follow(known, True, story)
    assert course.due.due_at == at(40 + LIMIT)
    assert [run.due_at for run in course.runs] == [at(LIMIT), at(40 + LIMIT)]
    assert follow(known, True, [*story, happened(50, "stop")]).state == "met"


def test_what_was_not_suspended_is_not_restarted() -> None:
    known = definition(suspends=True, safe="early", on_expiry="missed")
    course = follow(known, True, [happened(0, "start"), happened(9, "restart")])
    assert (course.due.due_at, len(course.runs)) == (at(LIMIT), 1)
    # A period that nothing suspends is extended so.
    period = definition(suspends=False, safe="late", on_expiry="lapsed")
    course = follow(period, True, [happened(0, "start"), happened(9, "restart")])
    assert (course.due.due_at, len(course.runs)) == (at(9 + LIMIT), 2)
