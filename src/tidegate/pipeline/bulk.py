"""One decision for many cases: who is left out, carrying it out, and undoing it.

Each case is decided in a transaction of its own, in the name of who applied the bulk, by the same path as
any other; after a kill it goes on with those that are left. The decisions are held until all are made, and
then leave together: until they do, one undo takes back all of them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from tidegate.content.queries import lock_item_by_id
from tidegate.decisions import held
from tidegate.decisions.model import DecisionIn, check
from tidegate.decisions.queries import quotes
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.parsing import convert
from tidegate.infra.slices import Home
from tidegate.pipeline.decide import decide_case
from tidegate.pipeline.leave import take_back
from tidegate.pipeline.second import waits_for_another
from tidegate.policy.model import Pack
from tidegate.review import bulk as bulks
from tidegate.review.bulk import Bulk, Member
from tidegate.review.filters import Filter
from tidegate.review.model import CaseDecisionIn, CaseRow, held_by_another
from tidegate.review.queries import lock_case, subject_of_case

OUTCOMES = ("pass", "restrict")
# What a refusal is called as the reason to leave a case out.
_WHY = {
    "case-claimed": "held",
    "case-decided": "decided",
    "case-moved": "changed",
    "item-erased": "erased",
    "invalid-body": "exemption",
    "same-person": "second-eyes",
}
STEP = 20  # cases of a bulk, before the next bulk has its turn


def preview(
    tx: Tx,
    ids: Sequence[UUID],
    filter: Filter | None,
    decision: Mapping[str, Any],
    *,
    pack: Pack,
    undo_seconds: float,
    closed: Callable[[CaseRow], bool],
) -> UUID:
    """Keep a selection and who of it is left out; its id. `closed` says of which cases the actor must look
    at more before they restrict them. Raises Refusal (422) for an outcome that is
    decided case by case alone, and where nothing is selected."""
    if decision.get("outcome") not in OUTCOMES:
        expected = f"{' or '.join(OUTCOMES)}: any other is decided case by case"
        raise bad_field("/outcome", expected, str(decision.get("outcome", "nothing")))
    if len(ids) > bulks.MOST:
        raise bad_field("/case", f"at most {bulks.MOST} cases", str(len(ids)))
    found = bulks.selected(tx, ids, filter)
    if not found:
        raise bad_field("/case", "cases that wait", "none")
    shared = _shared(tx, found) if decision["outcome"] == "restrict" else {one.id for one in found}
    told = [(one, _left_out(tx, one, decision, shared, pack, closed)) for one in found]
    return bulks.preview(tx, decision, told, undo_seconds)


def _shared(tx: Tx, found: Sequence[CaseRow]) -> set[UUID]:
    """The most of these cases that are of one content: of one group, or by an exact match with one
    confirmed entry."""
    if len(found) == 1:
        return {found[0].id}
    groups = bulks.groups_of(tx, [one.id for one in found])
    by = {one.id: {f"group {groups[one.id]}"} if one.id in groups else set[str]() for one in found}
    for one in found:
        match = one.match
        if match and match["exact"] and match["confirmed"] and match["stance"] == "known":
            by[one.id].add(f"entry {match['entry']}")
    counted = Counter(key for keys in by.values() for key in keys).most_common(1)
    return {id for id, keys in by.items() for key, count in counted if key in keys and count > 1}


def _left_out(
    tx: Tx,
    case: CaseRow,
    decision: Mapping[str, Any],
    shared: set[UUID],
    pack: Pack,
    closed: Callable[[CaseRow], bool],
) -> str | None:
    """Why a case is left out, as a code."""
    if case.state == "decided":
        return "decided"
    if held_by_another(case, tx.identity, tx.now):
        return "held"
    if case.item_id is None or case.revision is None:
        return "entry"
    if case.id not in shared:
        return "not-same"
    if decision["outcome"] == "restrict" and closed(case):
        return "unseen"
    if waits_for_another(tx, case, decision, pack):
        return "second-eyes"
    asks = decision["outcome"] == "restrict" and decision.get("exemption") is None
    return "exemption" if asks and quotes(tx, case.item_id, case.revision) else None


def apply(
    tx: Tx, bulk_id: UUID, decision: Mapping[str, Any], *, pack: Pack, undo_seconds: float
) -> Bulk:
    """Let a previewed bulk be carried out, by the worker. Raises Refusal: 404; 409 "bulk-applied"; 422 for
    a bad decision."""
    bulk = bulks.get_bulk(tx, bulk_id, lock="update")
    if bulk.state != "previewed":
        raise Refusal(
            "bulk-applied",
            409,
            "This selection is applied already",
            "Nothing was changed. Its page says how far it is.",
        )
    if decision.get("outcome") != bulk.decision["outcome"]:
        expected = f"{bulk.decision['outcome']}, which was previewed"
        raise bad_field("/outcome", expected, str(decision.get("outcome", "nothing")))
    check(convert(dict(decision), DecisionIn), pack.labels, now=tx.now)
    bulks.start(tx, bulk, decision, undo_seconds)
    return bulk


def undo(tx: Tx, bulk_id: UUID) -> None:
    """Stop a bulk, and let the worker undo all of it that has not left. What is promised here is kept:
    from now on nothing of it leaves before that. Raises Refusal: 404; 409 "already-left"."""
    bulk = bulks.get_bulk(tx, bulk_id, lock="update")
    if bulk.state in ("undoing", "undone"):
        return
    over = bulk.ended_at and bulk.ended_at + timedelta(seconds=bulk.undo_seconds) <= tx.now
    if bulk.state == "previewed" or over:
        raise Refusal(
            "already-left",
            409,
            "There is nothing to undo any more",
            "The decisions have left. A restriction can be lifted, a case reopened.",
        )
    held.leave_at(tx, bulks.stop(tx, bulk), tx.now + bulks.AT_MOST)


def take_back_all(tx: Tx, person: str) -> None:
    """Stop what an identity has running, and undo what of it was decided and has not left."""
    for bulk in bulks.lock_running(tx, person):
        held.leave_at(tx, bulks.stop(tx, bulk), tx.now + bulks.AT_MOST)


def carry_on(home: Home, pack_of: Callable[[Tx], Pack]) -> int:
    """Decide, or undo, the next cases of all bulks; returns how many. For the worker."""
    with home.database.begin() as tx:
        found = bulks.open_bulks(tx)
    done = 0
    for bulk in found:
        with home.database.begin(bulk.by) as tx:
            members = bulks.to_do(tx, bulk, STEP)
        for member in members:
            with home.database.begin(bulk.by) as tx:
                done += _one(tx, bulk, member, pack_of(tx))
        if len(members) < STEP:
            with home.database.begin(bulk.by) as tx:
                if bulks.end(tx, bulk) and bulk.state == "running":
                    leaves_at = tx.now + timedelta(seconds=bulk.undo_seconds)
                    held.leave_at(tx, bulks.decided_in(tx, bulk.id), leaves_at)
    return done


def _one(tx: Tx, bulk: Bulk, member: Member, pack: Pack) -> int:
    """One case of a bulk; 0 where somebody else has done it, or the bulk was stopped meanwhile."""
    try:
        with tx.savepoint():
            if bulk.state == "undoing":
                return _undo_one(tx, bulk, member)
            return _decide_one(tx, bulk, member, pack)
    except Refusal as refusal:
        return _skip(tx, bulk, member, refusal)


def _decide_one(tx: Tx, bulk: Bulk, member: Member, pack: Pack) -> int:
    lock_item_by_id(tx, subject_of_case(tx, member.case_id).id)
    case = lock_case(tx, member.case_id)
    now = bulks.lock_member(tx, bulk, case.id)
    if now is None or now.state != "waiting":
        return 0
    if case.version != member.version:
        by_another = held_by_another(case, tx.identity, tx.now)
        why = "decided" if case.state == "decided" else "held" if by_another else "changed"
        bulks.settle_member(tx, bulk, case.id, "left_out", why=why)
        return 1
    undo = bulks.AT_MOST if bulk.undo_seconds > 0 else timedelta()
    given = convert(bulk.decision, CaseDecisionIn)
    decided = decide_case(tx, case.id, given, pack=pack, undo=undo, where="bulk")
    bulks.settle_member(tx, bulk, case.id, "decided", decision_id=decided.decision_id)
    return 1


def _undo_one(tx: Tx, bulk: Bulk, member: Member) -> int:
    assert member.decision_id is not None
    case_id = take_back(tx, member.decision_id, lease=None, promised=True)
    bulks.settle_member(tx, bulk, case_id, "undone")
    return 1


def _skip(tx: Tx, bulk: Bulk, member: Member, refusal: Refusal) -> int:
    """A case that cannot be decided, or of which the decision cannot be undone, holds up no other."""
    if bulk.state == "undoing":
        bulks.settle_member(tx, bulk, member.case_id, "decided", why=refusal.type)
    else:
        why = _WHY.get(refusal.type, refusal.type)
        bulks.settle_member(tx, bulk, member.case_id, "left_out", why=why)
    return 1
