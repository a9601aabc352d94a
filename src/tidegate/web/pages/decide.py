"""Deciding a case on its page, by the same path as the API, and undoing it while it has not left."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from tidegate.decisions.held import decision_unknown
from tidegate.decisions.looks import find_look, second_look
from tidegate.decisions.model import Decision
from tidegate.decisions.queries import find_decision
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.parsing import convert, read_decimal, read_whole
from tidegate.pipeline.decide import ACCOUNT_UNDO
from tidegate.pipeline.leave import undo
from tidegate.pipeline.together import decide_together
from tidegate.review.drafts import drop_draft, keep_typed, save_draft
from tidegate.review.model import CaseDecisionIn, CaseRow
from tidegate.review.queries import case_unknown, match_of_case
from tidegate.web.pages import sent
from tidegate.web.pages.case import case_page
from tidegate.web.pages.case_parts.looking import not_looked_at, unseen
from tidegate.web.pages.case_parts.typed import typed_fields
from tidegate.web.pages.holding import after
from tidegate.web.pages.page import PageRoute, with_more, with_query
from tidegate.web.pages.reasons import reason_of
from tidegate.web.pages.visit import Visit
from tidegate.web.words import zone

# What is kept of a form to be there again when its decision is undone.
TYPED = ("outcome", "label", "exemption", "reason", "template", "ground_kind", "ground_reference",
         "scope", "territory", "until", "entry", "lifts", "members")  # fmt: skip
LONGEST_UNDO = 120.0


def decide(visit: Visit) -> str:
    """Decide, and go on to the next case or stay. A refused form comes back with what was typed, which is a
    draft, too: a reload still has it."""
    case_id = visit.uuid("case", case_unknown)
    try:
        return _decide(visit, case_id)
    except Refusal as refusal:
        # What somebody has proposed is kept with all that they typed for it, and not written over.
        if refusal.status in (409, 422) and refusal.type != "same-person":
            _keep_refused(visit, case_id)
        raise


def _keep_refused(visit: Visit, case_id: UUID) -> None:
    with suppress(Refusal), visit.begin() as tx:
        save_draft(tx, case_id, typed_fields(visit))


def _decide(visit: Visit, case_id: UUID) -> str:
    body = decision_body(visit)
    wait = waits(visit)
    if body.get("restriction", {}).get("scope") == "account":
        wait = max(wait, ACCOUNT_UNDO)
    within = dict(parse_qsl(visit.field("filter").removeprefix("?")))
    with visit.begin() as tx:
        pack = visit.instance.pack(tx)
        match = match_of_case(tx, case_id)
        body["reason"] = reason_of(visit, pack, body, match["bank"] if match else None)
        decision = convert(body, CaseDecisionIn)
        done = decided(visit, tx, case_id, decision, wait)
        stay = with_query(f"/cases/{case_id}", **within | done)
        sent.claim(visit, tx, stay)
    return go_on(visit, stay, within, done)


def decided(
    visit: Visit, tx: Tx, case_id: UUID, decision: CaseDecisionIn, wait: timedelta
) -> dict[str, str]:
    """Decide, or propose what waits for another person, or leave to a senior what two do not agree on; what
    to say of it. What was typed is kept for as long as it can be taken back."""
    pack = visit.instance.pack(tx)
    case = decide_together(tx, case_id, decision, pack=pack, undo=wait, where="pages")
    if (field := _by_likeness(decision)) and (parts := unseen(visit, tx, case_id)):
        raise not_looked_at(field, parts)
    typed = {name: visit.fields(name) for name in TYPED}
    if case.state != "decided":
        look = second_look(tx, case_id)
        if look is not None and look.state == "proposed":
            keep_typed(tx, case_id, typed)
            return {"done": "proposed", "undo": str(look.id)}
        drop_draft(tx, case_id)
        return {"done": "disputed"}
    if _is_held(tx, case):
        keep_typed(tx, case_id, typed)
    else:
        drop_draft(tx, case_id)
    return {"done": "decided", "undo": str(case.decision_id)}


def go_on(visit: Visit, stay: str, within: dict[str, str], done: dict[str, str]) -> str:
    """To the next case if that was asked for; the decision stands, whatever comes of this."""
    if visit.field("then") != "next":
        return stay
    with visit.begin() as tx:
        return with_more(after(visit, tx, within), **done)


def _by_likeness(decision: CaseDecisionIn) -> str | None:
    """The field by which more would be restricted, if only by what something is like."""
    if decision.outcome == "restrict":
        return "outcome"
    return "entry" if decision.entry == "confirm" else None


def _is_held(tx: Tx, case: CaseRow) -> bool:
    found = case.decision_id and find_decision(tx, case.decision_id)
    return bool(found) and found.state == "held"


def waits(visit: Visit) -> timedelta:
    """How long the decision can be undone: what the form says, else what is usual here."""
    asked = visit.field("undo_seconds")
    seconds = read_decimal(asked) if asked else visit.instance.settings.undo_seconds
    if seconds is None or seconds > LONGEST_UNDO:
        raise bad_field("/undo_seconds", f"0 to {LONGEST_UNDO:g} seconds", repr(asked[:60]))
    return timedelta(seconds=seconds)


def take_back(visit: Visit) -> str:
    """Undo a decision: its case is in hand again, with all that was typed. One that has left cannot be
    undone: what it did stands on the item's page, where it can be lifted."""
    decision_id = visit.uuid("decision", decision_unknown)
    with visit.begin() as tx:
        found = find_decision(tx, decision_id) or find_look(tx, decision_id)
    if found is None:
        raise decision_unknown(decision_id)
    item_id = found.item_id if isinstance(found, Decision) else None
    try:
        with visit.begin() as tx:
            lease = timedelta(minutes=visit.instance.settings.claim_minutes)
            case = undo(tx, decision_id, lease=lease, on="pages")
            to = with_query(f"/cases/{case.id}", done="undone")
            sent.claim(visit, tx, to)
    except Refusal as refusal:
        if refusal.status != 409:
            raise
        return _too_late(visit, refusal.type, item_id, found.case_id)
    return to


