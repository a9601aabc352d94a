"""Orders of ours, from the draft to the end, as officers and those who approve make them: one form a verb."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from tidegate.access.signatures import Signature, signature_of
from tidegate.exchange.model import Party
from tidegate.exchange.queries import organisation, parties
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.orders.drafts.model import (
    AccessIn,
    AnswerIn,
    CarriedIn,
    ClaimedIn,
    DraftIn,
    ExtendIn,
    IssueIn,
    PreserveIn,
    ReasonIn,
)
from tidegate.pipeline.orders import drafted, following
from tidegate.web.pages.order_verbs import of_verb
from tidegate.web.pages.orders import one_page, order_id_of
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit

T = TypeVar("T")
PLATFORMS = 200  # that are offered
ISSUING = ("kind", "name", "representative", "post", "file", "address", "phone", "email")
_FIELDS = {
    "/items": "urls",
    "/public/capture/at": "seen_at",
    "/public/capture/sha256": "seen_sha256",
    "/public": "public",
    "/public/asserted": "public",
    "/non_disclosure/decided_at": "silent_decided_at",
    "/non_disclosure/until": "silent_until",
    "/non_disclosure/reason": "silent_reason",
} | {f"/issuing/{name}": f"issuing_{name}" for name in ISSUING}
_ISSUE = {
    "/emergency": "issue_emergency",
    "/emergency/reasons": "issue_emergency",
    "/deconfliction": "issue_answer",
    "/deconfliction/answer": "issue_answer",
    "/deconfliction/waiver": "issue_waiver",
}


class NewOrderPage(msgspec.Struct, frozen=True):
    """To whom an order can be drafted: the platforms that are registered. `name` is ours, `signs` what whoever drafts
    signs as."""

    platforms: list[Party]
    name: str
    email: str
    signs: Signature


def show_new(visit: Visit) -> NewOrderPage:
    with visit.begin() as tx:
        found = parties(tx, kind="platform", state="confirmed", limit=PLATFORMS)
        own = organisation(tx)
        signs = signature_of(tx, visit.who.name)
    return NewOrderPage(found, own.name if own else "", own.contact_email if own else "", signs)


def begin(visit: Visit) -> str:
    try:
        with visit.begin() as tx:
            order = drafted.begin(tx, visit.instance, convert(_draft(visit), DraftIn))
    except Refusal as refusal:
        raise of_form(refusal, _FIELDS | _urls(refusal)) from None
    return f"/orders/{order.id}?done=order-drafted"


def _draft(visit: Visit) -> dict[str, Any]:
    """A form as the API would be sent it: what was left empty is left out."""
    seen = given_of(at=visit.field("seen_at"), sha256=visit.field("seen_sha256").lower())
    return given_of(
        **annex_of(visit, ISSUING),
        to=visit.field("to"),
        language=visit.field("language"),
        true_purpose=visit.field("true_purpose"),
        public=given_of(asserted=visit.field("public") == "yes", capture=seen),
    )


def annex_of(visit: Visit, issuing: Sequence[str]) -> dict[str, Any]:
    """What a form says of Annex I; `issuing` names the fields about the authority."""
    silent = ("decided_at", "until", "reason")
    return {
        "issuing": given_of(**{name: visit.field(f"issuing_{name}") for name in issuing}),
        "items": [{"url": one} for one in visit.field("urls").split()],
        "types": visit.fields("types"),
        "reasons": visit.field("reasons"),
        "non_disclosure": given_of(**{name: visit.field(f"silent_{name}") for name in silent}),
    }


def given_of(**values: Any) -> dict[str, Any]:
    """What was not left empty."""
    return {name: value for name, value in values.items() if value not in ("", [], {}, False)}


def _urls(refusal: Refusal) -> dict[str, str]:
    """What is wrong with one of the addresses is told at their field."""
    return {one.pointer: "urls" for one in refusal.errors if one.pointer.startswith("/items/")}


def submit(visit: Visit) -> str:
    return _do(visit, "submit", lambda tx, id: drafted.submit(tx, visit.instance, id))


def approve(visit: Visit) -> str:
    return _do(visit, "approve", lambda tx, id: drafted.approve(tx, visit.instance, id))


def issue(visit: Visit) -> str:
    emergency = given_of(reasons=visit.field("issue_emergency"))
    settled = given_of(answer=visit.field("issue_answer"), waiver=visit.field("issue_waiver"))
    try:
        given = convert(given_of(emergency=emergency, deconfliction=settled), IssueIn)
        with visit.begin() as tx:
            drafted.send_out(tx, visit.instance, order_id_of(visit), given)
    except Refusal as refusal:
        raise of_form(refusal, _ISSUE) from None
    return f"/orders/{order_id_of(visit)}?done=order-issue"


def clarify(visit: Visit) -> str:
    given = _said(visit, "clarify", AnswerIn, "answer")
    return _do(visit, "clarify", lambda tx, id: following.clarify(tx, visit.instance, id, given))


def revoke(visit: Visit) -> str:
    given = _said(visit, "revoke", ReasonIn, "reason")
    return _do(visit, "revoke", lambda tx, id: following.revoke(tx, visit.instance, id, given))


def extend(visit: Visit) -> str:
    given = _said(visit, "extend", ExtendIn, "until", "reason")
    return _do(visit, "extend", lambda tx, id: following.extend(tx, visit.instance, id, given))


def preserve(visit: Visit) -> str:
    given = _said(visit, "preserve", PreserveIn, "until", "reason")
    return _do(visit, "preserve", lambda tx, id: following.preserve(tx, visit.instance, id, given))


def ask_access(visit: Visit) -> str:
    given = _said(visit, "access", AccessIn, "purpose", "case")
    return _do(visit, "access", lambda tx, id: following.ask_access(tx, visit.instance, id, given))


def finalise(visit: Visit) -> str:
    return _do(visit, "final", lambda tx, id: following.finalise(tx, visit.instance, id))


def carry(visit: Visit) -> str:
    given = _said(visit, "carried", CarriedIn, "channel", "at", "evidence")
    return _do(visit, "carried", lambda tx, id: following.carried(tx, visit.instance, id, given))


def claim(visit: Visit) -> str:
    given = _said(visit, "claimed", ClaimedIn, "state", "at", "text", "evidence")
    return _do(visit, "claimed", lambda tx, id: following.claimed(tx, visit.instance, id, given))


def _said(visit: Visit, verb: str, type: type[T], *names: str) -> T:
    """What a form says; its fields are called after the verb, since a page has several forms."""
    said = given_of(**{name: visit.field(f"{verb}_{name}") for name in names})
    try:
        return convert(said, type)
    except Refusal as refusal:
        raise of_verb(refusal, verb) from None


def _do(visit: Visit, verb: str, work: Callable[[Tx, UUID], object]) -> str:
    order_id = order_id_of(visit)
    try:
        with visit.begin() as tx:
            work(tx, order_id)
    except Refusal as refusal:
        raise of_verb(refusal, verb) from None
    return f"/orders/{order_id}?done=order-{verb}"


_new = PageRoute(
    path="/orders/new",
    handler=show_new,
    scope="orders:draft",
    template="order_new.html",
    whole=True,
)

pages = [
    _new,
    PageRoute(
        method="POST",
        path="/orders",
        handler=begin,
        scope="orders:draft",
        again=_new,
        whole=True,
    ),
    *(
        PageRoute(
            method="POST",
            path=f"/orders/{{order}}/{name}",
            handler=handler,
            scope=scope,
            again=one_page,
            whole=True,
        )
        for name, handler, scope in (
            ("submit", submit, "orders:draft"),
            ("approve", approve, "orders:approve"),
            ("issue", issue, "orders:draft"),
            ("clarify", clarify, "orders:draft"),
            ("revoke", revoke, "orders:draft"),
            ("extend", extend, "orders:draft"),
            ("preserve", preserve, "orders:draft"),
            ("access", ask_access, "orders:draft"),
            ("final", finalise, "orders:draft"),
            ("carried", carry, "orders:draft"),
            ("claimed", claim, "orders:draft"),
        )
    ),
]
