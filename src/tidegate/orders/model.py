"""The states of an order item (one URL of an order) on the platform's side, what may happen to it in
which, and the order's own state, which follows from them. Pure.

What a person does in a state that does not allow it is refused. What a message says out of turn is kept and
makes the order *contradictory*: a person decides, and nothing happens by itself.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tidegate.infra.errors import Refusal

State = Literal["open", "doubtful", "rejected", "executed", "impeded", "asking", "void", "final"]
Verb = Literal["authenticate", "reject", "execute", "impede", "resume", "ask", "annul"]
Said = Literal["clarified", "revoked", "infringed", "upheld", "final"]
"""What messages say of an order: its issuer, or of an infringement the establishment's authority."""
Event = Verb | Said
Measure = Literal["disabled", "removed"]
Direction = Literal["in", "out"]

LIVE: tuple[State, ...] = ("doubtful", "open", "impeded", "asking", "executed", "final")
"""The states in which an order has, or may come to have, an effect, the most urgent first."""
UNDONE: tuple[State, ...] = ("doubtful", "open", "impeded", "asking")
"""Those in which something is still to be done."""
VOIDING: tuple[Event, ...] = ("revoked", "infringed", "annul")
TWO_PERSONS: tuple[Verb, ...] = ("reject", "annul")

_MOVES: dict[tuple[State, Event], State] = {
    ("doubtful", "authenticate"): "open",
    ("doubtful", "reject"): "rejected",
    ("open", "execute"): "executed",
    ("open", "impede"): "impeded",
    ("impeded", "resume"): "open",
    ("open", "ask"): "asking",
    ("asking", "clarified"): "open",
    ("executed", "final"): "final",
    **{(state, event): "void" for state in LIVE for event in VOIDING},
}
# What a message leaves as it is without contradicting it: it says once more what was said, or what is so.
_AGREES: dict[Said, tuple[State, ...]] = {
    "clarified": ("open", "executed", "impeded", "final", "doubtful"),
    "revoked": ("void",),
    "infringed": ("void",),
    "upheld": (*LIVE, "rejected"),
    "final": ("final",),
}
# From the most urgent to the most settled.
_BY_URGENCY: tuple[State, ...] = (*LIVE, "void", "rejected")


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """An order as stored, of either direction. `order_ref` is the issuer's id of it, null where it came
    without a message; `annex` is Annex I as it was read, null where there is none to read. `due_at` is the
    earliest end of an hour that runs; `provisional` counts the items that are down without a person."""

    id: UUID
    direction: Direction
    kind: str
    issuer: str
    order_ref: str | None
    reference: str | None
    recipient: str
    state: str
    verified: bool
    problems: list[str]
    received_at: datetime | None
    issued_at: datetime | None
    channel: str
    annex: dict[str, Any] | None
    contradictory: bool
    non_disclosure_until: datetime | None
    non_disclosure_first: datetime | None
    disclosed_at: datetime | None
    due_at: datetime | None
    created_at: datetime
    provisional: int = 0

    def is_silent(self, now: datetime) -> bool:
        """Whether the authors must not be told yet."""
        until = self.non_disclosure_until
        return until is not None and self.disclosed_at is None and now < until


class ItemOfOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One URL of an order; `n` counts from 1. `item_id` is the post that it is about, once it is known;
    `candidates` are those that it may be about. `at` is when it was taken down, and `measure` how."""

    order_id: UUID
    n: int
    url: str
    state: State
    problems: list[str]
    candidates: list[UUID]
    item_id: UUID | None
    measure: Measure | None
    at: datetime | None
    provisional: bool
    hold_id: UUID | None
    decision_id: UUID | None
    since: datetime

    @property
    def waits(self) -> bool:
        """Whether it is down provisionally, and a person has not looked yet."""
        return self.provisional and self.state in ("executed", "final")


class Heard(msgspec.Struct, frozen=True):
    """What a message does: the places of the items that it moves, and whether it contradicts the rest."""

    moves: list[int]
    contradictory: bool


def after(state: State, event: Event) -> State | None:
    """The state that an event leads to; None: it is not allowed in this one."""
    return _MOVES.get((state, event))


def moved(state: State, verb: Verb) -> State:
    """The same, of what a person does. Raises Refusal (409)."""
    found = after(state, verb)
    if found is None:
        raise not_open([state], verb)
    return found


def movable(states: Sequence[State], verb: Verb) -> list[int]:
    """The places of those that a person's verb moves. Raises Refusal (409) where it moves none."""
    found = [place for place, state in enumerate(states) if after(state, verb) is not None]
    if not found:
        raise not_open(states, verb)
    return found


def heard(states: Sequence[State], said: Said) -> Heard:
    """What a message does to the items of an order. It contradicts what is where it moves none, and does not
    say what is so already."""
    moves = [place for place, state in enumerate(states) if after(state, said) is not None]
    agrees = all(state in _AGREES[said] for state in states)
    return Heard(moves, not moves and not agrees)


def state_of(states: Iterable[State]) -> State:
    """The state of an order: that of its most urgent item."""
    return min(states, key=_BY_URGENCY.index)


def not_open(states: Sequence[State], verb: Verb) -> Refusal:
    """The 409 of a verb that the state does not allow."""
    allowed = [state for state in _BY_URGENCY if after(state, verb) is not None]
    now = ", ".join(sorted(set(states)))
    return Refusal(
        "order-not-open",
        409,
        "The order's state does not allow this",
        f"Nothing was written. It is {now}; {verb} needs one that is {' or '.join(allowed)}.",
        state=state_of(states),
    )
