"""Cases about items that are new, opened together: by COPY, however many there are.

Of an item that its transaction has just made nobody can have a case, so that none is looked for, and no two
can meet. What is written is what `open_case` writes.
"""

from collections.abc import Sequence

import msgspec

from tidegate.content.model import ItemRow
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import NewEntry
from tidegate.review.model import CaseRow, Origin
from tidegate.review.tables import case_events, cases
from tidegate.signals.model import Match


class NewCase(msgspec.Struct, frozen=True):
    """A case to be: the item that it is about, and the match to look at first."""

    item: ItemRow
    match: Match | None = None


def open_new(tx: Tx, asked: Sequence[NewCase], *, queue: str, origin: Origin) -> list[CaseRow]:
    """Open a case about each of these items, which this transaction has made; in their order."""
    made = [_case(tx, one, queue, origin) for one in asked]
    if not made:
        return []
    at = tx.now.isoformat()
    tx.copy(cases, (*_OF_CASE, "match", "waits_since"), [_row(case, at) for case in made])
    steps = [
        (case.id, at, "opened", tx.actor, _json.encode(_detail(case)).decode()) for case in made
    ]
    tx.copy(case_events, ("case_id", "at", "kind", "actor", "detail"), steps)
    append_many(tx, [_entry(case) for case in made])
    return made


def _case(tx: Tx, one: NewCase, queue: str, origin: Origin) -> CaseRow:
    return CaseRow(
        id=uuid7(tx.now),
        subject_kind="item",
        subject_id=one.item.id,
        platform=one.item.platform,
        item_id=one.item.id,
        revision=one.item.revision,
        version=1,
        queue=queue,
        state="open",
        origin=origin,
        match=None if one.match is None else msgspec.to_builtins(one.match),
        claimed_by=None,
        claimant=None,
        claimed_until=None,
        decision_id=None,
        opened_at=tx.now,
        reopened_at=None,
        decided_at=None,
    )


def _row(case: CaseRow, at: str) -> tuple[object, ...]:
    match = None if case.match is None else _json.encode(case.match).decode()
    values = (at if name == "opened_at" else getattr(case, name) for name in _OF_CASE)
    return (*values, match, at)


def _detail(case: CaseRow) -> dict[str, object]:
    return {"origin": case.origin, "revision": case.revision}


def _entry(case: CaseRow) -> NewEntry:
    record = {"case": case.id, "subject": case.subject} | _detail(case)
    return NewEntry("case.opened", record, case.subject_id, case.platform)


_json = msgspec.json.Encoder()
_OF_CASE = tuple(name for name in CaseRow.__struct_fields__ if name != "match")
