"""Measures on their way: drafted, signed by two persons, notified, replied to, concluded, or withdrawn.

Which steps there are, what has to come before, and how long a provider may reply is data; the program counts no
penalty and proposes none. All of this is for an authority with the function that the step takes.
"""

from datetime import datetime
from uuid import UUID

from tidegate.clocks import actions as clocks
from tidegate.clocks.model import Clock, Subject
from tidegate.clocks.queries import clocks_of
from tidegate.exchange.model import Party
from tidegate.exchange.states import UNION
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.times import in_full
from tidegate.orders.drafts.model import check_past, check_said
from tidegate.oversight.measures import actions as kept
from tidegate.oversight.measures.model import (
    ConcludeIn,
    Measure,
    MeasureIn,
    ReplyIn,
    WithdrawIn,
    after,
    check_evidence,
    may_begin,
    out_of_order,
)
from tidegate.oversight.measures.packs import Step, pack_called
from tidegate.oversight.measures.queries import measure_of, signatures_of, steps_that_stand
from tidegate.oversight.measures.sheet import SheetIn, check_sheet, read_sheet, unfinished
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.drafted import authority_of, registered
from tidegate.pipeline.orders.watching import ISSUER
from tidegate.pipeline.oversight.evidence import found_evidence
from tidegate.pipeline.own import Own

REPLY = "measures.reply"


def about_measure(id: UUID) -> Subject:
    return Subject("measure", str(id))


def begin(tx: Tx, instance: Instance, given: MeasureIn) -> Measure:
    """Keep a measure as a draft. Raises Refusal: 403 "not-competent"; 409 "step-out-of-order"; 422, of which
    "measure-not-allowed" names the article."""
    check_said("/reasons", given.reasons)
    pack = pack_called(instance.measures, given.pack)
    step = pack.step(given.step)
    own = authority_of(tx, instance, step.function)
    organisation = registered(tx, given.organisation, "/organisation")
    pack.required(given.requires)
    may_begin(step, steps_that_stand(tx, organisation.id, pack.id))
    _check_establishment(own, step, organisation, pack.law)
    evidence = found_evidence(tx, organisation.id, given.evidence)
    check_evidence(step, evidence)
    return kept.keep_draft(tx, pack, step, given, evidence)


def assess(tx: Tx, instance: Instance, id: UUID, given: SheetIn) -> Measure:
    """Fill in the sheet of a penalty, all of it each time. Raises Refusal: 403, 404, 409, 422."""
    measure = _ours(tx, instance, id)
    if not measure.at_step.sheet:
        raise out_of_order(f"{measure.at_step.title} has no sheet: a penalty alone has one.")
    after(measure.state, "assess")
    check_sheet(instance.measures[measure.law], given)
    return kept.keep_sheet(tx, measure, given)


def sign(tx: Tx, instance: Instance, id: UUID) -> Measure:
    """Sign as one of two persons; its state says whether it was the second. Raises Refusal: 403, 404; 409
    "same-person", "sheet-incomplete", "step-out-of-order"."""
    measure = _ours(tx, instance, id)
    signed = [one.by for one in signatures_of(tx, id)]
    state = after(measure.state, "sign", by=tx.identity, signed=signed)
    if measure.at_step.sheet:
        pack = instance.measures[measure.law]
        if (refusal := unfinished(pack, read_sheet(measure.sheet))) is not None:
            raise refusal
    return kept.sign(tx, measure, state)


def notify(tx: Tx, instance: Instance, id: UUID) -> Measure:
    """Write that the organisation has the letter: its right of reply runs from now on. Raises Refusal: 403, 404;
    409 "step-out-of-order" before two persons signed."""
    measure = _ours(tx, instance, id)
    after(measure.state, "notify")
    holder = registered(tx, measure.organisation, "/organisation")
    clock = clocks.start(
        tx,
        instance.clocks,
        REPLY,
        subject=about_measure(id),
        at=tx.now,
        event="measure.notified",
        us=ISSUER,
        terms=instance.clocks.terms(holder.zone, holder.member_state),
        order=None,
        limit=measure.at_step.reply,
    )
    return kept.notified(tx, measure, clock.ends_at)


def reply(tx: Tx, instance: Instance, id: UUID, given: ReplyIn) -> Measure:
    """Write down what the organisation answered, as often as it does; where the step says so, that ends its time.
    Raises Refusal: 403, 404; 409 "step-out-of-order"; 422."""
    check_said("/text", given.text)
    measure = _ours(tx, instance, id)
    after(measure.state, "reply")
    at = given.at or tx.now
    check_past(at, tx.now)
    assert measure.notified_at is not None
    if at < measure.notified_at:
        since = in_full(measure.notified_at)
        raise bad_field("/at", f"a time after it was notified, {since}", in_full(at))
    clock = reply_clock(tx, id)
    kept.keep_reply(tx, measure, given.text, at, late=clock is not None and at > clock.ends_at)
    if measure.at_step.reply_ends:
        clocks.happen(tx, instance.clocks, "measure.replied", subject=about_measure(id), at=at)
    return measure


def conclude(tx: Tx, instance: Instance, id: UUID, given: ConcludeIn) -> Measure:
    """Say whether the step stands, and why. Raises Refusal: 403, 404, 422; 409 "reply-open",
    "step-out-of-order"."""
    check_said("/reasons", given.reasons)
    measure = _ours(tx, instance, id)
    clock = reply_clock(tx, id)
    after(measure.state, "conclude", now=tx.now, until=clock and replied_until(clock))
    return kept.concluded(tx, measure, given.outcome, given.reasons)


def withdraw(tx: Tx, instance: Instance, id: UUID, given: WithdrawIn) -> Measure:
    """Take a measure back that is not concluded. Raises Refusal: 403, 404, 409, 422."""
    check_said("/reasons", given.reasons)
    measure = _ours(tx, instance, id)
    after(measure.state, "withdraw")
    clocks.happen(tx, instance.clocks, "measure.withdrawn", subject=about_measure(id), at=tx.now)
    return kept.withdrawn(tx, measure, given.reasons)


def reply_clock(tx: Tx, id: UUID) -> Clock | None:
    """The clock of the right of reply; None before the notification."""
    found = [one for one in clocks_of(tx, [about_measure(id)]) if one.name == REPLY]
    return found[-1] if found else None


def replied_until(clock: Clock) -> datetime:
    """When the right of reply is over: a reply that ended it, or the end of its time."""
    return clock.ends_at if clock.stopped_at is None else clock.stopped_at


def _ours(tx: Tx, instance: Instance, id: UUID) -> Measure:
    """A measure whose row is the transaction's. Raises Refusal: 403 without the step's function; 404."""
    measure = measure_of(tx, id, lock=True)
    authority_of(tx, instance, measure.at_step.function)
    return measure


def _check_establishment(own: Own, step: Step, organisation: Party, law: str) -> None:
    """Raises Refusal (403) where another state of the Union alone is competent."""
    theirs, ours = organisation.member_state, own.organisation.member_state
    if step.establishment is None or theirs == ours or theirs not in UNION:
        return
    raise Refusal(
        "not-competent",
        403,
        "The authority of another state is competent for that",
        f"{organisation.id} is established in {theirs}, and we are of {ours}: {law}, Article"
        f" {step.establishment}. Nothing was written. Tell the authority there.",
        article=step.establishment,
    )
