"""A case's rank, and what its row in the queue shows and is filtered by: made anew with what it depends on.

Where a case opens, joins, comes back or reopens it is ranked at once; whatever else changes what it shows
leaves `ranked_at` null, and the worker makes it anew moments later, as it lifts what has waited long. None
of that is a step of the case: its version stays.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.kept import kept_revisions
from tidegate.content.media.model import leaves_unjudged
from tidegate.content.model import Content
from tidegate.decisions.looks import proposed_in
from tidegate.decisions.model import Evaluation
from tidegate.decisions.queries import evaluations_on
from tidegate.infra.db import Tx
from tidegate.intake.queries import Heard, heard_on, together
from tidegate.policy.model import RuleResult
from tidegate.review.media import count_media
from tidegate.review.members import wait_about
from tidegate.review.membership import items_of
from tidegate.review.model import CaseRow
from tidegate.review.priority import (
    RECENT,
    CaseFacts,
    aged,
    known_matches,
    priority,
)
from tidegate.review.queries import CASE_COLUMNS, WAITING
from tidegate.review.routing import Routing, queue_columns
from tidegate.review.sameness import group, keep_keys, keys_of
from tidegate.review.scoring import Scoring, columns_of_score, facts_with
from tidegate.review.tables import case_events, cases
from tidegate.signals.language import language_of
from tidegate.signals.model import Match
from tidegate.triage.kept.model import Place
from tidegate.triage.kept.queries import places_of
from tidegate.triage.records import heard_voices
from tidegate.triage.score import ScoreFacts
from tidegate.triage.voices import Heard as Voices
from tidegate.triage.voices import crowd

PAGE = 200
PROPOSED = "waits-for-another"  # what is so in a case, beside its steps
DEFAULT_SEVERITY = 3


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """By what an instance ranks: how waiting lifts a case, the key of digests, what the policy pack says of
    labels: how hard each is to look at, and which one a rule gives; and by what it scores."""

    ageing: timedelta
    key: bytes
    severities: Mapping[str, int] = {}
    labels: Mapping[str, str] = {}
    scoring: Scoring = Scoring()
    routing: Routing = Routing()

    @property
    def mark(self) -> str:
        """What a row is marked with that was ranked so: another mark is to be ranked anew."""
        return f"{self.scoring.mark(self.ageing)} {self.routing.mark}".rstrip()


class Ranked(msgspec.Struct, frozen=True):
    """How many cases are settled, the others are left for the worker; and in which queues they are, by case."""

    settled: int
    queues: Mapping[UUID, str] = {}


class Told(msgspec.Struct, frozen=True):
    """What was read for some cases at once: what was reported, what voices are worth, by item, and what
    others know, by case."""

    heard: Mapping[UUID, Heard] = {}
    voices: Mapping[UUID, Voices] = {}
    given: Mapping[UUID, ScoreFacts] = {}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A waiting case that its transaction holds, with what its item's revision says and what was said of
    that, the oldest first. `content` None: there is none, or none any more."""

    case: CaseRow
    content: Content | None = None
    evaluations: Sequence[Evaluation] = ()


def rank(tx: Tx, ranking: Ranking, seen: Sequence[Seen], *, guess: bool = False) -> Ranked:
    """Rank cases. With `guess` the language of a text is guessed where its platform names none, which takes a
    while."""
    if not seen:
        return Ranked(0)
    moved = [one.case.id for one in seen if one.case.version > 1]
    steps = _steps(tx, moved)
    for case_id in proposed_in(tx, moved) if moved else ():
        steps.setdefault(case_id, set()).add(PROPOSED)
    told = told_of(tx, ranking, seen)
    facts = {one.case.id: facts_of(one, told, steps.get(one.case.id, set())) for one in seen}
    places = places_of(tx, [one.case.item_id for one in seen if one.case.item_id])
    keys = {
        one.case.id: keys_of(
            ranking.key, one.content, facts[one.case.id].matches, _cluster(places, one.case)
        )
        for one in seen
    }
    keep_keys(tx, keys, fresh={one.case.id for one in seen if one.case.version == 1})
    groups, again = group(tx, keys)
    rows: list[dict[str, Any]] = []
    settled = 0
    for one in seen:
        case_id = one.case.id
        language, sure = language_by(one, guess=guess)
        values = columns_of(ranking, one, facts[case_id], told, tx.now)
        values |= {"language": language, "same": groups[case_id]}
        place = places.get(one.case.item_id) if one.case.item_id else None
        values |= queue_of(ranking, one, facts[case_id], values, place and place.story)
        # A post waits for the worker to find its cluster, by which it is of a group.
        placed = guess or one.content is None or one.case.item_id in places
        done = sure and placed and case_id not in again
        values["ranked_at"] = tx.now if done else None
        settled += done
        rows.append({"of_case": case_id} | {f"to_{name}": values[name] for name in COLUMNS})
    tx.execute(_RANK, rows)
    clusters = [(one.case.id, _cluster(places, one.case)) for one in seen]
    wait_about(tx, [(cluster, case_id) for case_id, cluster in clusters if cluster is not None])
    return Ranked(settled, {row["of_case"]: row["to_queue"] for row in rows})


