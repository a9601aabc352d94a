"""Watching what arrives: count it by bins, look for surges as each bin is complete, and propose incidents.

One worker at a time does it, under a lock. What it did not get to, because none ran, is counted later and looked at
no more: a look is at the present.
"""

from datetime import datetime, timedelta

from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.review.arrivals import (
    arrived_in,
    arrived_of,
    bins_touched,
    first_received,
    stories_in,
)
from tidegate.triage.bursts import BIN, REACH, bin_of, look
from tidegate.triage.incidents.actions import begin_burst, end_bursts
from tidegate.triage.incidents.arrivals import (
    COUNTED,
    LOOKED,
    alone,
    counted_at,
    keep_arrivals,
    keep_stories,
    mark,
    move_mark,
)

# A bin is complete a little after its end: what was sent within it may still be on its way.
SETTLES = timedelta(seconds=20)
# Reports of so long before are counted once more: what was being written when they were counted.
OVERLAP = timedelta(minutes=10)
AT_ONCE = timedelta(hours=6)  # of reports in one step, after an upgrade or a rest
REACHES_BACK = timedelta(days=9)  # what was there before it was first counted


def watch(tx: Tx, instance: Instance) -> int:
    """One step; returns whether there is more to do. For the worker."""
    upto = bin_of(tx.now - SETTLES)
    if mark(tx, LOOKED) == upto or not alone(tx) or mark(tx, LOOKED) == upto:
        return 0  # asked once more when no other can be at it
    counted = mark(tx, COUNTED)
    if counted is None:
        counted = max(first_received(tx) or upto, upto - REACHES_BACK)
    if counted < upto:
        counted = count(tx, counted, min(upto, counted + AT_ONCE))
    if counted < upto:
        return 1
    look_at(tx, upto, instance)
    return 0


def count(tx: Tx, since: datetime, upto: datetime) -> datetime:
    """Count the bins of all reports that were received in this time, and those that it completed, whose
    reports may have been received before; returns how far it came."""
    touched = {one for one in bins_touched(tx, since - OVERLAP, upto + BIN) if one < upto}
    touched |= {upto - BIN, upto - 2 * BIN}
    keep_arrivals(tx, touched, arrived_in(tx, touched))
    stories = stories_in(tx, touched)
    keep_stories(tx, stories, arrived_of(tx, stories, upto - REACH * BIN))
    move_mark(tx, COUNTED, upto)
    return upto


def look_at(tx: Tx, at: datetime, instance: Instance) -> None:
    """Look for surges in what came before this moment, and end those that are over."""
    scheme = instance.schemes[instance.settings.burst_scheme]
    end_bursts(tx, at)
    counted = {one.series: one for one in counted_at(tx, at)}
    for found in look(list(counted.values()), instance.settings.burst_false_alarms):
        begin_burst(tx, found, at, scheme, counted)
    move_mark(tx, LOOKED, at)
