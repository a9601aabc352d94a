"""A case, one unit of human work about a subject, and the machine that its state follows. Pure.

open → claimed → decided → reopened; a claim that is released or has expired leaves the case waiting
as it was before: open, or reopened. Whoever undoes a decision in time has the case in hand again.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.content.model import ItemId
from tidegate.decisions.model import DecisionIn, Subject, SubjectKind
from tidegate.decisions.told import Disclosure
from tidegate.infra.errors import Refusal
from tidegate.intake.grading import ToldCaveat
from tidegate.intake.model import ReportView
from tidegate.review.work.model import Link, Task
from tidegate.signals.banks.model import EntryView
from tidegate.triage.score import Priority

CaseState = Literal["open", "claimed", "decided", "reopened"]
CaseFilter = Literal["open", "claimed", "decided", "reopened", "waiting"]  # waiting: not decided
CaseOrder = Literal["oldest", "priority"]
Verb = Literal["claim", "release", "expire", "decide", "reopen", "undo"]
Origin = Literal["evaluation", "report", "escalation", "quarantine", "order"]

EVALUATION_QUEUE = "default"
REPORT_QUEUE = "reports"
ENTRY_QUEUE = "entries"  # of its own: whoever works off another queue meets items only
SENIOR_QUEUE = "senior"  # what several could not take, or do not agree on
LOOK = "look"  # the subject of a case by which something decided is shown again; it is the item's id, too

MOST_MEMBERS = 500  # of a case, that are decided with it in one request

SkipReason = Literal["not-for-me", "language", "know-somebody", "technical"]
SOMEBODY = "somebody"
"""Who skipped a case: they are listed nowhere."""


class CaseDecisionIn(
    DecisionIn, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A decision on a case. `entry` judges the bank entry that the case is about, or whose match
    opened it; `revision` is the one that was looked at, and a newer one then refuses the decision. Its
    effects wait for `undo_seconds`, in which its maker can undo it.

    `members` are the items of the case that are meant, its own among them; `all`: those that had joined when
    its version was `seen`, or have by now. Without it only its own item is.
    """

    entry: Literal["confirm", "refute"] | None = None
    revision: Annotated[int, Meta(ge=1)] | None = None
    undo_seconds: Annotated[float, Meta(ge=0, le=120)] = 0.0
    members: (
        Literal["all"] | Annotated[list[ItemId], Meta(min_length=1, max_length=MOST_MEMBERS)] | None
    ) = None
    seen: Annotated[int, Meta(ge=1)] | None = None


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the transaction that locked it sees it."""

    id: UUID
    subject_kind: SubjectKind
    subject_id: UUID
    platform: str | None
    item_id: UUID | None
    revision: int | None
    version: int
    queue: str
    state: CaseState
    origin: Origin
    match: dict[str, Any] | None
    claimed_by: str | None
    claimant: str | None
    claimed_until: datetime | None
    decision_id: UUID | None
    opened_at: datetime
    reopened_at: datetime | None
    decided_at: datetime | None
    routed_from: str | None = None  # where it would be without a rule; None: where it is

    @property
    def subject(self) -> Subject:
        return Subject(self.subject_kind, self.subject_id)

    @property
    def own_queue(self) -> str:
        """The queue that it is in when no rule and no incident leads it to another."""
        return self.routed_from or self.queue


class SubjectView(msgspec.Struct, frozen=True):
    """What a case is about, as callers know it: an item by the platform's own id."""

    kind: SubjectKind
    id: str


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case as lists show it. `item` is the platform's id, null where the subject has no item, and
    `platform` whose the case is, null where that is everybody's; `version` moves with whatever a
    decider sees, and `reports` is how many voices reported it. Cases come by `band`, 0 first, and within one
    by the score of their `priority`, null as long as a case is not ranked."""

    id: UUID
    subject: SubjectView
    version: int
    item: str | None
    platform: str | None
    revision: int | None
    queue: str
    state: CaseState
    band: int
    priority: Priority | None
    origin: Origin
    match: dict[str, Any] | None
    claimed_by: str | None
    claimed_until: datetime | None
    reports: int
    decision: UUID | None
    opened_at: datetime
    reopened_at: datetime | None
    decided_at: datetime | None


class Standing(msgspec.Struct, frozen=True):
    """Where a case stands, and in which language its content is, as far as that is known."""

    band: int
    language: str | None


class CaseItem(msgspec.Struct, frozen=True, kw_only=True):
    """What a case's detail says of its item."""

    id: str
    platform: str
    publicness: str
    revision: int
    verdict: str
    restricted_by: UUID | None
    received_at: datetime
    erased_at: datetime | None