def _too_late(visit: Visit, why: str, item_id: UUID | None, case_id: UUID | None) -> str:
    lifting = why == "already-left" and item_id is not None and visit.may("items:read")
    return with_query(f"/items/{item_id}" if lifting else f"/cases/{case_id}", done=why)


def decision_body(visit: Visit) -> dict[str, Any]:
    """The form as the JSON body of the API, so that both are checked by one type."""
    names = ("outcome", "label", "exemption", "reason", "entry")
    body: dict[str, Any] = {name: visit.field(name) for name in names if visit.field(name)}
    if revision := visit.field("revision"):
        if (number := read_whole(revision)) is None:
            raise bad_field("/revision", "the number of a revision", repr(revision[:60]))
        body["revision"] = number
    if visit.field("members") == "all":
        body |= {"members": "all", "seen": read_whole(visit.field("seen")) or 1}
    reference, kind = visit.field("ground_reference"), visit.field("ground_kind", "terms")
    if reference:
        by_law = reference in {one.ground for one in visit.instance.offences}
        body["ground"] = {"kind": "law" if by_law else kind, "reference": reference}
    elif kind not in (
        "",
        "terms",
    ):  # without a word the label's own ground would be taken, whatever that is
        expected = (
            "the article or clause of the law that is the ground; or Terms, for the label's own"
        )
        raise bad_field("/ground_reference", expected, "nothing")
    territory = visit.field("territory").upper().replace(",", " ").split()
    until = visit.field("until")
    if body.get("outcome") == "restrict" and (
        territory or until or visit.field("scope", "item") != "item"
    ):
        restriction: dict[str, Any] = {"scope": visit.field("scope", "item")}
        if territory:
            restriction["territory"] = territory
        if until:
            restriction["until"] = _until(until)
        body["restriction"] = restriction
    if body.get("outcome") == "lift":
        body |= chosen(visit)
    return body


def _until(typed: str) -> str:
    """A time as a form's field has it, by the clock of whoever typed it; what is none is refused later."""
    try:
        at = datetime.fromisoformat(typed)
        return (at if at.tzinfo else at.replace(tzinfo=zone())).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return typed


def chosen(visit: Visit) -> dict[str, Any]:
    """The restrictions that are ticked, if the form lets choose: then none ticked is none chosen."""
    offered = visit.fields("lifts")
    return {"lifts": [id for id in offered if id]} if offered else {}


pages = [
    PageRoute(
        method="POST",
        path="/cases/{case}/decide",
        handler=decide,
        scope="cases:decide",
        again=case_page,
    ),
    PageRoute(
        method="POST", path="/decisions/{decision}/undo", handler=take_back, scope="cases:decide"
    ),
]
