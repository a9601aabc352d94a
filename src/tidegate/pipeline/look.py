"""One look at revisions of items, and everything that follows from it.

A submission, a report and the look back all come through here. Banks and rules judge; an entry that
matches too much stops acting; the evaluations are kept and stand in the ledger; then each verdict is
followed: the item remembers it, a case asks people, a live rule decides and acts. What differs is
the occasion, and nothing else.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from tidegate.content.actions import STRENGTH, raise_verdicts
from tidegate.content.kept import Kept
from tidegate.content.model import Content
from tidegate.decisions.actions import record_evaluations
from tidegate.decisions.model import Evaluation, Stage, Subject, Verdict
from tidegate.decisions.queries import is_decided, telling_evaluations
from tidegate.enforcement.actions import announce_cases
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.intake.queries import Heard, report_facts
from tidegate.pipeline.decide import decide_by_rule
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Judged, Looked
from tidegate.pipeline.quarantine import ask_about, judge_counting
from tidegate.pipeline.ranking import open_ranked, rank_seen
from tidegate.policy.facts import ReportFacts
from tidegate.review.actions import edited, open_case, touch
from tidegate.review.members import join_many, of_clusters
from tidegate.review.model import EVALUATION_QUEUE, REPORT_QUEUE, CaseRow, Origin
from tidegate.review.opening import NewCase
from tidegate.review.ranking import Seen
from tidegate.signals.model import Match, decode_codes


class Occasion(msgspec.Struct, frozen=True):
    """Why revisions are looked at. `says`: of which verdicts anything is written, `all` or only of
    those with news: a match, or also a verdict that the last look did not have, or a stronger one than
    any before. `always_asks`: a case is opened or joined whatever the verdict.
    """

    stage: Stage
    origin: Origin = "evaluation"
    queue: str = EVALUATION_QUEUE
    says: Literal["all", "new matches", "new matches and verdicts", "stronger verdicts"] = "all"
    always_asks: bool = False


SUBMITTED = Occasion("fast")
REPORTED = Occasion("report", "report", REPORT_QUEUE, always_asks=True)
REPORTED_AGAIN = Occasion(
    "report", "report", REPORT_QUEUE, says="stronger verdicts", always_asks=True
)
BANKS_CHANGED = Occasion("retro", says="new matches")
RULES_CHANGED = Occasion("retro", says="new matches and verdicts")


class Outcome(msgspec.Struct, frozen=True):
    """What came of a look: the evaluation, the case that asks people, the rule's decision, and its
    action; None where the verdict asked for none."""

    evaluation: Evaluation
    case: CaseRow | None
    decision: UUID | None
    action: UUID | None


def look(
    tx: Tx,
    instance: Instance,
    looked: Sequence[Looked],
    occasion: Occasion,
    judged: list[Judged] | None = None,
) -> list[Outcome]:
    """Look at revisions and do what their verdicts ask for. Returns what came of each of which
    anything was written. The caller holds the items' rows; what is taken last is the counter of actions.
    `judged`: what `judge` has just said of them, where it was asked already.
    """
    judged, overreaching = judge_counting(tx, instance, looked, occasion.stage, judged)
    opened = ask_about(tx, judged, overreaching)
    seen = [_Seen(one, said, _decided(tx, one)) for one, said in zip(looked, judged, strict=True)]
    told = [one for one in seen if _is_told(occasion, one)]
    kept = [(one.judged.evaluation, one.looked.digest, one.looked.item.platform) for one in told]
    record_evaluations(tx, kept)
    _touch_cases(tx, told)
    raise_verdicts(tx, [(one.looked.item, _remembered(occasion, one)) for one in told])
    made = _open_new(tx, instance, occasion, told)
    opened += [
        _announced(case, one)
        for one in told
        if (case := made.get(one.looked.item.id)) and case.item_id == one.looked.item.id
    ]
    outcomes = [_follow(tx, occasion, one, opened, made) for one in told]
    _rank(tx, instance, told, outcomes, made)
    announce_cases(tx, opened)
    return outcomes


def would_follow(looked: Looked, judged: Judged, *, decided: bool) -> Verdict | None:
    """What the look back would do about a revision that is judged so: restrict or escalate it, ask a
    person (`review`), or nothing."""
    seen = _Seen(looked, judged, decided)
    if not _is_told(BANKS_CHANGED, seen):
        return None
    if judged.ruling is not None and not decided:
        return seen.verdict
    return "review" if _asks(BANKS_CHANGED, seen) else None


def recall(tx: Tx, kept: Kept) -> Looked:
    """What a further look needs to know of a kept revision: what it says, what was said of it before,
    its media's problems among that, by the first look, and what was reported about its item."""
    item = kept.item
    before = telling_evaluations(tx, item.id, item.revision)
    return Looked(
        item=item,
        # What is left where retention has ended: enough to judge a report by.
        content=kept.content
        or Content(
            surface="",
            publicness=item.publicness,
            author=item.author or "",
            created_at=item.received_at,
        ),
        digest=kept.digest,
        codes=decode_codes(kept.fingerprints),
        problems=before[0].problems if before else [],
        reports=report_facts(tx, item.id),
        before=before,
    )


