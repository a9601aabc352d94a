"""An order of ours, from the first draft to its end: the machine that its state follows, and who may not. Pure.

draft → submitted → approved → issued → delivered → executed | not_executed → final, and revoked, void. What comes
back from the platform arrives in any order: an answer before the receipt, a receipt after the answer. Each event
says where it leads from each state; where it leads nowhere, it is refused, or kept as contradictory.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tidegate.content.model import Moment
from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.infra.times import in_full
from tidegate.orders.annex_rules import kept_longest, silence_ends

DraftState = Literal[
    "draft",
    "submitted",
    "approved",
    "issued",
    "delivered",
    "executed",
    "not_executed",
    "final",
    "revoked",
    "void",
]
Event = Literal[
    "submit",
    "approve",
    "issue",
    "deliver",
    "executed",
    "not_executed",
    "resumed",
    "clarify",
    "extend",
    "preserve",
    "access",
    "revoke",
    "final",
    "void",
]
ItemState = Literal["open", "executed", "not_executed"]

LIVE: frozenset[DraftState] = frozenset(("issued", "delivered", "executed", "not_executed"))
"""What binds somebody: while one is live, nobody issues another for the same."""
BEFORE: frozenset[DraftState] = frozenset(("draft", "submitted", "approved"))
"""Nobody outside knows of it."""
PRIOR = timedelta(hours=12)

_NEXT: dict[tuple[DraftState, Event], DraftState] = {
    ("draft", "submit"): "submitted",
    ("submitted", "approve"): "approved",
    ("approved", "issue"): "issued",
    ("issued", "deliver"): "delivered",
    ("issued", "executed"): "executed",
    ("issued", "not_executed"): "not_executed",
    ("delivered", "executed"): "executed",
    ("delivered", "not_executed"): "not_executed",
    ("not_executed", "executed"): "executed",
    ("not_executed", "resumed"): "delivered",
    ("executed", "final"): "final",
}


class Capture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When somebody saw the content where everybody can, and the digest of what they kept of it."""

    at: Moment
    sha256: str


