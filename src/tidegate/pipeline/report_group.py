"""Reports committed in groups, as submissions are: what many say at once is heard in one transaction.

Reports that bring all that they are about are heard together; each of the others by itself, in the order in
which they came, so that the second about one item finds the first.
"""

from collections.abc import Callable, Sequence

from tidegate.content.known import lock_all
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.groupcommit import DEFERRED
from tidegate.intake.model import StoredReport
from tidegate.intake.queries import answer_of, stored_reports
from tidegate.pipeline.clusters import lock
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.metrics import GROUP_SIZE
from tidegate.pipeline.report import hear
from tidegate.pipeline.screening import screened
from tidegate.pipeline.senders import refusals_of
from tidegate.pipeline.submit import Reply
from tidegate.pipeline.tips import Heard, hear_tips
from tidegate.pipeline.told import Told


def report_committer(instance: Instance) -> Callable[[Tx, Sequence[Told]], Sequence[Reply]]:
    """The commit function for `GroupCommit`."""

    def commit(tx: Tx, group: Sequence[Told]) -> Sequence[Reply]:
        return submit_reports(tx, instance, group)

    return commit


def stored_report_answers(tx: Tx, group: Sequence[Told]) -> list[bytes | Refusal | None]:
    """For each report the answer that it got before, a Refusal where its id is taken or its item erased, or
    None. A commit function for `GroupCommit`, which writes nothing."""
    known = stored_reports(tx, [one.taken.key for one in group])
    return [_from_store(one, known.get(one.taken.key)) for one in group]


def _from_store(told: Told, found: StoredReport | None) -> bytes | Refusal | None:
    try:
        return None if found is None else answer_of(found, told.taken)
    except Refusal as refused:
        return refused


def submit_reports(tx: Tx, instance: Instance, group: Sequence[Told]) -> list[Reply]:
    """Hear a group of reports. The answer of each: the JSON to send, a Refusal, of which nothing was
    written, or DEFERRED when it must wait for what goes before.

    Once an action is issued the counter of actions is taken, and nothing may be locked any more: the rest
    waits for the next group, of which it is the first. Those that bring their items lock nothing that is
    there, so any number of them may act.
    """
    stored = stored_report_answers(tx, group)
    replies: list[Reply | None] = list(stored)
    fresh: dict[tuple[str, str], int] = {}
    for place, told in enumerate(group):
        # What stands when its turn comes is what those before it leave: it waits for them.
        if told.taken.key in fresh:
            replies[place] = DEFERRED
        elif stored[place] is None:
            fresh[told.taken.key] = place
    if fresh:
        GROUP_SIZE.observe(len(fresh))
        places = list(fresh.values())
        heard_now = screened(tx, instance, [group[place] for place in places])
        group = list(group)
        for place, told in zip(places, heard_now, strict=True):
            group[place] = told
        lock(tx)  # what takes long is done before
        for place, refused in zip(places, refusals_of(tx, heard_now), strict=True):
            replies[place] = refused
        fresh = {key: place for key, place in fresh.items() if replies[place] is None}
    if fresh:
        bringing = [place for place in fresh.values() if group[place].is_about_itself]
        others = [place for place in fresh.values() if not group[place].is_about_itself]
        turns = [(bringing, hear_tips), (others, _hear_each)]
        if others and others[0] == next(iter(fresh.values())):
            turns.reverse()  # whoever came first has waited, maybe for the others to act
        for places, work in turns:
            if not places:
                continue
            found = work(tx, instance, [group[place] for place in places])
            for place, heard in zip(places, found, strict=True):
                replies[place] = heard.body if isinstance(heard, Heard) else heard
            if any(isinstance(one, Heard) and one.acted for one in found):
                break
    return [DEFERRED if reply is None else reply for reply in replies]


def _hear_each(tx: Tx, instance: Instance, told: Sequence[Told]) -> list[Heard | Refusal]:
    """Hear reports one by one, up to the first by which somebody acts."""
    if len(told) > 1:
        _lock(tx, told)
    heard: list[Heard | Refusal] = []
    for one in told:
        try:
            with tx.savepoint():
                found = hear(tx.on_behalf(one.by, one.request_id), instance, one)
        except Refusal as refused:
            heard.append(refused)
            continue
        heard.append(found)
        if found.acted:
            break
    return [*heard, *([Heard(None)] * (len(told) - len(heard)))]


def _lock(tx: Tx, told: Sequence[Told]) -> None:
    """Hold all that is there already, before anything is done about any of it."""
    keys = [(one.taken.platform, id) for one in told if (id := one.taken.said.item_id) is not None]
    places = [one.taken.address for one in told if one.taken.address is not None]
    lock_all(tx, keys, [(one.platform, one.url_key or b"") for one in places])
