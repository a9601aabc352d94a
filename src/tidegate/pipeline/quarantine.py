"""Posts are judged while what they match is counted: an entry that matches too many different things
of too many authors stops acting by such routes at once, also on the posts that showed it. What would
have acted by it asks a person, and so does a case about the entry.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tidegate.decisions.model import Stage, Subject
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.judge import Judged, Looked, judge
from tidegate.review.actions import note, open_case
from tidegate.review.model import ENTRY_QUEUE
from tidegate.signals.banks.metrics import QUARANTINES
from tidegate.signals.banks.quarantine import sightings_of
from tidegate.signals.banks.sightings import (
    Overreach,
    causes,
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
    judged: list[Judged] | None = None,
) -> tuple[list[Judged], list[Overreach]]:
    """Judge revisions, unless that was done in this transaction; also the entries that went into quarantine
    by them, for `ask_about` once cases may be opened. What a revision has matched before is not counted
    again.
    """
    if judged is None:
        judged = judge(tx, instance, looked, stage)
    seen = [
        sighting
        for one, said in zip(looked, judged, strict=True)
        if said.evaluation.matches
        for sighting in sightings_of(one.item.id, one.content.author, _news(one, said), one.codes)
    ]
    if not seen:
        return judged, []
    settings = instance.settings
    over = record_sightings(tx, seen, settings.quarantine_contents, settings.quarantine_factor)
    if not over:
        return judged, []
    started = [one for found in over if (one := start_quarantine(tx, found)) is not None]
    QUARANTINES.inc(len(started))
    return judge(tx, instance, looked, stage), started


def _news(looked: Looked, judged: Judged) -> list[Match]:
    """The matches with entries that the revision has not matched before."""
    known = {match.entry for one in looked.before for match in one.matches}
    return [match for match in judged.evaluation.matches if match.entry not in known]


def ask_about(tx: Tx, judged: Sequence[Judged], started: Sequence[Overreach]) -> list[OpenedCase]:
    """Ask a person about each entry that went into quarantine, in a case about the entry, with the
    numbers, some of the items that showed it, and whose these were. Returns the cases that wait anew.

    Who confirms the entry, there or elsewhere, lifts the quarantine.
    """
    opened: list[OpenedCase] = []
    for over in started:
        match = _match_with(over.entry, judged)
        if match is None:  # taken out of use by somebody in between
            continue
        subject = Subject("entry", over.entry)
        case, is_new = open_case(
            tx,
            subject=subject,
            item=None,
            platform=over.platform,
            revision=None,
            queue=ENTRY_QUEUE,
            origin="quarantine",
            match=match,
        )
        evidence = {
            "bank": match.bank,
            "entry": match.entry,
            "contents": over.contents,
            "per_hour": round(over.per_hour, 2),
            "items": [str(item) for item in sighted_items(tx, over.entry)],
            "causes": msgspec.to_builtins(causes(tx, over.entry)),
        }
        note(tx, case.id, "quarantined", evidence)
        if is_new:
            opened.append(OpenedCase(case.id, subject))
    return opened


def _match_with(entry: UUID, judged: Sequence[Judged]) -> Match | None:
    matches = (match for one in judged for match in one.evaluation.matches)
    return next((match for match in matches if match.entry == str(entry)), None)
