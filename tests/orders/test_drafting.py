"""The machine of an order of ours: against a slow reference that only remembers what happened; and each no."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import FieldError, Refusal
from tidegate.infra.times import in_full
from tidegate.orders import drafting
from tidegate.orders.annex_rules import silence_ends
from tidegate.orders.drafting import (
    Capture,
    Deconfliction,
    Drafted,
    DraftState,
    Emergency,
    Event,
    Issuing,
    ItemState,
    Public,
    Silence,
    after,
    answered,
)

NOW = datetime(2026, 11, 30, 2, 13, tzinfo=UTC)
SEEN = Public(asserted=True, capture=Capture(NOW, "ab" * 32))
READY = Issuing(
    now=NOW,
    deconfliction=Deconfliction(answer="nobody else"),
    informed=NOW - timedelta(hours=12),
    language="de",
    languages=("de", "en"),
)


class Remembered:
    """What happened to an order, one fact each; what it is follows from them when somebody asks."""

    def __init__(self) -> None:
        self.facts: list[str] = []

    def state(self) -> str:
        for end in ("revoked", "void", "final"):
            if end in self.facts:
                return end
        answers = [f for f in self.facts if f in ("executed", "not_executed", "open again")]
        if answers and answers[-1] != "open again":
            return answers[-1]
        for step in ("delivered", "issued", "approved", "submitted"):
            if step in self.facts:
                return step
        return "draft"

    def happens(self, event: str) -> bool:
        state, facts = self.state(), self.facts
        ended = state in ("revoked", "void", "final")
        out = "issued" in facts and not ended
        done = state == "executed"
        match event:
            case "submit":
                may, new = state == "draft", "submitted"
            case "approve":
                may, new = state == "submitted", "approved"
            case "issue":
                may, new = state == "approved", "issued"
            case "deliver":
                may, new = out, "delivered"
            case "executed":
                may, new = out, "executed"
            case "not_executed":
                may, new = out and not done, "not_executed"
            case "clarify":
                may, new = out and not done, ""
            case "resumed":
                may, new = out and not done, "open again" if state == "not_executed" else ""
                if may and new:
                    facts.append("delivered")  # who answered has it
            case "extend":
                may, new = out, ""
            case "preserve" | "access":
                may, new = state not in ("draft", "submitted", "approved"), ""
            case "revoke":
                may, new = not ended, "revoked"
            case "void":
                may, new = out, "void"
            case _:
                may, new = done, "final"
        if may and new:
            facts.append(new)
        return may


@given(st.lists(st.sampled_from(get_args(Event)), max_size=25))
def test_the_machine_is_what_a_slow_reference_remembers(events: list[Event]) -> None:
    state: DraftState = "draft"
    reference = Remembered()
    for event in events:
        new = after(state, event)
        assert reference.happens(event) == (new is not None), (state, event)
        state = new or state
        assert state == reference.state()


@given(st.lists(st.sampled_from(get_args(ItemState)), max_size=6))
def test_an_order_is_answered_when_every_item_is(items: list[ItemState]) -> None:
    said = answered(items)
    if any(item == "open" for item in items) or not items:
        assert said is None
    else:
        assert (said == "executed") == all(item == "executed" for item in items)


def _refused(type: str, status: int, call: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call()
    assert (caught.value.type, caught.value.status) == (type, status)
    return caught.value


def _draft(**changed: object) -> Drafted:
    return Drafted(
        **{  # pyright: ignore[reportArgumentType]
            "state": "draft",
            "drafted_by": "u1",
            "public": SEEN,
            "true_purpose": "it recruits",
            **changed,
        }
    )


@pytest.mark.parametrize(
    "public",
    [
        None,
        Public(),
        Public(asserted=True),
        Public(asserted=False, capture=SEEN.capture),
        Public(asserted=True, capture=Capture(NOW, "ab")),
        Public(asserted=True, capture=Capture(NOW, "zz" * 32)),
    ],
)
def test_what_nobody_saw_in_public_is_not_submitted(public: Public | None) -> None:
    _refused("not-public", 422, lambda: drafting.submitted(_draft(public=public)))


@pytest.mark.parametrize("words", ["", "  \n"])
def test_a_purpose_is_assessed_in_words(words: str) -> None:
    _refused("purpose-missing", 422, lambda: drafting.submitted(_draft(true_purpose=words)))


def test_an_incomplete_draft_names_its_fields() -> None:
    problem = FieldError("/reasons", "50 characters", "3")
    refusal = _refused("invalid-body", 422, lambda: drafting.submitted(_draft(problems=[problem])))
    assert refusal.errors == [problem]


def test_whoever_drafted_or_submitted_it_does_not_approve_it() -> None:
    draft = _draft(state="submitted", submitted_by="u2")
    for who in ("u1", "u2"):
        _refused("same-person", 409, lambda who=who: drafting.approved(draft, who))
    assert drafting.approved(draft, "u3") == "approved"


@pytest.mark.parametrize("asked", [None, Deconfliction(), Deconfliction(answer=" ", waiver="")])
def test_who_else_investigates_is_asked_first(asked: Deconfliction | None) -> None:
    issuing = _with(deconfliction=asked)
    _refused("deconfliction-open", 409, lambda: drafting.issued("approved", issuing))


def _with(**changed: object) -> Issuing:
    return Issuing(**{**{f: getattr(READY, f) for f in READY.__struct_fields__}, **changed})  # pyright: ignore[reportArgumentType]


def test_the_gate_opens_twelve_hours_after_the_receipt_and_not_before() -> None:
    assert drafting.issued("approved", READY) == "issued"
    early = _with(informed=NOW - timedelta(hours=12) + timedelta(microseconds=1))
    refusal = _refused("too-early", 409, lambda: drafting.issued("approved", early))
    assert refusal.extra["opens_at"] == in_full(NOW + timedelta(microseconds=1))
    nothing = _refused("too-early", 409, lambda: drafting.issued("approved", _with(informed=None)))
    assert nothing.extra["opens_at"] is None


def test_an_emergency_needs_its_reasons() -> None:
    blank = _with(informed=None, emergency=Emergency(" "))
    _refused("too-early", 409, lambda: drafting.issued("approved", blank))
    told = _with(informed=None, emergency=Emergency("a live threat to life"))
    assert drafting.issued("approved", told) == "issued"


@pytest.mark.parametrize("language", [None, "fr"])
def test_the_contact_point_reads_its_languages(language: str | None) -> None:
    _refused("language", 422, lambda: drafting.issued("approved", _with(language=language)))


def test_no_second_order_about_the_same() -> None:
    refusal = _refused(
        "order-exists", 409, lambda: drafting.issued("approved", _with(others=["A-1"]))
    )
    assert refusal.extra["orders"] == ["A-1"]


@pytest.mark.parametrize("state", sorted(set(get_args(DraftState)) - {"approved"}))
def test_only_what_is_approved_is_issued(state: DraftState) -> None:
    _refused("order-not-open", 409, lambda: drafting.issued(state, READY))


def test_non_disclosure_is_extended_once_by_six_weeks_at_most() -> None:
    first = Silence(NOW, NOW + timedelta(weeks=6))
    longest = silence_ends(first.until, "Europe/Berlin")

    def extend(silence: Silence | None, until: datetime, state: DraftState = "executed") -> Silence:
        return drafting.extended(state, silence, until, NOW, "Europe/Berlin")

    _refused(
        "non-disclosure-too-long",
        422,
        lambda: extend(first, longest + timedelta(microseconds=1)),
    )
    _refused("invalid-body", 422, lambda: extend(first, first.until))
    _refused("order-not-open", 409, lambda: extend(None, longest))
    _refused("order-not-open", 409, lambda: extend(Silence(NOW, NOW), longest))
    _refused("order-not-open", 409, lambda: extend(first, longest, "revoked"))
    once = extend(first, longest)
    assert once == Silence(NOW, longest, extended=True)
    _refused("extended-already", 409, lambda: extend(once, longest + timedelta(days=1)))


def test_six_weeks_keep_the_local_time_over_a_change_of_the_clocks() -> None:
    at = datetime(2026, 10, 1, 10, tzinfo=UTC)  # noon in Berlin, in summer
    assert silence_ends(at, "Europe/Berlin") == datetime(2026, 11, 12, 11, tzinfo=UTC)


@pytest.mark.parametrize("state", get_args(DraftState))
def test_only_what_was_executed_becomes_final(state: DraftState) -> None:
    if state == "executed":
        assert drafting.finalised(state) == "final"
    elif state in ("final", "revoked", "void"):
        _refused("order-not-open", 409, lambda: drafting.finalised(state))
    else:
        _refused("not-executed", 409, lambda: drafting.finalised(state))