class CaseEvent(msgspec.Struct, frozen=True):
    """One step of a case's history."""

    at: datetime
    kind: str
    actor: str
    detail: dict[str, Any]


class MemberView(msgspec.Struct, frozen=True):
    """An item that waits in a case beside the case's own, by the platform's id; `joined` is the case's
    version since it does."""

    item: str
    joined: int
    joined_at: datetime


class CaseDetail(CaseView, frozen=True, kw_only=True):
    """A case with everything that deciding it needs: the list view's fields and the rest. `about` is
    the item, `entry` the bank entry that it is about; null where there is none, or none any more.
    `disclosure` says whether the item's author may be told.
    `reported` are the first reports, `reported_next` the cursor of those after them. `exemption_first`:
    known content is quoted in it, so the first question is what for, and a restriction needs the answer.
    `members` are the first items that wait in the case beside its own, `members_total` how many do.
    `handling`: who may be told, the narrowest circle that any of its reports was graded for. `tasks` are what is
    to be done about it, `links` the cases that belong with it."""

    about: CaseItem | None
    members: list[MemberView]
    members_total: int
    entry: EntryView | None
    reported: list[ReportView]
    reported_next: str | None
    exemption_first: bool
    disclosure: Disclosure | None
    evaluations: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    events: list[CaseEvent]
    handling: ToldCaveat | None = None
    tasks: list[Task] = []
    links: list[Link] = []


class ShownCase(CaseView, frozen=True, kw_only=True):
    """A case as its page shows it: of what there may be any number of, reports, looks, steps, only as
    much as somebody reads. `members` is how many items wait with it. `decisions` and `events` are the
    newest, the newest first; steps that only say that it was reported again are one, with their count."""

    about: CaseItem | None
    members: int
    entry: EntryView | None
    exemption_first: bool
    disclosure: Disclosure | None
    evaluation: dict[str, Any] | None
    decisions: list[dict[str, Any]]
    events: list[CaseEvent]


def transition(state: CaseState, verb: Verb, *, reopened: bool) -> CaseState | None:
    """The state after the verb, or None where the verb does not apply.

    `reopened`: whether the case was decided before; it then waits as "reopened", not "open".
    """
    if state == "decided":
        after: dict[Verb, CaseState] = {"reopen": "reopened", "undo": "claimed"}
        return after.get(verb)
    if verb == "claim":
        return "claimed"
    if verb == "decide":
        return "decided"
    if verb in ("release", "expire") and state == "claimed":
        return "reopened" if reopened else "open"
    return None


def shown_subject(subject: Subject, item: str | None) -> SubjectView:
    """A subject as callers know it; `item` is the platform's own id where there is an item."""
    kind = "item" if subject.kind == LOOK else subject.kind  # a blind look is shown as any case
    known = item if kind == "item" and item is not None else str(subject.id)
    return SubjectView(kind, known)


def is_held(until: datetime | None, now: datetime) -> bool:
    """Whether a claim until then is live."""
    return until is not None and until > now


def no_match() -> Refusal:
    return Refusal(
        "no-match",
        409,
        "No match opened the case",
        "There is no entry to confirm or refute. Decide without `entry`.",
    )


def held_by_another(case: CaseRow, identity: str, now: datetime) -> bool:
    """Whether somebody else's claim is live."""
    return (
        case.state == "claimed" and case.claimant != identity and is_held(case.claimed_until, now)
    )


def claimed_elsewhere(case: CaseRow) -> Refusal:
    """The 409 of whoever meets another's live claim."""
    assert case.claimed_until is not None
    return Refusal(
        "case-claimed",
        409,
        "Somebody else has claimed the case",
        f"{case.claimed_by} holds it until {case.claimed_until:%Y-%m-%d %H:%M:%S} UTC at the "
        "latest. Take another case, or try again then.",
        claimed_by=case.claimed_by,
        claimed_until=case.claimed_until,
    )
