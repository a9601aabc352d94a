"""What the pages of the policy show: problems at their lines, changes with who and why, what a replay says."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.content.kept import kept_revisions
from tidegate.content.model import Content
from tidegate.content.queries import item_names
from tidegate.infra.db import Tx
from tidegate.policy.changes import Change
from tidegate.policy.model import Pack, PackProblem
from tidegate.policy.replay import NEWS, Cells, RuleCount, matrix, rule_counts
from tidegate.policy.replays import Example, Replay, examples_of
from tidegate.review.media import MediaCount, count_media
from tidegate.web.pages.rows import direction, files_said
from tidegate.web.pages.visit import Visit
from tidegate.web.words import gettext as _

EXCERPT = 200
AROUND = 2  # lines shown around a problem
_WIDE = 160  # characters of a line


class Line(msgspec.Struct, frozen=True):
    """A line of the text; `at` is the column of a problem in it, as it is shown."""

    number: int
    text: str
    at: int | None = None


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong in a draft, with the lines around it."""

    rule: str
    line: int
    column: int
    message: str
    hint: str
    condition: str
    lines: list[Line]


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """Who put a version into force, or proposed it, when and why. `mine`: the reader has proposed it."""

    id: UUID
    kind: str
    state: str
    draft: str | None
    pack: str
    previous: str | None
    rolls_back_to: str | None
    reason: str
    newly_restricted: int | None
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    mine: bool


