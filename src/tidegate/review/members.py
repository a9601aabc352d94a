"""What waits in a case beside its own item: tips that say the same as it does.

A member waits in one case at a time. Whoever decides the case says which members they mean; each of those
gets a case and a decision of its own, and the others wait on in a case of theirs. The caller holds the case.
"""

from collections.abc import Collection, Sequence
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from tidegate.content.queries import item_names
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.review.membership import WAITS, Parted, members_of
from tidegate.review.model import CaseRow
from tidegate.review.moves import change, note
from tidegate.review.queries import CASE_COLUMNS, WAITING
from tidegate.review.sight import in_sight
from tidegate.review.tables import case_members, cases, cluster_cases


def join(tx: Tx, case: CaseRow, item_id: UUID) -> CaseRow:
    """Let an item, about which no case waits, wait in this one."""
    return join_many(tx, [(case, item_id)])[item_id]


def join_many(tx: Tx, joining: Sequence[tuple[CaseRow, UUID]]) -> dict[UUID, CaseRow]:
    """Let items, about which no case waits, wait in these, which the caller holds; by item, the cases as they
    are then. All that join one case at once have joined at one version."""
    found: dict[UUID, CaseRow] = {}
    for case in {case.id: case for case, _ in joining}.values():
        items = [item for of, item in joining if of.id == case.id]
        note(tx, case.id, "reported", {"origin": "report", "count": len(items)})
        case = change(tx, case, {"ranked_at": None})
        values = {"case_id": case.id, "joined": case.version, "joined_at": tx.now}
        tx.execute(sa.insert(case_members), [values | {"item_id": item} for item in items])
        found |= dict.fromkeys(items, case)
    return found


def waits_in(tx: Tx, item_id: UUID) -> CaseRow | None:
    """The case, locked, in which the item waits beside that case's own; None: in none."""
    where = sa.select(case_members.c.case_id).where(case_members.c.item_id == item_id, WAITS)
    known = tx.execute(where).scalar_one_or_none()
    while known is not None:
        query = sa.select(*CASE_COLUMNS).where(cases.c.id == known).with_for_update()
        case = CaseRow(**tx.execute(query).mappings().one())
        # It was handed on while somebody else held the case.
        if (now := tx.execute(where).scalar_one_or_none()) == known:
            return case
        known = now
    return None


def leave(tx: Tx, item_id: UUID) -> None:
    """The item waits in the case of another no more: it was erased, or has a case of its own."""
    mine = sa.and_(case_members.c.item_id == item_id, WAITS)
    tx.execute(sa.delete(case_members).where(mine))


def chosen(
    tx: Tx, case: CaseRow, members: Literal["all"] | Sequence[str], seen: int | None
) -> list[UUID]:
    """The members that are meant, without the case's own item: all that had joined when its version was
    `seen`, or those that are named. Raises Refusal (422) for a name that is none of the case's, and where its
    own item is not among them, or for a version that the case never had."""
    if seen is not None and seen > case.version:
        raise bad_field("/seen", "a version that the case has had", str(seen))
    waiting = members_of(tx, case.id)
    if members == "all":
        return [one.item_id for one in waiting if seen is None or one.joined <= seen]
    ids = [*([case.item_id] if case.item_id else []), *(one.item_id for one in waiting)]
    called = {name: id for id, (_, name) in item_names(tx, ids).items()}
    problems = [
        FieldError(f"/members/{place}", "an item of this case", name[:64])
        for place, name in enumerate(members)
        if name not in called
    ]
    meant = {called[name] for name in members if name in called}
    if case.item_id not in meant:
        problems.append(FieldError("/members", "the case's own item among them", "others alone"))
    if problems:
        raise Refusal(
            "members-unknown",
            422,
            "These are not members of the case",
            "Nothing was decided. The case lists its members; to judge some of them apart, split their"
            " cluster first.",
            errors=problems,
        )
    return [one.item_id for one in waiting if one.item_id in meant]


def set_apart(tx: Tx, case_id: UUID, ids: Sequence[UUID]) -> None:
    """These members are being decided with their case: they wait in it no more. `part` follows, or
    `put_back`."""
    mine = (case_members.c.case_id == case_id, case_members.c.item_id.in_(ids), WAITS)
    tx.execute(sa.update(case_members).where(*mine).values(decided_with=case_id))