def rank_unranked(tx: Tx, ranking: Ranking, limit: int = PAGE) -> int:
    """Rank a page of those that are not, the oldest first; returns how many. For the worker."""
    query = sa.select(*CASE_COLUMNS).where(WAITING, cases.c.ranked_at.is_(None))
    return _rank_page(tx, ranking, query.order_by(cases.c.id), limit)


def rank_stale(tx: Tx, ranking: Ranking, limit: int = PAGE) -> int:
    """Rank a page of those whose scores are of other weights, or of what was learnt much earlier; returns
    how many. For the worker."""
    mark = ranking.mark
    for other in (cases.c.scored_by < mark, cases.c.scored_by > mark):
        query = sa.select(*CASE_COLUMNS).where(WAITING, other).order_by(cases.c.scored_by)
        if done := _rank_page(tx, ranking, query, limit):
            return done
    return 0


def _rank_page(tx: Tx, ranking: Ranking, query: sa.Select[*tuple[Any, ...]], limit: int) -> int:
    query = query.limit(limit).with_for_update(skip_locked=True)
    found = [CaseRow(**row) for row in tx.execute(query).mappings()]
    places = [(one.item_id, one.revision or 0) for one in found if one.item_id is not None]
    contents = kept_revisions(tx, places)
    looks = evaluations_on(tx, [item_id for item_id, _ in places])
    seen: list[Seen] = []
    for case in found:
        if case.item_id is None:
            seen.append(Seen(case=case))
            continue
        kept = contents.get((case.item_id, case.revision or 0))
        said = [one for one in looks.get(case.item_id, []) if one.revision == case.revision]
        seen.append(Seen(case=case, content=kept.content if kept else None, evaluations=said))
    return rank(tx, ranking, seen, guess=True).settled


def _cluster(places: Mapping[UUID, Place], case: CaseRow) -> UUID | None:
    place = places.get(case.item_id) if case.item_id else None
    return place and place.cluster


def unranked_items(tx: Tx, limit: int = PAGE) -> list[tuple[UUID, int]]:
    """The items, with their revisions, of a page of the cases that are not ranked and are in no cluster, the
    oldest first."""
    query = sa.select(cases.c.item_id, cases.c.revision, cases.c.id)
    query = query.where(WAITING, cases.c.ranked_at.is_(None), cases.c.item_id.isnot(None))
    rows = tx.execute(query.order_by(cases.c.id).limit(limit)).all()
    known = places_of(tx, [row.item_id for row in rows])
    return [(row.item_id, row.revision or 0) for row in rows if row.item_id not in known]


def facts_of(seen: Seen, told: Told, steps: Collection[str] = ()) -> CaseFacts:
    """What the rank of a case depends on; `steps` are the kinds of what has happened in it since it waits."""
    case = seen.case
    said, given = _said(case, told.heard), told.given.get(case.id)
    telling = _telling(seen.evaluations)
    fired = _fired(telling)
    opened = [] if case.match is None else [msgspec.convert(case.match, Match)]
    return CaseFacts(
        origin=case.origin,
        reopened=case.reopened_at is not None,
        escalated="escalated" in steps,
        proposed=PROPOSED in steps,
        verdict=telling and telling.verdict,
        rule=fired[0].rule if fired else None,
        problems=sum(map(leaves_unjudged, telling.problems)) if telling else 0,
        reasons=frozenset(said.reasons),
        channels=frozenset(said.channels),
        reporters=said.voices,
        recent=said.recent,
        matches=known_matches(telling.matches if telling and telling.matches else opened),
        threat=None if given is None or given.threat == "none" else given.threat,
    )


def _telling(evaluations: Sequence[Evaluation]) -> Evaluation | None:
    """The newest that says more than pass, else the newest."""
    telling = [one for one in evaluations if one.verdict != "pass" or one.problems]
    return next(iter([*reversed(telling), *reversed(evaluations)]), None)


def _fired(telling: Evaluation | None) -> list[RuleResult]:
    """The live rules that spoke, first those whose word was the verdict."""
    if telling is None:
        return []
    # As they were said just now, or as they were kept.
    rules: list[RuleResult] = [
        one if isinstance(one, RuleResult) else msgspec.convert(one, RuleResult)
        for one in telling.rules
    ]
    live = [one for one in rules if one.mode == "live"]
    return sorted(live, key=lambda one: one.outcome != telling.verdict)


