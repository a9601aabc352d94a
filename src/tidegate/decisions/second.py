"""Second eyes: which decisions wait for another person, and what becomes of what two of them conclude. Pure.

A decision that needs them is `proposed`. Another person, who has the content before them and not the
first one's choice, agrees or decides otherwise; what they do not agree on is `disputed`, and a third, a
senior, settles it. A look at what has left already (`after`, `double`, `gold`) goes the same way, but for
what it changes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tidegate.decisions.model import DecisionIn
from tidegate.policy.model import Ground, SecondEyes

# second: before it leaves; after: it could not wait for that; double: by chance; gold: the answer is known.
LookKind = Literal["second", "after", "double", "gold"]
LookState = Literal[
    "proposed",
    "drawn",
    "open",
    "answered",
    "disputed",
    "agreed",
    "adjudicated",
    "wrong",
    "withdrawn",
    "overtaken",
    "cancelled",
]
Step = Literal["agree", "dispute", "adjudicate"]
MANY_VIEWS = 30  # of one gold item


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody decided, all but their words."""

    outcome: str
    label: str | None = None
    exemption: str | None = None
    ground: Ground | None = None
    scope: str | None = None
    territory: list[str] | None = None
    until: datetime | None = None
    entry: str | None = None

    @property
    def word(self) -> str:
        """The choice as one of few: what agreement is counted by."""
        return f"{self.outcome}/{self.label}" if self.outcome == "restrict" else self.outcome


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one of them concluded, and why. `given` is their decision as it was sent, and `opened` whether
    they had seen before what others had concluded."""

    by: str
    at: datetime
    choice: Choice
    reason: str
    given: dict[str, Any]
    revision: int
    opened: bool = False


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A look of another person, and what each concluded so far, the first first."""

    id: UUID
    kind: LookKind
    state: LookState
    case_id: UUID
    shown_as: UUID | None
    item_id: UUID
    revision: int
    gold_of: UUID | None
    answers: list[Answer]
    choices: list[str]
    people: list[str]
    not_for: list[str]
    opened_by: list[str]
    told: list[str]
    label: str | None
    language: str | None
    decision_id: UUID | None
    created_at: datetime
    ended_at: datetime | None


def choice_of(given: DecisionIn, ground: Ground | None, entry: str | None = None) -> Choice:
    """What a decision chooses; `ground` is what it rests on, named or not."""
    found = given.restriction
    restricts = given.outcome == "restrict"
    territory = None if found is None or found.territory is None else sorted(found.territory)
    return Choice(
        outcome=given.outcome,
        label=given.label if restricts else None,
        exemption=given.exemption or ("none" if restricts else None),
        ground=ground if restricts else None,
        scope=(found.scope if found else "item") if restricts else None,
        territory=territory,
        until=None if found is None else found.until,
        entry=entry,
    )


def needs_second(eyes: SecondEyes, choice: Choice, *, news: bool) -> bool:
    """Whether a choice waits for another person; `news`: it is about what is said to be news."""
    if choice.outcome != "restrict":
        return False
    by_law = choice.ground is not None and choice.ground.kind in eyes.grounds
    return (
        choice.scope in eyes.scopes or by_law or choice.label in eyes.labels or (eyes.news and news)
    )


def says_news(attributes: Mapping[str, Any], name: str) -> bool:
    """Whether the platform says of an item, by the attribute of that name, that it is news."""
    return str(attributes.get(name, "")).strip().lower() in ("true", "yes", "1", "news")


def step(state: str, same: bool) -> Step:
    """What somebody's answer does to a look: `same` as the first one's or not."""
    if state == "disputed":
        return "adjudicate"
    return "agree" if same else "dispute"
