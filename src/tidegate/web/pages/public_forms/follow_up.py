"""`/follow-up`: whoever has a reference sees how far their report is, answers and adds.

The reference travels in the body of the form and never in an address, where browsers and servers keep it. A code
that is none is counted for the network that asks, as keys are at `GET /v1/references/{code}`.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal
from tidegate.intake.filed import FiledReport
from tidegate.intake.messages import LONGEST
from tidegate.intake.references import read_reference
from tidegate.pipeline.messages import Told, find_referred, hear_reporter, told_of
from tidegate.pipeline.outcomes import AUTOMATED, REDRESS
from tidegate.pipeline.report_record import ReportState, state_said
from tidegate.review.standing import state_of
from tidegate.web.guesses import Guesses, stranger
from tidegate.web.pages.public_forms.shared import (
    Form,
    begin,
    form_of,
    proved,
    refuse,
    routes,
    says,
    sent_already,
    show,
)
from tidegate.web.pages.sentences import in_words
from tidegate.web.pages.visit import Visit
from tidegate.web.words import spoken

FORM = "follow-up"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said. `text` is what people wrote, `ours` sentences of ours."""

    kind: Literal["question", "answer", "addition", "outcome"]
    at: datetime
    text: str | None = None
    ours: list[str] = []
    label: str | None = None
    label_text: str | None = None
    ground: str | None = None
    redress: str | None = None


class FollowPage(msgspec.Struct, frozen=True, kw_only=True):
    """The form that asks for the reference; with one, what there is to say under it, and the form to say more."""

    form: Form
    reference: str | None = None
    state: ReportState | None = None
    received_at: datetime | None = None
    lines: list[Line] = []
    asks: bool = False
    said: bool = False


def show_form(visit: Visit) -> Response:
    """The form for the reference; where something was wrong with what was said under it, all of that again."""
    typed = visit.field("reference")
    if visit.refusal is not None and typed and "said" in _names(visit):
        try:
            with begin(visit, FORM) as tx:
                found = find_referred(tx, visit.instance, typed)
                return show(visit, "follow_up.html", _page(visit, tx, found, said=False))
        except Refusal as refusal:
            visit.refusal = refusal
    page = FollowPage(form=form_of(visit, FORM, sends=False))
    return show(visit, "follow_up.html", page)


def follow(visit: Visit) -> Response:
    """Show what there is under a reference, having taken what was said with it."""
    guesses: Guesses = visit.request.app.state.guesses
    who = stranger(visit.address)
    typed = visit.field("reference")
    refuse([None if typed else FieldError("/reference", "your reference", "nothing")])
    guesses.admit(who)
    with begin(visit, FORM) as tx:
        found = find_referred(tx, visit.instance, typed)
    guesses.found(who)
    said = "said" in _names(visit)
    if said:
        _say(visit, typed)
    with begin(visit, FORM) as tx:
        return show(visit, "follow_up.html", _page(visit, tx, found, said=said))


def _say(visit: Visit, typed: str) -> None:
    refuse([says(visit, "said", 1, LONGEST)])
    challenge, take_back = proved(visit, FORM)
    try:
        with begin(visit, FORM) as tx:
            hear_reporter(
                tx, visit.instance, typed, visit.field("said"), id=UUID(bytes=challenge.nonce)
            )
    except Refusal as refused:
        take_back()
        raise (sent_already() if refused.type == "message-changed" else refused) from refused


def _page(visit: Visit, tx: Tx, found: FiledReport, *, said: bool) -> FollowPage:
    told = told_of(tx, visit.instance, found, language=spoken().tag)
    case_state = found.case_id and state_of(tx, found.case_id)
    waits = [one.kind for one in told if one.kind in ("question", "answer")]
    reference = read_reference(visit.field("reference"))
    if said:  # the form that is shown now is another one
        visit.form = msgspec.structs.replace(visit.form, fields=[])
    return FollowPage(
        form=form_of(visit, FORM, sends=not found.erased),
        reference=reference,
        state=state_said(found, case_state or "open"),
        received_at=found.received_at,
        lines=[_line(one) for one in told],
        asks=waits[-1:] == ["question"],
        said=said,
    )


def _line(one: Told) -> Line:
    decision = one.decision
    if decision is None:
        return Line(kind=one.kind, at=one.at, text=one.text)
    ours = [decision.said, AUTOMATED if decision.automated else None]
    general = REDRESS if decision.contestable and decision.redress is None else None
    return Line(
        kind="outcome",
        at=one.at,
        text=decision.reason,
        ours=[in_words(sentence) or sentence for sentence in ours if sentence],
        label=decision.label,
        label_text=decision.label_text,
        ground=decision.ground,
        redress=decision.redress or (general and (in_words(general) or general)),
    )


def _names(visit: Visit) -> set[str]:
    return {name for name, _ in visit.form.fields}


pages = routes("/follow-up", show_form, follow)
