"""An incident, the machine that its state follows, its scheme, and which cases belong to it. Pure.

proposed → open → closed; what was proposed may be closed at once, which dismisses it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.policy.cel import Condition
from tidegate.policy.facts import QueueCase
from tidegate.policy.queues import condition_of, rule_as_kept
from tidegate.policy.queues import route as queue_by_rules
from tidegate.triage.bursts import Series, SeriesKind

IncidentState = Literal["proposed", "open", "closed"]
Outcome = Literal["handled", "stood_down", "false_alarm", "dismissed"]
DISMISSES: tuple[Outcome, ...] = ("dismissed", "false_alarm")  # of what was never opened
ENDS: tuple[Outcome, ...] = ("handled", "stood_down", "false_alarm")

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Reason = Annotated[str, Meta(min_length=1, max_length=2000)]
Note = Annotated[str, Meta(max_length=10_000)]
_Condition = Annotated[str, Meta(min_length=1, max_length=2000)]
_Word = Annotated[str, Meta(min_length=1, max_length=64)]


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a scheme: what it is called, and what people read."""

    name: Name
    text: Annotated[str, Meta(min_length=1, max_length=2000)]


class Scheme(msgspec.Struct, frozen=True, kw_only=True):
    """A protocol, as a file says it: by which `criteria` it is opened, which `checks` come first, its
    `levels` and its `steps`. Whoever opens one has the scope that it `activates` by."""

    name: str
    version: int
    title: str
    text: str
    activates: str
    criteria: list[Item] = []
    checks: list[Item] = []
    levels: list[Item] = []
    steps: list[Item] = []
    translations: Mapping[str, Mapping[str, str]] = {}

    def in_language(self, tag: str) -> "Scheme":
        """The same in a language, as far as the file has it."""
        said = self.translations.get(tag)
        if said is None:
            return self
        parts: dict[str, Any] = {
            part: [
                Item(one.name, said.get(f"{part}.{one.name}", one.text))
                for one in getattr(self, part)
            ]
            for part in PARTS
        }
        heads = {one: said.get(one, getattr(self, one)) for one in ("title", "text")}
        return msgspec.structs.replace(self, **parts, **heads)


PARTS = ("criteria", "checks", "levels", "steps")
Schemes = Mapping[str, Scheme]


class Routes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which cases go into an incident's queue: all that is named must hold, of each list one, but of `when`
    (conditions in CEL, as rules for queues have) every one. What names nothing takes nothing."""

    languages: Annotated[list[_Word], Meta(max_length=50)] = []
    labels: Annotated[list[_Word], Meta(max_length=50)] = []
    story: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    when: Annotated[list[_Condition], Meta(max_length=20)] = []


class IncidentIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody proposes as an incident."""

    scheme: Name
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    platform: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] | None = None
    note: Note | None = None


class OpenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an incident is opened: why, at which level of its scheme (or of another `scheme`), which of the
    scheme's criteria hold, which cases go into its queue, and into which bank its content."""

    reason: Reason
    level: Name | None = None
    scheme: Name | None = None
    criteria: Annotated[list[Name], Meta(max_length=100)] = []
    routes: Routes = Routes()
    bank: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] | None = None


class StepIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    step: Name
    note: Note | None = None


class CloseIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    outcome: Outcome
    reason: Reason


