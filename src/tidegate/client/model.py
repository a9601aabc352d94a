"""What is sent and what is answered, as types. Unknown members are ignored: `/v1` only grows.

Ids are strings to keep and send back; times carry an offset.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec

from tidegate.client.priority import Priority

T = TypeVar("T")

Verdict = Literal["pass", "review", "restrict", "escalate"]
Outcome = Literal["restrict", "pass", "lift", "escalate"]


class Media(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file of an item: its bytes (`data`), or a `url` that the server fetches."""

    filename: str = ""
    content_type: str = ""
    data: bytes | None = None
    url: str | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A post to submit. `id` and `author` are the platform's own; `created_at` needs an offset.

    `version` grows with each edit: a number, or the time of the last edit. With it a retry that comes
    after a later edit is known as one; without, it is taken for what stands now.
    """

    id: str
    surface: str
    publicness: Literal["public", "restricted", "private"]
    author: str
    created_at: datetime
    platform: str | None = None
    language: str | None = None
    text: str | None = None
    text_format: Literal["plain", "html", "markdown"] | None = None
    url: str | None = None
    media: list[Media] = []
    context: Mapping[str, Any] | str | None = None
    attributes: Mapping[str, Any] = {}
    version: int | datetime | None = None


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """A report to send, about `item_id` or, where that is not known, a `url`; or about what it brings itself,
    `text` and `media`, which it may bring with either."""

    id: str
    channel: str
    reason: str
    created_at: datetime
    item_id: str | None = None
    url: str | None = None
    comment: str | None = None
    reporter: str | None = None
    text: str | None = None
    language: str | None = None
    media: list[Media] = []
    location: str | None = None
    source: Mapping[str, str] | None = None


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """A decision to send; a restriction needs a `label`. On a case, `entry` judges the bank entry that
    it is about, or whose match opened it; its effects wait for `undo_seconds`, in which whoever made it
    can undo it. `lifts` are the ids of the restrictions that a lift ends; without it, all that no order
    holds."""

    outcome: Outcome
    reason: str
    label: str | None = None
    ground: Mapping[str, str] | None = None
    exemption: str | None = None
    restriction: Mapping[str, Any] | None = None
    lifts: list[str] | None = None
    entry: Literal["confirm", "refute"] | None = None
    undo_seconds: float = 0.0


class Condition(msgspec.Struct, frozen=True):
    """A condition of a rule, and what it came out as."""

    condition: str
    value: Any = None


class RuleResult(msgspec.Struct, frozen=True):
    """What one rule said, and because of what."""

    rule: str
    version: int
    mode: str
    outcome: str | None = None
    because: list[Condition] = []


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an item that matches a bank entry, by which route and at what distance. `exact`: the
    route may restrict; `allowed`: an allow entry speaks for the part. Where only a span matched, that is
    text[start:end], where `end` is 0 the whole; `entry_start`, `entry_end` and `share` say the same of the
    entry's text. `provenance` and `note` are the entry's, for keys that may read banks."""

    part: str
    bank: str
    stance: str
    entry: str
    labels: list[str]
    kind: str
    route: str
    distance: int
    confirmed: bool
    exact: bool = False
    allowed: bool = False
    quarantined: bool = False
    start: int = 0
    end: int = 0
    entry_start: int = 0
    entry_end: int = 0
    share: float = 1.0
    provenance: Any = None
    note: str | None = None


class EvaluationView(msgspec.Struct, frozen=True, kw_only=True):
    """One look at an item: what matched, which rules spoke, what could not be judged."""

    stage: str
    pack: str
    bank_version: int
    rules: list[RuleResult]
    matches: list[Match]
    problems: list[str]


class ItemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What submitting an item answers."""

    id: str
    revision: int
    verdict: Verdict
    evaluation: EvaluationView
    pending: list[str] = []
    case: str | None = None
    decision: str | None = None
    action: str | None = None


class BatchAnswer(msgspec.Struct, frozen=True):
    """One line of a batch's answer: `item` when it was taken, else `problem` (a problem document).

    `index` counts the items of the whole stream from 0.
    """

    index: int
    status: int
    item: ItemAnswer | None = None
    problem: dict[str, Any] | None = None


class Restriction(msgspec.Struct, frozen=True, kw_only=True):
    """A restriction that stands on an item: everywhere without `territory`, for ever without `until`.
    One whose `source` is "order" ends with that order alone."""

    id: str
    decision: str
    scope: Literal["item", "account"]
    since: datetime
    territory: list[str] | None = None
    until: datetime | None = None
    source: str | None = "decision"
    order: str | None = None


class Reach(msgspec.Struct, frozen=True):
    """Where something is down (None: everywhere), and when that changes by itself (None: never)."""

    territory: list[str] | None = None
    until: datetime | None = None


class Effective(msgspec.Struct, frozen=True):
    """What all restrictions of an item come to: all that a platform has to keep to. `account` is where
    the whole account is down, if it is; `until` is when anything of this changes by itself."""

    restricted: bool
    scope: Literal["item", "account"] | None = None
    territory: list[str] | None = None
    until: datetime | None = None
    account: Reach | None = None


class ItemRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of an item. `verdict` is that of the latest evaluation; `restricted_by` names
    the decision of the strongest restriction that stands."""

    id: str
    platform: str
    publicness: str
    revision: int
    verdict: Verdict
    author: str | None = None  # a pseudonym
    restricted_by: str | None = None
    restrictions: list[Restriction] = []
    effective: Effective | None = None
    received_at: datetime | None = None
    revisions: list[dict[str, Any]] = []
    evaluations: list[dict[str, Any]] = []
    decisions: list[dict[str, Any]] = []
    actions: list[dict[str, Any]] = []
    reports: list[dict[str, Any]] = []
    reports_next: str | None = None
    cases: list[str] = []
    held: bool = False
    holds: list[dict[str, Any]] = []  # those that this key may see
    kept_by_hold: bool = False
    held_decision: dict[str, Any] | None = None  # decided, and not left yet
    proposed_decision: dict[str, Any] | None = None  # it waits for another person


