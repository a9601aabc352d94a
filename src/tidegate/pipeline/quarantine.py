"""Posts are judged while what they match is counted: an entry that matches too many different things
stops acting at once, also on the posts that showed it, and a person is asked.
"""

from collections.abc import Sequence
from uuid import UUID

from tidegate.decisions.model import Stage
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Judged, Looked, judge
from tidegate.pipeline.metrics import QUARANTINES
from tidegate.review.actions import note, open_case
from tidegate.review.model import EVALUATION_QUEUE
from tidegate.signals.banks.quarantine import sightings_of
from tidegate.signals.banks.sightings import (
    Overreach,
    record_sightings,
    sighted_items,
    start_quarantine,
)
from tidegate.signals.model import Match


def judge_counting(
    tx: Tx,
    instance: Instance,
    looked: Sequence[Looked],
    stage: Stage,
) -> tuple[list[Judged], list[Overreach]]:
    """Judge revisions; also the entries that went into quarantine by them, for `ask_about` once
    cases may be opened. What a revision has matched before is not counted again.
    """
    judged = judge(tx, instance, looked, stage)
    seen = [
        sighting
        for one, said in zip(looked, judged, strict=True)
        for sighting in sightings_of(one.item.id, _news(one, said), one.codes)
    ]
    if not seen:
        return judged, []
    settings = instance.settings
    over = record_sightings(tx, seen, settings.quarantine_contents, settings.quarantine_factor)
    if not over:
        return judged, []
    started = [one for one in over if start_quarantine(tx, one)]
    QUARANTINES.inc(len(started))
    return judge(tx, instance, looked, stage), started


def _news(looked: Looked, judged: Judged) -> list[Match]:
    """The matches with entries that the revision has not matched before."""
    known = {match.entry for one in looked.before for match in one.matches}
    return [match for match in judged.evaluation.matches if match.entry not in known]


def ask_about(
    tx: Tx,
    looked: Sequence[Looked],
    judged: Sequence[Judged],
    started: Sequence[Overreach],
) -> list[OpenedCase]:
    """Ask a person about each entry that went into quarantine: the case of an item that matches it,
    with the numbers and some of the other items. Returns the cases that wait anew.

    Who confirms the entry there or in its bank lifts the quarantine.
    """
    opened: list[OpenedCase] = []
    taken: set[UUID] = set()
    for over in started:
        hits = [
            (one.item, match)
            for one, said in zip(looked, judged, strict=True)
            for match in said.evaluation.matches
            if match.entry == str(over.entry)
        ]
        if not hits:  # taken out of use by somebody in between
            continue
        # A case shows one match: several entries at once are several items' cases, if they can be.
        free = [hit for hit in hits if hit[0].id not in taken]
        item, match = (free or hits)[0]
        taken.add(item.id)
        case, is_new = open_case(
            tx,
            item=item,
            revision=item.revision,
            queue=EVALUATION_QUEUE,
            origin="evaluation",
            match=match,
        )
        evidence = {
            "bank": match.bank,
            "entry": match.entry,
            "contents": over.contents,
            "per_hour": round(over.per_hour, 2),
            "items": [
                {"platform": platform, "id": id} for platform, id in sighted_items(tx, over.entry)
            ],
        }
        note(tx, case.id, "quarantined", evidence)
        if is_new:
            opened.append(OpenedCase(case.id, item, item.revision))
    return opened