def put_back(tx: Tx, case_id: UUID) -> None:
    """The case was not decided: what was set apart waits in it as before."""
    mine = (case_members.c.case_id == case_id, case_members.c.decided_with == case_id)
    tx.execute(sa.update(case_members).where(*mine).values(decided_with=None))


def part(tx: Tx, case_id: UUID, with_decision: UUID, parted: Sequence[Parted]) -> None:
    """What was set apart was decided together with the case, by `with_decision`."""
    if not parted:
        return
    mine = (case_members.c.case_id == case_id, case_members.c.item_id == sa.bindparam("of_item"))
    values: dict[str, Any] = {"decided_with": with_decision, "own_case": sa.bindparam("to_case")}
    query = (
        sa.update(case_members)
        .where(*mine)
        .values(**values, decision_id=sa.bindparam("to_decision"))
    )
    rows = [
        {"of_item": one.item_id, "to_case": one.case_id, "to_decision": one.decision_id}
        for one in parted
    ]
    tx.execute(query, rows)


def come_back(tx: Tx, case_id: UUID, item_id: UUID) -> None:
    """A member's decision was undone with that of its case: it waits there again."""
    mine = (case_members.c.case_id == case_id, case_members.c.item_id == item_id)
    nothing: dict[str, Any] = dict.fromkeys(("decided_with", "own_case", "decision_id"))
    tx.execute(sa.update(case_members).where(*mine).values(nothing))


def hand_over(tx: Tx, from_case: UUID, to_case: CaseRow, item_ids: Sequence[UUID]) -> CaseRow:
    """These members of one case wait in another from now on. For its deciders all of them have joined at
    this moment."""
    case = change(tx, to_case, {"ranked_at": None})
    mine = (case_members.c.case_id == from_case, case_members.c.item_id.in_(item_ids), WAITS)
    values = {"case_id": case.id, "joined": case.version, "joined_at": tx.now}
    tx.execute(sa.update(case_members).where(*mine).values(values))
    return case


def waiting_about(tx: Tx, item_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The waiting case of each of these items, its own or that in which it waits, where the actor sees it;
    by item."""
    own = sa.select(cases.c.item_id, cases.c.id).where(
        cases.c.item_id.in_(item_ids), cases.c.subject_kind == "item", WAITING, in_sight(tx)
    )
    beside = sa.select(case_members.c.item_id, case_members.c.case_id.label("id"))
    beside = beside.join(cases, cases.c.id == case_members.c.case_id)
    beside = beside.where(case_members.c.item_id.in_(item_ids), WAITS, in_sight(tx))
    return {row.item_id: row.id for query in (beside, own) for row in tx.execute(query)}


def of_clusters(tx: Tx, cluster_ids: Collection[UUID]) -> dict[UUID, CaseRow]:
    """The case, locked, that waits about each of these clusters. One that somebody decides at this moment is
    waited for, and left out then."""
    about = sa.select(cluster_cases.c.cluster, *CASE_COLUMNS).where(
        one_of(cluster_cases.c.cluster, cluster_ids), cases.c.id == cluster_cases.c.case_id, WAITING
    )
    query = about.order_by(cases.c.id).with_for_update(of=cases)
    found: dict[UUID, CaseRow] = {}
    for row in tx.execute(query).mappings():
        values = {name: row[name] for name in CaseRow.__struct_fields__}
        found[row["cluster"]] = CaseRow(**values)
    return found


def wait_about(
    tx: Tx, waiting: Sequence[tuple[UUID, UUID]], *, instead_of: UUID | None = None
) -> None:
    """These cases wait about items of these clusters, as (cluster, case): what says the same joins, unless
    another case than `instead_of` waits about the cluster already. The caller holds the cases."""
    if not waiting:
        return
    first = dict(reversed(waiting))
    pairs = zip(*sorted(first.items()), strict=True)
    columns = [sa.func.unnest(sa.cast(one, ARRAY(sa.Uuid))) for one in pairs]
    query = insert(cluster_cases).from_select(["cluster", "case_id"], sa.select(*columns))
    other = sa.exists().where(cases.c.id == cluster_cases.c.case_id, WAITING)
    query = query.on_conflict_do_update(
        index_elements=[cluster_cases.c.cluster],
        set_={"case_id": query.excluded.case_id},
        where=sa.not_(other) | (cluster_cases.c.case_id == instead_of),
    )
    tx.execute(query)


def forget_members(tx: Tx, item_id: UUID) -> None:
    """Erasure: the item is no member of anything."""
    tx.execute(sa.delete(case_members).where(case_members.c.item_id == item_id))
