"""The verbs of measures as stored: keep a draft, its sheet, a signature, a reply, and let a measure go a step. Each
tells the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.oversight.measures.model import Evidence, Measure, MeasureIn, Reply, State
from tidegate.oversight.measures.packs import MeasurePack, Step
from tidegate.oversight.measures.sheet import SheetIn
from tidegate.oversight.measures.tables import measure_replies, measure_signatures, measures


def keep_draft(
    tx: Tx, pack: MeasurePack, step: Step, given: MeasureIn, evidence: Sequence[Evidence]
) -> Measure:
    """Write a measure as its draft, with the evidence as it was found."""
    measure = Measure(
        id=uuid7(tx.now),
        organisation=given.organisation,
        pack=f"{pack.id}@{pack.version}",
        step=step.name,
        terms=msgspec.to_builtins(step),
        state="draft",
        reasons=given.reasons,
        requires=given.requires,
        evidence=msgspec.to_builtins(list(evidence)),
        sheet=None,
        created_by=tx.identity,
        created_at=tx.now,
    )
    tx.execute(sa.insert(measures).values(msgspec.structs.asdict(measure)))
    said = {"requires": measure.requires}
    said |= {"evidence": [[one.kind, one.id] for one in evidence]}
    _tell(tx, "measure.drafted", measure, said)
    return measure


def keep_sheet(tx: Tx, measure: Measure, sheet: SheetIn) -> Measure:
    """Write what persons filled in, in place of what was there."""
    after = _change(tx, measure, sheet=msgspec.to_builtins(sheet))
    _tell(tx, "measure.assessed", after, {"infringements": sheet.infringements})
    return after


def sign(tx: Tx, measure: Measure, state: State) -> Measure:
    """Write that the actor signed."""
    row = {"measure_id": measure.id, "by": tx.identity, "at": tx.now}
    tx.execute(sa.insert(measure_signatures).values(row))
    after = _change(tx, measure, state=state)
    _tell(tx, "measure.signed", after, {"by": tx.identity})
    return after


def keep_reply(tx: Tx, measure: Measure, text: str, at: datetime, *, late: bool) -> Reply:
    """Write down what the organisation answered."""
    reply = Reply(
        id=uuid7(tx.now), at=at, text=text, late=late, noted_by=tx.identity, noted_at=tx.now
    )
    row = msgspec.structs.asdict(reply) | {"measure_id": measure.id}
    tx.execute(sa.insert(measure_replies).values(row))
    _tell(tx, "measure.replied", measure, {"reply": reply.id, "at": at, "late": late})
    return reply


def notified(tx: Tx, measure: Measure, until: datetime) -> Measure:
    """Write that the organisation has the letter; its reply may come until then."""
    said = {"notified_by": tx.identity, "notified_at": tx.now}
    after = _change(tx, measure, state="notified", **said)
    _tell(tx, "measure.notified", after, {"until": until})
    return after


def concluded(tx: Tx, measure: Measure, outcome: str, reasons: str) -> Measure:
    """Write how the step ended."""
    said = {"outcome": outcome, "conclusion": reasons, "concluded_by": tx.identity}
    after = _change(tx, measure, state="concluded", concluded_at=tx.now, **said)
    _tell(tx, "measure.concluded", after, {"outcome": outcome})
    return after


def withdrawn(tx: Tx, measure: Measure, reasons: str) -> Measure:
    """Write that it was taken back."""
    said = {"withdrawal": reasons, "withdrawn_by": tx.identity, "withdrawn_at": tx.now}
    after = _change(tx, measure, state="withdrawn", **said)
    _tell(tx, "measure.withdrawn", after, {})
    return after


def _change(tx: Tx, measure: Measure, **changes: Any) -> Measure:
    tx.execute(sa.update(measures).where(measures.c.id == measure.id).values(changes))
    return msgspec.structs.replace(measure, **changes)


def _tell(tx: Tx, kind: str, measure: Measure, said: dict[str, Any]) -> None:
    record = {
        "measure": measure.id,
        "organisation": measure.organisation,
        "step": measure.step,
        "state": measure.state,
    }
    append(tx, kind, record | said, measure.id)