class _Seen(msgspec.Struct, frozen=True):
    """A revision that was looked at, and whether a rule or a person had decided it before."""

    looked: Looked
    judged: Judged
    decided: bool

    @property
    def verdict(self) -> Verdict:
        return self.judged.evaluation.verdict


def _touch_cases(tx: Tx, told: Sequence[_Seen]) -> None:
    """The cases of these items show a further evaluation, or a further revision."""
    looked = [one.looked for one in told]
    for one in looked:
        if one.item.revision > 1 and not one.before:
            edited(tx, one.item.id, one.item.revision)
    if known := [one.item.id for one in looked if one.before or one.item.revision > 1]:
        touch(tx, known)


def _rank(
    tx: Tx,
    instance: Instance,
    told: Sequence[_Seen],
    outcomes: Sequence[Outcome],
    made: Mapping[UUID, CaseRow],
) -> None:
    """Have the cases that people are asked by stand where they belong, by what was seen just now. Those that
    were `made` do."""
    seen = [
        Seen(
            case=outcome.case,
            content=one.looked.content,
            evaluations=[*one.looked.before, one.judged.evaluation],
        )
        for one, outcome in zip(told, outcomes, strict=True)
        # What waits with another case is ranked with that, by the worker.
        if outcome.case is not None
        and one.looked.item.id not in made
        and outcome.case.item_id in (None, one.looked.item.id)
    ]
    rank_seen(tx, instance, seen)


def _decided(tx: Tx, one: Looked) -> bool:
    """Nobody can have decided what nobody has looked at: the first look does not ask."""
    return bool(one.before) and is_decided(tx, one.item.id, one.item.revision)


def _open_new(
    tx: Tx, instance: Instance, occasion: Occasion, told: Sequence[_Seen]
) -> dict[UUID, CaseRow]:
    """The cases about items that are new, which are opened together; by item. What says no more than a
    case that waits, or the first one of its cluster among these, waits with that."""
    asking = [one for one in told if one.looked.new and _asks(occasion, one)]
    clusters = {one.looked.cluster for one in asking if _joins(one)}
    waiting = of_clusters(tx, [one for one in clusters if one is not None])
    alone, beside = _parted(asking, waiting.keys())
    new = [
        NewCase(
            item=one.looked.item,
            content=one.looked.content,
            evaluation=one.judged.evaluation,
            heard=_heard(one.looked.reports),
            match=one.judged.leading_match,
            cluster=one.looked.cluster,
        )
        for one in alone
    ]
    made = open_ranked(tx, instance, new, queue=occasion.queue, origin=occasion.origin)
    found = {one.looked.item.id: case for one, case in zip(alone, made, strict=True)}
    for one, case in zip(alone, made, strict=True):
        if one.looked.cluster is not None:
            waiting.setdefault(one.looked.cluster, case)
    joined = [(waiting[cluster], one.looked.item.id) for one, cluster in beside]
    return found | join_many(tx, joined)


