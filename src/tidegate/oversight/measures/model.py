"""A measure, and the machine that its state follows. Pure.

draft → proposed → signed → notified → concluded, and `withdrawn` from each of these but the last. Two different
persons sign; from the notification on the organisation may reply, and before that time is over nothing is concluded.
Which steps come before which is data (`packs`).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from tidegate.content.model import Moment
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.times import in_full
from tidegate.oversight.measures.packs import EvidenceKind, Outcome, Step

State = Literal["draft", "proposed", "signed", "notified", "concluded", "withdrawn"]
Verb = Literal["assess", "sign", "notify", "reply", "conclude", "withdraw"]
STATES: tuple[State, ...] = get_args(State)
"""In the order in which a measure can go through them."""
ENDED: tuple[State, ...] = ("concluded", "withdrawn")
OPEN: tuple[State, ...] = ("draft", "proposed", "signed", "notified")
SIGNATURES = 2
_Words = Annotated[str, Meta(min_length=1, max_length=10_000)]


EvidenceId = Annotated[str, Meta(min_length=1, max_length=300)]


class Evidence(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a measure rests on: an order, a referral, a check, a scorecard, a clock or an earlier measure, by its
    id, with what is to be said of it."""

    kind: EvidenceKind
    id: EvidenceId
    note: Annotated[str, Meta(max_length=2000)] | None = None


class MeasureIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A measure as somebody drafts it: against whom, which step, why, what it rests on (a bare id is of whatever
    kind it is known as), by which law (`pack`), and what it requires, in the codes of that law."""

    organisation: Annotated[str, Meta(min_length=1, max_length=100)]
    step: Annotated[str, Meta(min_length=1, max_length=60)]
    reasons: _Words
    evidence: Annotated[list[Evidence | EvidenceId], Meta(max_length=200)]
    pack: Annotated[str, Meta(max_length=40)] = "eu-tco"
    requires: Annotated[list[str], Meta(max_length=50)] = []


class ReplyIn(Struct, frozen=True, forbid_unknown_fields=True):
    """What the organisation answered, and when that came; None: now."""

    text: _Words
    at: Moment | None = None


class ConcludeIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the step stands, and why."""

    outcome: Outcome
    reasons: _Words


class WithdrawIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a measure is taken back."""

    reasons: _Words


class Signature(Struct, frozen=True):
    """Who signed, and when."""

    by: str
    at: datetime


class Reply(Struct, frozen=True, kw_only=True):
    """What the organisation answered, as a person wrote it down; `late`: after the time for it."""

    id: UUID
    at: datetime
    text: str
    late: bool
    noted_by: str
    noted_at: datetime


class Measure(Struct, frozen=True, kw_only=True):
    """A measure as stored. `pack` has its version, and `terms` is the step as it was when it was drafted."""

    id: UUID
    organisation: str
    pack: str
    step: str
    terms: dict[str, Any]
    state: State
    reasons: str
    requires: list[str]
    evidence: list[dict[str, Any]]
    sheet: dict[str, Any] | None
    created_by: str
    created_at: datetime
    notified_by: str | None = None
    notified_at: datetime | None = None
    outcome: Outcome | None = None
    conclusion: str | None = None
    concluded_by: str | None = None
    concluded_at: datetime | None = None
    withdrawal: str | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None

    @property
    def at_step(self) -> Step:
        return msgspec.convert(self.terms, Step)

    @property
    def law(self) -> str:
        """The id of its pack, without the version."""
        return self.pack.partition("@")[0]


def may_begin(step: Step, stand: Collection[str]) -> None:
    """Raises Refusal (409) where a step that has to come before does not stand."""
    missing = [name for name in step.after if name not in stand]
    if missing:
        raise out_of_order(
            f"{step.title} comes after {', '.join(missing)}, concluded with an outcome that stands."
        )


def check_evidence(step: Step, evidence: Sequence[Evidence]) -> None:
    """Raises Refusal (422) where a kind that has to be listed is not."""
    kinds = {one.kind for one in evidence}
    for group in step.evidence:
        if kinds.isdisjoint(group):
            listed = ", ".join(sorted(kinds)) or "nothing"
            raise bad_field("/evidence", f"at least one of {', '.join(group)}", listed)


def after(
    state: State,
    verb: Verb,
    *,
    by: str = "",
    signed: Sequence[str] = (),
    now: datetime | None = None,
    until: datetime | None = None,
) -> State:
    """The state after a verb by a person; `signed` are those who signed before, `until` is when the right of reply
    ends. Raises Refusal (409): "same-person", "reply-open", "step-out-of-order"."""
    if verb == "withdraw" and state not in ENDED:
        return "withdrawn"
    if verb == "assess" and state == "draft":
        return state
    if verb == "sign" and state in ("draft", "proposed"):
        if by in signed:
            raise same_person()
        return "signed" if len(signed) + 1 >= SIGNATURES else "proposed"
    if verb == "notify" and state == "signed":
        return "notified"
    if verb == "reply" and state == "notified":
        return state
    if verb == "conclude" and state == "notified":
        assert now is not None
        assert until is not None
        if now < until:
            raise reply_open(until)
        return "concluded"
    raise _not_now(state, verb)


def _not_now(state: State, verb: Verb) -> Refusal:
    if verb == "notify" and state in ("draft", "proposed"):
        return out_of_order("It needs the signatures of two persons first.", state)
    if verb in ("reply", "conclude") and state not in ENDED:
        return out_of_order("It has not been notified to the organisation yet.", state)
    if verb == "assess" and state not in ENDED:
        return out_of_order("It is signed already. Withdraw it, and draft another.", state)
    return out_of_order(f"It is {state}.", state)


def out_of_order(detail: str, state: State | None = None) -> Refusal:
    more: dict[str, Any] = {} if state is None else {"state": state}
    return Refusal(
        "step-out-of-order",
        409,
        "That comes later, or was before",
        f"{detail} Nothing was written.",
        **more,
    )


def same_person() -> Refusal:
    return Refusal(
        "same-person",
        409,
        "Another person has to sign",
        "You signed this yourself already. Nothing was written.",
    )


def reply_open(until: datetime) -> Refusal:
    return Refusal(
        "reply-open",
        409,
        "The organisation may still reply",
        f"Its right of reply runs until {in_full(until)}. Nothing was written. Conclude it then.",
        until=in_full(until),
    )
