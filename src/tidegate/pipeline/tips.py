"""What reports bring: kept as items, judged as any, a group of them together.

A report that is about nothing else than what it brings has an item of its own, which nobody else can hold,
have a case about or have reported. So a flood of them is written by COPY, in one transaction.
"""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from psycopg import IntegrityError

from tidegate.content.admission import NewRevision, admit, keep
from tidegate.content.model import ItemRow, Key
from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.intake import references
from tidegate.intake.actions import Settled, record_reports, settle_reports
from tidegate.intake.flaggers import attribute
from tidegate.intake.model import Filed, is_anonymous
from tidegate.intake.sources import keep_sources
from tidegate.pipeline import alerts, report_answer
from tidegate.pipeline.clusters import arrival, assign
from tidegate.pipeline.escalation import judged_within_budget
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Looked
from tidegate.pipeline.look import REPORTED, SUBMITTED, Occasion, Outcome, look
from tidegate.pipeline.metrics import REPORTS
from tidegate.pipeline.report_answer import Answered, Said
from tidegate.pipeline.retry import arrival as sent
from tidegate.pipeline.screening import level_of, note_tried, rings_for
from tidegate.pipeline.senders import flagger_who_sent
from tidegate.pipeline.submission import Submission
from tidegate.pipeline.submit import kept_files
from tidegate.pipeline.told import Told
from tidegate.policy.facts import ReportFacts
from tidegate.review import alerts as review
from tidegate.review.alert_model import Rung
from tidegate.review.alerts import THREAT as ALERT
from tidegate.review.members import of_clusters
from tidegate.review.queries import voices_in
from tidegate.signals.model import Codes, encode_codes
from tidegate.signals.parts import codes_of_texts
from tidegate.triage.kept.model import Arrival


class Heard(msgspec.Struct, frozen=True):
    """What a report was answered with; None: it lost a race, and must be tried once more. `item`: what it
    is about, unless the answer was a stored one. `acted`: an action was issued, and with it the counter of
    actions is taken until the commit."""

    body: bytes | None
    item: ItemRow | None = None
    acted: bool = False


class Tip(msgspec.Struct, frozen=True):
    """Something that was brought, as an item that this transaction has made."""

    submission: Submission
    item: ItemRow
    codes: Codes


def admit_tips(
    tx: Tx, brought: Sequence[Submission], verdict: Literal["pass", "review"] = "pass"
) -> dict[Key, Tip]:
    """Make the items of what reports bring, with this verdict to begin with; those whose reports came at
    once elsewhere are left out."""
    if not brought:
        return {}
    arrivals = [sent(one) for one in sorted(brought, key=lambda one: one.key)]
    made = admit(tx, [msgspec.structs.replace(one, verdict=verdict) for one in arrivals])
    texts = codes_of_texts([one.content.worded for one in brought])
    return {
        one.key: Tip(one, found.item, [*one.codes, *codes])
        for one, codes in zip(brought, texts, strict=True)
        if (found := made.get(one.key)) is not None
    }


def keep_tips(tx: Tx, instance: Instance, tips: Sequence[Tip], outcomes: Sequence[Outcome]) -> None:
    """Keep the revisions of tips that were looked at, with their files."""
    kept = [
        NewRevision(
            item=tip.item,
            digest=tip.submission.digest,
            content=tip.submission.content,
            fingerprints=encode_codes(tip.codes),
            media=tip.submission.media,
            bank_version=outcome.evaluation.bank_version,
            files=kept_files(instance, tip.submission, outcome.evaluation.verdict),
        )
        for tip, outcome in zip(tips, outcomes, strict=True)
    ]
    keep(tx, kept)


def look_at_brought(tx: Tx, instance: Instance, tip: Tip) -> Outcome:
    """Look at what a report brings beside the item that it is about, as at a post: where rules ask for it,
    it gets a case of its own."""
    return _look(tx, instance, [tip], [ReportFacts()], SUBMITTED)[0]


def _look(
    tx: Tx,
    instance: Instance,
    tips: Sequence[Tip],
    facts: Sequence[ReportFacts],
    occasion: Occasion,
) -> list[Outcome]:
    assign(tx, instance, [arrival_of(tip) for tip in tips])
    outcomes = look(tx, instance, looked_at(tips, facts, [None] * len(tips)), occasion)
    keep_tips(tx, instance, tips, outcomes)
    return outcomes


def arrival_of(tip: Tip) -> Arrival | None:
    """A tip as clusters see it."""
    return arrival(tip.item, tip.submission.content, tip.codes)


def looked_at(
    tips: Sequence[Tip], facts: Sequence[ReportFacts], clusters: Sequence[UUID | None]
) -> list[Looked]:
    """Tips as a look sees them, with what was reported about each, and the clusters with whose cases they may
    wait."""
    return [
        Looked(
            item=tip.item,
            content=tip.submission.content,
            digest=tip.submission.digest,
            codes=tip.codes,
            problems=tip.submission.problems,
            reports=said,
            new=True,
            cluster=cluster,
        )
        for tip, said, cluster in zip(tips, facts, clusters, strict=True)
    ]


def file(
    tx: Tx,
    instance: Instance,
    told: Told,
    item: ItemRow,
    *,
    brought: ItemRow | None = None,
    counts: bool = True,
) -> Filed:
    """A report as it is to be written, with a new reference."""
    code = references.draw(instance.below)
    return Filed(
        id=uuid7(tx.now),
        taken=told.taken,
        item=item,
        brought=None if brought is None else brought.id,
        reference=code,
        reference_key=references.reference_key(instance.secrets.terms_key, code),
        counts=counts,
        request_id=told.request_id,
    )


