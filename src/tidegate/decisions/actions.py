"""Recording evaluations and decisions, and with a decision what stands by it. Both are appended and
never changed, except by erasure, and of a decision that is held (`held.py`) what becomes of it; a
restriction is made by one decision and ended by another.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.model import ERASED, ItemRow
from tidegate.decisions.looks import forget_looks, shown_of
from tidegate.decisions.model import (
    Decision,
    EntryVerdict,
    Evaluation,
    Outcome,
    Restriction,
    Subject,
    decision_json,
    ground_reserved,
    label_of,
    without_readings,
)
from tidegate.decisions.restrictions import Standing
from tidegate.decisions.shadow import note_shadows
from tidegate.decisions.tables import decisions, evaluations, restrictions
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import NewEntry
from tidegate.policy.model import Exemption, Ground

EVALUATION_COLUMNS = Evaluation.__struct_fields__

_json = msgspec.json.Encoder()
_END = (
    sa.update(restrictions)
    .where(restrictions.c.id == sa.bindparam("lifted"))
    .values(ended_by=sa.bindparam("by"))
)


def evaluation_row(evaluation: Evaluation) -> tuple[object, ...]:
    """An evaluation as a COPY row of `EVALUATION_COLUMNS`."""
    return (
        evaluation.id,
        evaluation.item_id,
        evaluation.revision,
        evaluation.stage,
        evaluation.pack,
        evaluation.bank_version,
        evaluation.verdict,
        _listed(evaluation.rules),
        _listed(evaluation.matches),
        _listed(evaluation.problems),
        evaluation.created_at.isoformat(),
    )


def _listed(values: Sequence[object]) -> str:
    """As JSON; most posts match nothing."""
    return _json.encode(values).decode() if values else "[]"


def record_evaluations(tx: Tx, found: Sequence[tuple[Evaluation, bytes, str]]) -> None:
    """Append evaluations, each with the digest of the content that was judged and whose it is, and their
    ledger entries: two COPYs, however many there are."""
    if found:
        keep_evaluations(tx, [one for one, _, _ in found])
        append_many(tx, [_judged(*one) for one in found])


def keep_evaluations(tx: Tx, found: Sequence[Evaluation]) -> None:
    """Append evaluations of which the ledger is not told."""
    tx.copy(evaluations, EVALUATION_COLUMNS, map(evaluation_row, found))
    note_shadows(tx, found)


def _judged(evaluation: Evaluation, content: bytes, platform: str) -> NewEntry:
    record = {
        "item": evaluation.item_id,
        "revision": evaluation.revision,
        "stage": evaluation.stage,
        "content": content.hex(),
        "evaluation": evaluation.id,
        "pack": evaluation.pack,
        "bank_version": evaluation.bank_version,
        "verdict": evaluation.verdict,
    }
    return NewEntry("item.judged", record, evaluation.item_id, platform)


def record(
    tx: Tx,
    *,
    item: ItemRow | None,
    revision: int | None,
    outcome: Outcome,
    reason: str,
    subject: Subject | None = None,
    platform: str | None = None,
    decided_by: str | None = None,
    label: str | None = None,
    ground: Ground | None = None,
    exemption: Exemption | None = None,
    restriction: Restriction | None = None,
    case_id: UUID | None = None,
    evaluation_id: UUID | None = None,
    lifts: Sequence[Standing] = (),
    by_order: UUID | None = None,
    leaves_at: datetime | None = None,
    judges: tuple[UUID, EntryVerdict] | None = None,
) -> Decision:
    """Append a decision with its ledger entry. `decided_by` is the actor unless a rule decided; the
    subject is the item unless it is named, with its `platform`. `lifts` are the restrictions that it
    ends, the strongest first; `judges` is what it says of a bank entry. Raises Refusal (422) for a
    restriction without a label, unless it follows a legal order: the order says why.

    The caller holds the subject's row and carries out the decision's effect; of one that is held, until
    `leaves_at`, there is none yet.
    """
    if subject is None:
        assert item is not None
        subject, platform = Subject("item", item.id), item.platform
    decision = made(
        tx,
        item=item,
        revision=revision,
        outcome=outcome,
        reason=reason,
        decided_by=decided_by,
        label=label,
        ground=ground,
        exemption=exemption,
        restriction=restriction,
        case_id=case_id,
        evaluation_id=evaluation_id,
        lifts=lifts,
        by_order=by_order,
        leaves_at=leaves_at,
        judges=judges,
    )
    keep(tx, [Made(decision, subject, platform, lifts)])
    return decision


class Made(msgspec.Struct, frozen=True):
    """A decision, what it is about and whose that is, and the restrictions that it ends."""

    decision: Decision
    subject: Subject
    platform: str | None
    lifts: Sequence[Standing] = ()


def keep(tx: Tx, found: Sequence[Made]) -> None:
    """Append decisions, each with its ledger entry, at once."""
    if found:
        tx.execute(sa.insert(decisions), [_row(one.decision) for one in found])
        append_many(tx, [_entry(one) for one in found])


def made(
    tx: Tx,
    *,
    item: ItemRow | None,
    revision: int | None,
    outcome: Outcome,
    reason: str,
    decided_by: str | None = None,
    label: str | None = None,
    ground: Ground | None = None,
    exemption: Exemption | None = None,
    restriction: Restriction | None = None,
    case_id: UUID | None = None,
    evaluation_id: UUID | None = None,
    lifts: Sequence[Standing] = (),
    by_order: UUID | None = None,
    leaves_at: datetime | None = None,
    judges: tuple[UUID, EntryVerdict] | None = None,
) -> Decision:
    """A decision as `record` makes it, which is not kept yet. Raises Refusal (422)."""
    if outcome == "restrict" and by_order is None:
        label_of(label)
    if ground is not None and ground.kind == "order" and by_order is None:
        raise ground_reserved()
    return Decision(
        id=uuid7(tx.now),
        item_id=None if item is None else item.id,
        revision=revision,
        case_id=case_id,
        evaluation_id=evaluation_id,
        outcome=outcome,
        label=label,
        ground=ground,
        exemption=exemption,
        restriction=restriction,
        reason=reason,
        decided_by=decided_by or tx.actor,
        reverses=lifts[0].decision if lifts else None,
        lifts=[one.id for one in lifts],
        created_at=tx.now,
        state="left" if leaves_at is None else "held",
        leaves_at=leaves_at,
        entry=None if judges is None else judges[0],
        entry_verdict=None if judges is None else judges[1],
        maker=None if leaves_at is None else tx.identity,
        order=by_order,
    )


def tell(tx: Tx, found: Made) -> None:
    """Append a decision's ledger entry: that it is held, or, when its effects begin, that it is made."""
    append_many(tx, [_entry(found)])


