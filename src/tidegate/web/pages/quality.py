"""How well cases are decided: how far people agree, what was overturned, how long it took. One's own figures
are one's own; those of others are for seniors, with their interval, and never in an order of merit."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from tidegate.decisions.agreement import FEWEST, Figure, agreement, quantile, share
from tidegate.decisions.looks import Said, said_since
from tidegate.infra.db import Tx
from tidegate.review.quality import Worked, seen_of, worked
from tidegate.web.kept import Kept
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.visit import Visit

DAYS = 90
STEP = 10  # by which known answers are counted: one by one they would tell which look was one


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one label, language or person, or of all. `seconds` is the time that half of the
    cases took at most, `slow` that of nine in ten; `gold` the share of known answers that were given."""

    name: str
    agreement: Figure
    overturned: Figure
    gold: Figure
    decided: int
    seconds: float | None
    slow: float | None


class QualityPage(msgspec.Struct, frozen=True, kw_only=True):
    """The figures since then. `people` is there for seniors alone, by name."""

    since: datetime
    fewest: int
    double_rate: float
    gold_rate: float
    all: Group
    own: Group
    labels: list[Group]
    languages: list[Group]
    people: list[Group] | None


class _Found(msgspec.Struct, frozen=True):
    """What was said and done, of what the reader sees."""

    said: list[Said]
    worked: list[Worked]


def show(visit: Visit) -> QualityPage:
    kept: Kept = visit.request.app.state.kept
    with visit.begin() as tx:
        since = tx.now - timedelta(days=DAYS)
        found = kept.get(("quality", tx.sight), lambda: _read(tx, since))
        me = tx.identity
    settings = visit.instance.settings
    return QualityPage(
        since=since,
        fewest=FEWEST,
        double_rate=settings.double_rate,
        gold_rate=settings.gold_rate,
        all=_group("", found.said, found.worked),
        own=_person(visit, found, me),
        labels=_by(found, lambda one: one.label),
        languages=_by(found, lambda one: one.language),
        people=_people(visit, found) if visit.may("cases:senior") else None,
    )


def _read(tx: Tx, since: datetime) -> _Found:
    said = said_since(tx, since)
    seen = seen_of(tx, [one.case for one in said])
    return _Found([one for one in said if one.case in seen], worked(tx, since))


def _group(name: str, said: Sequence[Said], done: Sequence[Worked]) -> Group:
    gold = [one.pair[0] == one.pair[1] for one in said if one.gold]
    gold = gold[: len(gold) - len(gold) % STEP]
    seconds = [one.seconds for one in done]
    return Group(
        name=name,
        agreement=agreement([one.pair for one in said if not one.gold]),
        overturned=share(sum(one.overturned for one in done), len(done)),
        gold=share(sum(gold), len(gold)),
        decided=len(done),
        seconds=quantile(seconds, 0.5),
        slow=quantile(seconds, 0.9),
    )


def _by(found: _Found, of: Callable[[Said | Worked], str | None]) -> list[Group]:
    names = {name for one in [*found.said, *found.worked] if (name := of(one)) is not None}
    return [
        _group(
            name,
            [one for one in found.said if of(one) == name],
            [one for one in found.worked if of(one) == name],
        )
        for name in sorted(names)
    ]


def _person(visit: Visit, found: _Found, person: str) -> Group:
    """Of gold, what they said themselves; of pairs, those that they are one of."""
    said = [
        one for one in found.said if (one.people[1] == person if one.gold else person in one.people)
    ]
    done = [one for one in found.worked if one.by == person]
    return _group(visit.names.called(person), said, done)


def _people(visit: Visit, found: _Found) -> list[Group]:
    people = {one.by for one in found.worked}
    people |= {name for one in found.said for name in one.people[one.gold :]}
    groups = [_person(visit, found, one) for one in people]
    return sorted(groups, key=lambda one: one.name.casefold())


pages = [
    PageRoute(
        path="/quality", handler=show, scope="cases:read", query=Query, template="quality.html"
    )
]