def columns_of(
    ranking: Ranking, seen: Seen, facts: CaseFacts, told: Told, now: datetime
) -> dict[str, Any]:
    """What the case's row shows and is filtered by, by column."""
    case = seen.case
    base, because = priority(facts)
    since = case.reopened_at or case.opened_at
    band, ages_at = aged(base, since, now, ranking.ageing)
    labels = _labels(ranking, case, facts)
    hard = [ranking.severities.get(one, DEFAULT_SEVERITY) for one in labels]
    media = count_media(seen.content)
    scored = facts_with(
        ranking.scoring,
        told.given.get(case.id),
        severity=max(hard, default=None),
        reports=facts.reporters,
        heard=told.voices.get(case.item_id) if case.item_id else None,
        content=seen.content,
    )
    return {
        "base_band": base,
        "band": band,
        "ages_at": ages_at,
        "waits_since": since,
        "because": msgspec.to_builtins(because),
        "label": labels[0] if labels else None,
        "bank": case.match["bank"] if case.match else None,
        "channels": sorted(_said(case, told.heard).channels),
        "images": media.image,
        "videos": media.video,
        "others": media.other,
        "severity": max(hard, default=DEFAULT_SEVERITY),
        **columns_of_score(ranking.scoring, scored, since, ranking.ageing),
        "scored_by": ranking.mark,
    }


def queue_of(
    ranking: Ranking,
    seen: Seen,
    facts: CaseFacts,
    values: Mapping[str, Any],
    story: UUID | None,
) -> dict[str, Any]:
    """The queue of a case by all else that its row shows, by column."""
    labels = _labels(ranking, seen.case, facts)
    return queue_columns(ranking.routing, seen.case, values, labels, story)


def _said(case: CaseRow, heard: Mapping[UUID, Heard]) -> Heard:
    return heard.get(case.item_id, _SILENCE) if case.item_id else _SILENCE


def _labels(ranking: Ranking, case: CaseRow, facts: CaseFacts) -> list[str]:
    """What the case seems to be about, the likeliest first: as its match says, else as the rule does."""
    first = list(case.match["labels"]) if case.match else []
    more = [label for match in facts.matches for label in match.labels]
    by_rule = ranking.labels.get(facts.rule or "")
    return [*first, *more, *([by_rule] if by_rule else [])]


def language_by(seen: Seen, *, guess: bool) -> tuple[str | None, bool]:
    """The language of a case's content, and whether that is settled: what the platform says, and whether
    that is all; a guess is left to whoever has the time for it."""
    content = seen.content
    if content is None or content.language or not content.text:
        return (content and content.language) or None, True
    return (language_of(content).tag or None if guess else None), guess


def told_of(tx: Tx, ranking: Ranking, seen: Sequence[Seen]) -> Told:
    """What was reported, also of what waits with a case, by the case's own item, and what others know; about an
    item that nobody had a case on nobody has reported anything before."""
    asked = [one.case for one in seen if one.case.version > 1 or one.case.origin == "report"]
    own = {case.item_id: case.id for case in asked if case.item_id is not None}
    given = ranking.scoring.given(tx, [one.case for one in seen])
    if not own:
        return Told(given=given)
    members = items_of(tx, [one.id for one in asked if one.version > 1])
    heard = heard_on(
        tx, [*own, *(item for items in members.values() for item in items)], tx.now - RECENT
    )
    voices = heard_voices(tx, list(heard))
    found = {item: [item, *members.get(case, [])] for item, case in own.items()}
    said = {
        item: together([heard[one] for one in every if one in heard])
        for item, every in found.items()
    }
    return Told(
        {item: one for item, one in said.items() if one is not None},
        {
            item: crowd([voices[one] for one in every if one in voices])
            for item, every in found.items()
            if any(one in voices for one in every)
        },
        given,
    )


def _steps(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """What has happened in these cases since they wait, by its kind."""
    found: dict[UUID, set[str]] = {}
    if not ids:
        return found
    query = (
        sa.select(case_events.c.case_id, case_events.c.kind)
        .join(cases, cases.c.id == case_events.c.case_id)
        .where(case_events.c.case_id.in_(ids))
        .where(case_events.c.at >= sa.func.coalesce(cases.c.reopened_at, cases.c.opened_at))
        .distinct()
    )
    for row in tx.execute(query):
        found.setdefault(row.case_id, set()).add(row.kind)
    return found


_SILENCE = Heard()
COLUMNS = (
    "queue",
    "routed_from",
    "ranked_at",
    "base_band",
    "band",
    "ages_at",
    "waits_since",
    "because",
    "language",
    "label",
    "bank",
    "channels",
    "images",
    "videos",
    "others",
    "severity",
    "same",
    "place_at",
    "scoring",
    "scored_by",
)
_RANK = (
    sa.update(cases)
    .where(cases.c.id == sa.bindparam("of_case"))
    .values({name: sa.bindparam(f"to_{name}") for name in COLUMNS})
)