class Hold(msgspec.Struct, frozen=True):
    """Why an item must not be erased, for what, and until when."""

    id: str
    reason: str
    purpose: str = "other"
    until: datetime | None = None
    source: str | None = None


class Opening(msgspec.Struct, frozen=True):
    """Until `until`, who opened a hold reads what only it keeps."""

    id: str
    hold: str
    item: str
    until: datetime


class Bank(msgspec.Struct, frozen=True, kw_only=True):
    """A bank of known content; one with a `platform` is for that one's items alone."""

    name: str
    stance: str
    platform: str | None = None
    radius: dict[str, int]
    labels: list[str]
    provenance: Any = None
    note: str | None = None
    enabled: bool = True
    disabled_until: datetime | None = None
    version: int = 0
    created_at: datetime | None = None
    entries: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One content in a bank. `problems` says what could not be computed of a file."""

    id: str
    bank: str
    state: str
    confirmed: bool
    labels: list[str]
    provenance: Any = None
    note: str | None = None
    confidence: int | None = None
    enabled: bool = True
    disabled_until: datetime | None = None
    fingerprints: list[dict[str, Any]] = []
    text: str | None = None
    has_file: bool = False
    version: int = 0
    created_by: str = ""
    created_at: datetime | None = None
    judged_by: str | None = None
    judged_at: datetime | None = None
    quarantined_at: datetime | None = None
    problems: list[str] = []


class Subject(msgspec.Struct, frozen=True):
    """What a case is about: of kind `item`, by the platform's id, or `entry`, of a bank."""

    kind: str
    id: str


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report as its case shows it. One that does not count is a reporter's second on the item."""

    id: str
    channel: str
    reason: str
    comment: str | None = None
    reporter: str | None = None  # a pseudonym
    created_at: datetime | None = None
    received_at: datetime | None = None
    counts: bool = True
    problems: list[str] = []
    location: str | None = None
    brought: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list: about its `subject`. `item` is the platform's id, None where the subject has no
    item; `version` moves with whatever a decider sees. Cases come by `band`, 0 first, then by `priority`."""

    id: str
    item: str | None
    platform: str | None
    revision: int | None
    queue: str
    state: str
    origin: str
    match: dict[str, Any] | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    reports: int = 0
    decision: str | None = None
    opened_at: datetime | None = None
    reopened_at: datetime | None = None
    decided_at: datetime | None = None
    subject: Subject | None = None
    version: int = 0
    band: int = 4
    priority: Priority | None = None


class CaseDetail(Case, frozen=True, kw_only=True):
    """A case with everything that deciding it needs. `reported` are the first reports; `case_reports`
    gives all. `exemption_first`: known content is quoted in it, and a restriction needs `exemption`."""

    about: dict[str, Any] | None = None
    entry: Entry | None = None
    reported: list[dict[str, Any]] = []
    reported_next: str | None = None
    exemption_first: bool = False
    evaluations: list[dict[str, Any]] = []
    decisions: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    tasks: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """An instruction to the platform: whoever does what `effective` says, and looks at nothing else, is
    right. `str(number)` is where to continue after it."""

    id: str
    number: int
    kind: str
    type: str
    item: str
    platform: str
    revision: int
    sequence: int
    decision_id: str
    message_id: str
    created_at: datetime
    decision: dict[str, Any] | None = None
    effective: Effective | None = None


class Replayed(msgspec.Struct, frozen=True):
    """To how many targets an action's message goes once more."""

    action: str
    deliveries: int


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed entry; `record` is None once it is forgotten."""

    seq: int
    id: str
    at: datetime
    kind: str
    commitment: str
    hash: str
    subject: str | None = None
    record: dict[str, Any] | None = None


Policy = dict[str, Any]
PolicyCheck = dict[str, Any]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list; `next` continues it."""

    data: list[T]
    next: str | None = None