def _parted(
    asking: Sequence[_Seen], waiting: Collection[UUID]
) -> tuple[list[_Seen], list[tuple[_Seen, UUID]]]:
    """Those that get a case of their own, and those that wait with another of their cluster."""
    alone: list[_Seen] = []
    beside: list[tuple[_Seen, UUID]] = []
    begun = set(waiting)
    for one in asking:
        cluster = one.looked.cluster
        if cluster is not None and cluster in begun and _joins(one):
            beside.append((one, cluster))
            continue
        alone.append(one)
        if cluster is not None:
            begun.add(cluster)
    return alone, beside


def _joins(seen: _Seen) -> bool:
    """Whether it may wait with another case: nothing is known of it, and no rule calls anybody."""
    matched = seen.judged.leading_match is not None or seen.judged.ruling is not None
    return seen.looked.cluster is not None and not matched


def _heard(facts: ReportFacts) -> Heard:
    """What was reported of a new item: all of it just now."""
    return Heard(facts.count, facts.count, tuple(facts.channels), tuple(facts.reasons))


def _announced(case: CaseRow, seen: _Seen) -> OpenedCase:
    item = seen.looked.item
    return OpenedCase(case.id, case.subject, item, item.revision)


def _follow(
    tx: Tx,
    occasion: Occasion,
    seen: _Seen,
    opened: list[OpenedCase],
    made: Mapping[UUID, CaseRow],
) -> Outcome:
    """Carry out what a verdict asks for; a case that waits anew is added to `opened`, unless it was `made`
    before."""
    item, evaluation, ruling = seen.looked.item, seen.judged.evaluation, seen.judged.ruling
    decision = action = None
    case = made.get(item.id)
    if case is None and _asks(occasion, seen):
        subject = Subject("item", item.id)
        case, is_new = open_case(
            tx,
            subject=subject,
            item=item,
            revision=item.revision,
            queue=occasion.queue,
            origin=occasion.origin,
            match=seen.judged.leading_match,
        )
        if is_new:
            opened.append(_announced(case, seen))
    # What was decided before is not undone by a rule.
    if ruling is not None and not seen.decided:
        decided, issued = decide_by_rule(tx, item, evaluation, ruling)
        decision, action = decided.id, issued and issued.id
    return Outcome(evaluation, case, decision, action)


def _asks(occasion: Occasion, seen: _Seen) -> bool:
    """Whether a person is asked: what was decided needs one only for evidence that is new."""
    escalates = seen.verdict == "escalate" and not seen.decided
    threatens = seen.looked.threat is not None
    return occasion.always_asks or threatens or seen.verdict == "review" or escalates


def _remembered(occasion: Occasion, seen: _Seen) -> Verdict:
    """The verdict that retention counts by: what a person is asked about did not simply pass."""
    asked = occasion.always_asks or seen.looked.threat is not None
    return "review" if asked and seen.verdict == "pass" else seen.verdict


def _is_told(occasion: Occasion, seen: _Seen) -> bool:
    """Whether anything is written of it."""
    if occasion.says == "all" or _has_news(seen):
        return True
    before = seen.looked.before
    if occasion.says == "stronger verdicts":
        return all(STRENGTH[one.verdict] < STRENGTH[seen.verdict] for one in before)
    by_rules = occasion.says == "new matches and verdicts"
    return by_rules and bool(before) and before[-1].verdict != seen.verdict


def _has_news(seen: _Seen) -> bool:
    """Whether there is a match that no evaluation of the revision had, or not out of quarantine.
    That an entry which a person has seen in deciding was confirmed since is no news to them."""
    known = {_key(match, seen.decided) for one in seen.looked.before for match in one.matches}
    # Who acted by an entry learns nothing from its being in quarantine.
    known |= {(*key[:-1], True) for key in known}
    return any(_key(one, seen.decided) not in known for one in seen.judged.evaluation.matches)


def _key(match: Match, decided: bool) -> tuple[object, ...]:
    confirmed, quarantined = match.confirmed and not decided, match.quarantined and not decided
    return match.part, match.entry, match.kind, confirmed, quarantined
