"""Deciding a case on its page: the form, by the same path as the API."""

from typing import Any

from tidegate.infra.errors import bad_field
from tidegate.infra.parsing import convert
from tidegate.pipeline.decide import decide_case
from tidegate.review.model import CaseDecisionIn
from tidegate.review.queries import case_unknown
from tidegate.web.pages.case import case_page
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.visit import Visit


def decide(visit: Visit) -> str:
    """Decide, by the same path as the API; a refused form comes back with what was typed."""
    case_id = visit.uuid("case", case_unknown)
    decision = convert(decision_body(visit), CaseDecisionIn)
    with visit.begin() as tx:
        decide_case(tx, case_id, decision, pack=visit.instance.pack(tx))
    return with_query(f"/cases/{case_id}", done="decided")


def decision_body(visit: Visit) -> dict[str, Any]:
    """The form as the JSON body of the API, so that both are checked by one type."""
    names = ("outcome", "label", "exemption", "reason", "entry")
    body: dict[str, Any] = {name: visit.field(name) for name in names if visit.field(name)}
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
            # The form asks for UTC; browsers leave the seconds out.
            restriction["until"] = f"{until}:00Z" if len(until) == 16 else f"{until}Z"
        body["restriction"] = restriction
    if body.get("outcome") == "lift":
        body |= chosen(visit)
    return body


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
]