class Volume(msgspec.Struct, frozen=True):
    """How many voices came in a bin that began then."""

    at: datetime
    count: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Why a surge was told: so many in the last minutes, where so many were expected, and the chances of that
    under an unchanged rate, by the time just before and by the same hours of the days before. `volumes` are
    the bins around it that are not empty."""

    kind: SeriesKind
    key: str
    began_at: datetime
    found_at: datetime
    ended_at: datetime | None
    minutes: int
    observed: int
    expected: float
    ratio: float | None
    p: float
    p_before: float
    p_days: float | None
    volumes: list[Volume] = []


class Taken(msgspec.Struct, frozen=True):
    """A step that was taken."""

    step: str
    by: str
    at: datetime
    note: str | None = None


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it is listed; one alone has its `evidence` with volumes. `scopes` is the evidence of each
    series in which the same surge was found: that by which it was proposed first."""

    id: UUID
    state: IncidentState
    scheme: str
    scheme_version: int
    title: str
    platform: str | None
    note: str | None
    level: str | None
    criteria: list[str]
    queue: str | None
    routes: Routes
    bank: str | None
    series: Series | None
    proposed_by: str
    proposed_at: datetime
    opened_by: str | None
    opened_at: datetime | None
    opening_reason: str | None
    closed_by: str | None
    closed_at: datetime | None
    outcome: Outcome | None
    closing_reason: str | None
    steps: list[Taken] = []
    evidence: Evidence | None = None
    scopes: list[Evidence] = []

    @property
    def found_by_burst(self) -> bool:
        return self.series is not None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a case when its queue is chosen; `case` is what conditions read."""

    platform: str
    language: str | None = None
    labels: Sequence[str] = ()
    story: str | None = None
    case: QueueCase = QueueCase()


class Route(msgspec.Struct, frozen=True):
    """The queue of an open incident, of which platform (None: all), and what goes there."""

    queue: str
    platform: str | None
    takes: Routes


def queue_for(routes: Iterable[Route], facts: Facts) -> tuple[str | None, str | None]:
    """The first of these queues that takes a case (None: none does), and the first whose conditions could not be
    evaluated: it takes nothing."""
    failed: str | None = None
    for one in routes:
        takes = _takes(one, facts)
        if takes:
            return one.queue, failed
        if takes is None:
            failed = failed or one.queue
    return None, failed


def _takes(route: Route, facts: Facts) -> bool | None:
    """Whether a case goes there; None: that cannot be said."""
    takes = route.takes
    if route.platform not in (None, facts.platform):
        return False
    said = [
        *([language_key(facts.language or "") in map(language_key, takes.languages)]
          if takes.languages else []),
        *([not set(takes.labels).isdisjoint(facts.labels)] if takes.labels else []),
        *([facts.story == takes.story] if takes.story is not None else []),
    ]  # fmt: skip
    if not all(said) or not takes.when:
        return bool(said) and all(said)
    rule = rule_as_kept(route.queue, route.queue, tuple(takes.when))
    told = None if rule is None else queue_by_rules([rule], facts.case)
    return None if told is None or told.failed is not None else told.queue is not None


def language_key(tag: str) -> str:
    """A language without its region: de of de-AT."""
    return tag.lower().partition("-")[0]


def surge_title(series: Series) -> str:
    """What an incident is called that a burst proposed."""
    what = {"all": "", "language": f" in {series.key}", "story": f" about {series.key}"}
    return f"Surge of reports{what[series.kind]} on {series.platform}"


def check_routes(routes: Routes) -> None:
    """Raises Refusal (422) for conditions that cannot be read, each with its place and what may be meant."""
    problems = [
        FieldError(
            f"/routes/when/{at}",
            f"a condition: {one.message}" + (f"; {one.hint}" if one.hint else ""),
            f"column {one.offset + 1} of {source[:64]}",
        )
        for at, source in enumerate(routes.when)
        if not isinstance(found := condition_of(source), Condition)
        for one in found
    ]
    if problems:
        raise Refusal(
            "invalid-body",
            422,
            "The body is not what this route takes",
            "Nothing was changed.",
            errors=problems,
        )


def check_opening(state: IncidentState, scheme: Scheme, said: OpenIn) -> None:
    """Raises Refusal: 409 for one that is not proposed, 422 for a level or criterion that the scheme has
    not."""
    if state != "proposed":
        raise Refusal(
            "incident-not-proposed",
            409,
            "The incident is not proposed any more",
            f"It is {state}. What is open is open; what was closed is proposed anew.",
        )
    check_routes(said.routes)
    if said.level is not None:
        _one_of("/level", said.level, scheme.levels)
    for at, one in enumerate(said.criteria):
        _one_of(f"/criteria/{at}", one, scheme.criteria)


def check_step(state: IncidentState, scheme: Scheme, step: str, taken: Iterable[str]) -> None:
    """Raises Refusal: 409 for one that is not open or a step that was taken, 422 for one that the scheme
    has not."""
    if state != "open":
        raise Refusal(
            "incident-not-open",
            409,
            "The incident is not open",
            f"It is {state}. Steps are taken while it is open.",
        )
    _one_of("/step", step, scheme.steps)
    if step in taken:
        raise Refusal(
            "step-taken",
            409,
            "The step was taken already",
            f"{step} is done once. What there is more to say of it goes into the note of another step.",
        )


def check_closing(state: IncidentState, outcome: Outcome) -> None:
    """Raises Refusal (409) for one that is closed, or cannot end so."""
    if state == "closed":
        raise Refusal(
            "incident-closed", 409, "The incident is closed already", "Nothing was changed."
        )
    ends = DISMISSES if state == "proposed" else ENDS
    if outcome not in ends:
        raise Refusal(
            "outcome-not-of-state",
            409,
            "The incident cannot end so",
            f"One that is {state} ends as one of these: {', '.join(ends)}.",
        )


def _one_of(pointer: str, name: str, items: Sequence[Item]) -> None:
    if name not in {one.name for one in items}:
        known = ", ".join(one.name for one in items) or "nothing"
        raise bad_field(pointer, f"one of {known}", name)


def scheme_of(schemes: Schemes, name: str) -> Scheme:
    """Raises Refusal (422) for one that is not there."""
    if name not in schemes:
        raise bad_field("/scheme", f"one of {', '.join(sorted(schemes))}", name)
    return schemes[name]


def scheme_as_kept(schemes: Schemes, name: str, version: int) -> Scheme:
    """The scheme of an incident, also of one whose file is gone since: then it has no more than a name."""
    empty = Scheme(name=name, version=version, title=name, text="", activates="incidents:write")
    return schemes.get(name, empty)


def activation_refused(scheme: Scheme) -> Refusal:
    """The 403 of who may not open what this scheme is for."""
    return Refusal(
        "activation-not-yours",
        403,
        "This scheme is opened by others",
        f"Nothing was changed. {scheme.name} is opened with the scope {scheme.activates!r}.",
        scope=scheme.activates,
    )


def incident_unknown(incident_id: object) -> Refusal:
    return Refusal(
        "incident-unknown",
        404,
        "There is no such incident",
        f"No incident {str(incident_id)[:64]}.",
    )


# How much of what was counted an incident's evidence shows.
SHOWN_BEFORE = timedelta(hours=12)
SHOWN_AFTER = timedelta(hours=36)
