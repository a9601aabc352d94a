"""A measure as it is shown, with all that persons weigh: reasons and replies beside one another, what it rests on, the
ladder of steps against the organisation, and of a penalty its sheet. Times go out in full."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec

from tidegate.clocks.model import Clock
from tidegate.clocks.periods import months_on
from tidegate.clocks.queries import clocks_of
from tidegate.clocks.views import ClockView, clock_view
from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.orders.drafts.queries import FinalOrder, final_orders
from tidegate.oversight.measures.model import ENDED, Evidence, Measure, Reply, Signature
from tidegate.oversight.measures.packs import MeasurePack
from tidegate.oversight.measures.queries import (
    measures_against,
    replies_of,
    signatures_of,
)
from tidegate.oversight.measures.sheet import SheetView, read_sheet, view
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.oversight.measures import REPLY, about_measure, replied_until


class MeasureLine(msgspec.Struct, frozen=True, kw_only=True):
    """A measure in a list. `reply_until` is when the right of reply ends, or ended (None: it was not notified);
    `reply_open`: nothing can be concluded yet."""

    id: UUID
    organisation: str
    pack: str
    step: str
    title: str
    law: str
    article: str
    state: str
    created_by: str
    created_at: datetime
    notified_at: datetime | None
    reply_until: datetime | None
    reply_open: bool
    outcome: str | None
    concluded_at: datetime | None


class Rung(msgspec.Struct, frozen=True):
    """A step of the ladder: what of it was done against this organisation, the newest last."""

    step: str
    title: str
    article: str
    after: list[str]
    measures: list["Past"]


class Past(msgspec.Struct, frozen=True):
    """A measure on the ladder."""

    id: UUID
    state: str
    outcome: str | None


class RequiredView(msgspec.Struct, frozen=True):
    """What the measure requires, in words, by which article."""

    code: str
    text: str
    article: str


class FinalOrdersView(msgspec.Struct, frozen=True, kw_only=True):
    """The final orders of a time as one factor among others: `text` says what that is worth."""

    article: str
    text: str
    since: datetime
    until: datetime
    orders: list[FinalOrder]


class MeasureView(MeasureLine, frozen=True, kw_only=True):
    """A measure with all that is known of it. `reply_ends`: a reply ends the time for it."""

    reasons: str
    requires: list[RequiredView]
    evidence: list[Evidence]
    signatures: list[Signature]
    notified_by: str | None
    reply_ends: bool
    replies: list[Reply]
    outcomes: dict[str, str]
    conclusion: str | None
    concluded_by: str | None
    withdrawal: str | None
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    final_orders: FinalOrdersView | None
    sheet: SheetView | None
    ladder: list[Rung]
    clocks: list[ClockView]


def measure_lines(tx: Tx, instance: Instance, found: Sequence[Measure]) -> list[MeasureLine]:
    """Measures as a list shows them."""
    clocks = clocks_of(tx, [about_measure(one.id) for one in found]) if found else []
    by = {one.subject.id: one for one in clocks if one.name == REPLY}
    return [MeasureLine(**_line(tx, instance, one, by.get(str(one.id)))) for one in found]


def measure_view(tx: Tx, instance: Instance, measure: Measure) -> MeasureView:
    """All of one."""
    pack, step = instance.measures[measure.law], measure.at_step
    clocks = clocks_of(tx, [about_measure(measure.id)])
    reply = next((one for one in reversed(clocks) if one.name == REPLY), None)
    same = (name for name in MeasureView.__struct_fields__ if name in Measure.__struct_fields__)
    known = {name: getattr(measure, name) for name in same}
    more: dict[str, Any] = {
        "requires": required(pack, measure),
        "evidence": msgspec.convert(measure.evidence, list[Evidence]),
        "sheet": view(pack, read_sheet(measure.sheet)) if step.sheet else None,
    }
    return MeasureView(
        **(known | _line(tx, instance, measure, reply) | more),
        signatures=signatures_of(tx, measure.id),
        reply_ends=step.reply_ends,
        replies=replies_of(tx, measure.id),
        outcomes={str(name): words for name, words in step.outcomes.items()},
        final_orders=_final_orders(tx, measure),
        ladder=_ladder(tx, pack, measure),
        clocks=[clock_view(one, tx.now) for one in clocks],
    )


def shown_measure(tx: Tx, instance: Instance, measure: Measure) -> dict[str, Any]:
    """All of one, as JSON says it."""
    return told(measure_view(tx, instance, measure))


def required(pack: MeasurePack, measure: Measure) -> list[RequiredView]:
    """What a measure requires; a code that the pack has no longer stays a code."""
    known = {one.code: one for one in pack.requirements}
    return [
        RequiredView(code, known[code].text, known[code].article)
        if code in known
        else RequiredView(code, code, "")
        for code in measure.requires
    ]


def _line(tx: Tx, instance: Instance, measure: Measure, clock: Clock | None) -> dict[str, Any]:
    step = measure.at_step
    until = None if clock is None else replied_until(clock)
    return {
        "id": measure.id,
        "organisation": measure.organisation,
        "pack": measure.pack,
        "step": measure.step,
        "title": step.title,
        "law": instance.measures[measure.law].law,
        "article": step.article,
        "state": measure.state,
        "created_by": measure.created_by,
        "created_at": measure.created_at,
        "notified_at": measure.notified_at,
        "reply_until": until,
        "reply_open": until is not None and measure.state not in ENDED and tx.now < until,
        "outcome": measure.outcome,
        "concluded_at": measure.concluded_at,
    }


def _final_orders(tx: Tx, measure: Measure) -> FinalOrdersView | None:
    """Those before now; of a measure that is over, those before its end."""
    said = measure.at_step.final_orders
    if said is None:
        return None
    until = measure.concluded_at or measure.withdrawn_at or tx.now
    since = _back(until, said.months)
    return FinalOrdersView(
        article=said.article,
        text=said.text,
        since=since,
        until=until,
        orders=final_orders(tx, measure.organisation, since, until),
    )


def _back(at: datetime, months: int) -> datetime:
    """The same time of the same date so many months before."""
    moment = at.astimezone(UTC)
    day: date = months_on(moment.date(), -months)
    return datetime.combine(day, time(), UTC) + (
        moment - datetime.combine(moment.date(), time(), UTC)
    )


def _ladder(tx: Tx, pack: MeasurePack, measure: Measure) -> list[Rung]:
    past = [one for one in measures_against(tx, measure.organisation) if one.law == pack.id]
    return [
        Rung(
            step.name,
            step.title,
            step.article,
            list(step.after),
            [Past(one.id, one.state, one.outcome) for one in past if one.step == step.name],
        )
        for step in pack.steps
    ]