class Public(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whether a person says that the content is open to the public, and by what."""

    asserted: bool = False
    capture: Capture | None = None


class Drafted(msgspec.Struct, frozen=True, kw_only=True):
    """What the guards of a draft look at. People are named by their identity, which no rename changes."""

    state: DraftState
    drafted_by: str
    submitted_by: str | None = None
    public: Public | None = None
    true_purpose: str = ""
    problems: Sequence[FieldError] = ()  # what Annex I lacks
    silent_at_most: datetime | None = (
        None  # when its non-disclosure has to end, where it ends later
    )


class Deconfliction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What others who investigate said when they were asked, or why nobody was."""

    answer: str | None = None
    waiver: str | None = None

    @property
    def settled(self) -> bool:
        return _said(self.answer) or _said(self.waiver)


class Emergency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the first order to a provider cannot wait for prior information."""

    reasons: str


class Issuing(msgspec.Struct, frozen=True, kw_only=True):
    """What the guards of an issue look at. `first`: it is our first order to this provider, which had our prior
    information `informed`, by its signed receipt; `others` are live orders about the same."""

    now: datetime
    first: bool = True
    others: Sequence[str] = ()
    deconfliction: Deconfliction | None = None
    informed: datetime | None = None
    emergency: Emergency | None = None
    language: str | None = None
    languages: Sequence[str] = ()


class Silence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Non-disclosure as an order stands with it; `extended` where it was, once."""

    decided_at: datetime
    until: datetime
    extended: bool = False


def after(state: DraftState, event: Event) -> DraftState | None:
    """The state after the event, or None where it leads nowhere from there."""
    if event == "revoke":
        return "revoked" if state in LIVE | BEFORE else None
    if event == "void":
        return "void" if state in LIVE else None
    if event == "extend":
        return state if state in LIVE else None
    if event in ("preserve", "access"):  # what is kept is kept, whatever became of the order
        return None if state in BEFORE else state
    if event in ("deliver", "resumed", "clarify") and state in LIVE - {"executed"}:
        return _NEXT.get((state, event), state)
    if event in ("deliver", "executed") and state == "executed":
        return state
    if event == "not_executed" and state == "not_executed":
        return state
    return _NEXT.get((state, event))


def answered(items: Sequence[ItemState]) -> Event | None:
    """What the items of an order say of it together: nothing as long as one of them is unanswered."""
    if not items or "open" in items:
        return None
    return "not_executed" if "not_executed" in items else "executed"


def submitted(draft: Drafted) -> DraftState:
    """The state of a draft that is submitted; refused where it could not be an order."""
    state = moved(draft.state, "submit")
    if draft.silent_at_most is not None:
        raise silent_too_long(draft.silent_at_most)
    if draft.problems:
        raise incomplete(draft.problems)
    if not is_public(draft.public):
        raise Refusal(
            "not-public",
            422,
            "Nobody has asserted that the content is public",
            "Private messages, e-mail and groups that people are admitted to by a person are out of the "
            "law's reach. Assert that it is open to everybody, with the time and digest of a capture.",
        )
    if not _said(draft.true_purpose):
        raise Refusal(
            "purpose-missing",
            422,
            "The true purpose is not assessed",
            "Say in words what the content is for: education, journalism, art, research and what counters "
            "terrorism are no terrorist content.",
        )
    return state


def is_public(public: Public | None) -> bool:
    """Whether it is asserted, with a capture that can be compared."""
    if public is None or not public.asserted or public.capture is None:
        return False
    digest = public.capture.sha256
    return len(digest) == 64 and set(digest) <= set("0123456789abcdef")


def approved(draft: Drafted, by: str) -> DraftState:
    """The state of a draft that `by` approves: somebody who neither drafted nor submitted it."""
    state = moved(draft.state, "approve")
    if by in (draft.drafted_by, draft.submitted_by):
        raise same_person("approve", "drafted or submitted")
    return state


def issued(state: DraftState, issuing: Issuing) -> DraftState:
    """The state of a draft that is issued; the law's own obstacles come first."""
    new = moved(state, "issue")
    if issuing.others:
        raise order_exists(issuing.others)
    if issuing.deconfliction is None or not issuing.deconfliction.settled:
        raise Refusal(
            "deconfliction-open",
            409,
            "Nobody has asked who else investigates this",
            "Send `deconfliction` with the `answer` of those who were asked, or with the reasons of a `waiver`.",
            errors=[
                FieldError("/deconfliction", "their answer, or why nobody was asked", "nothing")
            ],
        )
    waived = issuing.emergency is not None and _said(issuing.emergency.reasons)
    opens_at = None if issuing.informed is None else issuing.informed + PRIOR
    if issuing.first and not waived and (opens_at is None or issuing.now < opens_at):
        raise too_early(opens_at)
    if issuing.language is None or issuing.language not in issuing.languages:
        raise Refusal(
            "language",
            422,
            "The contact point does not read this language",
            f"Write the order in one of these: {', '.join(issuing.languages) or 'none is registered'}.",
            languages=list(issuing.languages),
        )
    return new


def extended(
    state: DraftState, silence: Silence | None, until: datetime, now: datetime, zone: str
) -> Silence:
    """The non-disclosure of an order after its one extension, by at most six weeks from its first end."""
    moved(state, "extend")
    if silence is None or silence.until <= now:
        raise Refusal(
            "order-not-open",
            409,
            "There is no non-disclosure to extend",
            "The author may have been informed already." if silence else "The order asks for none.",
        )
    if silence.extended:
        raise Refusal(
            "extended-already",
            409,
            "The non-disclosure has been extended once",
            f"The law allows one extension. It ends on {silence.until:%Y-%m-%d %H:%M:%S} UTC.",
        )
    if until <= silence.until:
        raise bad_field("/until", f"a time after {silence.until.isoformat()}", until.isoformat())
    if until > silence_ends(silence.until, zone):
        raise silent_too_long(silence_ends(silence.until, zone))
    return Silence(decided_at=now, until=until, extended=True)


def kept(
    state: DraftState, event: Literal["preserve", "access"], end: datetime | None, now: datetime
) -> DraftState:
    """The state of an order of which something is asked about what is kept under it, until `end`."""
    if end is None:
        raise not_executed(state, "Nothing is kept under it yet.")
    new = moved(state, event)
    if end <= now:
        raise Refusal(
            "preservation-over",
            409,
            "What the order took down is no longer kept",
            f"The time for which the law has it kept was over at {in_full(end)}.",
            until=in_full(end),
        )
    return new


def kept_until(until: datetime, end: datetime) -> datetime:
    """Until when content is kept that was to be kept until `end`: later, and by six months at most."""
    if until <= end:
        raise bad_field("/until", f"a time after {in_full(end)}", until.isoformat())
    if until > kept_longest(end):
        expected = f"at most six months more, until {in_full(kept_longest(end))}"
        raise bad_field("/until", expected, until.isoformat())
    return until


def finalised(state: DraftState) -> DraftState:
    """The state of an order that became final: only an executed one can."""
    new = after(state, "final")
    if new is None and state in LIVE | BEFORE:
        raise not_executed(state, "Only an executed order can become final.")
    return moved(state, "final")


def moved(state: DraftState, event: Event) -> DraftState:
    """The state after the event, refused where there is none."""
    new = after(state, event)
    if new is None:
        raise not_open(state)
    return new


def not_open(state: DraftState) -> Refusal:
    return Refusal(
        "order-not-open",
        409,
        "The order does not allow that now",
        f"It is {state}.",
        state=state,
    )


def not_executed(state: DraftState, why: str) -> Refusal:
    return Refusal(
        "not-executed",
        409,
        "The order has not been executed",
        f"It is {state}. {why}",
        state=state,
    )


def same_person(verb: str, did: str) -> Refusal:
    return Refusal(
        "same-person",
        409,
        "This needs another person",
        f"Whoever {did} it does not {verb} it.",
    )


def incomplete(problems: Sequence[FieldError]) -> Refusal:
    return Refusal(
        "invalid-body",
        422,
        "The order is not complete",
        "; ".join(f"{problem.pointer}: {problem.expected}" for problem in problems),
        errors=list(problems),
    )


def order_exists(others: Sequence[str]) -> Refusal:
    return Refusal(
        "order-exists",
        409,
        "There is a live order about the same content",
        f"No second one may be issued: {', '.join(others)}.",
        orders=list(others),
    )


def too_early(opens_at: datetime | None) -> Refusal:
    told = (
        "Send prior information; the order may go twelve hours after its signed receipt"
        if opens_at is None
        else f"It may go from {in_full(opens_at)} on"
    )
    return Refusal(
        "too-early",
        409,
        "The provider has not had our prior information for twelve hours",
        f"{told}, or at once in an emergency with reasons.",
        opens_at=None if opens_at is None else in_full(opens_at),
    )


def silent_too_long(at_most: datetime) -> Refusal:
    return Refusal(
        "non-disclosure-too-long",
        422,
        "The non-disclosure is too long",
        f"It may end on {in_full(at_most)} at the latest.",
        at_most=in_full(at_most),
    )


def _said(words: str | None) -> bool:
    return bool(words and words.strip())
