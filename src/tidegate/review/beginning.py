"""Cases that begin: their rows, the first step of each and its entry of the ledger, any number at once."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert

from tidegate.decisions.model import Subject
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import NewEntry
from tidegate.review.membership import WAITS
from tidegate.review.model import CaseRow, Origin
from tidegate.review.queries import CASE_COLUMNS, WAITING
from tidegate.review.tables import case_events, case_members, cases


class Asked(Struct, frozen=True):
    """What a case begins about, whose that is, and the item's revision, where it is about one."""

    subject: Subject
    platform: str | None
    item_id: UUID | None = None
    revision: int | None = None


def begin(
    tx: Tx,
    asked: Sequence[Asked],
    *,
    queue: str,
    origin: Origin,
    match: dict[str, Any] | None = None,
) -> dict[UUID, CaseRow]:
    """Open a case about each of these subjects, all different, but of one about which somebody else opened one
    meanwhile; by subject. The caller holds them."""
    if not asked:
        return {}
    query = insert(cases).on_conflict_do_nothing(
        index_elements=[cases.c.subject_kind, cases.c.subject_id], index_where=WAITING
    )
    same = {"version": 1, "queue": queue, "state": "open", "origin": origin}
    same |= {} if match is None else {"match": match}
    same |= dict.fromkeys(("opened_at", "waits_since", "place_at"), tx.now)
    rows = [
        same
        | {
            "id": uuid7(tx.now),
            "subject_kind": one.subject.kind,
            "subject_id": one.subject.id,
            "platform": one.platform,
            "item_id": one.item_id,
            "revision": one.revision,
        }
        for one in asked
    ]
    tx.execute(query, rows)
    written = sa.select(*CASE_COLUMNS).where(one_of(cases.c.id, [row["id"] for row in rows]))
    opened = [CaseRow(**row) for row in tx.execute(written).mappings()]
    if not opened:
        return {}
    detail = {case.id: {"origin": origin, "revision": case.revision} for case in opened}
    steps = [
        {"case_id": id, "at": tx.now, "kind": "opened", "actor": tx.actor, "detail": said}
        for id, said in detail.items()
    ]
    tx.execute(sa.insert(case_events), steps)
    append_many(
        tx,
        [
            NewEntry(
                "case.opened",
                {"case": case.id, "subject": case.subject} | detail[case.id],
                case.subject_id,
                case.platform,
            )
            for case in opened
        ],
    )
    return {case.subject_id: case for case in opened}


def asked_before(tx: Tx, item_ids: Collection[UUID]) -> set[UUID]:
    """The items about which there is, or was, a case, and those that wait in the case of another."""
    own = sa.select(cases.c.subject_id.label("id")).where(
        cases.c.subject_kind == "item", one_of(cases.c.subject_id, item_ids)
    )
    beside = sa.select(case_members.c.item_id).where(
        one_of(case_members.c.item_id, item_ids), WAITS
    )
    return set(tx.execute(sa.union(own, beside)).scalars()) if item_ids else set()