def ring(tx: Tx, filed: Filed, about: UUID, level: str | None = None) -> Rung:
    """Call people about what is reported as a threat to a life, before rules that hear the same report
    would do so once more; `about`: the item whose alert rings anew, if there is one. `alerts.tell` follows."""
    platform = filed.item.platform
    return review.ring(tx, ALERT, item_id=about, platform=platform, report=filed.id, level=level)


def hear_tips(tx: Tx, instance: Instance, told: Sequence[Told]) -> list[Heard]:
    """Hear reports with new ids that are about nothing else than what they bring; in their order. Where one
    of them comes at once elsewhere nothing is written, and all must be tried once more."""
    lost = Heard(None)
    heard: dict[Key, Heard] = {}
    try:
        with tx.savepoint():
            tips = admit_tips(tx, [one.tip for one in told if one.tip is not None], "review")
            senders: dict[Acting, list[tuple[Told, Tip]]] = {}
            for one in told:
                if one.tip is not None and (tip := tips.get(one.tip.key)) is not None:
                    senders.setdefault(one.by, []).append((one, tip))
            for mine in senders.values():
                said = _hear(tx, instance, mine)
                heard |= {one.taken.key: found for (one, _), found in zip(mine, said, strict=True)}
    except IntegrityError:
        return [lost] * len(told)
    return [heard.get(one.taken.key, lost) for one in told]


def _hear(tx: Tx, instance: Instance, mine: Sequence[tuple[Told, Tip]]) -> list[Heard]:
    """Hear those of one sender, in their name."""
    told, tips = [one for one, _ in mine], [tip for _, tip in mine]
    requests = {one.request_id for one in told}
    tx = tx.on_behalf(told[0].by, requests.pop() if len(requests) == 1 else "")
    threats = [one.threat for one in told]
    filed = [file(tx, instance, one, tip.item) for one, tip in mine]
    record_reports(tx, filed)
    keep_sources(tx, instance.secrets, [(one.id, one.taken.said.source) for one in filed])
    for one, sent_one in zip(filed, told, strict=True):
        attribute(tx, one.id, flagger_who_sent(tx, sent_one))
        note_tried(tx, sent_one, one)
    places = assign(tx, instance, [arrival_of(tip) for tip in tips])
    clusters = [place and place.cluster for place in places]
    looked = looked_at(tips, [_facts(one) for one in told], clusters)
    anonymous = [place for place, one in enumerate(told) if is_anonymous(one.taken.said)]
    looked, noted, judged = judged_within_budget(
        tx, instance, looked, {place: filed[place].id for place in anonymous}
    )
    rung = _ring(tx, filed, clusters, threats)
    outcomes = look(tx, instance, looked, REPORTED, judged)
    keep_tips(tx, instance, tips, outcomes)
    joined = [one.case.id for one in outcomes if one.case is not None and one.case.version > 1]
    voices = voices_in(tx, joined) if joined else {}
    answered: list[Answered] = []
    for place, (one, outcome) in enumerate(zip(told, outcomes, strict=True)):
        assert outcome.case is not None
        if (heard := rung.get(filed[place].id)) is not None:
            alerts.tell(tx, heard, outcome.case.id)
        problems = [*one.taken.problems, *noted.get(place, [])]
        answered.append(
            Answered(
                told=one,
                filed=filed[place],
                brought=None,
                case=outcome.case,
                voices=voices.get(outcome.case.id, 1),
                problems=problems,
            )
        )
    priorities = report_answer.priority(tx, instance, [one.case.id for one in answered])
    said = [
        Said(cluster=group, threat=threat, priority=priority)
        for group, threat, priority in zip(clusters, threats, priorities, strict=True)
    ]
    bodies = settle(tx, answered, said)
    return [
        Heard(body, tip.item, outcome.action is not None)
        for body, tip, outcome in zip(bodies, tips, outcomes, strict=True)
    ]


def _ring(
    tx: Tx,
    filed: Sequence[Filed],
    clusters: Sequence[UUID | None],
    heard: Sequence[dict[str, Any] | None],
) -> dict[UUID, Rung]:
    """Call people about the threats among these, by report. Those of one cluster are named by one alert, that
    about the item whose case waits, and ring anew each."""
    threats = [place for place, one in enumerate(filed) if rings_for(one.taken.said, heard[place])]
    if not threats:
        return {}
    known = of_clusters(tx, [one for place in threats if (one := clusters[place]) is not None])
    about = {cluster: case.item_id for cluster, case in known.items() if case.item_id is not None}
    rung: dict[UUID, Rung] = {}
    for place in threats:
        item_id, cluster = filed[place].item.id, clusters[place]
        if cluster is not None:
            item_id = about.setdefault(cluster, item_id)
        threat = heard[place]
        called = ring(tx, filed[place], item_id, level_of(threat))
        rung[filed[place].id] = called
        if threat is not None:
            threat["alert"] = str(called.alert)
    return rung


def settle(tx: Tx, answered: Sequence[Answered], said: Sequence[Said]) -> list[bytes]:
    """Keep what reports are answered with; the answers."""
    bodies = [report_answer.answer(*one) for one in zip(answered, said, strict=True)]
    settle_reports(
        tx,
        [
            Settled(one.filed.id, one.case.id, body, one.problems)
            for one, body in zip(answered, bodies, strict=True)
        ],
    )
    for one in answered:
        REPORTS.labels(one.told.taken.said.channel).inc()
    return bodies


def _facts(told: Told) -> ReportFacts:
    """What rules hear of the only report on what it brought."""
    report = told.taken.said
    return ReportFacts(1, 1, [report.channel], [report.reason])