def _entry(found: Made) -> NewEntry:
    decision = found.decision
    said = decision_json(decision) | {"item": decision.item_id, "subject": found.subject}
    if found.lifts:
        said["reversed"] = [one.decision for one in found.lifts]
    if decision.state == "held":
        said["leaves_at"] = decision.leaves_at
    kind = "decision.held" if decision.state == "held" else "decision.recorded"
    return NewEntry(kind, said, found.subject.id, found.platform)


def _row(decision: Decision) -> dict[str, Any]:
    row = msgspec.structs.asdict(decision)
    ground, restriction = row.pop("ground"), row.pop("restriction")
    return row | {
        "order_id": row.pop("order"),
        "ground_kind": None if ground is None else ground.kind,
        "ground_reference": None if ground is None else ground.reference,
        "scope": None if restriction is None else restriction.scope,
        "territory": None if restriction is None else restriction.territory,
        "until": None if restriction is None else restriction.until,
    }


def begun(
    tx: Tx, decision: Decision, restriction: Restriction, order: UUID | None = None
) -> Standing:
    """The decision's restriction as it stands from now on, under the legal order if there is one, once
    `impose` has written it."""
    territory = restriction.territory
    return Standing(
        id=uuid7(tx.now),
        decision=decision.id,
        scope=restriction.scope,
        territory=None if territory is None else sorted(territory),
        since=tx.now,
        until=restriction.until,
        source="decision" if order is None else "order",
        order=order,
    )


def impose(tx: Tx, found: Sequence[tuple[UUID, Standing]]) -> None:
    """Write restrictions that begin, each with the item that it stands on."""
    rows: list[dict[str, Any]] = []
    for item_id, standing in found:
        row = msgspec.structs.asdict(standing) | {"item_id": item_id}
        row |= {"decision_id": row.pop("decision"), "order_id": row.pop("order")}
        rows.append(row)
    if rows:
        tx.execute(sa.insert(restrictions), rows)


def end_lifted(tx: Tx, found: Sequence[Decision]) -> None:
    """End the restrictions that these decisions lift."""
    lifts = [{"lifted": lifted, "by": one.id} for one in found for lifted in one.lifts]
    if lifts:
        tx.execute(_END.values(ended_at=tx.now), lifts)


def forget_readings(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """End of retention: what rules read of the items goes, since it can hold parts of the content;
    which conditions held stays.
    """
    query = sa.select(evaluations.c.id, evaluations.c.rules).where(
        evaluations.c.item_id.in_(item_ids)
    )
    for row in (one for one in tx.execute(query).all() if one.rules):
        tx.execute(
            sa.update(evaluations)
            .where(evaluations.c.id == row.id)
            .values(rules=without_readings(row.rules))
        )


def forget_explanations(tx: Tx, item_id: UUID) -> None:
    """Erasure: what rules read of the item and what people wrote about it go; the outcomes stay. What is
    held has nothing left to do."""
    forget_readings(tx, [item_id])
    tx.execute(sa.update(evaluations).where(evaluations.c.item_id == item_id).values(problems=[]))
    of_item = sa.or_(decisions.c.item_id == item_id, decisions.c.case_id.in_(shown_of(item_id)))
    forget_looks(tx, item_id)
    tx.execute(sa.update(decisions).where(of_item).values(reason=ERASED))
    held = decisions.c.state == "held"
    tx.execute(sa.update(decisions).where(of_item, held).values(state="cancelled"))
    # A rule's ground is the pack's; a person may write anything there.
    by_people = ~decisions.c.decided_by.startswith("rule:") & decisions.c.ground_kind.isnot(None)
    tx.execute(sa.update(decisions).where(of_item, by_people).values(ground_reference=ERASED))
