"""A case's page as data: what its template shows and its `.json` twin says."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.parts import Part
from tidegate.decisions.restrictions import Effective
from tidegate.decisions.told import StandingView
from tidegate.intake.grouped import ReportGroup
from tidegate.pipeline.before import Fared
from tidegate.pipeline.clusters import Alike
from tidegate.pipeline.rang import Field
from tidegate.policy.data import Offence
from tidegate.policy.model import Ground, Label
from tidegate.review.drafts import Draft
from tidegate.review.media import MediaCount
from tidegate.review.model import ShownCase
from tidegate.review.rows import Position, Same
from tidegate.review.work.model import Link, Task
from tidegate.signals.banks.model import EntryView
from tidegate.web.pages.case_parts import said
from tidegate.web.pages.case_parts.asked import TalkView
from tidegate.web.pages.case_parts.changes import Changes
from tidegate.web.pages.case_parts.graded import GradingView
from tidegate.web.pages.case_parts.panel import Panel
from tidegate.web.pages.case_parts.passages import Passage, passages
from tidegate.web.pages.case_parts.rang import RangView, spans_in
from tidegate.web.pages.case_parts.thread import Thread, readable, thread_of
from tidegate.web.pages.content import ContentView
from tidegate.web.pages.rows import Sentence, files_said
from tidegate.web.pages.scored import PriorityView
from tidegate.web.pages.tiles import MediaView


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the history: what happened, who did it, what they wrote, and what was decided by it."""

    at: datetime
    kind: str
    text: str
    by: str
    reason: str | None = None
    decision: dict[str, Any] | None = None
    detail: dict[str, Any] = {}


class EarlierItem(msgspec.Struct, frozen=True, kw_only=True):
    """A post of before, or a copy, in a line."""

    id: UUID
    item: str
    platform: str
    excerpt: str
    media: MediaCount
    received_at: datetime
    verdict: str
    restricted: bool
    decision: dict[str, Any] | None


class BeforeView(msgspec.Struct, frozen=True, kw_only=True):
    """What went before: the author's other posts, copies of the files, earlier decisions on this item."""

    author: list[EarlierItem] = []
    copies: list[EarlierItem] = []
    copies_total: int = 0
    copies_most: int = 0
    copies_decided: dict[str, int] = {}
    decisions: list[dict[str, Any]] = []


class NoteView(msgspec.Struct, frozen=True):
    """A note as it is shown."""

    by: str
    text: str
    at: datetime


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else has "taken" or "decided" the case; `outcome` of their decision."""

    what: str
    by: str
    at: datetime | None = None
    until: datetime | None = None
    outcome: str | None = None


class ChoiceView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody concluded, and why; `opened`: they had seen before what others had."""

    by: str
    at: datetime
    outcome: str
    label: str | None
    exemption: str | None
    ground: Ground | None
    scope: str | None
    territory: list[str] | None
    until: datetime | None
    reason: str
    revision: int
    opened: bool


class SecondView(msgspec.Struct, frozen=True, kw_only=True):
    """That another person is asked. What was concluded is in `choices` as far as the reader has opened it,
    or concluded it; all of it once it is settled. `mine`: the reader has had a part in it; who `proposed`
    it can take it back; what is `for_seniors` to settle the reader does not."""

    id: UUID
    state: str
    since: datetime
    mine: bool
    proposed: bool
    opened: bool
    for_seniors: bool
    choices: list[ChoiceView]


class CasePage(msgspec.Struct, frozen=True, kw_only=True):
    """A case with all that its decision needs: first what its row in the queue says. `evaluation` is the
    look to explain, the newest that says more than pass; `entries` are the entries of its matches, by id,
    `fared` how often people upheld or overturned these, and `judges` whether the person may judge the one
    that opened it. It `opens` where what it is about is closed to their role. `reports` are those of a
    page, of `reports_pages`, `rang` the words that alerts about it rang for, and `orders`
    the live ones that name it, to who may know. Each subject's kind has a template."""

    id: UUID
    item: str | None
    platform: str | None
    state: str
    queue: str
    band: int
    because: list[Sentence]
    score: float | None
    priority: PriorityView | None
    excerpt: str
    language: str | None
    dir: str
    media: MediaCount
    severity: int
    label: str | None
    clock: None
    held_by: str | None
    held_until: datetime | None
    readers: list[str]
    same: Same | None
    skips: int
    waits_since: datetime | None
    opened_at: datetime
    quoted: bool

    case: ShownCase
    item_id: UUID | None
    content: ContentView | None
    why: list[Sentence]
    voices: int
    rang: list[RangView]
    reports: list[ReportGroup]
    reports_page: int
    reports_pages: int
    reports_total: int
    reports_unread: int
    evaluation: dict[str, Any] | None
    rules: dict[str, str]
    matches: list[dict[str, Any]]
    entries: dict[str, EntryView]
    fared: dict[str, Fared]
    judges: bool
    quarantined: dict[str, Any] | None
    before: BeforeView
    cluster: Alike | None
    grading: GradingView | None
    asked: TalkView | None
    notes: list[NoteView]
    tasks: list[Task]
    links: list[Link]
    orders: list[UUID]
    history: list[Step]
    draft: Draft | None
    decision: dict[str, Any] | None
    restrictions: list[StandingView]
    effective: Effective
    may: list[str]
    mine: bool
    held: bool
    opens: bool
    labels: list[Label]
    offences: list[Offence]
    exemptions: dict[str, str]
    panel: Panel
    second: SecondView | None
    filter: str
    where: Position
    conflict: Conflict | None
    moved: Changes | None
    erased_at: datetime | None

    @property
    def thread(self) -> Thread:
        """What stood around the post."""
        return thread_of(
            self.content.content.context if self.content and self.content.content else None
        )

    @property
    def passages(self) -> list[Passage]:
        """The text, with what matched, what reporters quote and what rang marked."""
        if self.content is None or self.content.content is None:
            return []
        comments = [one.comment or "" for one in self.reports]
        rang = spans_in(self.rang, self.content.content.text or "", field="text")
        return self.content.passages(self.matches, comments, rang)

    def marked(self, field: Field, text: str) -> list[Passage]:
        """The words of a report with what rang marked; nothing where nothing of them did."""
        spans = spans_in(self.rang, text, field=field)
        return passages(text, rang=spans) if spans else []

    def told_beside(self, one: RangView) -> bool:
        """Whether the text of this stands on the page anyhow, with its marks."""
        if one.field == "text":
            content = self.content and self.content.content
            return content is not None and (content.text or "").strip() == one.text.strip()
        return any(
            (getattr(group, one.field) or "").strip() == one.text.strip() for group in self.reports
        )

    @property
    def band_words(self) -> str:
        """What the band means."""
        return said.band_words(self.band)

    def files(self, media: MediaCount) -> str:
        """How many files there are, in words."""
        return files_said(media)

    def readable(self, value: Any) -> str:
        """A value of somebody's as people read it."""
        return readable(value)

    def matched(self, file: MediaView) -> list[dict[str, Any]]:
        """The matches of a file, or of what is seen in it."""
        return [one for one in self.matches if Part.parse(one["part"]).whole == file.part]