class ExampleView(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a replay as it is shown: its words, if the reader may see them (`quoted`), else what can be
    said of it; of its files only how many there are."""

    item: UUID
    name: str
    excerpt: str
    quoted: bool
    dir: str
    media: MediaCount
    before: str
    after: str
    language: str
    labels: list[str]
    exemption: str | None
    rules: list[str]


class CellView(msgspec.Struct, frozen=True):
    """How many items had one verdict and would have another, and some of them."""

    before: str
    after: str
    count: int
    examples: list[ExampleView]


class GroupView(msgspec.Struct, frozen=True, kw_only=True):
    """The items of a language, or under a label ("": none): how many, how many would be newly restricted,
    not restricted any more, or judged otherwise in another way."""

    name: str
    items: int
    newly_restricted: int
    released: int
    otherwise: int
    matrix: Cells


class ReplayView(msgspec.Struct, frozen=True, kw_only=True):
    """A replay: how far it is, and what it says so far. `exact`: it is of the very text on the page, `fresh`:
    that may go live on it. `spoken_for` counts news and counter-speech that would be newly restricted."""

    id: UUID
    days: int
    state: str
    by: str
    exact: bool
    fresh: bool
    seen: int
    total: int
    seconds_left: int | None
    created_at: datetime
    ended_at: datetime | None
    items: int
    different: int
    newly_restricted: int
    spoken_for: int
    spoken_for_examples: list[ExampleView]
    cells: list[CellView]
    languages: list[GroupView]
    labels: list[GroupView]
    rules: list[RuleCount]


def diagnostics(problems: Sequence[PackProblem], source: str) -> list[Diagnostic]:
    """The problems with the lines where they are."""
    lines = source.split("\n")
    return [
        Diagnostic(
            rule=one.rule or "",
            line=one.line or 1,
            column=one.column or 1,
            message=one.message,
            hint=one.hint or "",
            condition=one.condition or "",
            lines=_around(lines, one.line or 1, one.column or 1),
        )
        for one in problems
    ]


def _around(lines: list[str], line: int, column: int) -> list[Line]:
    first, last = max(1, line - AROUND), min(len(lines), line + AROUND)
    shown: list[Line] = []
    for number in range(first, last + 1):
        text = lines[number - 1]
        cut = max(0, column - 1 - _WIDE // 2) if number == line else 0
        at = column - cut if number == line else None
        shown.append(Line(number, text[cut : cut + _WIDE].replace("\t", " "), at))
    return shown


def change_view(visit: Visit, change: Change) -> ChangeView:
    values = {
        name: getattr(change, name) for name in ChangeView.__struct_fields__ if name != "mine"
    }
    values["proposed_by"] = _called(visit, change.proposed_by)
    values["decided_by"] = change.decided_by and _called(visit, change.decided_by)
    return ChangeView(**values, mine=change.proposed_by == visit.who.acting.identity)


def _called(visit: Visit, actor: str) -> str:
    """Whoever did it: a person by name, the program as what it is."""
    if actor.startswith("system"):
        return _("a command") if actor == "system:cli" else _("the program")
    return visit.names.called(actor)


def replay_view(
    visit: Visit, tx: Tx, replay: Replay, pack: Pack | None, digest: bytes
) -> ReplayView:
    """A replay as the reader may see it; `pack` is what it is of, None where that cannot be loaded."""
    counts = replay.counts
    shown = _examples(visit, tx, examples_of(tx, replay.id))
    first = [one for one in shown if one.exemption in NEWS and _newly(one.before, one.after)]
    elapsed = (tx.now - replay.created_at).total_seconds()
    left = max(0, replay.total - replay.seen)
    return ReplayView(
        id=replay.id,
        days=replay.days,
        state=replay.state,
        by=_called(visit, replay.actor),
        exact=replay.digest == digest,
        fresh=replay.is_fresh(tx.now) and replay.platforms is None,
        seen=replay.seen,
        total=replay.total,
        seconds_left=round(elapsed * left / replay.seen) if replay.seen else None,
        created_at=replay.created_at,
        ended_at=replay.ended_at,
        items=counts.items,
        different=counts.different(),
        newly_restricted=counts.newly_restricted(),
        spoken_for=counts.spoken_for,
        spoken_for_examples=first,
        cells=_cells(counts.cells, [one for one in shown if one not in first]),
        languages=_groups(counts.languages),
        labels=_groups(counts.labels),
        rules=rule_counts(pack, counts) if pack is not None else [],
    )


def _newly(before: str, after: str) -> bool:
    return after == "restrict" and before != "restrict"


def _cells(cells: Cells, examples: Sequence[ExampleView]) -> list[CellView]:
    return [
        CellView(
            before,
            after,
            count,
            [one for one in examples if (one.before, one.after) == (before, after)],
        )
        for before, row in matrix(cells).items()
        for after, count in row.items()
    ]


def _groups(groups: dict[str, Cells]) -> list[GroupView]:
    """Those in which more would change first, then the larger ones."""
    found = [_group(name, cells) for name, cells in groups.items()]
    return sorted(
        found,
        key=lambda one: (
            -one.newly_restricted,
            -one.released,
            -one.otherwise,
            -one.items,
            one.name,
        ),
    )


def _group(name: str, cells: Cells) -> GroupView:
    pairs = [(was, now, n) for was, row in cells.items() for now, n in row.items()]
    newly = sum(n for was, now, n in pairs if _newly(was, now))
    released = sum(n for was, now, n in pairs if _newly(now, was))
    changed = sum(n for was, now, n in pairs if was != now)
    return GroupView(
        name=name,
        items=sum(n for _was, _now, n in pairs),
        newly_restricted=newly,
        released=released,
        otherwise=changed - newly - released,
        matrix=matrix(cells),
    )


def _examples(visit: Visit, tx: Tx, examples: Sequence[Example]) -> list[ExampleView]:
    """The examples whose items are there, those with words first."""
    names = item_names(tx, [one.item_id for one in examples])
    may_read = visit.may("items:read")
    wanted = [(one.item_id, one.revision) for one in examples if may_read]
    kept = kept_revisions(tx, wanted) if wanted else {}
    shown = [
        _example(one, names[one.item_id][1], kept[key].content if key in kept else None, may_read)
        for one in examples
        if one.item_id in names and (key := (one.item_id, one.revision))
    ]
    return sorted(shown, key=lambda one: not one.quoted)


def _example(one: Example, name: str, content: Content | None, may_read: bool) -> ExampleView:
    words = " ".join((content.text or "").split()) if content is not None else ""
    media = count_media(content)
    if words:
        said = words[:EXCERPT] + ("…" if len(words) > EXCERPT else "")
    elif content is None:
        said = _("The content is gone") if may_read else _("You may not see what was posted")
    else:
        said = files_said(media) or _("A post without words")
    return ExampleView(
        item=one.item_id,
        name=name,
        excerpt=said,
        quoted=bool(words),
        dir=direction(said),
        media=media,
        before=one.before,
        after=one.after,
        language=one.language,
        labels=one.labels,
        exemption=one.exemption,
        rules=one.fired,
    )
